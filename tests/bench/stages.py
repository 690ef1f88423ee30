"""What each stage between the log and Redis costs: the same rows delivered with one stage more than the plain path."""
import statistics

import loads
from delivery import Delivery

TRANSFORM = "function(row) row.full_name = row.first_name .. ' ' .. row.last_name; return row end"

# Every stage keeps every row, so that all write as many keys. KEY is one that the configuration must know: a stage of
# another version is left out.
STAGES = (
    # name, key, what the entry says, beside which its ratios are
    ("hash, plain", "tables[].value", {}, None),
    ("columns: 7 of 15", "tables[].columns", {"columns": ["id", "email", "first_name", "last_name", "city", "status", "created_at"]}, "hash, plain"),
    ("where", "tables[].where", {"where": "status ~= 'gone' and id > 0"}, "hash, plain"),
    ("rename and mask", "tables[].mask",
     {"rename": {"first_name": "given_name"}, "mask": {"email": {"sha256": "a key for the benchmark alone"}, "phone": {"last": 3}}}, "hash, plain"),
    ("transform", "tables[].transform", {"transform": TRANSFORM}, "hash, plain"),
    ("json", "tables[].value", {"value": "json"}, "hash, plain"),
    ("json, zstd", "tables[].compress", {"value": "json", "compress": "zstd"}, "json"),
    ("json, zstd-dict", "tables[].compress", {"value": "json", "compress": "zstd-dict"}, "json"),
)
GOALS = {"json, zstd-dict": ("≥ 0.50", "≤ 0.40")}


def _known(side, delivery):
    """The keys of the configuration that this build has."""
    text, _, _ = side.call([delivery.sluice.binary, "--describe-config"])
    return {line.partition("\t")[0] for line in text.splitlines()}


def _measure(delivery, stages, runs):
    """{name: [(rows/s, CPU seconds a million rows, bytes of Redis a row)]}, all stages in every round."""
    found = {name: [] for name, *_ in stages}
    for _ in range(runs):
        for name, _, entry, _ in stages:
            delivery.use(entry)
            rate, cpu, _ = delivery.deliver()
            found[name].append((rate, cpu, delivery.memory / delivery.rows))
    return found


def _ratio(found, name, base, column):
    """The median of the rounds' own ratios: what else the machine does is much the same within a round."""
    return statistics.median(one[column] / other[column] for one, other in zip(found[name], found[base]))


def _lines(found, name, base):
    rate, cpu, memory = (statistics.median(column) for column in zip(*found[name]))
    speed_goal, memory_goal = GOALS.get(name, ("", ""))
    lines = [(f"{name}: rows/s", f"{rate:,.0f}", "")]
    if base:
        lines += [(f"  rows/s / those of {base}", f"{_ratio(found, name, base, 0):.2f}", speed_goal)]
    lines += [("  CPU seconds of sluice a million rows", f"{cpu:.2f}", ""), ("  bytes of Redis a row, key and all", f"{memory:,.0f}", "")]
    if base:
        lines += [(f"  bytes / those of {base}", f"{_ratio(found, name, base, 2):.2f}", memory_goal)]
    return lines


def bench_stages(side):
    delivery = Delivery(side, f"{loads.PEOPLE}-{side.args.rows}", {})
    delivery.rows = side.args.rows
    known = _known(side, delivery)
    stages = [stage for stage in STAGES if stage[1] in known]
    found = _measure(delivery, stages, side.args.runs)
    side.release()
    return [line for name, _, _, base in stages for line in _lines(found, name, base)]

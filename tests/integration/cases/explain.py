"""sluice explain: what it says of tables and rows is what `run` makes of them."""
import json
import re

from harness.env import case
from harness.loading import DEFAULTS, require_sentence, wait_loaded
from harness.oracle import Table
from harness.place import Failure

ENTRIES = [
    {"table": "it.orders", "key": "order:{id}", "value": "json", "compress": "zstd", "min_bytes": 100, "ttl": 5000,
     "except": ["internal"], "rename": {"status": "state"}, "mask": {"email": {"last": 4}}, "where": "status ~= 'draft'"},
    {"table": "it.*_log", "skip": True},
    {"table": r"/it\.[a-z]+s/"},
    {"table": "it.*"},
]


def _prepare(env, entries=None):
    env.start_servers()
    env.sql("CREATE DATABASE it",
            "CREATE TABLE it.orders (id INT UNSIGNED PRIMARY KEY, status VARCHAR(9), email VARCHAR(40), note TEXT, internal INT)",
            "INSERT INTO it.orders VALUES (7,'paid','ada@example.org',REPEAT('note ',100),1),(8,'draft','x@example.org',NULL,2),(9,'new',NULL,NULL,3)",
            "CREATE TABLE it.pairs (a VARCHAR(9), b INT, v BLOB, PRIMARY KEY (b,a))", "INSERT INTO it.pairs VALUES ('x:y',1,X'00ff0a'),('z',2,NULL)",
            "CREATE TABLE it.a_log (id INT PRIMARY KEY)", "CREATE TABLE it.empty (id INT PRIMARY KEY)")
    return env.sluice(entries or ENTRIES, **DEFAULTS)


def _explain(program, *args, status=0):
    _, out, _ = program.call("explain", "--json", *args, status=status)
    return json.loads(out)


def _require(what, got, want):
    if got != want:
        raise Failure(f"{what}: sluice explain says {got}, due was {want}")


def _column(found, name):
    return next(column for column in found["columns"] if column["name"] == name)


@case()
def case_explain_tells_rule_layout_and_row(env):
    program = _prepare(env)
    found = _explain(program, "it.orders", "7")
    _require("rule", (found["rule"]["number"], found["rule"]["pattern"]), (0, "it.orders"))
    _require("later rules", [rule["number"] for rule in found["later_rules"]], [2, 3])
    _require("key", (found["key"], found["key_pattern"]), ("order:{id}", "order:*"))
    _require("columns", [column["name"] for column in found["columns"]], ["id", "status", "email", "note", "internal"])
    _require("status", (_column(found, "status")["shown_as"], _column(found, "status")["in_where"]), ("state", True))
    _require("email", "mask" in _column(found, "email"), True)
    _require("internal", "shown_as" in _column(found, "internal"), False)
    _require("id", (_column(found, "id")["row_key_part"], _column(found, "id")["in_key"], _column(found, "id")["type"].endswith("unsigned")), (1, True, True))
    row = found["row"]
    _require("key and where", (row["key"], row["kept"]), ("order:7", True))
    _require("value", json.loads(row["text"]), {"id": 7, "state": "paid", "email": "*" * 11 + ".org", "note": "note " * 100})
    _require("bytes", row["bytes"], len(row["text"]))
    _require("no key yet", row["sinks"][0]["drift"], "missing")
    program.start()
    wait_loaded(env, [Table("it", "orders")])
    _require("as it is written", row["written_bytes"], int(env.redis_call("STRLEN", "order:7")))
    _require("the same", _explain(program, "it.orders", "7")["row"]["sinks"][0]["equal"], True)
    # A row that is left out, and a key that is there nevertheless.
    _require("left out", (lambda row: (row["kept"], "text" in row, row["sinks"][0]["equal"]))(_explain(program, "it.orders", "8")["row"]), (False, False, True))
    env.redis_call("SET", "order:8", "{}")
    _require("an orphan", _explain(program, "it.orders", "8")["row"]["sinks"][0]["drift"], "orphan")
    env.redis_call("SET", "order:7", "{}")
    _require("another value", _explain(program, "it.orders", "7")["row"]["sinks"][0]["drift"], "different")
    env.redis_call("DEL", "order:7")
    env.redis_call("HSET", "order:7", "a", "b")
    _require("another type", "WRONGTYPE" in _explain(program, "it.orders", "7")["row"]["sinks"][0]["error"], True)


@case()
def case_explain_names_rows_by_all_columns_of_the_primary_key(env):
    program = _prepare(env)
    first = _explain(program, "it.pairs")
    _require("rule", (first["rule"]["number"], [rule["number"] for rule in first["later_rules"]]), (2, [3]))
    # The key's columns are b and a, in this order.
    _require("first row", (first["row"]["row_key"], first["row"]["key"]), (["1", "x:y"], "it:pairs:1:x%3Ay"))
    _require("bytes", next(field["value"] for field in first["row"]["fields"] if field["name"] == "v"), {"base64": "AP8K"})
    _require("named", _explain(program, "it.pairs", "2", "z")["row"]["key"], "it:pairs:2:z")
    _require("absent", _explain(program, "it.pairs", "2", "y", status=1)["row"], None)
    _require("no row", _explain(program, "it.empty", status=1)["row"], None)
    _, out, err = program.call("explain", "it.pairs", "1", status=2)
    require_sentence(err.strip(), "2 values", "b, a", "1 is given")
    _, out, _ = program.call("explain", "it.pairs", "1", "x:y", status=0)
    for part in (r"tables\[2\]", r"tables\[3\].*matches, too", r"it:pairs:1:x%3Ay", r"\\x00\\xff\\n", r"a +varchar\(9\)", r"memory +about .*2 rows"):
        if not re.search(part, out):
            raise Failure(f"sluice explain does not say {part}: {out}")


@case()
def case_explain_tells_what_is_left_out_and_why(env):
    program = _prepare(env)
    found = _explain(program, "it.a_log", status=1)
    _require("skip", (found["chosen"], found["rule"]["number"], [rule["number"] for rule in found["later_rules"]]), (False, 1, [3]))
    found = _explain(program, "other.t", status=1)
    _require("no rule", (found["chosen"], "rule" in found), (False, False))
    for args, pattern in ((("it.a_log",), r'left out: tables\[1\], "it\.\*_log", .*skip'), (("other.t",), "left out: no entry")):
        _, out, _ = program.call("explain", *args, status=1)
        if not re.search(pattern, out):
            raise Failure(f"sluice explain {args} does not say {pattern}: {out}")
    for args, status, parts in ((("nodot",), 2, ["nodot"]), ((), 2, ["DATABASE"]), (("--sample", "x", "it.orders"), 2, ["sample"]),
                                (("it.gone",), 3, [r"it\.gone"])):
        _, out, err = program.call("explain", *args, status=status)
        require_sentence(err.strip().splitlines()[-1], *parts)
    program.config["tables"][0]["where"] = "stats ~= 'draft'"
    program.write_config()
    _, _, err = program.call("explain", "it.orders", status=2)
    require_sentence(err.strip(), "stats", "neither a column")
    program.config["tables"][0]["where"] = "note < 5"
    program.write_config()
    _require("where fails", "compare" in _explain(program, "it.orders")["row"]["error"], True)
    program.config["tables"][0].update(where="true", key="order:{note}")
    program.write_config()
    _require("shared keys", "can get the same key" in _explain(program, "it.orders")["warning"], True)
    program.config["tables"][0].update(key="order:{id}")
    program.write_config()
    _require("keys of their own", "warning" in _explain(program, "it.orders"), False)
    program.config["tables"][0].pop("where")
    program.write_config()
    env.source.stop()
    _, _, err = program.call("explain", "it.orders", status=3)
    require_sentence(err.strip(), str(env.source.port))


@case()
def case_explain_needs_no_redis(env):
    program = _prepare(env)
    env.redis.stop()
    row = _explain(program, "it.orders", "7")["row"]
    _require("value", json.loads(row["text"])["id"], 7)
    _require("sink", str(env.redis.port) in row["sinks"][0]["error"], True)
    del program.config["sinks"]
    program.write_config()
    _require("sinks", _explain(program, "it.orders", "7")["row"]["sinks"], [])


# ---- memory ----


def _used_memory(env):
    return int(re.search(rb"used_memory:(\d+)", env.redis_call("INFO", "memory")).group(1))


def _people(env, rows):
    words = "alpha beta gamma delta epsilon zeta eta theta iota kappa".split()

    def text(count):
        return " ".join(env.rng.choice(words) for _ in range(count))

    with env.source.connect() as connection:
        connection.query("CREATE TABLE it.people (id INT PRIMARY KEY, name VARCHAR(60), email VARCHAR(90), note TEXT, n BIGINT, at DATETIME)")
        for begin in range(0, rows, 1000):
            values = ",".join(f"({number},'{text(2)}','{text(1)}.{number}@example.org','{text(env.rng.randrange(1, 40))}',{number * 7919},'2026-01-31 08:00:00')"
                              for number in range(begin, begin + 1000))
            connection.query(f"INSERT INTO it.people VALUES {values}")
        connection.query("ANALYZE TABLE it.people")


@case(timeout=300)
def case_explain_estimates_the_memory_that_a_table_takes(env):
    env.start_servers()
    env.sql("CREATE DATABASE it")
    _people(env, 20000)
    for changes in ({}, {"columns": ["id", "name", "n"]}, {"value": "json"}, {"value": "json", "compress": "zstd", "ttl": 90000},
                    {"value": "json", "where": "n % 4 == 0"}):
        env.redis_call("FLUSHALL", "SYNC")
        program = env.sluice([{"table": "it.people", **changes}], **DEFAULTS)
        found = _explain(program, "it.people")["memory_estimate"]
        _require("whether all rows were read", (found["sampled_rows"], found["table_rows_counted"]), (1000, False))
        before = _used_memory(env)
        program.call("bootstrap", status=0, timeout=240)
        ratio = found["bytes"] / (_used_memory(env) - before)
        print(f"note: memory, {changes}: {found['bytes']} bytes are expected for {found['rows']} rows, {ratio:.2f} of what they take", flush=True)
        if not 0.5 < ratio < 2:
            raise Failure(f"{changes}: {found} is {ratio:.2f} of the memory that the rows take")

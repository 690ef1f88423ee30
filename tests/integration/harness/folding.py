"""Streams of changes, followed from their beginning as a service would: what they add up to must be the table."""
from . import oracle
from .place import Failure

AT_ONCE = 2000


class Entry:
    def __init__(self, number, flat):
        self.number = number.decode()
        self.fields = {name.decode(): value for name, value in zip(flat[::2], flat[1::2])}
        self.op = self.fields["op"].decode()
        self.place = (self.fields["position"], int(self.fields["row"]))

    def image(self, name):
        """The columns as pairs of name and value, or None."""
        text = self.fields.get(name)
        return None if text is None else dict(oracle.parse_json(text))

    def __repr__(self):
        return f"entry {self.number} {self.fields}"


def entries(redis, stream):
    found, last = [], "-"
    while True:
        part = redis.call("XRANGE", stream, last, "+", "COUNT", AT_ONCE)
        found += [Entry(number, flat) for number, flat in part]
        if len(part) < AT_ONCE:
            return found
        last = b"(" + part[-1][0]


def without_repeats(found):
    """The changes in their order, and how many entries repeat one. A repetition goes back to some place and on from there
    through everything that was there already, as the log is read again from there; anything else is a Failure."""
    order, index, at, repeats = [], {}, 0, 0
    for entry in found:
        known = index.get(entry.place)
        if known is None:
            if at != len(order):
                raise Failure(f"{entry} is new, but {order[at]} was to be repeated before")
            index[entry.place] = at
            order.append(entry)
            at += 1
            continue
        if {**order[known].fields, "ts": b""} != {**entry.fields, "ts": b""}:
            raise Failure(f"{entry} and {order[known]} have the same place, and differ")
        if known > at:
            raise Failure(f"{entry} repeats a change, though {order[at]} comes before it")
        repeats += 1
        at = known + 1
    if at != len(order):
        raise Failure(f"the stream ends with a repetition that leaves out {order[at]}")
    return order, repeats


class Fold:
    """The rows that the changes of one table add up to."""

    def __init__(self, are_whole=True):
        self.rows = {}  # key: {column: value}
        self.are_whole = are_whole  # images have all columns
        self.counts = {}

    def _require(self, entry, key, image):
        """BEFORE is what the change before it left."""
        held = self.rows.get(key)
        if held is None:
            raise Failure(f"{entry} changes a row that no entry has put there")
        if (image != held) if self.are_whole else any(held[name] != value for name, value in image.items()):
            raise Failure(f"{entry} has another row before it than {held}")
        return held

    def take(self, entry):
        self.counts[entry.op] = self.counts.get(entry.op, 0) + 1
        key = entry.fields.get("key")
        old = entry.fields.get("old_key", key)
        before, after = entry.image("before"), entry.image("after")
        held = {}
        if entry.op in ("update", "delete"):
            held = self._require(entry, old, before)
            del self.rows[old]
        if entry.op in ("insert", "update"):
            if key in self.rows:
                raise Failure(f"{entry} puts a row where one is")
            self.rows[key] = after if self.are_whole else {**held, **after}
        if entry.op in ("truncate", "drop"):
            self.rows = {}
        return self

    def require(self, connection, table):
        """TABLE: an oracle.Table of kind "json" that says how rows look."""
        wanted = {key: dict(row) for key, row in oracle.expected(connection, table).items()}
        for key in sorted(wanted.keys() | self.rows.keys()):
            if key not in self.rows or key not in wanted:
                raise Failure(f"{key!r} is {'not there' if key not in self.rows else 'there, though it has no row'} "
                              f"when all changes of {table} are added up")
            for name, value in wanted[key].items():
                if not oracle._same(value, self.rows[key].get(name)):  # pylint: disable=protected-access
                    raise Failure(f"{key!r}: the changes of {table} add up to {name} = {self.rows[key].get(name)!r}, due is {value!r}")
        return len(wanted)


def require_all(env, tables, may_repeat, are_whole=True):
    """Every stream of TABLES adds up to its table; returns how many entries and repetitions there were."""
    total = repeated = 0
    with env.source.connect() as connection, env.redis.connect() as redis:
        connection.query("SET time_zone='+00:00'")
        for table in tables:
            order, repeats = without_repeats(entries(redis, f"changes:{table.db}:{table.name}"))
            if repeats and not may_repeat:
                raise Failure(f"{repeats} of {len(order)} changes of {table} stand in the stream twice")
            fold = Fold(are_whole)
            for entry in order:
                fold.take(entry)
            fold.require(connection, table)
            total += len(order)
            repeated += repeats
    if total == 0:
        raise Failure("there was no change, so nothing is proven")
    return total, repeated

"""The harness tells right from wrong: these need no sluice."""
import base64

from harness import oracle
from harness.churn import Churn, is_steady
from harness.env import case
from harness.items import encode_part
from harness.place import Failure
from harness.poller import Poller
from harness.process import wait_until


def _fill(redis, wanted):
    """Writes what the oracle expects, by an encoder as simple as can be."""
    def text(value):
        return repr(value.value).encode() if isinstance(value, oracle.Number) else value

    def dump(value):
        if isinstance(value, oracle.Number):
            return repr(value.value)
        if isinstance(value, oracle.Literal):
            return str(value)
        if isinstance(value, oracle._Members):  # pylint: disable=protected-access
            return "{" + ",".join(f"{dump(name)}:{dump(member)}" for name, member in value) + "}"
        if isinstance(value, list):
            return "[" + ",".join(map(dump, value)) + "]"
        return oracle.json.dumps(value)

    for key, value in wanted.items():
        if isinstance(value, dict):
            redis.call("HSET", key, *[part for name, raw in value.items() for part in (name, text(raw))])
        else:
            redis.call("SET", key, dump(value))


def _shorten_floats(wanted):
    """repr() of a FLOAT's double is not its shortest form."""
    for value in wanted.values():
        cells = value.items() if isinstance(value, dict) else value
        for _, cell in cells:
            if isinstance(cell, oracle.Number) and cell.width == 4:
                digits = cell.shortest_digits()
                cell.value = float(f"{cell.value:.{digits - 1}e}")
    return wanted


@case()
def case_oracle_accepts_what_is_right_and_names_what_is_wrong(env):
    env.start_servers()
    work = env.workload(["types", "composite"])
    work.run(transactions=150)
    hashes = work.oracle_tables
    with env.source.connect() as connection, env.redis.connect() as redis:
        connection.query("SET time_zone='+00:00'")
        for value in ("hash", "json"):
            redis.call("FLUSHALL")
            for table in hashes:
                table.value = value
                _fill(redis, _shorten_floats(oracle.expected(connection, table)))
            oracle.require_equal(connection, redis, hashes)
        for table in hashes:
            table.value = "hash"
        redis.call("FLUSHALL")
        for table in hashes:
            _fill(redis, _shorten_floats(oracle.expected(connection, table)))
        victim = sorted(oracle.expected(connection, hashes[0]))[0]
        field = b"id"
        for change, due in ((("HSET", victim, field, "x"), "field id is b'x'"), (("HDEL", victim, field), "lacks field id"),
                            (("HSET", victim, "a0", "1"), "has field a0"), (("DEL", victim), "is missing"),
                            (("SET", "it:types:none", "1"), "is extra")):
            redis.call(*change)
            found = oracle.compare(connection, redis, hashes)
            if not any(due in sentence for sentence in found):
                raise Failure(f"after {change} the oracle says {found}, due was: {due}")


@case()
def case_oracle_knows_the_items_of_indexes(env):
    env.start_servers()
    work = env.workload(["indexed", "wanted"])
    work.run(transactions=150)
    churn = Churn(env, 200, kinds=("idx",), db="it_churn", clients=2)
    churn.run(200)
    tables = work.oracle_tables + churn.oracle_tables
    tables[2].ttl = 100
    with env.source.connect() as connection, env.redis.connect() as redis:
        connection.query("SET time_zone='+00:00'")
        for table in tables:
            _fill(redis, oracle.expected(connection, table))
        items = oracle.expected_items(connection, tables)
        for key, value in items.strings.items():
            redis.call("SET", key, value, *(["EX", "100"] if key in items.expiring else []))
        for key, members in items.sets.items():
            redis.call("SADD", key, *members)
        oracle.require_equal(connection, redis, tables)
        string, mortal, group = min(items.strings.keys() - items.expiring), min(items.expiring), min(items.sets)
        for change, due in ((("SET", string, "x"), f"item {string!r} is b'x'"), (("SADD", group, "none"), "1 members of no row: [b'none']"),
                            (("SREM", group, min(items.sets[group])), "lacks 1 members"), (("PERSIST", mortal), "no time to live"),
                            (("DEL", string), f"item {string!r} is missing"), (("DEL", group), f"item {group!r} is missing"),
                            (("HSET", string, "a", "1"), "is no string"), (("SET", "of:4711", "1"), "b'of:4711' is extra")):
            redis.call(*change)
            found = oracle.compare(connection, redis, tables)
            if not any(due in sentence for sentence in found):
                raise Failure(f"after {change} the oracle says {found}, due was: {due}")


@case()
def case_oracle_reads_numbers_as_numbers(env):
    """Shortest decimals in any notation are accepted, others are not."""
    del env
    third = oracle.Number(1 / 3, 8)
    single = oracle.Number(0.10000000149011612, 4)
    checks = [(third, "0.3333333333333333", True), (third, "3.333333333333333e-1", True), (third, "0.333333", False),
              (third, "0.33333333333333331", False), (single, "0.1", True), (single, "1e-1", True),
              (single, "0.10000000149011612", False), (oracle.Number(1e20, 8), "100000000000000000000", True),
              (oracle.Number(1e20, 8), "1e20", True), (oracle.Number(-0.0, 8), "-0", True), (oracle.Number(0.0, 8), "-0", False),
              (oracle.Number(2.0, 8), "2.0", True), (oracle.Number(2.0, 8), "02", False), (oracle.Number(2.0, 8), "+2", False)]
    for number, text, due in checks:
        if number.accepts(text) is not due:
            raise Failure(f"{number} and {text!r}: accepted is {not due}")
    if encode_part(b"a%b:{c}") != b"a%25b%3A%7Bc%7D":
        raise Failure("percent-encoding of key parts is off")
    if base64.b64encode(b"\0\xff") != b"AP8=":
        raise Failure("base64 is off")


@case()
def case_poller_notices_what_readers_must_not_see(env):
    """Redis is filled by hand; each wrong value is one that a load beside changes could leave."""
    env.start_servers()
    churn = Churn(env, 60, clients=2)
    table = churn.tables[0]
    hot = sorted(table.hot())
    steady = next(number for number in hot if is_steady(number, churn.clients))
    other = next(number for number in hot if not is_steady(number, churn.clients))

    def after(*commands, due=None):
        """What a poller says of COMMANDS, each of which it has time to see the result of."""
        env.redis_call("FLUSHALL")
        poller = Poller(churn, env.redis, env.rng).start()
        for command in commands:
            env.redis_call(*command)
            polls = poller.polls
            wait_until("two polls", 20, lambda p=polls: poller.polls > p + 1)
        try:
            poller.stop()
        except Failure as error:
            if not due or due not in str(error):
                raise
        else:
            if due:
                raise Failure(f"the poller did not notice: {due}")

    def row(number, version, other_version=None):
        return ("HSET", table.redis_key(number), "v", version, "w", other_version or version, "id", "1")

    after(row(steady, 5), row(steady, 5), row(steady, 6), row(other, 7), ("DEL", table.redis_key(other)), row(other, 8))
    after(row(steady, 5), row(steady, 4), due="went back from version 5 to 4")
    after(row(other, 5), ("DEL", table.redis_key(other)), row(other, 4), due="went back")
    after(row(steady, 5, 6), due="half a row")
    after(("HSET", table.redis_key(other), "v", 5, "w", 5), due="half a row")
    after(row(steady, 5), ("DEL", table.redis_key(steady)), due="has gone")
    after(due="never saw a row")


@case()
def case_churn_changes_keys_and_versions_never_fall(env):
    env.start_servers()
    churn = Churn(env, 600, clients=2)
    with env.source.connect() as connection:
        layouts = [oracle.expected(connection, table.oracle) for table in churn.tables]
        for table, before in zip(churn.tables, layouts):
            predicted = {table.redis_key(number, spelling) for number in range(table.span) for spelling in range(table.spellings(number))}
            if len(before) != table.span * 2 // 3 or before.keys() - predicted:
                raise Failure(f"{table.full_name}: {len(before)} rows of {table.span}, {list(before.keys() - predicted)[:3]} were not foreseen")
        churn.run(400)
        churn.run(400)
        for table, before in zip(churn.tables, layouts):
            now = oracle.expected(connection, table.oracle)
            moved, gone = now.keys() - before.keys(), before.keys() - now.keys()
            risen = [key for key in now.keys() & before.keys() if int(now[key][b"v"]) > int(before[key][b"v"])]
            if min(len(moved), len(gone), len(risen)) < 20:
                raise Failure(f"{table.full_name}: {len(moved)} new keys, {len(gone)} gone, {len(risen)} newer: hardly anything changed")
            wrong = [key for key in now if now[key][b"v"] != now[key][b"w"]]
            steady = {table.literals(number)[0] for number in range(table.span) if number % 3 < 2 and is_steady(number, 2)}
            here = {row[0].decode() for row in connection.rows(f"SELECT {table.key[0][0]} FROM {table.full_name}")}
            if wrong or (table.name == "num" and steady - here):
                raise Failure(f"{table.full_name}: v and w differ in {wrong[:3]}, or steady rows have gone")

"""The harness tells right from wrong: these need no sluice."""
import base64

from harness import oracle
from harness.env import case
from harness.place import Failure


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
    if oracle.encode_key_part(b"a%b:{c}") != b"a%25b%3A%7Bc%7D":
        raise Failure("percent-encoding of key parts is off")
    if base64.b64encode(b"\0\xff") != b"AP8=":
        raise Failure("base64 is off")

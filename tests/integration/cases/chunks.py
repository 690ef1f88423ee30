"""cdc/client/chunk_reader against real servers, by its driver tool_chunk: no Redis, no pipeline."""
import struct

from harness.chunktool import ChunkTool, Refused
from harness.env import case
from harness.place import Failure

TEXTS = ["", "a", "A", "b", "B", "ab", "aB", "a b", "O'Neil", 'say "x"', "back\\slash", "per%cent", "co:lon", "z", "Z", "0", "10", "9",
         "-- x", "`t`", "tab\t", "line\nfeed", "\0nul", "a\0b", "\x7f"]
WIDE = ["ä", "Ä", "ß", "ss", "é", "e", "E", "Ω", "ﬁ", "日本", "日", "😀", "😁", "İ", "i", "ı"]
DATES = ["0000-00-00", "2020-00-00", "2020-02-31", "1000-01-01", "2026-11-21", "9999-12-31", "1969-12-31", "2020-02-29"]

# name: (definitions of the key columns, rows of SQL literals); {n} columns are those of the primary key, in order.
KEYS = {
    "int_signed": ("a INT", [[v] for v in (-2147483648, -5, -1, 0, 1, 2, 9, 10, 2147483647)]),
    "big_unsigned": ("a BIGINT UNSIGNED", [[v] for v in (0, 1, 9007199254740992, 9007199254740993, 9007199254740994,
                                                         9223372036854775807, 9223372036854775808, 18446744073709551615)]),
    "big_signed": ("a BIGINT", [[v] for v in (-9223372036854775808, -9007199254740993, -9007199254740992, 0, 9223372036854775806,
                                              9223372036854775807)]),
    "zerofill": ("a INT(6) ZEROFILL", [[v] for v in (0, 7, 42, 1000000)]),
    "decimal": ("a DECIMAL(38,10)", [["-1234567890123456789012345678.0123456789"], ["-0.5"], ["0"], ["0.0000000001"], ["0.0000000002"],
                                     ["1"], ["9007199254740993"], ["9007199254740993.0000000001"]]),
    "float": ("a FLOAT", [[v] for v in ("-3.4e38", "-1.1", "-1e-40", "0", "0.1", "0.2", "0.3", "1.1", "16777216", "16777218", "3.4e38")]),
    "float_md": ("a FLOAT(7,3)", [[v] for v in ("-1234.567", "0.001", "0.002", "0.1", "1234.567", "1234.568")]),
    "double": ("a DOUBLE", [[v] for v in ("-1.7976931348623157e308", "-0.1", "0", "5e-324", "0.1", "0.30000000000000004", "0.3",
                                          "9007199254740993e0", "1e22", "123456789012345678")]),
    "bit": ("a BIT(64)", [[v] for v in (0, 1, 2, 255, 9007199254740992, 9007199254740993, 9223372036854775808, 18446744073709551615)]),
    "year": ("a YEAR", [[v] for v in ("0", "1901", "1970", "2000", "2001", "2026", "2155")]),
    "date": ("a DATE", [[f"'{v}'"] for v in DATES]),
    "datetime": ("a DATETIME(6)", [[f"'{v} {t}'"] for v in DATES for t in ("00:00:00", "23:59:59.999999", "12:00:00.000001")]),
    "timestamp": ("a TIMESTAMP(3) NOT NULL DEFAULT '2000-01-01'", [[f"'{v}'"] for v in (
        "0000-00-00 00:00:00", "1970-01-01 00:00:01", "2026-10-25 02:30:00", "2026-10-25 02:30:00.001", "2038-01-19 03:14:07")]),
    "time": ("a TIME(2)", [[f"'{v}'"] for v in ("-838:59:59", "-12:00:00", "-00:00:00.5", "00:00:00", "00:00:00.01", "09:00:00", "100:00:00",
                                                "838:59:59")]),
    "enum": ("a ENUM('z','b','a','B2','10','2','',' x')", [["'z'"], ["'b'"], ["'a'"], ["'B2'"], ["'10'"], ["'2'"], ["7"], ["'nothing'"],
                                                           ["' x'"]]),
    "set": ("a SET('z','b','a','y')", [[v] for v in range(0, 16)]),
    "set_wide": ("a SET(" + ",".join(f"'m{i}'" for i in range(64)) + ")", [[v] for v in (
        0, 1, 9007199254740992, 9007199254740993, 9007199254740994, 9223372036854775808, 9223372036854775809, 18446744073709551615)]),
    "binary": ("a BINARY(3)", [[f"x'{v}'"] for v in ("000000", "000001", "610000", "612000", "61", "ff", "ffffff", "27", "5c")]),
    "varbinary": ("a VARBINARY(20)", [[f"x'{v}'"] for v in ("", "00", "0000", "61", "6100", "6120", "ff", "fffe", "27", "5c27")]),
    "blob_prefix": ("a BLOB", [[f"x'{v}'"] for v in ("", "00", "61", "6100", "616263", "ff00", "fffe", "27")]),
    "composite": ("a INT, b VARCHAR(20), c DATE", [[a, f"'{b}'", f"'{c}'"] for a in (-1, 0, 1) for b in ("", "a", "b") for c in DATES[3:6]]),
    "enum_plain": ("a ENUM('z','b','a','B2','10','2') CHARACTER SET latin1", [["'z'"], ["'b'"], ["'a'"], ["'B2'"], ["5"], ["6"], ["'nothing'"]]),
    "composite_enum": ("a ENUM('z','y','x'), b SET('q','p'), c BIGINT UNSIGNED",
                       [[a, b, c] for a in (1, 2, 3) for b in (0, 1, 2, 3) for c in (0, 18446744073709551615)]),
}
MARIADB_KEYS = {
    "uuid": ("a UUID", [[f"'{v}'"] for v in ("00000000-0000-0000-0000-000000000000", "00000000-0000-1000-8000-000000000001",
                                             "10000000-0000-1000-8000-000000000000", "00000001-0000-1000-8000-ffffffffffff",
                                             "ffffffff-ffff-4fff-bfff-ffffffffffff", "0fffffff-ffff-4fff-bfff-000000000000",
                                             "123e4567-e89b-12d3-a456-426655440000", "f23e4567-e89b-12d3-0456-426655440000")]),
    "inet6": ("a INET6", [[f"'{v}'"] for v in ("::", "::1", "10.0.0.1", "2001:db8::ff00:42:8329", "fe80::1", "ffff::", "::ffff:9.0.0.1")]),
    "inet4": ("a INET4", [[f"'{v}'"] for v in ("0.0.0.0", "9.0.0.1", "10.0.0.1", "127.0.0.1", "255.255.255.255")]),
}
# Character set, collation, whether all of WIDE can be stored.
COLLATIONS = [("utf8mb4", "utf8mb4_general_ci", True), ("utf8mb4", "utf8mb4_unicode_ci", True), ("utf8mb4", "utf8mb4_bin", True),
              ("utf8mb3", "utf8mb3_general_ci", False), ("latin1", "latin1_swedish_ci", False), ("latin1", "latin1_german2_ci", False),
              ("cp1251", "cp1251_general_ci", False), ("sjis", "sjis_japanese_ci", False), ("gbk", "gbk_chinese_ci", False),
              ("utf16", "utf16_unicode_ci", True), ("ucs2", "ucs2_general_ci", False), ("utf32", "utf32_general_ci", True)]
MYSQL_COLLATIONS = [("utf8mb4", "utf8mb4_0900_ai_ci", True), ("utf8mb4", "utf8mb4_0900_as_cs", True), ("utf8mb4", "utf8mb4_ja_0900_as_cs_ks", True),
                    ("gb18030", "gb18030_chinese_ci", True)]
MARIADB_COLLATIONS = [("utf8mb4", "utf8mb4_uca1400_ai_ci", True), ("utf8mb4", "utf8mb4_nopad_bin", True)]


def start(env, **options):
    env.start_source(**options)
    env.sql("CREATE DATABASE it CHARACTER SET utf8mb4")


def require(condition, what):
    if not condition:
        raise Failure(str(what)[:3000])


def require_refused(call, status, part=""):
    try:
        call()
    except Refused as error:
        require(error.status == status and part in str(error), f"expected {status} with {part!r}, got: {error}")
        return
    raise Failure(f"was not refused with {status}")


def key_tables(env):
    """{name: (columns, rows)} for this server."""
    tables = dict(KEYS)
    if not env.is_mysql:
        tables.update(MARIADB_KEYS)
    for charset, collation, _ in COLLATIONS + (MYSQL_COLLATIONS if env.is_mysql else MARIADB_COLLATIONS):
        column = f"a VARCHAR(30) CHARACTER SET {charset} COLLATE {collation}"
        tables["text_" + collation] = (column, TEXTS + WIDE)
        tables["char_" + collation] = (column.replace("VARCHAR", "CHAR"), TEXTS + WIDE)
        tables["two_" + collation] = (f"{column}, {column.replace('a ', 'b ', 1)}", [[x, y] for x in TEXTS[:5] + WIDE[:8] for y in WIDE[:6]])
    return tables


def literal(value):
    """Texts are given as bytes of utf8mb4, so that no quoting of this file's own is tested."""
    if isinstance(value, str) and not value.startswith(("'", "x'")) and not value.lstrip("-").replace(".", "").replace("e", "").replace(
            "-", "").isdigit():
        return f"_utf8mb4 x'{value.encode().hex()}'"
    return str(value)


def create(connection, name, columns, rows, is_prefix=False):
    names = [part.split()[0] for part in columns.split(", ")] if not columns.startswith(("a ENUM", "a SET")) else \
        [column for column in "abc" if f"{column} " in columns and (column == "a" or f", {column} " in columns)]
    key = ", ".join(f"{column}(10)" if is_prefix else column for column in names)
    connection.query(f"CREATE TABLE it.{name} ({columns}, n INT NOT NULL UNIQUE AUTO_INCREMENT, pad VARCHAR(40), PRIMARY KEY ({key}))")
    for row in rows:
        values = [f"_utf8mb4 x'{value.encode().hex()}'" if isinstance(value, str) and name.startswith(("text_", "char_", "two_")) else str(value)
                  for value in (row if isinstance(row, list) else [row])]
        # What a character set does not have, or a collation takes for the same, is left out.
        connection.query(f"INSERT IGNORE INTO it.{name} ({', '.join(names)}, pad) VALUES ({', '.join(values)}, REPEAT('x', {len(values)}))")
    return names


def expected(connection, name, names):
    """Rows as the server orders and prints them."""
    columns = [column.name for column in connection.query(f"SELECT * FROM it.{name} LIMIT 0").columns]
    shown = ", ".join(f"`{column}`+0" if name == "bit" and column == "a" else
                      f"`{column}`*1e0" if name.startswith(("float", "double")) and column == "a" else f"`{column}`" for column in columns)
    return connection.query(f"SELECT {shown} FROM it.{name} ORDER BY " + ", ".join(f"{name}.{column}" for column in names)).rows


def same_rows(name, found, want):
    if not name.startswith(("float", "double")):
        return found == want

    def key(row):
        value = float(row[0])
        return (struct.pack("<f", value) if name.startswith("float") else struct.pack("<d", value), *row[1:])

    return [key(row) for row in found] == [key(row) for row in want]


@case(timeout=400)
def case_chunks_page_every_kind_of_key_in_the_servers_order(env):
    start(env)
    with env.source.connect() as connection, ChunkTool(env) as tool:
        connection.query("SET NAMES utf8mb4")
        connection.query("SET SESSION sql_mode = 'ALLOW_INVALID_DATES', time_zone = '+00:00'")
        for name, (columns, rows) in key_tables(env).items():
            names = create(connection, name, columns, rows, name == "blob_prefix")
            want = expected(connection, name, names)
            require(len(want) >= min(len(rows), 4), f"{name}: only {len(want)} rows could be stored")
            tool.open(name)
            for limit in (1, 2, 7, 1000):
                restart = (name,) if limit == 7 else None
                found = [row for chunk in tool.all(limit, restart=restart) for row in chunk.rows]
                require(same_rows(name, found, want), f"{name}, {limit} rows at a time: {found}\nbut SELECT: {want}")


def handler_reads(env):
    rows = env.sql("SHOW GLOBAL STATUS WHERE Variable_name LIKE 'Handler_read%' OR Variable_name LIKE 'Sort_rows'")
    counts = {name.decode(): int(value) for name, value in rows}
    return counts.pop("Sort_rows"), sum(counts.values())


@case()
def case_chunks_read_no_more_than_their_rows(env):
    """Whatever the kind of key: neither a scan from the beginning nor a sort."""
    start(env)
    kinds = {
        "one": ("id INT PRIMARY KEY", "seq"),
        "three": ("a INT, b INT, c VARCHAR(20), PRIMARY KEY (a, b, c)", "seq DIV 1000, seq DIV 10 % 100, seq"),
        "texts": ("a VARCHAR(30) COLLATE utf8mb4_general_ci PRIMARY KEY", "CONCAT('K', LPAD(seq, 9, '0'))"),
        "latin": ("a VARCHAR(30) CHARACTER SET latin1 PRIMARY KEY", "CONCAT('K', LPAD(seq, 9, '0'))"),
        "enums": ("a ENUM('z','y','x'), b INT, PRIMARY KEY (a, b)", "seq % 4, seq"),
        "dates": ("a DATETIME(6) PRIMARY KEY", "'2020-01-01' + INTERVAL seq SECOND"),
        "stamps": ("a TIMESTAMP(6) PRIMARY KEY", "'2020-01-01' + INTERVAL seq SECOND"),
        "times": ("a TIME, b INT, PRIMARY KEY (a, b)", "SEC_TO_TIME(seq), seq"),
        "years": ("a YEAR, b INT, PRIMARY KEY (a, b)", "2000 + seq % 100, seq"),
        "decimals": ("a DECIMAL(20,3) PRIMARY KEY", "seq / 8"),
        "floats": ("a FLOAT PRIMARY KEY", "seq / 8"),
        "doubles": ("a DOUBLE PRIMARY KEY", "seq / 10"),
        "bits": ("a BIT(40) PRIMARY KEY", "seq"),
        "bytes": ("a VARBINARY(16) PRIMARY KEY", "UNHEX(MD5(seq))"),
        "unique_index": ("a INT NOT NULL, b INT NOT NULL, pad VARCHAR(200), UNIQUE u (b, a)", "seq, seq % 7, REPEAT('x', 100)"),
    }
    if not env.is_mysql:
        kinds["uuids"] = ("a UUID PRIMARY KEY", "CONCAT(LPAD(HEX(seq), 8, '0'), '-0000-1000-8000-000000000000')")
        kinds["inets"] = ("a INET6 PRIMARY KEY", "CONCAT('::', HEX(seq))")
    count, limit = 20000, 200
    env.sql("SET GLOBAL sql_mode = ''", "CREATE TABLE it.d (i INT PRIMARY KEY)", "INSERT INTO it.d VALUES " + ",".join(f"({i})" for i in range(150)))
    with ChunkTool(env) as tool:
        for name, (definition, values) in kinds.items():
            env.sql(f"CREATE TABLE it.{name} ({definition})",
                    f"INSERT INTO it.{name} SELECT {values} FROM (SELECT x.i * 150 + y.i AS seq FROM it.d x, it.d y) s WHERE seq < {count}",
                    f"ANALYZE TABLE it.{name}")
            tool.open(name)
            tool.call("first")
            rows = []
            for number in range(count // limit):
                if number in (1, 50, 90):
                    before = handler_reads(env)
                chunk = tool.read(limit)
                rows += chunk.rows
                if number in (1, 50, 90):
                    sorted_rows, reads = (after - had for after, had in zip(handler_reads(env), before))
                    # Asking for the status itself reads some hundred rows of a temporary table.
                    require(sorted_rows == 0 and reads < limit + 2500,
                            f"{name}: chunk {number} of {limit} rows sorted {sorted_rows} and read {reads} rows")
            require(len(set(rows)) == count, f"{name}: {len(set(rows))} of {count} rows")

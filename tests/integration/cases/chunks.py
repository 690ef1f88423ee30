"""cdc/client/chunk_reader against real servers, by its driver tool_chunk: no Redis, no pipeline."""
import random
import struct
import subprocess
import threading

from harness.chunktool import ChunkTool, Refused, tool_command
from harness.env import case, fails_with
from harness.place import Failure
from harness.process import PATIENCE, wait_until

TEXTS = ["", "a", "A", "b", "B", "ab", "aB", "a b", "O'Neil", 'say "x"', "back\\slash", "per%cent", "co:lon", "z", "Z", "0", "10", "9",
         "-- x", "`t`", "tab\t", "line\nfeed", "\0nul", "a\0b", "\x7f"]
# A value that has ended, and others that go on with what lies below a space and above it.
BELOW = ["tab", "tab\t", "tab\tx", "tab \t", "tab x", "tab\n", "tab\x01", "tab\t\t", "\t", "\x01", "\x1f", "ta", "t", "t\x02", "\tx", "x", "ä\t", "E\x7f", "ä\x05b",
         "äb", "x\u2028", "x\u0085y"]
WIDE = ["ä", "Ä", "ß", "ss", "é", "e", "E", "Ω", "ﬁ", "日本", "日", "😀", "😁", "İ", "i", "ı"]
DATES = ["0000-00-00", "2020-00-00", "2020-02-31", "1000-01-01", "2026-11-21", "9999-12-31", "1969-12-31", "2020-02-29"]

# name: (definitions of the key columns a, b and c, rows of SQL literals)
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
# Character set and collation.
COLLATIONS = [("utf8mb4", "utf8mb4_general_ci"), ("utf8mb4", "utf8mb4_unicode_ci"), ("utf8mb4", "utf8mb4_bin"),
              ("utf8mb3", "utf8mb3_general_ci"), ("latin1", "latin1_swedish_ci"), ("latin1", "latin1_german2_ci"),
              ("cp1251", "cp1251_general_ci"), ("sjis", "sjis_japanese_ci"), ("gbk", "gbk_chinese_ci"),
              ("utf16", "utf16_unicode_ci"), ("ucs2", "ucs2_general_ci"), ("utf32", "utf32_general_ci")]
MYSQL_COLLATIONS = [("utf8mb4", "utf8mb4_0900_ai_ci"), ("utf8mb4", "utf8mb4_0900_as_cs"), ("utf8mb4", "utf8mb4_ja_0900_as_cs_ks"), ("utf8mb4", "utf8mb4_0900_bin"),
                    ("gb18030", "gb18030_chinese_ci")]
MARIADB_COLLATIONS = [("utf8mb4", "utf8mb4_uca1400_ai_ci"), ("utf8mb4", "utf8mb4_nopad_bin"), ("utf8mb4", "utf8mb4_general_nopad_ci"),
                      ("utf8mb4", "utf8mb4_unicode_nopad_ci"), ("utf8mb4", "utf8mb4_uca1400_nopad_as_cs"), ("latin1", "latin1_nopad_bin"),
                      ("ucs2", "ucs2_nopad_bin")]


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
    for charset, collation in COLLATIONS + (MYSQL_COLLATIONS if env.is_mysql else MARIADB_COLLATIONS):
        column = f"a VARCHAR(30) CHARACTER SET {charset} COLLATE {collation}"
        tables["text_" + collation] = (column, TEXTS + WIDE + BELOW)
        tables["char_" + collation] = (column.replace("VARCHAR", "CHAR"), TEXTS + WIDE + BELOW)
        pair = column.replace("VARCHAR", "CHAR")
        tables["pair_" + collation] = (f"{pair}, {pair.replace('a ', 'b ', 1)}", [[x, y] for x in BELOW[:7] for y in BELOW])
        tables["two_" + collation] = (f"{column}, {column.replace('a ', 'b ', 1)}", [[x, y] for x in TEXTS[:5] + WIDE[:8] for y in WIDE[:6]])
    return tables


def create(connection, name, columns, rows, is_prefix=False):
    names = [column for column in "abc" if column == "a" or f", {column} " in columns]
    key = ", ".join(f"{column}(10)" if is_prefix else column for column in names)
    connection.query(f"CREATE TABLE it.{name} ({columns}, n INT NOT NULL UNIQUE AUTO_INCREMENT, pad VARCHAR(40), PRIMARY KEY ({key}))")
    is_text = name.startswith(("text_", "char_", "two_", "pair_"))
    for row in rows:
        # As bytes, so that no quoting of this file's own is tested.
        values = [f"_utf8mb4 x'{value.encode().hex()}'" if is_text else str(value) for value in (row if isinstance(row, list) else [row])]
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
            if name.startswith(("text_", "char_")):
                found = set(tool.keys([[row[0], *[...] * (len(row) - 1)] for row in want]).rows)
                require(found >= set(want), f"{name} by key: {sorted(set(want) - found)} are not found")
            parts = tool.parts(1000, 1)
            require(len(parts) >= len(want), f"{name}: {len(parts)} parts")
            require(same_rows(name, [row for part in parts for row in part.rows], want), f"{name} in parts")
            tool.call(f"after {parts[1].after}")
            require(same_rows(name, tool.read(1000).rows, want[2:]), f"{name}: what follows a part")


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
        "bytes": ("a VARBINARY(16) PRIMARY KEY", "UNHEX(LEFT(SHA2(seq, 256), 32))"),
        "unique_index": ("a INT NOT NULL, b INT NOT NULL, pad VARCHAR(200), UNIQUE u (b, a)", "seq, seq % 7, REPEAT('x', 100)"),
    }
    if not env.is_mysql:
        kinds["uuids"] = ("a UUID PRIMARY KEY", "CONCAT(LPAD(HEX(seq), 8, '0'), '-0000-1000-8000-000000000000')")
        kinds["inets"] = ("a INET6 PRIMARY KEY", "CONCAT('::', HEX(seq))")
        for name, charset, more in (("nopad", "utf8mb4", "''"), ("nopad_below", "utf8mb4", "CHAR(9)"), ("nopad_wide", "ucs2", "CHAR(9)")):
            kinds[name] = (f"a CHAR(30) CHARACTER SET {charset} COLLATE {charset}_nopad_bin PRIMARY KEY",
                           f"CONCAT('K', LPAD(seq DIV 2, 9, '0'), IF(seq % 2, '', {more}), IF(seq % 2 AND {more}='', 'x', ''))")
    count, limit = 12000, 200
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
                if number in (1, 30, 55):
                    before = handler_reads(env)
                chunk = tool.read(limit)
                rows += chunk.rows
                if number in (1, 30, 55):
                    sorted_rows, reads = (after - had for after, had in zip(handler_reads(env), before))
                    # Asking for the status itself reads some hundred rows of a temporary table.
                    require(sorted_rows == 0 and reads < limit + 2000,
                            f"{name}: chunk {number} of {limit} rows sorted {sorted_rows} and read {reads} rows")
            require(len(set(rows)) == count, f"{name}: {len(set(rows))} of {count} rows")
        # Nor many rows that a chunk has no room for.
        tool.open("unique_index")
        before = handler_reads(env)
        chunks = tool.all(count, size=200000)
        _, reads = (after - had for after, had in zip(handler_reads(env), before))
        require(5 < len(chunks) < 10 and reads < count * 5 / 4 + 2000, f"{count} rows in {len(chunks)} chunks of 200,000 bytes: {reads} reads")


def text_of(value):
    return str(value).encode()


@case()
def case_chunks_find_rows_by_key(env):
    start(env, max_allowed_packet="1M")
    env.sql("SET NAMES utf8mb4", "CREATE TABLE it.t (id INT PRIMARY KEY, s VARCHAR(20) CHARACTER SET latin1 COLLATE latin1_swedish_ci, "
            "d DATE, f FLOAT, e ENUM('x','y'), b VARBINARY(9), m DECIMAL(10,2), n INT NULL, t TIMESTAMP(3) NULL, KEY (s))",
            "INSERT INTO it.t VALUES (1,'Aa','2020-01-01',1.1,'x',x'00ff27',1.50,NULL,'2026-01-01 00:00:00'),"
            "(2,'it''s','2020-01-02',2.5,'y',x'5c',-0.01,7,NULL),(3,_utf8mb4 x'c3a4','2020-01-03',1e10,'x','',0,NULL,NULL)")
    columns = ["id", "s", "d", "f", "e", "b", "m", "n", "t"]

    def key(**values):
        return [values.get(name, ...) for name in columns]

    with ChunkTool(env) as tool:
        tool.open("t")

        def ids(*keys, lock=False):
            found = tool.keys(list(keys), lock)
            require(found.is_last, found.values)
            return sorted(int(row[0]) for row in found.rows)

        for wanted, keys in (
                ([1, 3], [key(id=b"1"), key(id=b"3"), key(id=b"4")]),
                ([1], [key(s=b"aA")]), ([2], [key(s=b"it's")]), ([3], [key(s="ä".encode())]),
                ([2], [key(d=b"2020-01-02")]), ([1], [key(f=b"1.1")]), ([2], [key(e=b"y"), key(e=b"")]),
                ([1], [key(b=b"\x00\xff'")]), ([3], [key(b=b"")]), ([2], [key(m=b"-0.01")]),
                ([1, 3], [key(n=None)]), ([1, 2, 3], [key(n=None), key(n=b"7")]), ([3], [key(s="Ä".encode(), n=None)]),
                ([1, 2], [key(id=b"1", e=b"x"), key(id=b"2", e=b"y"), key(id=b"3", e=b"y")]),
                ([2], [key(t=None, n=b"7")]),
                # Nothing that a key may hold gets into the statement as it is.
                ([], [key(id=b"1 OR 1=1")]), ([], [key(id=b"0) OR (1=1")]), ([], [key(m=b"1e9")]), ([], [key(f=b"nan")]), ([], [key(f=b"0x10 OR 1")]),
                ([], [key(s=b"' OR '1'='1")]), ([], [key(s=b"\\' OR 1=1 -- ")]),
                # What the server cannot compare is no row's, and the others are found all the same.
                ([1, 2], [key(s="日本".encode()), key(s=b"Aa"), key(s=b"\xff\xfe"), key(s=b"it's")]),
                ([2], [key(d=b"garbage"), key(d=b"2020-01-02"), key(d=b"2020-99-99")])):
            require(ids(*keys) == wanted, f"{keys}: {ids(*keys)}, not {wanted}")
        require(ids(key(id=b"2"), lock=True) == [2], "locked")
        tool.call("unlock")
        require_refused(lambda: tool.keys([key()]), "invalid value", "same columns")
        require_refused(lambda: tool.keys([key(id=b"1"), key(s=b"1")]), "invalid value", "same columns")
        env.sql("CREATE TABLE it.long (a MEDIUMBLOB, PRIMARY KEY (a(40)))", "INSERT INTO it.long VALUES " + ",".join(
            f"(CONCAT('{i:010}', REPEAT('x', 100000)))" for i in range(20)))
        tool.open("long")
        require(len(tool.keys([[b"%010d" % i + b"x" * 100000] for i in range(20)]).rows) == 20, "long keys")
        env.sql("CREATE TABLE it.many (a INT, b INT, PRIMARY KEY (a, b))", "INSERT INTO it.many VALUES " + ",".join(
            f"({i}, {i * 2})" for i in range(3000)))
        tool.open("many")
        found = tool.keys([[text_of(i), text_of(i * 2)] for i in range(0, 3000, 2)])
        require(sorted(int(row[0]) for row in found.rows) == list(range(0, 3000, 2)), found.values)


@case()
def case_chunks_keep_their_place_and_refuse_a_foreign_one(env):
    start(env)
    env.sql("CREATE TABLE it.t (a INT, b INT, s VARCHAR(2000), PRIMARY KEY (a, b))", "CREATE TABLE it.u (id BIGINT PRIMARY KEY)",
            "CREATE TABLE it.v (id VARCHAR(20) PRIMARY KEY)", "CREATE TABLE it.none (id INT)", "CREATE VIEW it.w AS SELECT * FROM it.t",
            "INSERT INTO it.t VALUES " + ",".join(f"({i // 10}, {i % 10}, REPEAT('x', 1000))" for i in range(100)))
    with ChunkTool(env) as tool:
        tool.open("t")
        first = tool.read(7)
        require(len(first.rows) == 7 and not first.is_last, first.values)
        place = first.after
        second = tool.read(1000)
        require(len(second.rows) == 93 and second.is_last, second.values)
        last = tool.read(1000)
        require(last.rows == [] and last.is_last and last.after == second.after, last.values)
        tool.call("restart")
        tool.open("t")
        tool.call(f"after {place}")
        again = tool.read(1000)
        require(again.rows == second.rows, "after a restart other rows come")
        chunks = tool.all(1000, size=3000)
        require(all(len(chunk.rows) <= 3 for chunk in chunks) and sum(len(chunk.rows) for chunk in chunks) == 100, len(chunks))
        chunks = tool.all(1000, size=1)
        require(all(len(chunk.rows) <= 1 for chunk in chunks) and sum(len(chunk.rows) for chunk in chunks) == 100, len(chunks))
        tool.open("t", where="a = 3 AND b > 4 # or so")
        require(sum(len(chunk.rows) for chunk in tool.all(2)) == 5, "where")
        require_refused(lambda: tool.open("t", where="nothing = 3"), "invalid value", "nothing")
        require_refused(lambda: tool.open("t", where="a ="), "invalid value", "condition")
        require_refused(lambda: tool.open("none"), "table layout uncertain", "primary key")
        require(tool.open("w") == "none" and tool.open("gone") == "none" and tool.open("t", db="gone") == "none", "views are no tables")
        if env.is_mysql:
            env.sql("SET sql_generate_invisible_primary_key = ON", "CREATE TABLE it.own (a INT)", "INSERT INTO it.own VALUES (5), (4)")
            tool.open("own")
            require([row for chunk in tool.all(1) for row in chunk.rows] == [(b"1", b"5"), (b"2", b"4")], "a generated key")
            env.sql("DROP TABLE it.own")
        tool.open("u")
        for other in (place, "01", "00", "0101", place + "00", place[:-2], "0101" + "01" + "08000000" + b"1 OR 1=1".hex()):
            tool.call(f"after {other}")
            require_refused(tool.read, "invalid value", "progress")
        tool.open("v")
        tool.call("after 010101" + "01000000" + "31")
        require_refused(tool.read, "invalid value", "progress")
        lines, _ = tool.call("list")
        names = [line.split()[:3] for line in lines]
        require(names == [["table", "it", name] for name in ("none", "t", "u", "v")], lines)
        rows = int([line for line in lines if " t " in line][0].split()[3])
        require(20 < rows < 500, f"{rows} rows estimated")
        require(int(tool.call("pressure")[1].split()[1]) >= 1, "threads")


def wait_for_transactions(env, count):
    """So many are open at the source, which does not look again for 0.1 s after it was asked."""
    wait_until(f"{count} transactions", 10, lambda: int(env.sql("SELECT COUNT(*) FROM information_schema.innodb_trx")[0][0]) == count, 0.3)


@case()
def case_chunks_come_in_parts_of_one_place(env):
    start(env)
    env.sql("CREATE TABLE it.t (id INT PRIMARY KEY, v INT)", "INSERT INTO it.t VALUES " + ",".join(f"({i}, 0)" for i in range(1000)))
    with ChunkTool(env) as tool, env.source.connect() as connection:
        tool.open("t")
        first = tool.read(1000, part=500)
        require(first.has_more and not first.is_last and 100 < len(first.rows) < 200, first.values)
        wait_for_transactions(env, 1)
        connection.query("UPDATE it.t SET v = 1")
        parts = [first]
        while parts[-1].has_more:
            parts.append(tool.more())
        rows = [row for part in parts for row in part.rows]
        require(rows == [(b"%d" % i, b"0") for i in range(1000)], "the rows are not those of the first part's moment")
        require({part.high for part in parts} == {first.high}, "the parts have several places")
        wait_for_transactions(env, 0)
        require_refused(tool.more, "invalid value", "no range")
        require(not parts[-1].is_last and tool.read(5).is_last, "1000 rows were asked for: who knows whether there are more")
        # The rest is not wanted, and that is said, or not.
        for leave in (True, False):
            tool.call("first")
            require(tool.read(1000, part=500).has_more, "a second time")
            if leave:
                tool.call("leave")
                wait_for_transactions(env, 0)
            require(len(tool.keys([[b"7", ...]]).rows) == 1, "other rows meanwhile")
            tool.call("first")
            require(len(tool.read(2000).rows) == 1000, "all at once")
        tool.call("first")
        require(tool.read(1000, part=500).has_more, "a third time")
        env.kill_connections()
        # What has been sent already may come, but not the end of the transaction.
        require_refused(lambda: [tool.more() for _ in range(100)], "connection or file failed")
        tool.call("first")
        require(len(tool.read(2000, part=500).rows) > 100, "after a lost connection")
        require(tool.open("t") != "none", "another table is opened in the midst of a range")
        wait_for_transactions(env, 0)


@case()
def case_chunks_notice_an_altered_table(env):
    start(env)
    env.sql("CREATE TABLE it.t (id INT PRIMARY KEY, a INT, b INT)", "INSERT INTO it.t VALUES (1,10,100),(2,20,200)")
    with ChunkTool(env) as tool:
        tool.open("t")
        require(len(tool.read(1).rows) == 1, "the first row")
        env.kill_connections()
        require([row[0] for row in tool.read(5).rows] == [b"2"], "a lost connection is not made up for")
        env.sql("ALTER TABLE it.t DROP COLUMN b")
        require_refused(tool.read, "table layout uncertain", "altered")
        tool.open("t")
        require(tool.all(5)[0].rows == [(b"1", b"10"), (b"2", b"20")], "after the ALTER")
        # Columns that change places keep their names.
        env.sql("ALTER TABLE it.t ADD COLUMN c INT DEFAULT 5 FIRST")
        require(tool.all(5)[0].rows == [(b"1", b"10"), (b"2", b"20")], "with another column in front")
        env.kill_connections()
        require_refused(tool.read, "table layout uncertain", "altered")
        env.sql("DROP TABLE it.t")
        require_refused(tool.read, "table layout uncertain")
        require(tool.open("t") == "none", "a table that is gone")


@case()
def case_chunks_lock_rows_until_they_are_let_go(env):
    start(env)
    env.sql("SET GLOBAL innodb_lock_wait_timeout = 1", "CREATE TABLE it.t (id INT PRIMARY KEY, a INT)", "INSERT INTO it.t VALUES (1,1),(2,2),(3,3)")
    with ChunkTool(env) as tool, env.source.connect() as writer:
        tool.open("t")
        require(len(tool.keys([[b"2", ...]], lock=True).rows) == 1, "locked")
        fails_with(1205, writer, "UPDATE it.t SET a = 5 WHERE id = 2")
        writer.query("UPDATE it.t SET a = 5 WHERE id = 1")
        writer.query("INSERT INTO it.t VALUES (4,4)")
        tool.call("unlock")
        writer.query("UPDATE it.t SET a = 6 WHERE id = 2")
        require(tool.keys([[b"2", ...]]).rows == [(b"2", b"6")], "after unlock")
        # A range waits for nobody, and leaves nothing behind.
        writer.query("BEGIN")
        writer.query("UPDATE it.t SET a = 7")
        require([row[1] for row in tool.all(2)[0].rows] == [b"5", b"6"], "not committed")
        writer.query("COMMIT")
        wait_for_transactions(env, 0)


@case()
def case_chunks_stand_at_a_place_of_the_log(env):
    start(env)
    env.sql("CREATE TABLE it.t (id INT PRIMARY KEY)", "CREATE TABLE it.m (id INT PRIMARY KEY) ENGINE=MyISAM", "INSERT INTO it.t VALUES (1)")

    def stands_at_the_end(what, table):
        """False when the log has moved by itself meanwhile: MariaDB writes the event of a binlog checkpoint a while after a file began."""
        tool.open(table)
        tool.call("first")
        before = env.source.position()[:2]
        chunk = tool.read(10)
        after = env.source.position()[:2]
        require(before != after or chunk.high == after, f"{what}: {table} at {chunk.high}, the log ends at {after}")
        return before == after

    def at_the_end(what):
        """With nobody writing, LOW is the end of the log, and HIGH must not lie before it."""
        for table in ("t", "m"):
            wait_until(f"{what}: the log to rest", 30, lambda t=table: stands_at_the_end(what, t))

    with ChunkTool(env) as tool:
        at_the_end("after an INSERT")
        env.sql("FLUSH BINARY LOGS")
        at_the_end("after FLUSH BINARY LOGS")
        env.sql("CREATE TABLE it.x (a INT)")
        at_the_end("after DDL")
        env.sql("INSERT INTO it.m VALUES (1)")
        at_the_end("after a table without transactions")
        env.sql("XA START 'a'", "INSERT INTO it.t VALUES (2)", "XA END 'a'", "XA PREPARE 'a'")
        if env.is_mysql:
            at_the_end("after XA PREPARE")
        else:  # nobody can tell whether it is being committed
            tool.open("t")
            require_refused(tool.read, "connection or file failed", "XA RECOVER")
        env.sql("XA COMMIT 'a'")
        at_the_end("after XA COMMIT")
        env.source.restart()
        tool.call("restart")
        at_the_end("after a restart")
        env.source.restart(kill=True)
        tool.call("restart")
        at_the_end("after a kill")
        require(tool.range(10).values["uuid"] == (
            env.sql("SELECT @@server_uuid")[0][0].decode() if env.is_mysql else "server_id:1"), "the server's name")
        tool.call("low other")
        require_refused(lambda: tool.range(10), "connection or file failed", "different servers")


@case(servers=("mysql",))
def case_chunks_wait_for_writers_without_gtids(env):
    start(env, gtid_mode="OFF", enforce_gtid_consistency="OFF")
    env.sql("CREATE TABLE it.t (id INT PRIMARY KEY, a INT)", "INSERT INTO it.t VALUES (1,1),(2,2)")
    with ChunkTool(env) as tool, env.source.connect() as writer:
        tool.open("t")
        tool.call("low end")
        writer.query("BEGIN")
        writer.query("UPDATE it.t SET a = 7 WHERE id = 2")
        tool.send("range 10 100000")
        env.sleep(0.3)
        writer.query("COMMIT")
        lines, answer = tool.receive()
        require(lines[-1] == "row 32,37", lines)
        require(f"high={env.source.position()[0]}:{env.source.position()[1]} " in answer, answer)


def update(connection, row, _):
    connection.query(f"UPDATE it.r SET ver = ver + 1 WHERE id = {row}")


def update_by_xa(connection, row, number):
    for statement in (f"XA START 'x{number}'", f"UPDATE it.r SET ver = ver + 1 WHERE id = {row}", f"XA END 'x{number}'",
                      f"XA PREPARE 'x{number}'", f"XA COMMIT 'x{number}'"):
        connection.query(statement)


def race(env, change=update, **options):
    """Writers that never rest, and chunks compared with what the log says of both their places."""
    # Both on disk at each commit: so the replica is told well before the engine commits.
    start(env, sync_binlog="1", innodb_flush_log_at_trx_commit="1", **options)
    count = 200
    env.sql("CREATE TABLE it.r (id INT PRIMARY KEY, ver INT NOT NULL)",
            "INSERT INTO it.r VALUES " + ",".join(f"({i}, 0)" for i in range(1, count)))
    over = threading.Event()
    failures = []

    def write(number):
        choose = random.Random(env.seed + number)
        try:
            with env.source.connect() as connection:
                while not over.is_set():
                    change(connection, choose.randrange(1, count), number)
        except Exception as error:  # pylint: disable=broad-except
            failures.append(error)

    writers = [threading.Thread(target=write, args=(number,)) for number in range(8)]
    command, environment = tool_command(env, "tool_chunk_race", ("it", "r", max(3, int(env.seconds))))
    for writer in writers:
        writer.start()
    try:
        done = subprocess.run(command, env=environment, capture_output=True, timeout=100 * PATIENCE, check=False)
    finally:
        over.set()
        for writer in writers:
            writer.join()
    line = done.stdout.decode()
    require(line.startswith("ok ") and not failures, f"{line}{done.stderr.decode()}{failures}")
    chunks, changes = map(int, line.split()[1:])
    require(chunks > 20 and changes > 200, line)


@case()
def case_chunks_are_what_their_places_say_while_others_write(env):
    race(env)


@case(servers=("mysql",))
def case_chunks_are_what_their_places_say_without_gtids(env):
    race(env, gtid_mode="OFF", enforce_gtid_consistency="OFF")


@case()
def case_chunks_are_what_their_places_say_of_xa(env):
    race(env, update_by_xa)

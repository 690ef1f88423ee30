#!/usr/bin/env python3
"""Captures binary JSON, partial updates and the text of SELECT from a live MySQL 8 or 9 server.

    capture.py --mysql "mysql -uroot -S /run/my.sock" --datadir /var/lib/mysql

writes cases.txt beside this file, and the fuzz corpora. Each case is a comment with the SQL, a line
"DOCUMENT" or "BEFORE DIFF" in hex, and a line with the text that SELECT printed afterwards.
"""
import argparse
import os
import shutil
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
TESTS = os.path.dirname(os.path.dirname(HERE))
sys.path.insert(0, os.path.join(TESTS, "integration"))
import binlog_json  # noqa: E402
import check_json  # noqa: E402

SCALARS = r"""
'null'
'true'
'false'
'0'
'-1'
'32767'
'32768'
'-32768'
'-32769'
'2147483647'
'2147483648'
'-2147483649'
'9223372036854775807'
'-9223372036854775808'
'18446744073709551615'
CAST(CAST(40000 AS UNSIGNED) AS JSON)
CAST(CAST(4000000000 AS UNSIGNED) AS JSON)
'[1.0, 100.0, 1e5, 3e0, 100000.5, 0.1, -0.0, 0.0, 1e100, -1e-300]'
'[1e14, 1e15, 1e16, 123456789012345680000.0, 9007199254740993.0, 18446744073709551616, 12345678901234567.8, 1234567890123456.7, 999999999999999.9]'
'[1e-7, 1.5e-5, 0.0001, 0.00012345678901234567, 1e-14, 1e-15, 1e-16, 1.2345678901234567e-14]'
'[1.7976931348623157e308, 5e-324, 1.5e-323, 2.2250738585072014e-308, 7.120236347223045e-307, 5.684341886080802e-14]'
'[123456789.12345678, 1234567890.123456789, 0.30000000000000004, 1.100000023841858]'
'"plain"'
'""'
'"\\u0000\\u001f\\u007f\\u2028 \\/ \\" \\b\\f\\n\\r\\t \\\\ é 😀"'
JSON_QUOTE(REPEAT('1234567"', 20))
'[]'
'{}'
'[[], {}, [[]], {"a": {}}]'
'[null, true, false, "", -1, 70000, -70000, 5000000000]'
'{"b": 1, "a": 2, "aa": 3, "": 4, "B": 5, "é": 6, "k\\"\\\\\\n": 7}'
JSON_ARRAY(CAST(x'00ff41' AS BINARY), x'', b'101', CAST(REPEAT('abc', 77) AS BINARY))
JSON_ARRAY(CAST(REPEAT('a', 57) AS BINARY), CAST(REPEAT('a', 58) AS BINARY))
JSON_ARRAY(CAST('2015-01-15 23:24:25' AS DATETIME), TIMESTAMP'1999-12-31 23:59:59.123456')
JSON_ARRAY(CAST('2015-01-15' AS DATE), CAST('9999-12-31' AS DATE))
JSON_ARRAY(CAST('23:24:25' AS TIME), CAST('-123:04:05.678' AS TIME(3)), CAST('838:59:59' AS TIME), CAST('-00:00:00.5' AS TIME(1)))
JSON_ARRAY(CAST(1.5 AS DECIMAL(10,2)), CAST(0 AS DECIMAL(5,3)), CAST(-0.001 AS DECIMAL(5,3)), CAST(7 AS DECIMAL(65,0)))
JSON_ARRAY(12345678901234567890.123456789012345678901234567890, .123456789012, -99999999999999999999.9, CAST(0.5 AS DECIMAL(30,30)))
JSON_ARRAY(ST_GeomFromText('POINT(1 2)'), TO_BASE64('x'))
CAST(CAST('2015-01-15' AS DATE) AS JSON)
CAST(x'cafebabe' AS JSON)
JSON_ARRAY(REPEAT('x', 127), REPEAT('y', 128), REPEAT('z', 16384))
JSON_ARRAY(REPEAT('x', 65000), 5, 70000, -70000, CAST(70000 AS UNSIGNED), TRUE, 1.5, JSON_OBJECT('a', 1))
JSON_OBJECT('key', REPEAT('x', 65536), 'n', 70000, 'o', JSON_OBJECT('a', JSON_ARRAY(1)))
CAST(CONCAT(REPEAT('[', 100), REPEAT(']', 100)) AS JSON)
CAST(CONCAT(REPEAT('{"a": ', 99), '{}', REPEAT('}', 99)) AS JSON)
""".strip().split("\n")

OBJECT = """'{"a": [10, 20, 30, 40], "b": {"x": "long enough for a diff to pay", "yy": 1.5}, "dd": "text", "q\\\\"": 1}'"""
UPDATES = r"""
JSON_SET(d, '$.a[0]', 'ten')
JSON_SET(d, '$.a[1]', CAST('{"n": [1, 2]}' AS JSON), '$.a[1].n[0]', 'deep')
JSON_REPLACE(d, '$.b.x', NULL, '$.dd', CAST('2020-02-02' AS DATE))
JSON_SET(d, '$.cc', 'sorts behind b', '$.c', 'sorts before cc', '$.eeee', 1)
JSON_SET(d, '$."q\\""', 'quoted', '$."new\\n\\u0001"', 2, '$.""', 3, '$."é x"', 4)
JSON_REMOVE(d, '$.a[2]', '$.b.yy', '$."q\\""')
JSON_REMOVE(d, '$.a[last]', '$.a[last-1]')
JSON_SET(d, '$.a[last]', 'last', '$.a[last-1]', JSON_ARRAY())
JSON_ARRAY_INSERT(d, '$.a[0]', 'first', '$.a[99]', 'end', '$.a[last]', 'last but one', '$.a[last-98]', 'front')
JSON_SET(d, '$.a[7]', 'appended', '$.a[7]', 'appended too')
JSON_SET(d, '$.b[0].x', 'wrapped', '$.dd[0]', 'scalar wrapped')
JSON_SET(d, '$.dd[1]', 'becomes an array')
JSON_SET(d, '$.b.new', CAST('[1]' AS JSON), '$.b.new[1]', 2, '$.b.new[0]', 0)
JSON_REPLACE(JSON_REMOVE(JSON_SET(d, '$.b.z', 9, '$.a[9]', 5), '$.b.x', '$.a[0]'), '$.b.z', 'all three')
""".strip().split("\n")


def script():
    yield f"DROP DATABASE IF EXISTS {check_json.DATABASE}; CREATE DATABASE {check_json.DATABASE}; USE {check_json.DATABASE};"
    yield "SET SESSION binlog_row_value_options = 'PARTIAL_JSON', SESSION binlog_row_image = 'FULL', SESSION binlog_format = 'ROW';"
    yield "CREATE TABLE docs (id INT PRIMARY KEY, d JSON); FLUSH BINARY LOGS;"
    for row_id, sql in enumerate(SCALARS, 1):
        yield f"INSERT INTO docs VALUES ({row_id}, {sql}); SELECT id, d FROM docs WHERE id = {row_id};"
    for row_id, sql in enumerate(UPDATES, 1001):
        yield f"INSERT INTO docs VALUES ({row_id}, {OBJECT}); SELECT id, d FROM docs WHERE id = {row_id};"
        yield f"UPDATE docs SET d = {sql} WHERE id = {row_id}; SELECT id, d FROM docs WHERE id = {row_id};"
    yield "SHOW BINARY LOGS;"


def corpus(name, number, data):
    with open(os.path.join(TESTS, "fuzz", "corpus", name, f"mysql97-{number:02}"), "wb") as file:
        file.write(data)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--mysql", required=True)
    parser.add_argument("--datadir", required=True)
    options = parser.parse_args()
    texts, log, complaints = check_json.run_client(options.mysql, script())
    if complaints:
        return complaints
    for name in ("json", "json_diff"):
        shutil.rmtree(os.path.join(TESTS, "fuzz", "corpus", name), ignore_errors=True)
        os.makedirs(os.path.join(TESTS, "fuzz", "corpus", name))
    with open(os.path.join(HERE, "cases.txt"), "wb") as out:
        for cell in binlog_json.cells(os.path.join(options.datadir, log)):
            text = texts[cell.row_id].pop(0)
            if cell.row_id < 1000:
                sql = SCALARS[cell.row_id - 1]
                line = cell.after.hex()
                if len(cell.after) < 4096:
                    corpus("json", cell.row_id, cell.after)
            elif cell.before is None and cell.row_id > 1001:
                continue  # the same document again
            elif cell.is_diff:
                sql = UPDATES[cell.row_id - 1001]
                line = f"{cell.before.hex()} {cell.after.hex()}"
                corpus("json_diff", cell.row_id - 1000, len(cell.before).to_bytes(2, "little") + cell.before + cell.after)
            else:  # the document that all updates start from, or an update that was logged in full
                sql = OBJECT if cell.before is None else f"UPDATE logged in full: {UPDATES[cell.row_id - 1001]}"
                line = cell.after.hex()
            out.write(f"# {sql}\n{line}\n".encode() + text + b"\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())

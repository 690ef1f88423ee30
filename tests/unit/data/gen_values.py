#!/usr/bin/env python3
"""Writes the cases of test_value_server.c: values as a real server stores and prints them.

usage: gen_values.py mysql|mariadb BINLOG_DIRECTORY CLIENT... > values_NAME.tsv

CLIENT is the command of a client connected to a server that was started with --log-bin=bin
--binlog-format=ROW --binlog-checksum=CRC32 --sql-mode= --default-time-zone=+00:00. Each value is inserted
by a statement of its own, so that its row event ends with its bytes; nothing here knows how
long a value is. Columns of a line, separated by tabs: SQL type, SQL value, type code, metadata
(as sl_column_take_meta() returns it), u(nsigned) and z(erofill) or -, display width, collation id,
special (enum sl_special), fraction of the older temporal types or -, labels in hex joined by commas or -,
row image in hex, text in hex.
"""
import os
import re
import struct
import subprocess
import sys

COMMON = [
    ("tinyint", ["0", "1", "-1", "127", "-128"]),
    ("tinyint unsigned", ["0", "255", "128"]),
    ("smallint", ["0", "32767", "-32768", "-1"]),
    ("smallint unsigned", ["65535", "32768"]),
    ("mediumint", ["0", "8388607", "-8388608", "-1"]),
    ("mediumint unsigned", ["16777215", "8388608"]),
    ("int", ["0", "2147483647", "-2147483648", "-1", "1000000"]),
    ("int unsigned", ["4294967295", "2147483648"]),
    ("bigint", ["0", "9223372036854775807", "-9223372036854775808", "-1", "12345678901"]),
    ("bigint unsigned", ["18446744073709551615", "9223372036854775808"]),
    ("tinyint zerofill", ["0", "5", "255"]),
    ("int(5) zerofill", ["0", "42", "99999", "1234567"]),
    ("int zerofill", ["42"]),
    ("bigint zerofill", ["42", "18446744073709551615"]),
    ("bigint(30) zerofill", ["7"]),
    ("year", ["0", "1901", "2000", "2026", "2155"]),
    ("bit(1)", ["b'0'", "b'1'"]),
    ("bit(8)", ["0", "255", "1"]),
    ("bit(9)", ["0", "511", "256", "1"]),
    ("bit(17)", ["131071", "65536"]),
    ("bit(63)", ["9223372036854775807"]),
    ("bit(64)", ["18446744073709551615", "9223372036854775808", "1"]),
    ("decimal(1,0)", ["0", "9", "-9"]),
    ("decimal(2,1)", ["0.5", "-0.5", "9.9", "0", "-0.0"]),
    ("decimal(2,2)", ["0.5", "-0.05", "0.99", "0"]),
    ("decimal(5,2)", ["1", "-1.5", "999.99", "-999.99", "0.01"]),
    ("decimal(9,0)", ["999999999", "-1", "0"]),
    ("decimal(10,0)", ["9999999999", "-1000000000", "1"]),
    ("decimal(10,5)", ["12345.67891", "-0.00001"]),
    ("decimal(18,9)", ["123456789.123456789", "-999999999.999999999", "0.000000001"]),
    ("decimal(19,10)", ["1.0000000001", "-123456789.0123456789"]),
    ("decimal(30,30)", ["0.000000000000000000000000000001", "-0.999999999999999999999999999999"]),
    ("decimal(65,0)", ["9" * 65, "-" + "9" * 65, "1" + "0" * 64]),
    ("decimal(65,30)", ["9" * 35 + "." + "9" * 30, "-" + "9" * 35 + "." + "9" * 30, "0", "-1",
                        "-0." + "0" * 29 + "1"]),
    ("decimal(5,2) zerofill", ["1.5", "0", "999.99"]),
    ("double", ["0", "-0e0", "1", "-1", "1.5", "0.1", "0.1e0+0.2e0", "1e14", "1e15", "1e16", "1e20", "1.5e20",
                "123456789012345", "1234567890123456", "1e-4", "1e-5", "1e-14", "1e-15", "1e-16", "1.25e-17",
                "3.141592653589793", "1.7976931348623157e308", "2.2250738585072014e-308", "4.9406564584124654e-324",
                "9007199254740993", "-1.1e-300", "100", "1200", "2637813351083016.5", "-4503599627370495.5", "1125899906842624.25", "0.000123", "5e-324", "123456.789e3", "1/3e0"]),
    ("float", ["0", "1", "-1", "1.5", "0.1", "16777216", "16777217", "3.4028234e38", "1.17549435e-38", "1e-45",
               "3.14159265", "123456.789", "1e10", "1e15", "1e-10", "0.3333333333", "999999", "9999999", "-2.5e-7"]),
    ("float(7,2)", ["1.5", "99999.99"]),
    ("double(10,3)", ["1.5", "1234567.891"]),
    ("date", ["'0000-00-00'", "'1000-01-01'", "'9999-12-31'", "'2024-02-29'", "'2024-00-00'", "'2024-05-00'"]),
    ("time", ["'00:00:00'", "'838:59:59'", "'-838:59:59'", "'-00:00:01'", "'23:59:59'", "'100:00:00'", "'-10:20:30'"]),
    ("datetime", ["'0000-00-00 00:00:00'", "'1000-01-01 00:00:00'", "'9999-12-31 23:59:59'",
                  "'2024-02-29 12:34:56'", "'2024-00-00 00:00:00'", "'0000-01-01 01:02:03'"]),
    ("timestamp", ["'0000-00-00 00:00:00'", "'1970-01-01 00:00:01'", "'2038-01-19 03:14:07'", "'2000-02-29 23:59:59'",
                   "'2000-03-01 00:00:00'", "'1999-12-31 00:00:00'", "'2024-12-31 12:00:00'", "'1972-02-29 00:00:00'"]),
]
for n in range(1, 7):
    digits = "123456"[:n]
    COMMON += [
        (f"time({n})", [f"'00:00:00.{digits}'", f"'-00:00:00.{digits}'", f"'-01:02:03.{digits}'", "'-00:00:01'",
                        f"'838:59:58.{'9' * n}'", f"'-838:59:58.{'9' * n}'", f"'-00:00:59.{'0' * (n - 1)}1'"]),
        (f"datetime({n})", ["'0000-00-00'", f"'2024-02-29 12:34:56.{digits}'", f"'9999-12-31 23:59:59.{'9' * n}'",
                            f"'1000-01-01 00:00:00.{'0' * (n - 1)}1'"]),
        (f"timestamp({n})", ["'0000-00-00'", f"'2024-02-29 12:34:56.{digits}'", f"'2038-01-19 03:14:06.{'9' * n}'",
                             f"'1970-01-01 00:00:01.{'0' * (n - 1)}1'"]),
    ]
TEXT = "'', 'a', 'a b', 'Zürich', '日本語', _utf8mb4 x'f09f9880'".split(", ")
COMMON += [
    ("char(10) character set utf8mb4", TEXT + ["'pad   '"]),
    ("char(255) character set utf8mb4", ["'é'", "repeat('😀',70)"]),
    ("varchar(10) character set utf8mb4", TEXT + ["'pad   '"]),
    ("varchar(255) character set latin1", ["''", "'Zürich€'", "repeat('ü',255)"]),
    ("varchar(256) character set latin1", ["''", "'Zürich'", "repeat('ü',256)"]),
    ("char(5) character set latin1", ["'ü'", "'abcde'", "''"]),
    ("char(5) character set utf16", ["'ü'", "'a b'", "''"]),
    ("char(255) character set utf32", ["'ü'", "repeat('x',255)"]),
    ("varchar(20) character set ucs2", ["'Zürich'"]),
    ("varchar(20) character set sjis", ["'日本語'"]),
    ("varchar(20) character set gbk", ["'中文'"]),
    ("tinytext character set utf8mb4", TEXT),
    ("text character set utf8mb4", ["''", "repeat('x',300)"]),
    ("mediumtext character set cp1251", ["'Привет'"]),
    ("longtext character set utf8mb4", ["'x'"]),
    ("binary(0)", ["''"]),
    ("binary(1)", ["''", "x'00'", "'a'", "' '"]),
    ("binary(4)", ["''", "x'00000000'", "x'01000000'", "x'00000001'", "x'20202020'", "x'ff00ff'"]),
    ("binary(255)", ["'a'", "repeat('b',255)"]),
    ("varbinary(4)", ["''", "x'00'", "x'0100'", "x'ff00ff00'"]),
    ("varbinary(300)", ["x'0100'", "repeat(x'00',300)"]),
    ("tinyblob", ["''", "x'000102ff'"]),
    ("blob", ["''", "x'000102ff'", "repeat('y',300)"]),
    ("mediumblob", ["x'00'"]),
    ("longblob", ["x'00'"]),
    ("enum('a','b','ü''x','')", ["'a'", "'b'", "'ü''x'", "4", "0"]),
    ("enum(%s)" % ",".join(f"'m{i}'" for i in range(300)), ["'m0'", "'m254'", "'m255'", "'m256'", "'m299'", "0"]),
    ("set('a','b','c')", ["''", "'a'", "'b,c'", "'a,b,c'"]),
    ("set(%s)" % ",".join(f"'s{i}'" for i in range(9)), ["'s8'", "'s0,s8'"]),
    ("set(%s)" % ",".join(f"'s{i}'" for i in range(20)), ["'s19'", "'s0,s16'"]),
    ("set(%s)" % ",".join(f"'s{i}'" for i in range(30)), ["'s29'", "'s24,s29'"]),
    ("set(%s)" % ",".join(f"'s{i}'" for i in range(64)), ["'s63'", "18446744073709551615", "'s0,s40'"]),
    ("point", ["ST_GeomFromText('POINT(1 2)')", "ST_GeomFromText('POINT(-1.5 2.25)', 4326)"]),
    ("geometry", ["ST_GeomFromText('LINESTRING(0 0,1 1)')"]),
]
MYSQL = [
    ("vector(3)", ["STRING_TO_VECTOR('[1,2,3]')", "STRING_TO_VECTOR('[-1.5,0,1e10]')"]),
    ("json", ["'{}'", "'{\"a\": [1, \"x\"]}'"]),
]
MARIADB = [
    ("year(2)", ["2001", "1999"]),
    ("decimal(40,38)", ["1." + "1" * 38, "-0." + "0" * 37 + "1"]),
    ("uuid", ["'00000000-0000-0000-0000-000000000000'", "'ffffffff-ffff-ffff-ffff-ffffffffffff'",
              "'123e4567-e89b-12d3-a456-426614174000'", "'123e4567-e89b-42d3-a456-426614174000'",
              "'01890a5d-ac96-774b-bcce-b302099a8057'", "'123e4567-e89b-12d3-0456-426614174000'",
              "'6ccd780c-baba-1026-9564-5b8c656024db'", "'6ccd780c-baba-6026-9564-5b8c65602400'"]),
    ("inet4", ["'0.0.0.0'", "'1.2.3.4'", "'255.255.255.255'", "'10.0.0.0'"]),
    ("inet6", ["'::'", "'::1'", "'::ffff'", "'::1.2.3.4'", "'::ffff:1.2.3.4'", "'::ffff:0.0.0.0'", "'1::'", "'1:0:1:1:1:1:1:1'",
               "'2001:db8::1'", "'2001:0:0:1:0:0:0:1'", "'2001:0:0:1:1:0:0:1'", "'1:2:3:4:5:6:7:8'", "'1:2:3:4:5:6:7:0'",
               "'0:1:1:1:1:1:1:1'", "'::1:0:0'", "'0:0:0:0:1:ffff:1.2.3.4'", "'ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff'",
               "'fe80::1:0:0:abcd'", "'::ffff:1:1'", "'::1:0'", "'::1:0:1:0'"]),
    ("varchar(200) character set utf8mb4 compressed", ["''", "'a'", "'abc'", "repeat('äb',100)"]),
    ("varchar(3000) character set latin1 compressed", ["''", "'ü'", "repeat('ü',900)"]),
    ("varbinary(100) compressed", ["''", "x'00'", "repeat(x'00',100)"]),
    ("tinyblob compressed", ["''", "repeat('z',200)"]),
    ("text character set utf8mb4 compressed", ["''", "'x'", "repeat('hello ',100)"]),
    ("text character set latin1 compressed", ["repeat('grün ',100)"]),
    ("mediumblob compressed", ["repeat('a',700)", "x'00ff'"]),
    ("longtext character set utf8mb4 compressed", ["repeat('hello ',200)"]),
]
# Under SET GLOBAL mysql56_temporal_format=OFF: the older forms.
OLD = [(t, v) for t, v in COMMON if re.match(r"(time|datetime|timestamp)(\(|$)", t)]


def client(sql):
    run = subprocess.run(CLIENT + ["--default-character-set=utf8mb4", "-N", "-B", "-r"], input=sql.encode(), capture_output=True)
    if run.returncode:
        sys.exit(f"{run.stderr.decode()}\n{sql[:300]}")
    return run.stdout.decode("utf-8", "surrogateescape")


def shortest_float(bits):
    """The text of a FLOAT by brute force: contract instead of SELECT, which cuts it to six digits."""
    value = struct.unpack("<f", bits)[0]
    for count in range(9):
        text = "%.*e" % (count, value)
        try:
            if struct.pack("<f", float(text)) == bits:
                break
        except OverflowError:  # rounded up beyond the largest FLOAT
            continue
    sign, digits, exponent = re.match(r"(-?)([\d.]+)e(.*)", text).groups()
    digits = digits.replace(".", "").rstrip("0") or "0"
    point = int(exponent) + 1
    if -14 <= point and (point <= 15 or point < len(digits)):
        if point <= 0:
            return sign + "0." + "0" * -point + digits
        return sign + digits[:point].ljust(point, "0") + ("." + digits[point:] if len(digits) > point else "")
    return sign + digits[0] + ("." + digits[1:] if digits[1:] else "") + f"e{point - 1}"


def double_text(image, select, sql_type):
    return repr(struct.unpack("<d", image)[0]).removesuffix(".0") if "(" in sql_type else select


def lenenc(data, at):
    if data[at] < 251:
        return data[at], at + 1
    if data[at] == 252:
        return struct.unpack_from("<H", data, at + 1)[0], at + 3
    sys.exit("lenenc too long")


def read_table_map(body):
    """Table name, type and two-byte metadata of the second column."""
    at = 8
    at += body[at] + 2
    size = body[at]
    name = body[at + 1:at + 1 + size].decode()
    at += size + 2
    columns, at = lenenc(body, at)
    types = body[at:at + columns]
    size, at = lenenc(body, at + columns)
    meta = body[at:at + size]  # that of an INT first column is empty
    kind = types[1]
    if len(meta) == 0:
        return name, kind, 0
    if len(meta) == 1:
        return name, kind, meta[0]
    return name, kind, struct.unpack(">H" if kind in (254, 246) else "<H", meta)[0]


def read_binlogs(directory):
    """(table, type, meta, image of the second column) of each row event."""
    tables = {}
    for path in sorted(f for f in os.listdir(directory) if re.match(r"bin\.\d+$", f)):
        data = open(os.path.join(directory, path), "rb").read()
        at = 4
        while at < len(data):
            kind, size = data[at + 4], struct.unpack_from("<I", data, at + 9)[0]
            body = data[at + 19:at + size - 4]
            at += size
            if kind == 19:
                tables[body[:6]] = read_table_map(body)
            elif kind in (23, 30):  # WRITE_ROWS, version 1 or 2
                start = 8 + (struct.unpack_from("<H", body, 8)[0] if kind == 30 else 0)
                start += 1 + 1 + 1 + 4  # columns, bitmap of columns, bitmap of NULLs, the id
                yield (*tables[body[:6]], body[start:])


def describe(table):
    row = client(f"select column_type, ifnull(character_set_name,''), ifnull(collation_name,''), data_type from "
                 f"information_schema.columns where table_schema='sluice_values' and table_name='{table}' and column_name='c'")
    return row.rstrip("\n").split("\t")


def main(cases, prefix):
    collations = dict(line.split("\t") for line in client(
        "select collation_name, id from information_schema.collations where id is not null").splitlines())
    tables = {}
    for i, (sql_type, values) in enumerate(cases):
        table = f"{prefix}{i}"
        sql = f"use sluice_values; create table {table} (id int primary key, c {sql_type} null);"
        for j, value in enumerate(values):
            sql += f"insert into {table} values ({j}, {value});"
        client(sql)
        tables[table] = sql_type, values
    client("flush logs")
    images = {}
    for table, kind, meta, image in read_binlogs(DIRECTORY):
        images.setdefault(table, []).append((kind, meta, image))
    for table, (sql_type, values) in tables.items():
        column_type, charset, collation, data_type = describe(table)
        is_simple = not charset and not re.search("binary|blob|point|geometry|vector|bit", data_type)
        expression = ("hex(convert(c using utf8mb4))" if charset else "c" if is_simple else
                      "c+0" if data_type == "bit" else "hex(c)")
        texts = client(f"select {expression} from sluice_values.{table} order by id").split("\n")[:-1]
        special = {"uuid": 1, "inet6": 2, "inet4": 3}.get(data_type, 0)
        labels = "-"
        if data_type in ("enum", "set"):
            members = re.findall(r"'((?:[^']|'')*)'", column_type)
            labels = ",".join(m.replace("''", "'").encode().hex() for m in members)
        width = re.search(r"\((\d+)\)", column_type) if "zerofill" in column_type or data_type == "year" else None
        flags = ("u" if "unsigned" in column_type else "") + ("z" if "zerofill" in column_type else "") or "-"
        fraction = "-"
        if "mariadb-5.3" in column_type:
            found = re.search(r"\((\d)\)", column_type)
            fraction = found.group(1) if found else "0"
        assert len(texts) == len(values) == len(images.get(table, [])), (sql_type, texts, images.get(table))
        for value, text, (kind, meta, image) in zip(values, texts, images[table]):
            if data_type == "float":
                text = shortest_float(image)
            elif data_type == "double":
                text = double_text(image, text, sql_type)
            raw = text.encode() if is_simple or data_type == "bit" else bytes.fromhex(text)
            collation_id = collations.get(collation, "63")
            print(sql_type, value, kind, meta, flags, width.group(1) if width else 0, collation_id, special, fraction, labels,
                  image.hex(), raw.hex(), sep="\t")


FLAVOR, DIRECTORY, CLIENT = sys.argv[1], sys.argv[2], sys.argv[3:]
client("drop database if exists sluice_values; create database sluice_values")
client("reset binary logs and gtids" if FLAVOR == "mysql" else "reset master")
if FLAVOR == "mysql":
    main(COMMON + MYSQL, "m")
else:
    main(COMMON + MARIADB, "a")
    client("set global mysql56_temporal_format=off")
    main(OLD, "o")
    client("set global mysql56_temporal_format=on")

#!/usr/bin/env python3
"""Compares JSON that is decoded from a binary log with what SELECT prints, on a live MySQL 8 or 9.

Creates a scratch database, inserts random documents and changes them at random with JSON_SET,
JSON_REPLACE, JSON_REMOVE, JSON_INSERT and JSON_ARRAY_INSERT under binlog_row_value_options=PARTIAL_JSON, then
takes the cells out of the binary log files and lets json_decode print them.

    check_json.py --mysql "mysql -uroot -S /run/my.sock" --datadir /var/lib/mysql \\
                  --tool build/dev/tests/json_decode [--documents 300] [--seed 1]

The client must be allowed to create a database, to flush logs and to set binlog_row_value_options;
this program must be able to read the binary log files. Exit status 0: all texts are equal.
"""
import argparse
import itertools
import json
import os
import random
import shlex
import struct
import subprocess
import sys

import binlog_json

DATABASE = "sluice_check_json"

OPAQUE = [
    "CAST(x'00ff41' AS BINARY)", "CAST(REPEAT('abc', 77) AS BINARY)", "x'cafebabe'", "b'101'",
    "CAST('2015-01-15 23:24:25' AS DATETIME)", "CAST('1999-12-31 23:59:59.123456' AS DATETIME(6))",
    "CAST('2015-01-15' AS DATE)", "CAST('-123:04:05.678' AS TIME(3))", "CAST('838:59:59' AS TIME)",
    "TIMESTAMP'2020-02-29 01:02:03.5'", "CAST(-12.3450 AS DECIMAL(20,4))", "CAST(0.001 AS DECIMAL(3,3))",
    "CAST(18446744073709551615 AS UNSIGNED)", "CAST(40000 AS UNSIGNED)", "3000000000", "-5", "1.5e0",
    "12345678901234567890123456789012345.123456789012345678901234567890", "CAST(7 AS DECIMAL(65,0))",
    "ST_GeomFromText('POINT(1 2)')", "TRUE", "NULL", "'text \\\\ \\\" \\n'", "CAST('' AS BINARY)",
]
KEYS = ["a", "b", "c", "aa", "ab", "key", "Key", "", " ", "a.b", "a[0]", "$", "_x", "x1", "1x", "é", "名前",
        "😀", 'q"uote', "back\\slash", "tab\t", "nl\n", "ctl\x01\x1f", "last", "k" * 300, "/", "\x7f"]


class Maker:
    """Random documents, values and paths."""

    def __init__(self, seed):
        self.random = random.Random(seed)

    def number(self):
        pick = self.random.randrange(6)
        if pick == 0:
            return self.random.randrange(-10, 10)
        if pick == 1:
            edge = 1 << self.random.choice([7, 8, 15, 16, 31, 32, 53, 62])
            return self.random.choice([1, -1]) * edge + self.random.randrange(-2, 3)
        if pick == 2:
            return self.random.choice([2**63 - 1, -2**63, 2**63, 2**64 - 1])
        if pick == 3:
            return self.random.uniform(-1000, 1000)
        if pick == 4:
            return round(self.random.uniform(-1e6, 1e6), self.random.randrange(6))
        while True:
            value = struct.unpack("<d", self.random.randbytes(8))[0]
            if value == value and abs(value) < 1e308:
                return value

    def string(self):
        alphabet = 'ab "\\/\b\f\n\r\t\x00\x01\x1f\x7f\u00e9\u2028\U0001f600'
        length = self.random.choice([0, 1, 5, 20, 130, 300])
        return "".join(self.random.choice(alphabet) for _ in range(length))

    def value(self, depth):
        pick = self.random.randrange(10 if depth > 0 else 6)
        if pick < 2:
            return self.number()
        if pick < 4:
            return self.string()
        if pick < 6:
            return self.random.choice([None, True, False, "", [], {}])
        count = self.random.choice([0, 1, 2, 3, 8])
        if pick < 8:
            return [self.value(depth - 1) for _ in range(count)]
        return {self.random.choice(KEYS): self.value(depth - 1) for _ in range(count)}

    def document(self):
        pick = self.random.randrange(20)
        if pick == 0:  # the large format
            return [self.string() + "x" * 4000 for _ in range(20)] + [self.number() for _ in range(50)]
        if pick == 1:
            return {f"k{n}": self.value(1) for n in range(7000)}
        if pick == 2:
            return list(range(25000))
        if pick == 3:  # as deep as it goes
            value = 1
            for _ in range(99):
                value = [value] if self.random.randrange(2) else {"a": value}
            return value
        return self.value(4)

    def path(self, document):
        legs = "$"
        for _ in range(self.random.choice([1, 1, 2, 2, 3, 4])):
            if isinstance(document, dict) and self.random.randrange(8):
                key = self.random.choice(list(document) + KEYS)
                legs += "." + (json.dumps(key) if self.random.randrange(4) else json.dumps(key, ensure_ascii=False))
                document = document.get(key)
            else:
                size = len(document) if isinstance(document, list) else 1
                cell = self.random.randrange(size + 2)
                legs += f"[{cell}]" if self.random.randrange(4) else self.random.choice(["[last]", f"[last-{cell}]"])
                document = document[cell] if isinstance(document, list) and cell < size else None
        return legs

    def expression(self):
        if self.random.randrange(3) == 0:
            return self.random.choice(OPAQUE)
        return as_json(self.value(self.random.choice([0, 0, 2])))


def as_text(text):
    return f"CONVERT(x'{text.encode().hex()}' USING utf8mb4)"


def as_json(value):
    return f"CAST({as_text(json.dumps(value, ensure_ascii=False))} AS JSON)"


def change(maker, row_id, document):
    function = maker.random.choice(
        ["JSON_SET", "JSON_SET", "JSON_REPLACE", "JSON_REMOVE", "JSON_INSERT", "JSON_ARRAY_INSERT", "JSON_ARRAY_APPEND"])
    arguments = []
    for _ in range(maker.random.choice([1, 1, 2, 3, 6])):
        arguments.append(as_text(maker.path(document)))
        if function != "JSON_REMOVE":
            arguments.append(maker.expression())
    return f"UPDATE docs SET d = {function}(d, {', '.join(arguments)}) WHERE id = {row_id};"


def script(maker, documents):
    yield f"DROP DATABASE IF EXISTS {DATABASE}; CREATE DATABASE {DATABASE}; USE {DATABASE};"
    yield "SET SESSION binlog_row_value_options = 'PARTIAL_JSON', SESSION binlog_row_image = 'FULL';"
    yield "SET SESSION time_zone = '+00:00', SESSION binlog_format = 'ROW';"
    yield "CREATE TABLE docs (id INT PRIMARY KEY, d JSON); FLUSH BINARY LOGS;"
    for row_id in range(1, documents + 1):
        document = maker.document()
        if row_id <= len(OPAQUE):
            yield f"INSERT INTO docs VALUES ({row_id}, JSON_ARRAY({OPAQUE[row_id - 1]}, JSON_OBJECT('a', {OPAQUE[row_id - 1]})));"
        elif row_id % 7 == 0:
            values = ", ".join(maker.random.choice(OPAQUE) for _ in range(6))
            yield f"INSERT INTO docs VALUES ({row_id}, JSON_ARRAY({values}));"
        else:
            yield f"INSERT INTO docs VALUES ({row_id}, {as_json(document)});"
        yield f"SELECT id, d FROM docs WHERE id = {row_id};"
        for _ in range(maker.random.randrange(6)):
            yield change(maker, row_id, document)
            yield f"SELECT id, d FROM docs WHERE id = {row_id};"
    yield powers_of_two(documents + 1)
    yield random_doubles(maker, documents + 2)
    yield f"SELECT id, d FROM docs WHERE id > {documents};"
    yield "SHOW BINARY LOGS;"


def powers_of_two(row_id):
    """Doubles whose neighbours are not equally far away, where shortest digits go wrong most easily."""
    return f"INSERT INTO docs VALUES ({row_id}, {as_json([2.0 ** n for n in range(-1074, 1024)])});"


def random_doubles(maker, row_id):
    values = [struct.unpack("<d", maker.random.randbytes(8))[0] for _ in range(20000)]
    values = [value for value in values if abs(value) < 1e308]
    values += [maker.random.random() * 10 ** maker.random.randrange(-20, 20) for _ in range(20000)]
    values += [maker.random.randrange(1, 4096) * 5e-324 for _ in range(1000)]
    return f"INSERT INTO docs VALUES ({row_id}, {as_json(values)});"


def run_client(command, statements):
    result = subprocess.run(
        shlex.split(command) + ["--force", "--raw", "--skip-column-names", "--default-character-set=utf8mb4",
                                "--max-allowed-packet=256M"],
        input="\n".join(statements).encode(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False)
    lines = [line.split(b"\t") for line in result.stdout.split(b"\n") if line]
    logs = list(itertools.takewhile(lambda line: not line[0].isdigit(), reversed(lines)))
    texts = {}
    for line in lines[:len(lines) - len(logs)]:
        texts.setdefault(int(line[0]), []).append(line[1])
    return texts, logs[0][0].decode(), result.stderr.decode(errors="replace")


def decode(tool, cells):
    """The texts of all cells by row, and how many of them were partial."""
    texts, partial = {}, 0
    requests, ids = [], []
    for cell in cells:
        if cell.table == f"{DATABASE}.docs" and cell.after is not None:
            ids.append(cell.row_id)
            partial += cell.is_diff
            requests.append(f"{cell.before.hex()} {cell.after.hex()}" if cell.is_diff else cell.after.hex())
    answers = subprocess.run([tool], input=("\n".join(requests) + "\n").encode(), stdout=subprocess.PIPE, check=True)
    for row_id, text in zip(ids, answers.stdout.split(b"\n")):
        texts.setdefault(row_id, []).append(text)
    return texts, partial


def collapse(texts):
    """Without repetitions: a change that prints the same may or may not have been logged."""
    return [text for text, _ in itertools.groupby(text for text in texts if text != b"NULL")]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--mysql", required=True)
    parser.add_argument("--datadir", required=True)
    parser.add_argument("--tool", required=True)
    parser.add_argument("--documents", type=int, default=300)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()

    expected, log, complaints = run_client(options.mysql, script(Maker(options.seed), options.documents))
    # The log was switched before the first document; a later switch by size would only be missed at the end.
    decoded, partial = decode(options.tool, binlog_json.cells(os.path.join(options.datadir, log)))
    wrong = [row_id for row_id in sorted(expected.keys() | decoded.keys())
             if collapse(expected.get(row_id, [])) != collapse(decoded.get(row_id, []))]
    for row_id in wrong[:10]:
        for want, got in itertools.zip_longest(collapse(expected.get(row_id, [])), collapse(decoded.get(row_id, []))):
            if want != got:
                at = len(os.path.commonprefix([want or b"", got or b""]))
                print(f"row {row_id} at byte {at}:\n  SELECT  {(want or b'')[max(0, at - 40):at + 80]}\n"
                      f"  decoded {(got or b'')[max(0, at - 40):at + 80]}")
                break
    total = sum(map(len, decoded.values()))
    print(f"{len(decoded)} rows, {total} documents, {partial} of them partial updates, "
          f"{len(complaints.splitlines())} statements refused, {len(wrong)} rows differ")
    if partial == 0 or len(decoded) < options.documents // 2:
        print("too little was compared to prove anything\n" + complaints[:2000], file=sys.stderr)
        return 1
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())

#!/usr/bin/env python3
"""Compares sluice's character set conversion with what a live server sends, sequence by sequence.

    check_charsets.py --client 'mariadb -S /tmp/x/m.sock -uroot' --datadir /tmp/x/data \
                      --binary build/dev/tests/test_charset [CHARSET...]

Every pair of bytes, every three bytes behind 0x8e, 0x8f and 0xa1, every four-byte sequence of
gb18030 up to U+FFFF, samples beyond, surrogates and random bytes go through a TEXT column of each
character set to a utf8mb4 connection. No server takes unreadable text in, so the rows are loaded
into a BLOB of a MyISAM table and its files are then copied over those of a table with TEXT in its
place: the server has to be a private one of the tests, its data folder writable. Takes about two
minutes a server. Exit status 1 and the first differences when there are any.
"""

import argparse
import os
import random
import re
import shlex
import shutil
import subprocess
import sys
import tempfile

SCHEMA = "sluice_check_charsets"
NOT_LOOKED_INTO = {"binary", "utf8mb3", "utf8mb4"}  # taken as they are
ESCAPES = {b"\\0": b"\0", b"\\n": b"\n", b"\\t": b"\t", b"\\\\": b"\\"}


def sequences(seed):
    """All texts to be compared; SEED makes the random ones repeatable."""
    rand = random.Random(seed)
    yield from (bytes([a]) for a in range(256))
    for code in range(0x10000):
        pair = code.to_bytes(2, "big")
        yield pair
        yield pair + b"A"
        yield from (lead + pair for lead in (b"\x8e", b"\x8f", b"\xa1"))
    for number in range(4 * 12600):
        yield bytes([0x81 + number // 12600, 0x30 + number // 1260 % 10,
                     0x81 + number // 10 % 126, 0x30 + number % 10])
    for _ in range(40000):
        yield bytes([rand.choice([rand.randrange(0x81, 0xFF), 0x90, 0xE2, 0xE3, 0xE4]),
                     rand.randrange(0x30, 0x3A), rand.randrange(0x81, 0xFF),
                     rand.randrange(0x30, 0x3A)])
    for _ in range(40000):
        order = rand.choice(["big", "little"])
        units = [rand.randrange(0xD7F0, 0xE010).to_bytes(2, order) for _ in range(2)]
        yield b"".join(units) + rand.choice([b"", b"A", b"\0A", b"A\0"])
    for _ in range(20000):
        code = rand.choice([rand.randrange(0xD7F0, 0xE010), rand.randrange(0x10FF00, 0x110100),
                            rand.randrange(0x110000), rand.randrange(1 << 21),
                            rand.randrange(1 << 32)])
        yield code.to_bytes(4, "big") + rand.choice([b"", b"A", b"\0A", b"\0\0A", b"\0\0\0A"])
    kinds = [(0, 0x30), (0x30, 0x3A), (0x40, 0x80), (0x80, 0xA1), (0xA1, 0xFF), (0, 0x100)]
    for _ in range(60000):
        yield bytes(rand.randrange(*rand.choice(kinds)) for _ in range(rand.randrange(1, 13)))


class Server:
    def __init__(self, client, datadir):
        self.command = shlex.split(client) + ["-N", "-B", "--default-character-set=utf8mb4"]
        self.folder = os.path.join(datadir, SCHEMA)
        self.version = self.query("SELECT VERSION()").decode().strip()
        self.flavor = "mariadb" if "MariaDB" in self.version else "mysql"

    def query(self, sql, stdin=None):
        command = self.command + ["-e", sql]
        run = subprocess.run(command, stdin=stdin, capture_output=True, check=False)
        if run.returncode != 0:
            sys.exit(f"{self.command[0]}: {run.stderr.decode().strip()}")
        return run.stdout

    def charsets(self):
        text = self.query("SELECT CHARACTER_SET_NAME FROM information_schema.CHARACTER_SETS "
                          "ORDER BY 1").decode()
        return [name for name in text.split() if name not in NOT_LOOKED_INTO]

    def load(self, texts):
        self.query(f"DROP DATABASE IF EXISTS {SCHEMA}; CREATE DATABASE {SCHEMA}; "
                   f"CREATE TABLE {SCHEMA}.source (id INT NOT NULL, a BLOB) ENGINE=MyISAM")
        with tempfile.TemporaryFile() as file:
            for start in range(0, len(texts), 5000):
                values = ",".join(f"({start + i},x'{text.hex()}')"
                                  for i, text in enumerate(texts[start:start + 5000]))
                file.write(f"INSERT INTO {SCHEMA}.source VALUES {values};\n".encode())
            file.write(b"FLUSH TABLES;\n")
            file.seek(0)
            subprocess.run(self.command, stdin=file, check=True)

    def read_as(self, charset):
        """What SELECT sends of the loaded bytes when they are in a column of CHARSET."""
        self.query(f"DROP TABLE IF EXISTS {SCHEMA}.target; "
                   f"CREATE TABLE {SCHEMA}.target (id INT NOT NULL, a TEXT CHARACTER SET {charset}) "
                   f"ENGINE=MyISAM; SELECT COUNT(*) FROM {SCHEMA}.target; FLUSH TABLES")
        for ending in ("MYD", "MYI"):
            with open(f"{self.folder}/source.{ending}", "rb") as source, \
                    open(f"{self.folder}/target.{ending}", "wb") as target:
                shutil.copyfileobj(source, target)  # copies into the server's own file
        rows = self.query(f"FLUSH TABLES; SELECT id, a FROM {SCHEMA}.target")
        result = {}
        for line in rows.split(b"\n")[:-1]:
            number, text = line.split(b"\t", 1)
            result[int(number)] = re.sub(rb"\\[0nt\\]", lambda m: ESCAPES[m.group(0)], text)
        return result


def converted(binary, flavor, charset, texts):
    lines = "".join(text.hex() + "\n" for text in texts)
    run = subprocess.run([binary, "--convert", flavor, charset], input=lines.encode(),
                         capture_output=True, check=True)
    return [bytes.fromhex(line) for line in run.stdout.decode().split("\n")[:-1]]


def compare(server, binary, charset, texts):
    want = server.read_as(charset)
    got = converted(binary, server.flavor, charset, texts)
    if len(want) != len(texts) or len(got) != len(texts):
        sys.exit(f"{charset}: {len(texts)} rows, the server sent {len(want)}, sluice {len(got)}")
    wrong = [i for i in range(len(texts)) if want[i] != got[i]]
    for i in wrong[:10]:
        print(f"{charset}: {texts[i].hex()}: server {want[i].hex()}, sluice {got[i].hex()}")
    print(f"{charset}: {len(texts)} texts, {len(wrong)} differ", flush=True)
    return len(wrong)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--client", required=True, help="client command line, logs in by itself")
    parser.add_argument("--datadir", required=True, help="the server's data folder")
    parser.add_argument("--binary", required=True, help="test_charset of the build to be tested")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--show", metavar="HEX,...", help="print what the server sends of these")
    parser.add_argument("charsets", nargs="*", metavar="CHARSET", help="default: all")
    options = parser.parse_args()
    server = Server(options.client, options.datadir)
    texts = [bytes.fromhex(h) for h in options.show.split(",")] if options.show else \
        list(sequences(options.seed))
    print(f"{server.version}: {len(texts)} texts, seed {options.seed}", flush=True)
    server.load(texts)
    if options.show:
        for charset in options.charsets:
            for number, text in sorted(server.read_as(charset).items()):
                print(charset, texts[number].hex(), text.hex(), text.decode(errors="replace"))
        wrong = 0
    else:
        wrong = sum(compare(server, options.binary, charset, texts)
                    for charset in options.charsets or server.charsets())
    server.query(f"DROP DATABASE {SCHEMA}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())

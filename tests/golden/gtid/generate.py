#!/usr/bin/env python3
"""Regenerates server.tsv: what a MySQL server (8.3 or later, for tags) makes of random GTID sets.

usage: generate.py MYSQL_COMMAND... > server.tsv
for example: generate.py mysql -uroot -h127.0.0.1 -P3306

Lines, tab-separated:
  sets    A  B  A as the server prints it  GTID_SUBTRACT(A, B)  GTID_SUBSET(A, B)
  binary  A  the PREVIOUS_GTIDS event body that the server wrote for A, in hex

The second kind resets the server's binary logs and GTIDs: use a server made for it and just started.
"""
import random
import subprocess
import sys

UUIDS = ["11111111-1111-1111-1111-111111111111", "A2222222-BBBB-cccc-2222-222222222222",
         "fe333333-3333-3333-3333-333333333333"]
TAGS = ["", "", "a", "ab", "_z9", "tag", "Upper", "abcdefghijabcdefghijabcdefghij12"]
PREVIOUS_GTIDS = 35


def run(command, sql):
    done = subprocess.run(command + ["-N", "-r", "-e", sql], check=True, capture_output=True)
    return done.stdout


def random_set(rng):
    parts = []
    for _ in range(rng.randint(0, 3)):
        text = rng.choice(UUIDS)
        numbers = 0
        while numbers == 0 or rng.random() < 0.6:
            tag = rng.choice(TAGS)
            if tag and rng.random() < 0.4:
                text += ":" + tag
            first = rng.randint(1, 40)
            last = first + rng.choice([0, 0, 1, 3, 9])
            text += f":{first}" + (f"-{last}" if last > first or rng.random() < 0.1 else "")
            numbers += 1
        parts.append(text)
    return rng.choice([",", " , "]).join(parts)


def sets(command, rng, count):
    pairs = [(random_set(rng), random_set(rng)) for _ in range(count)]
    pairs += [(a, a + "," + b if a and b else a + b) for a, b in pairs[:count // 4]]
    for i in range(0, len(pairs), 50):
        some = pairs[i:i + 50]
        sql = "".join(f"SELECT REPLACE(GTID_SUBTRACT('{a}', ''), '\\n', ''), "
                      f"REPLACE(GTID_SUBTRACT('{a}', '{b}'), '\\n', ''), "
                      f"GTID_SUBSET('{a}', '{b}');" for a, b in some)
        lines = run(command, sql).decode().split("\n")[:-1]
        assert len(lines) == len(some)
        for (a, b), line in zip(some, lines):
            print(f"sets\t{a}\t{b}\t{line}")


def previous_gtids(log):
    at = 4
    while at < len(log):
        size = int.from_bytes(log[at + 9:at + 13], "little")
        if log[at + 4] == PREVIOUS_GTIDS:
            return log[at + 19:at + size - 4]  # header in front, checksum behind
        at += size
    raise SystemExit("no PREVIOUS_GTIDS event in the log")


def transactions(text):
    """Each identifier of a set, so that the server logs it: gtid_purged alone is not written to a log."""
    uuid = tag = ""
    for part in text.replace(" ", "").replace(",", ":").split(":"):
        if len(part) == 36:
            uuid, tag = part, ""
        elif part[:1].isdigit():
            first, _, last = part.partition("-")
            for number in range(int(first), int(last or first) + 1):
                yield f"{uuid}:{tag}:{number}" if tag else f"{uuid}:{number}"
        elif part:
            tag = part


def binary(command, rng, count, read_log):
    for i in range(count):
        text = random_set(rng)
        if i < 3:  # plain ones first: a server that has seen a tag writes the tagged form for every set
            text = ",".join(f"{uuid}:{rng.randint(1, 9)}:{rng.randint(11, 15)}-{rng.randint(16, 20)}"
                            for uuid in UUIDS[:1 + i])
        sql = "".join(f"SET gtid_next='{gtid}'; BEGIN; COMMIT;" for gtid in transactions(text))
        run(command, f"RESET BINARY LOGS AND GTIDS; {sql} SET gtid_next='AUTOMATIC'; FLUSH BINARY LOGS")
        name = run(command, "SHOW BINARY LOG STATUS").decode().split("\t")[0]
        directory = run(command, "SELECT @@datadir").decode().strip()
        print(f"binary\t{text}\t{previous_gtids(read_log(directory + name)).hex()}")


def read_file(path):
    with open(path, "rb") as log:
        return log.read()


def main():
    command = sys.argv[1:]
    if not command:
        raise SystemExit(__doc__)
    rng = random.Random(20240501)
    root = command[1] if command[0] == "chroot" else ""
    binary(command, rng, 15, lambda path: read_file(root + path))
    sets(command, rng, 240)


if __name__ == "__main__":
    main()

#!/usr/bin/env python3
"""Writes cdc/charset_tables.c: what the servers map each byte sequence of each character set to.

    scripts/gen-charsets.py --mysql 'mysql -S /tmp/my.sock -uroot' \
                            --mariadb 'mariadb -S /tmp/ma.sock -uroot' > cdc/charset_tables.c

Both arguments are the command line of a client that may log in without asking. The two servers
must agree on every character that both know; the script stops, naming the first one, when they do
not. Only SELECT is run.
"""

import argparse
import shlex
import subprocess
import sys
import unicodedata

SINGLE = (
    "armscii8 ascii cp1250 cp1251 cp1256 cp1257 cp850 cp852 cp866 dec8 geostd8 greek hebrew hp8 "
    "keybcs2 koi8r koi8u latin1 latin2 latin5 latin7 macce macroman swe7 tis620"
).split()
# name: (character set, bytes before the pair, first lead byte, first trail byte)
GRIDS = {
    "big5": ("big5", b"", 0xA1, 0x40),
    "cp932": ("cp932", b"", 0x81, 0x40),
    "euckr": ("euckr", b"", 0x81, 0x41),
    "eucjpms": ("eucjpms", b"", 0xA1, 0xA1),
    "eucjpms_x0212": ("eucjpms", b"\x8f", 0xA1, 0xA1),
    "gb2312": ("gb2312", b"", 0xA1, 0xA1),
    "gbk": ("gbk", b"", 0x81, 0x40),
    "sjis": ("sjis", b"", 0x81, 0x40),
    "ujis": ("ujis", b"", 0xA1, 0xA1),
    "ujis_x0212": ("ujis", b"\x8f", 0xA1, 0xA1),
}
GB18030_BMP_FOUR = 39420  # 81308130 to 8431A439
MARIADB_UCA1400 = 2048    # from here up the id is made of bit groups
EMPTY = " "               # a cell without a character; no server maps a sequence to a space


class Server:
    def __init__(self, command):
        self.command = shlex.split(command) + ["-N", "-B", "--default-character-set=utf8mb4"]
        self.version = self.query("SELECT VERSION()")[0][0]
        self.charsets = {row[0] for row in self.query(
            "SELECT CHARACTER_SET_NAME FROM information_schema.CHARACTER_SETS")}

    def query(self, sql):
        run = subprocess.run(self.command, input=sql.encode(), capture_output=True, check=False)
        if run.returncode != 0:
            sys.exit(f"{self.command[0]}: {run.stderr.decode().strip()}")
        return [line.split("\t") for line in run.stdout.decode().splitlines()]

    def is_mariadb(self):
        return "MariaDB" in self.version

    def mapping(self, charset, count, sequence):
        """
        Maps the numbers below COUNT for which SEQUENCE (SQL over n.i) is one character. An 'A'
        behind it shows what is not: MySQL drops an incomplete character at the end in silence.
        """
        depth = "max_recursive_iterations" if self.is_mariadb() else "cte_max_recursion_depth"
        rows = self.query(
            f"SET SESSION sql_mode = ''; SET SESSION {depth} = 1000000; "
            "WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i + 1 < "
            f"{count}) SELECT i, HEX(CONVERT(CONVERT(UNHEX(CONCAT({sequence}, '41')) USING {charset}) "
            "USING utf8mb4)) FROM n")
        found = {}
        for number, text in rows:
            text = "" if text == "NULL" else bytes.fromhex(text).decode()
            if len(text) == 2 and text[0] != "?" and text[1] == "A":
                found[int(number)] = text[0]
        return found

    def collations(self):
        rows = self.query(
            "SELECT ID, CHARACTER_SET_NAME FROM information_schema."
            "COLLATION_CHARACTER_SET_APPLICABILITY WHERE ID IS NOT NULL" if self.is_mariadb() else
            "SELECT ID, CHARACTER_SET_NAME FROM information_schema.COLLATIONS")
        return {int(row[0]): row[1] for row in rows}


def agreed(servers, charset, what, ask):
    """The union of what the servers that know CHARSET say; they may not contradict each other."""
    union = {}
    for server in servers:
        if charset not in server.charsets:
            continue
        answer = ask(server)
        if union and answer != union:
            first = min(k for k in set(union) | set(answer) if union.get(k) != answer.get(k))
            sys.exit(f"{charset}: the servers differ on {what} {first:#x}: "
                     f"{union.get(first)!r}, {answer.get(first)!r}")
        union = answer
    return union


def single(servers, charset):
    return agreed(servers, charset, "byte",
                  lambda server: server.mapping(charset, 256, "LPAD(HEX(i), 2, '0')"))


def pairs(servers, charset, prefix):
    sequence = f"CONCAT('{prefix.hex()}', LPAD(HEX(i + 32768), 4, '0'))"
    found = agreed(servers, charset, "pair", lambda s: s.mapping(charset, 32768, sequence))
    return {code + 32768: text for code, text in found.items()}


def gb18030_four(servers):
    sequence = ("CONCAT(LPAD(HEX(129 + i DIV 12600), 2, '0'), LPAD(HEX(48 + i DIV 1260 % 10), 2, "
                "'0'), LPAD(HEX(129 + i DIV 10 % 126), 2, '0'), LPAD(HEX(48 + i % 10), 2, '0'))")
    return agreed(servers, "gb18030", "number",
                  lambda server: server.mapping("gb18030", GB18030_BMP_FOUR, sequence))


def escape(char):
    """CHAR inside a u"" literal: as it is when that reads well, else by its number."""
    if char in '"\\?':
        return "\\" + char
    code = ord(char)
    if code < 0x20 or 0x7F <= code < 0xA0:
        return f"\\{code:03o}"  # universal character names may not be below U+00A0
    if code < 0x7F:
        return char
    printable = unicodedata.category(char)[0] in "LNPS"
    left_to_right = unicodedata.bidirectional(char) in ("L", "ON", "EN", "ET", "ES", "CS")
    return char if printable and left_to_right else f"\\u{code:04X}"


def literal(text, indent, width=100):
    """One u"" literal, in as many pieces as lines of WIDTH columns (wide characters take two)."""
    pieces, piece, room = [], "", width - indent - 5
    used = 0
    for char in text:
        shown = escape(char)
        cost = sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in shown)
        if used + cost > room:
            pieces.append(piece)
            piece, used = "", 0
        piece += shown
        used += cost
    pieces.append(piece)
    return ("\n" + " " * indent).join(f'u"{piece}"' for piece in pieces)


def write_single(servers, name):
    table = single(servers, name)
    halves = ["".join(table.get(code, "?") for code in part)
              for part in (range(128), range(128, 256))]
    ascii_half = "".join(map(chr, range(128)))
    for half, text in zip(("low", "high"), halves):
        if half == "high" or text != ascii_half:
            print(f"const char16_t sl_charset_{name}_{half}[129] =\n    {literal(text, 4)};\n")


def write_grid(servers, name):
    charset, prefix, lead_first, trail_first = GRIDS[name]
    cells = {divmod(code, 256): text for code, text in pairs(servers, charset, prefix).items()}
    # Pairs of two single-byte characters give two characters and are not among them; what gb2312
    # makes of trail bytes below 0xa1 is no mapping, either: no server lets such text be stored.
    cells = {k: v for k, v in cells.items() if k[0] >= lead_first and k[1] >= trail_first}
    if EMPTY in cells.values():
        sys.exit(f"{charset}: a sequence stands for a space, which marks empty cells")
    lead_last = max(lead for lead, trail in cells)
    trail_last = max(trail for lead, trail in cells)
    width = trail_last - trail_first + 1
    print(f"static const char16_t {name}_cells[{lead_last - lead_first + 1}][{width + 1}] = {{")
    for lead in range(lead_first, lead_last + 1):
        row = [cells.get((lead, trail), EMPTY) for trail in range(trail_first, trail_last + 1)]
        text = "".join(row).rstrip(EMPTY)
        print(f"    /* {lead:02x} */\n    {literal(text, 4)},")
    print(f"}};\n\nconst struct sl_charset_grid sl_charset_{name}_grid = {{\n"
          f"    {name}_cells[0], {width + 1}, {lead_first:#x}, {lead_last:#x}, "
          f"{trail_first:#x}, {trail_last:#x}}};\n")


def runs(mapping):
    """[first code, last code, first character] of the stretches where both count up by one."""
    result = []
    for code, text in sorted(mapping.items()):
        char = ord(text)
        if result and code == result[-1][1] + 1 and char == result[-1][2] + code - result[-1][0]:
            result[-1][1] = code
        else:
            result.append([code, code, char])
    return result


def write_runs(name, mapping):
    print(f"const struct sl_charset_run sl_charset_{name}_runs[] = {{")
    found = runs(mapping)
    for start in range(0, len(found), 3):
        print("    " + " ".join(f"{{{a:#x}, {b:#x}, {c:#x}}}," for a, b, c in
                                found[start:start + 3]))
    print(f"}};\nconst size_t sl_charset_{name}_run_count = {len(found)};\n")


def write_gb18030(servers):
    gbk = pairs(servers, "gbk", b"")
    two = pairs(servers, "gb18030", b"")
    if any(two.get(code) != text for code, text in gbk.items()):
        sys.exit("gb18030: is not a superset of gbk any more")
    print("/* What gb18030 has beyond gbk: pairs, by their two bytes as a number. */")
    write_runs("gb18030_two", {code: text for code, text in two.items() if code not in gbk})
    print("/* Four bytes, by their number counted from 81308130. */")
    write_runs("gb18030_four", gb18030_four(servers))


def write_collations(servers):
    """The ids of each server, which may not contradict each other, and MariaDB's bit groups."""
    union, groups = {}, {}
    for server in servers:
        plain = {}
        for collation, charset in server.collations().items():
            if collation >= MARIADB_UCA1400:
                groups.setdefault((collation - MARIADB_UCA1400) >> 8, set()).add(charset)
                continue
            plain[collation] = charset
            if union.setdefault(collation, charset) != charset:
                sys.exit(f"collation {collation}: the servers differ on its character set")
        write_ids("mariadb_collations" if server.is_mariadb() else "mysql_collations", plain)
    if any(len(charsets) != 1 for charsets in groups.values()) or \
            sorted(groups) != list(range(len(groups))):
        sys.exit(f"uca1400: the ids are not grouped by character set any more: {groups}")
    names = [f"SL_CS_{groups[group].pop().upper()}" for group in sorted(groups)]
    print("/* (id - 2048) / 256 */\n"
          f"const uint8_t sl_charset_uca1400_groups[] = {{\n    {', '.join(names)}}};\n"
          f"const size_t sl_charset_uca1400_group_count = {len(names)};")


def write_ids(name, ids):
    stretches = []
    for collation in sorted(ids):
        if stretches and stretches[-1][1] + 1 == collation and stretches[-1][2] == ids[collation]:
            stretches[-1][1] = collation
        else:
            stretches.append([collation, collation, ids[collation]])
    print(f"const struct sl_charset_ids sl_charset_{name}[] = {{")
    for start in range(0, len(stretches), 3):
        print("    " + " ".join(f"{{{a}, {b}, SL_CS_{c.upper()}}}," for a, b, c in
                                stretches[start:start + 3]))
    print(f"}};\nconst size_t sl_charset_{name}_count = {len(stretches)};\n")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--mysql", required=True, help="client command line of a MySQL server")
    parser.add_argument("--mariadb", required=True, help="client command line of a MariaDB server")
    options = parser.parse_args()
    servers = [Server(options.mysql), Server(options.mariadb)]
    mysql, mariadb = (server.version.split("-")[0] for server in servers)
    print(f"""/* clang-format off */
/*
 * charset_tables.c - generated by scripts/gen-charsets.py; do not edit. What CONVERT(... USING
 * utf8mb4) of MySQL {mysql} and MariaDB {mariadb} gives: they agree on every character here.
 * charset_tables.h says how to read it.
 */
#include "cdc/charset_tables.h"
""")
    for name in SINGLE:
        write_single(servers, name)
    for name in GRIDS:
        write_grid(servers, name)
    write_gb18030(servers)
    write_collations(servers)


if __name__ == "__main__":
    main()

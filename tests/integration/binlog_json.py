"""Takes the bytes of JSON cells out of a MySQL binary log file, without any of our own code.

Understands just enough of the format for tables whose first column is an INT id and whose other
columns are JSON: table maps, WRITE_ROWS and UPDATE_ROWS version 2 and PARTIAL_UPDATE_ROWS.
"""
import struct
from collections import namedtuple

TABLE_MAP, WRITE_ROWS, UPDATE_ROWS, PARTIAL_UPDATE_ROWS = 19, 30, 31, 39

# One JSON cell of a changed row. BEFORE is None for an insert; IS_DIFF tells what AFTER is: a diff
# sequence or a whole document. A value of None is SQL NULL.
Cell = namedtuple("Cell", "table column row_id before after is_diff")


class Reader:
    def __init__(self, data):
        self.data, self.at = data, 0

    def take(self, count):
        self.at += count
        if self.at > len(self.data):
            raise ValueError("event ends early")
        return self.data[self.at - count:self.at]

    def le(self, count):
        return int.from_bytes(self.take(count), "little")

    def lenenc(self):
        first = self.le(1)
        return first if first < 251 else self.le({252: 2, 253: 3, 254: 8}[first])

    def left(self):
        return len(self.data) - self.at


def bit(bitmap, number):
    return bitmap[number // 8] >> (number % 8) & 1


def events(path):
    with open(path, "rb") as file:
        log = file.read()
    if log[:4] != b"\xfebin":
        raise ValueError(f"{path}: not a binary log")
    at = 4
    while at < len(log):
        size = struct.unpack_from("<I", log, at + 9)[0]
        yield log[at + 4], log[at + 19:at + size - 4]  # 4: the checksum
        at += size


def table_map(body):
    reader = Reader(body)
    table_id = reader.le(6)
    reader.take(2)
    names = []
    for _ in range(2):
        names.append(reader.take(reader.le(1)).decode())
        reader.take(1)
    return table_id, ".".join(names), reader.take(reader.lenenc())


def image(reader, types, partial):
    """One row image: [id, (value, is_diff) of each JSON column]."""
    diffs = b"\0" * len(types)
    if partial and reader.lenenc() & 1:
        diffs = reader.take((len(types) - 1 + 7) // 8)
    nulls = reader.take((len(types) + 7) // 8)
    row = [reader.le(4)]
    for number in range(1, len(types)):
        if bit(nulls, number):
            row.append((None, False))
        else:
            row.append((reader.take(reader.le(4)), bool(bit(diffs, number - 1))))
    return row


def rows(kind, body, tables):
    reader = Reader(body)
    name, types = tables[reader.le(6)]
    reader.take(2)
    reader.take(reader.le(2) - 2)
    columns = reader.lenenc()
    if types[0] != 3 or any(kind_ != 245 for kind_ in types[1:]):
        return
    for _ in range(1 if kind == WRITE_ROWS else 2):
        if any(not bit(bitmap, n) for bitmap in [reader.take((columns + 7) // 8)]
               for n in range(columns)):
            raise ValueError("only full row images are understood")
    while reader.left() > 0:
        before = None if kind == WRITE_ROWS else image(reader, types, False)
        after = image(reader, types, kind == PARTIAL_UPDATE_ROWS)
        for number in range(1, columns):
            yield Cell(name, number, after[0], before and before[number][0], *after[number])


def cells(path):
    """Every JSON cell of every row that was inserted or updated, in order."""
    tables = {}
    for kind, body in events(path):
        if kind == TABLE_MAP:
            table_id, name, types = table_map(body)
            tables[table_id] = name, types
        elif kind in (WRITE_ROWS, UPDATE_ROWS, PARTIAL_UPDATE_ROWS):
            yield from rows(kind, body, tables)

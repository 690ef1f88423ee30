"""The reference encoder: what must be in Redis, worked out from SELECT alone.

Values are what the server sends as text on a utf8mb4 connection with time_zone '+00:00', byte for byte. The
exceptions are the contract's: BIT is a decimal; FLOAT and DOUBLE are any shortest decimal that reads back
to the same number, so they are compared as such; in JSON numbers are numbers, bytes are base64 and JSON is
nested. JSON is compared member by member in order, since white space carries no meaning there. Values of a
table that is compressed are unpacked before, by zstd itself.
"""
import base64
import json
import math
import re
import struct

from . import zstd
from .items import Items, encode_part
from .place import Failure

INTEGERS = {"tinyint", "smallint", "mediumint", "int", "bigint", "year"}
BYTES = {"binary", "varbinary", "tinyblob", "blob", "mediumblob", "longblob", "geometry", "point", "linestring",
         "polygon", "multipoint", "multilinestring", "multipolygon", "geomcollection", "geometrycollection", "vector"}
JSON_NUMBER = re.compile(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][-+]?[0-9]+)?\Z")
SHOWN = 5


class Table:
    """A table of the source and how the configuration under test maps it."""

    def __init__(self, db, name, value="hash", key=None, columns=None, where=None, lua=None,
                 rename=None, mask=None, front=None, compress=None, transform=None, but=None, index=None, ttl=None,
                 parts=False):
        self.db = db
        self.name = name
        self.value = value
        self.key = key          # list of columns; None: the primary key, else the first unique NOT NULL index
        self.columns = columns  # None: all
        self.but = but          # columns that are left out instead
        self.where = where      # SQL condition that says the same as the configured one
        self.lua = lua          # the configured one
        self.rename = rename or {}  # column: name of its field or member
        self.front = front or f"{db}:{name}:"  # of its keys
        self.compress = compress or {}  # how it is configured: compress, compress_level, min_bytes
        # (the configured function, the same in Python: it gets the texts of the columns, None for NULL, and a function that
        # gives a column as it would be shown without, and returns {name: value}, see _shown(), or None)
        self.transform = transform
        self.parts = parts      # the function returns such a thing for each of the row's parts: {part: {name: value}}
        self.index = index      # as it is configured
        self.ttl = ttl          # seconds
        self.mask = mask or {}  # column: (how it is configured, function of the text that makes what is shown)

    def __str__(self):
        return f"{self.db}.{self.name}"


class Layout:
    """A table's columns and key, as the server tells."""

    def __init__(self, connection, table):
        found = connection.query(
            "SELECT column_name AS n, lower(data_type) AS t, column_type AS c FROM information_schema.columns "
            f"WHERE table_schema='{table.db}' AND table_name='{table.name}' ORDER BY ordinal_position").dicts()
        self.names = [row["n"].decode() for row in found]
        self.types = {row["n"].decode(): row["t"].decode() for row in found}
        self.key = table.key or self._unique_key(connection, table)

    @staticmethod
    def _unique_key(connection, table):
        found = connection.rows(
            "SELECT index_name, column_name, nullable FROM information_schema.statistics "
            f"WHERE table_schema='{table.db}' AND table_name='{table.name}' AND non_unique=0 "
            "ORDER BY index_name<>'PRIMARY', index_name, seq_in_index")
        nullable = {row[0] for row in found if row[2] == b"YES"}
        usable = [row for row in found if row[0] not in nullable]
        return [row[1].decode() for row in usable if row[0] == usable[0][0]]


def to_single(value):
    """The nearest number of IEEE single precision."""
    try:
        return struct.unpack("<f", struct.pack("<f", value))[0]
    except OverflowError:
        return math.copysign(math.inf, value)


class Number:
    """A FLOAT (width 4) or DOUBLE (width 8): equal to any shortest decimal of it."""

    def __init__(self, value, width):
        self.value = value
        self.width = width

    def _round(self, value):
        return to_single(value) if self.width == 4 else value

    def shortest_digits(self):
        """The fewest significant digits that read back to the value."""
        for digits in range(1, 18):
            if self._round(float(f"{self.value:.{digits - 1}e}")) == self.value:
                return digits
        raise Failure(f"no decimal of 17 digits reads back to {self.value!r}")

    def accepts(self, text):
        if not JSON_NUMBER.match(text):
            return False
        value = self._round(float(text))
        digits = re.sub(r"[eE].*", "", text).replace(".", "").replace("-", "").strip("0")
        return value == self.value and math.copysign(1, value) == math.copysign(1, self.value) and \
            len(digits) <= self.shortest_digits()

    def __repr__(self):
        return f"{'FLOAT' if self.width == 4 else 'DOUBLE'} {self.value!r}"


class Literal(str):
    """The text of a JSON number."""


def _same(want, got):
    if isinstance(want, Number):
        return isinstance(got, (Literal, bytes)) and want.accepts(got.decode() if isinstance(got, bytes) else got)
    if isinstance(want, (list, tuple)):
        return type(want) is type(got) and len(want) == len(got) and all(map(_same, want, got))
    return type(want) is type(got) and want == got


class _Members(tuple):
    """A JSON object: its members in order, repeated names and all."""


def parse_json(data):
    """A JSON document with numbers as they were written and members in their order."""
    def refuse(text):
        raise ValueError(f"{text} is not JSON")

    return json.loads(data.decode("utf-8"), object_pairs_hook=_Members, parse_int=Literal, parse_float=Literal,
                      parse_constant=refuse)


def _select_item(name, kind):
    quoted = "`" + name.replace("`", "``") + "`"
    if kind == "bit":
        return f"CAST({quoted} AS UNSIGNED)"
    if kind == "float":
        return f"{quoted} + 0e0"  # SELECT of a FLOAT rounds to six digits
    return quoted


def _hash_value(kind, raw):
    if kind == "float":
        return Number(to_single(float(raw)), 4)
    return Number(float(raw), 8) if kind == "double" else raw


def _json_value(kind, raw):
    if raw is None:
        return None
    if kind in INTEGERS or kind == "bit":
        return Literal(int(raw))  # without zero fill
    if kind in ("float", "double"):
        return _hash_value(kind, raw)
    if kind in BYTES:
        return base64.b64encode(raw).decode()
    if kind == "json":
        return parse_json(raw)
    return raw.decode("utf-8")


def _masked(table, layout, name, raw):
    """The value of a column as TABLE shows it."""
    kind = layout.types[name]
    if raw is None or name not in table.mask:
        return _json_value(kind, raw) if table.value != "hash" else None if raw is None else _hash_value(kind, raw)
    shown = table.mask[name][1](raw)
    return shown.decode() if table.value != "hash" and shown is not None else shown


def nested(value):
    """A value of Lua's as JSON has it: members by the bytes of their names."""
    if isinstance(value, dict):
        return _Members((name, nested(value[name])) for name in sorted(value, key=str.encode))
    if isinstance(value, list):
        return [nested(part) for part in value]
    return Literal(value) if isinstance(value, int) and not isinstance(value, bool) else value


def _hash_text(value):
    """A value of Lua's as a field has it."""
    if isinstance(value, (dict, list)):
        return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
    if isinstance(value, bool):
        return b"true" if value else b"false"
    return value if isinstance(value, (bytes, Number)) else str(value).encode()


def _returned(table, layout, cells):
    """What the table's function returns."""
    return table.transform[1](cells, lambda name: _masked(table, layout, name, cells[name]))


def _part_texts(table, layout, cells):
    """{what stands behind the row's key: what the cache has there}"""
    found = _returned(table, layout, cells)
    if found is None:
        return {}
    parts = {b":" + encode_part(name if isinstance(name, bytes) else str(name).encode()): part for name, part in found.items()} if table.parts else {b"": found}
    shown = {name: _as_kept(table, layout, part) for name, part in parts.items()}
    return {name: part for name, part in shown.items() if part is not None}


def _as_kept(table, layout, found):
    """What the cache has of {name: value}; None: nothing."""
    if table.value == "hash":
        fields = {name.encode(): _hash_text(value) for name, value in found.items() if value is not None}
        return fields or None
    others = sorted(found.keys() - set(layout.names), key=str.encode)
    return _Members((name, nested(found[name])) for name in [*(name for name in layout.names if name in found), *others])


def _key_text(kind, raw):
    if kind in ("float", "double"):
        raise Failure("the oracle knows no key text for FLOAT and DOUBLE: several are allowed")
    return encode_part(raw)


def selected(connection, table):
    """The table's layout, and its rows that are to be in the cache: {column: text or None}."""
    layout = Layout(connection, table)
    if not layout.names:
        return layout, []
    if not layout.key:
        raise Failure(f"{table} has no key, so nothing can be expected of it")
    items = ", ".join(_select_item(name, layout.types[name]) for name in layout.names)
    where = f" WHERE {table.where}" if table.where else ""
    rows = connection.rows(f"SELECT {items} FROM `{table.db}`.`{table.name}`{where}")
    return layout, [dict(zip(layout.names, row)) for row in rows]


def expected(connection, table):
    """{key: hash as a dict of fields, or JSON as members} of every selected row."""
    return _rows_as_kept(table, *selected(connection, table))


def _add_items(items, table, layout, rows):
    """Those of the rows that are in the cache."""
    kept = [cells for cells in rows if not table.transform or _returned(table, layout, cells) is not None]
    items.add_table(table, layout, kept)


def expected_items(connection, tables):
    """What the indexes of TABLES hold."""
    items = Items()
    for table in tables:
        _add_items(items, table, *selected(connection, table))
    return items


def _rows_as_kept(table, layout, rows):
    shown = table.columns or [name for name in layout.names if name not in (table.but or ())]
    wanted = {}
    for cells in rows:
        parts = [_key_text(layout.types[name], cells[name]) for name in layout.key]
        key = table.front.encode() + b":".join(parts)
        if table.transform:
            wanted.update((key + name, found) for name, found in _part_texts(table, layout, cells).items())
        elif table.value == "hash":
            values = {table.rename.get(name, name).encode(): _masked(table, layout, name, cells[name]) for name in shown}
            wanted[key] = {name: value for name, value in values.items() if value is not None}
        else:
            wanted[key] = _Members((table.rename.get(name, name), _masked(table, layout, name, cells[name]))
                                   for name in layout.names if name in shown)
    return wanted


def _read_all(redis, keys):
    """{key: ("hash", dict) | ("string", bytes) | (type, None)}"""
    keys = sorted(keys)
    found = {}
    for at in range(0, len(keys), 500):
        part = keys[at:at + 500]
        kinds = redis.pipeline([("TYPE", key) for key in part])
        reads = {b"hash": "HGETALL", b"string": "GET"}
        values = redis.pipeline([(reads.get(kind, "TYPE"), key) for key, kind in zip(part, kinds)])
        for key, kind, value in zip(part, kinds, values):
            if kind == b"hash":
                found[key] = ("hash", dict(zip(value[::2], value[1::2])))
            elif kind != b"none":
                found[key] = (kind.decode(), value if kind == b"string" else None)
    return found


def _shorten(value):
    text = repr(value)
    return text if len(text) <= 160 else f"{text[:120]}… ({len(text)} characters)"


def _difference(table, want, found):
    """What is wrong with one key, or None."""
    kind, got = found
    if table.value == "hash":
        if kind != "hash":
            return f"is a {kind}, not a hash"
        for name in sorted(want.keys() | got.keys()):
            if name not in got:
                return f"lacks field {name.decode()}, due is {_shorten(want[name])}"
            if name not in want:
                return f"has field {name.decode()} = {_shorten(got[name])}, which is NULL or no column"
            if not _same(want[name], got[name]):
                return f"field {name.decode()} is {_shorten(got[name])}, due is {_shorten(want[name])}"
        return None
    if kind != "string":
        return f"is a {kind}, not a string"
    try:
        members = parse_json(got)
    except (ValueError, UnicodeDecodeError) as error:
        return f"is not JSON ({error}): {_shorten(got)}"
    if not isinstance(members, _Members):
        return f"is no JSON object: {_shorten(got)}"
    if [name for name, _ in want] != [name for name, _ in members]:
        return f"has members {[name for name, _ in members]}, due are {[name for name, _ in want]}"
    for (name, value), (_, other) in zip(want, members):
        if not _same(value, other):
            return f"member {name} is {_shorten(other)}, due is {_shorten(value)}"
    return None


class Account:
    """How the keys of Redis stand to the rows of the source: counts, and a sentence for each that is wrong."""

    def __init__(self):
        self.equal = self.missing = self.extra = self.different = 0
        self.items = 0  # keys of indexes that are equal
        self.frames = {}  # id of a dictionary, or 0: values compressed with it
        self.sentences = []

    def add(self, other):
        for name in ("equal", "items", "missing", "extra", "different"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        self.sentences += other.sentences
        for number, count in other.frames.items():
            self.frames[number] = self.frames.get(number, 0) + count

    def unpack(self, table, content, dictionary):
        """CONTENT of a key without its compression."""
        kind, got = content
        if not table.compress or kind not in ("hash", "string"):
            return content
        for value in got.values() if kind == "hash" else [got]:
            if zstd.is_frame(value):
                number = zstd.dictionary_id(value)
                self.frames[number] = self.frames.get(number, 0) + 1
        if kind == "string":
            return kind, zstd.plain(got, dictionary)
        return kind, {name: zstd.plain(value, dictionary) for name, value in got.items()}

    def __str__(self):
        items = f" and {self.items} keys of indexes" if self.items else ""
        return f"{self.equal} rows{items} equal, {self.missing} missing, {self.extra} extra, {self.different} different"


def _dictionaries(redis):
    """A function that gives the bytes of the dictionary of an id, as Redis has them."""
    known = {}

    def find(number):
        if number not in known:
            keys = [key for key in redis.keys() if key.startswith(b"sluice:{") and key.endswith(b"}:dict:%d" % number)]
            known[number] = redis.call("GET", keys[0]) if keys else None
        return known[number]

    return find


def account(connection, redis, tables, foreign=()):
    """Compares the source with all of Redis. FOREIGN keys belong to others; keys that begin with "sluice:"
    are sluice's own."""
    connection.query("SET time_zone='+00:00'")
    present = {key for key in redis.keys() if not key.startswith(b"sluice:")}
    found, claimed, items = Account(), set(foreign), Items()
    dictionary = _dictionaries(redis)
    for table in tables:
        layout, rows = selected(connection, table)
        _add_items(items, table, layout, rows)
        wanted = _rows_as_kept(table, layout, rows)
        claimed |= wanted.keys()
        absent = wanted.keys() - present
        found.missing += len(absent)
        found.sentences += [f"{key!r} is missing" for key in sorted(absent)]
        for key, content in _read_all(redis, wanted.keys() & present).items():
            try:
                text = _difference(table, wanted[key], found.unpack(table, content, dictionary))
            except Failure as failure:
                text = str(failure)
            found.equal += text is None
            if text:
                found.different += 1
                found.sentences.append(f"{key!r} {text}")
    items.compare(redis, found, present)
    claimed |= items.keys()
    found.extra = len(present - claimed)
    found.sentences += [f"{key!r} is extra: no row stands for it" for key in sorted(present - claimed)]
    found.sentences += [f"foreign key {key!r} is gone" for key in sorted(set(foreign) - present)]
    return found


def compare(connection, redis, tables, foreign=()):
    """Every difference between the source and all of Redis, as sentences."""
    return account(connection, redis, tables, foreign).sentences


def require_equal(connection, redis, tables, foreign=()):
    differences = compare(connection, redis, tables, foreign)
    if differences:
        shown = "; ".join(differences[:SHOWN])
        raise Failure(f"Redis differs from the source in {len(differences)} keys: {shown}")

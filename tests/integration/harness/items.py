"""The reference for `index`: which keys and members rows have beside their own, worked out from SELECT alone.

Templates are read anew here: {column}, {pk}, {db} and {table}, "{{" and "}}" for braces; values are percent-encoded
as in keys, and NULL is %N. A row with NULL in a column of an index's key has no item there.
"""
import re

from .place import Failure

TOKEN = re.compile(r"\{\{|\}\}|\{([^{}]+)\}|[^{}]+")
SHOWN = 4


def encode_part(raw):
    """A value as it stands in a key."""
    return b"%N" if raw is None else re.sub(rb"[%:{}]", lambda match: b"%%%02X" % match.group()[0], raw)


def _columns(table, layout, name):
    return layout.key if name == "pk" else [] if name in ("db", "table") else [name]


def _has_null(template, table, layout, cells):
    return any(cells[column] is None for token in TOKEN.finditer(template) if token.group(1)
               for column in _columns(table, layout, token.group(1)))


def render(template, table, layout, cells):
    """TEMPLATE of a row; CELLS: {column: text or None}."""
    made = b""
    for token in TOKEN.finditer(template):
        name = token.group(1)
        if name is None:
            made += {"{{": b"{", "}}": b"}"}.get(token.group(), token.group().encode())
        elif name in ("db", "table"):
            made += encode_part(getattr(table, {"table": "name"}.get(name, name)).encode())
        else:
            made += b":".join(encode_part(cells[column]) for column in _columns(table, layout, name))
    return made


class Items:
    """What all rows of all tables have in all indexes."""

    def __init__(self):
        self.strings = {}   # key: value
        self.sets = {}      # key: {member}
        self.expiring = set()  # keys of strings that have a time to live
        self.patterns = []  # of keys, for those who corrupt them: (table, key template, is a set)

    def keys(self):
        return self.strings.keys() | self.sets.keys()

    def add_table(self, table, layout, rows):
        """ROWS: {column: text or None}"""
        for template, value in (table.index or {}).items():
            is_set = isinstance(value, dict)
            self.patterns.append((table, template, is_set))
            for cells in rows:
                if not _has_null(template, table, layout, cells):
                    self._add(table, render(template, table, layout, cells),
                              render(value["set"] if is_set else value, table, layout, cells), is_set)

    def _add(self, table, key, value, is_set):
        members = self.sets.setdefault(key, set()) if is_set else self.strings
        name = value if is_set else key
        if name in members:
            raise Failure(f"two rows have the item {key!r} {value!r}: this is not an index that tells rows apart")
        if is_set:
            members.add(value)
            return
        self.strings[key] = value
        if table.ttl:
            self.expiring.add(key)

    def compare(self, redis, found, present):
        """Adds to the Account FOUND what Redis holds of these; PRESENT: all of its keys."""
        self._compare(found, present, self.strings, _read(redis, self.strings.keys() & present, "GET"), _string_difference)
        self._compare(found, present, self.sets, _read(redis, self.sets.keys() & present, "SMEMBERS"), _set_difference)
        expiring = sorted(self.expiring & present)
        for key, left in zip(expiring, redis.pipeline([("TTL", key) for key in expiring])):
            if left == -1:
                found.different += 1
                found.sentences.append(f"item {key!r} has no time to live")

    @staticmethod
    def _compare(found, present, wanted, held, difference):
        absent = wanted.keys() - present
        found.missing += len(absent)
        found.sentences += [f"item {key!r} is missing, due is {_shorten(wanted[key])}" for key in sorted(absent)]
        for key, content in held.items():
            text = difference(wanted[key], content)
            found.items += text is None
            if text:
                found.different += 1
                found.sentences.append(f"item {key!r} {text}")


def _shorten(value):
    text = repr(value)
    return text if len(text) <= 160 else f"{text[:120]}… ({len(text)} characters)"


def _read(redis, keys, command):
    keys = sorted(keys)
    found = {}
    for at in range(0, len(keys), 500):
        part = keys[at:at + 500]
        found.update(zip(part, redis.pipeline([(command, key) for key in part])))
    return found


def _string_difference(want, got):
    if not isinstance(got, bytes):
        return f"is no string: {got}"
    return None if got == want else f"is {_shorten(got)}, due is {_shorten(want)}"


def _set_difference(want, got):
    if not isinstance(got, list):
        return f"is no set: {got}"
    lost, more = sorted(want - set(got)), sorted(set(got) - want)
    parts = [f"lacks {len(lost)} members: {lost[:SHOWN]}"] if lost else []
    parts += [f"has {len(more)} members of no row: {more[:SHOWN]}"] if more else []
    return "; ".join(parts) or None

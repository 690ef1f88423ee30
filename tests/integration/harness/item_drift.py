"""Corrupts what indexes hold in Redis, each item once, and says what a report of it must be."""
from . import oracle
from .place import Failure

KINDS = {"lost": "missing", "changed": "different", "none": "orphan", "other": "orphan", "spelling": "orphan", "type": "wrong_type",
         "forever": "no_ttl", "left": "missing", "entered": "orphan", "moved": "orphan", "group": "orphan"}


class ItemDrift:
    """Of tables of the kind "idx" (churn_tables.py)."""

    def __init__(self, env, tables):
        self.rng = env.rng
        self.redis = env.redis
        self.due = {}  # (key, member or None): kind of the report
        self.count = 0
        self.strings, self.members, self.groups, self.tables = [], [], [], tables
        with env.source.connect() as connection:
            connection.query("SET time_zone='+00:00'")
            self.items = oracle.expected_items(connection, tables)
        self.strings = sorted(self.items.strings)
        self.rng.shuffle(self.strings)
        self.groups = sorted(self.items.sets)
        self.rng.shuffle(self.groups)

    def corrupt(self, count):
        makers = [self._string] * 3 + [self._string_of_none] * 2 + [self._member] * 2 + [self._member_of_none] * 2 + [self._set]
        with self.redis.connect() as connection:
            for nth in range(count):
                self.count += 1
                for command in makers[nth % len(makers)]():
                    connection.call(*command)
        return self

    def _note(self, kind, key, member=None):
        self.due[key, member] = KINDS[kind]

    def _string(self):
        key = self.strings.pop()
        kinds = ["lost", "changed", "type"]
        if key in self.items.expiring:
            kinds = ["forever", "changed", "type"]
        kind = self.rng.choice(kinds)
        self._note(kind, key)
        return {"lost": [("DEL", key)], "changed": [("SET", key, self.items.strings[key] + b"0", "KEEPTTL")], "forever": [("PERSIST", key)],
                "type": [("DEL", key), ("RPUSH", key, "a")]}[kind]

    def _string_of_none(self):
        """One of no row, one of a row that has another, and one that a collation takes for a row's."""
        table = self.rng.choice(self.tables)
        name = f"{table.db}:{table.name}"
        kind = self.rng.choice(("none", "other", "spelling"))
        key = f"mail:{name}:nobody{self.count}@x".encode()
        if kind == "other":
            key = f"tag:{name}:no such tag {self.count}:{3 * self.count}".encode()
        if kind == "spelling":
            found = [item for item in self.strings if item.startswith(f"mail:{name}:u".encode())]
            key = found[0].replace(b":u", ":ü".encode(), 1) if found else key
        if key in self.items.strings or (key, None) in self.due:
            return []
        self._note(kind, key)
        return [("SET", key, "1")]

    def _member(self):
        key = self.rng.choice(self.groups)
        members = sorted(member for member in self.items.sets[key] if (key, member) not in self.due)
        if not members:
            return []
        member = self.rng.choice(members)
        self._note("left", key, member)
        return [("SREM", key, member)]

    def _member_of_none(self):
        """Of no row, of one that is in another set, and of one that is there in another spelling; sets that no row is in."""
        key = self.rng.choice(self.groups)
        kind = self.rng.choice(("entered", "moved", "group"))
        member = b"%d" % (9 * 10 ** 9 + self.count)
        if kind == "moved":
            front = key.rpartition(b":")[0]
            other = self.rng.choice([group for group in self.groups if group.startswith(front)])
            member = self.rng.choice(sorted(self.items.sets[other]))
        elif kind == "group":
            table = self.rng.choice(self.tables)
            key = f"of:{table.db}:{table.name}:{10 ** 6 + self.count}".encode()
        if member in self.items.sets.get(key, ()) or (key, member) in self.due:
            return []
        self._note(kind, key, member)
        return [("SADD", key, member)]

    def _set(self):
        """All of it; those that are small, so that not too much is reported."""
        left = [key for key in self.groups if len(self.items.sets[key]) < 30 and not any(key == done for done, _ in self.due)]
        if not left:
            return []
        key = left[0]
        self.groups.remove(key)
        for member in self.items.sets[key]:
            self._note("left", key, member)
        return [("DEL", key)]

    def require_reported(self, lines):
        """LINES of a report name these and no others, with their index, and what is wrong with them."""
        found = {}
        for line in lines:
            item = (line["key"].encode(), line["member"].encode() if "member" in line else None)
            if item in found:
                raise Failure(f"{item} is reported twice: {line}")
            if ("member" in line) != ("{owner}" in line.get("index", "") or "}:{tag}" in line.get("index", "") and "tags:" in line["index"]):
                raise Failure(f"a line with another index than that of its item: {line}")
            found[item] = line["kind"]
        lost = sorted(self.due.keys() - found.keys(), key=str)
        more = sorted(found.keys() - self.due.keys(), key=str)
        wrong = [f"{item} is reported as {kind}, due is {self.due[item]}" for item, kind in found.items() if item in self.due and kind != self.due[item]]
        if lost or more or wrong:
            raise Failure(f"of {len(self.due)} items that drifted {len(lost)} are not reported: {[(item, self.due[item]) for item in lost[:6]]}; "
                          f"{len(more)} others are: {[(item, found[item]) for item in more[:6]]}; {len(wrong)} of a wrong kind: {wrong[:6]}")

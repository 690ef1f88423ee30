"""Tables of numbered rows with versions, for changes that readers can judge while they happen.

Every row has a number; the table makes a key of it. `v` is the row's version: an update adds one, and a row
that is inserted or moved begins above all that its key ever had, so a key's version never falls. `w` is
always the same as `v`, so a reader that sees them differ has seen half a row.
"""
import hashlib

from . import oracle
from .items import encode_part
from .sqlclient import quote

# Spellings of one key in a collation that tells neither letter case nor accents nor trailing spaces apart;
# # is the number.
SPELLINGS = (("a#", "A#", "ä#"), ("B#", "b#"), ("c#", "c# "), ("%:{}#",), ("#",), ("ß#", "S#"), ("日本#",), ("😀#", "🎉#"))
VALUES = (("v", "BIGINT NOT NULL"), ("w", "BIGINT NOT NULL"), ("name", "VARCHAR(60) NULL"), ("note", "TEXT NULL"),
          ("amount", "DECIMAL(12,2) NULL"), ("doc", "JSON NULL"))
HOT = 48          # rows of a table that many changes go to
EPOCH = 1 << 20   # more than a row is ever updated between two insertions
LOAD_STEP = 100000


def epoch(generation, count):
    """The version of a client's COUNTth insertion since the GENERATIONth start of the changes."""
    return (generation << 44) + count * EPOCH


class ChurnTable:
    """Rows 0 to SPAN-1, of which two thirds are there at the beginning."""
    name = None
    key = ()  # (column, definition)
    more = ()  # columns behind VALUES: (column, definition, expression of n for loading)
    constraints = ()
    index = None  # as of oracle.Table

    def __init__(self, db, span, value="hash", is_mysql=False, prefix=""):
        self.db = db
        self.span = span
        self.value = value
        self.compress = self.transform = self.parts = None  # as of oracle.Table
        self.is_mysql = is_mysql
        self.name = prefix + type(self).name
        self.full_name = f"`{db}`.`{self.name}`"
        self.columns = [column for column, _ in self.key + VALUES] + [column for column, _, _ in self.more]
        self.changing = ["name", "note", "amount", "doc", *(column for column, _, _ in self.more)]

    @property
    def oracle(self):
        return oracle.Table(self.db, self.name, self.value, compress=self.compress, transform=self.transform, index=self.index, parts=self.parts)

    def ddl(self):
        parts = [f"`{column}` {kind}" for column, kind in self.key + VALUES]
        parts += [f"`{column}` {kind}" for column, kind, _ in self.more] + list(self.constraints)
        return (f"CREATE TABLE {self.full_name} ({', '.join(parts)}, PRIMARY KEY ({', '.join(column for column, _ in self.key)})) "
                "ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_general_ci")

    def literals(self, number, spelling=0):
        """The key of row NUMBER as SQL literals; SPELLING chooses among those that are the same key."""
        raise NotImplementedError

    def sql_key(self):
        """The same as expressions of n, for loading."""
        raise NotImplementedError

    def spellings(self, number):
        del number
        return 1

    def key_cells(self, number, spelling=0):
        """The key's columns as SELECT returns them."""
        raise NotImplementedError

    # what follows from these

    def redis_key(self, number, spelling=0):
        parts = b":".join(map(encode_part, self.key_cells(number, spelling)))
        return f"{self.db}:{self.name}:".encode() + parts

    def is_here(self, number):
        return " AND ".join(f"`{column}`={literal}" for (column, _), literal in zip(self.key, self.literals(number)))

    def assignments(self, number, spelling):
        return ", ".join(f"`{column}`={literal}" for (column, _), literal in zip(self.key, self.literals(number, spelling)))

    def hot(self):
        return [(13 + 7919 * nth) % self.span for nth in range(HOT)]

    def load(self, connection):
        """The rows that are there at the beginning, not in the binary log: every third number is free."""
        for low in range(0, self.span, LOAD_STEP):
            high = min(low + LOAD_STEP, self.span) - 1
            values = ("1, 1, CONCAT('name ', n), IF(n % 5, REPEAT('x', n % 90), NULL), n / 4, "
                      "JSON_OBJECT('a', n, 'b', REPEAT('y', n % 50), 'l', JSON_ARRAY(n, 'z'))")
            values += "".join(f", {expression}" for _, _, expression in self.more)
            numbers = f"(SELECT seq AS n FROM `{self.db}`.seq_{low}_to_{high}) AS numbers"
            begin = f"INSERT INTO {self.full_name} "
            if self.is_mysql:
                begin += f"WITH RECURSIVE numbers (n) AS (SELECT {low} UNION ALL SELECT n+1 FROM numbers WHERE n < {high}) "
                numbers = "numbers"
            connection.query(f"{begin} SELECT {self.sql_key()}, {values} FROM {numbers} WHERE n % 3 < 2")


class Integers(ChurnTable):
    """Gaps, negative numbers and zero."""
    name = "num"
    key = (("id", "BIGINT NOT NULL"),)

    def _id(self, number):
        return 3 * number - self.span // 3 * 3

    def literals(self, number, spelling=0):
        return [str(self._id(number))]

    def key_cells(self, number, spelling=0):
        return [str(self._id(number)).encode()]

    def sql_key(self):
        return f"3 * CAST(n AS SIGNED) - {self.span // 3 * 3}"


class Composite(ChurnTable):
    """Text that a collation takes for the same in several spellings, and a number."""
    name = "combo"
    key = (("code", "VARCHAR(40) CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci NOT NULL"), ("part", "INT NOT NULL"))

    @staticmethod
    def _forms(number):
        return SPELLINGS[number // 4 % len(SPELLINGS)]

    def spellings(self, number):
        return len(self._forms(number))

    def _code(self, number, spelling):
        forms = self._forms(number)
        return forms[spelling % len(forms)].replace("#", str(number // 4))

    def literals(self, number, spelling=0):
        return [quote(self._code(number, spelling)), str(number % 4 - 1)]

    def key_cells(self, number, spelling=0):
        return [self._code(number, spelling).encode(), b"%d" % (number % 4 - 1)]

    def sql_key(self):
        forms = []
        for spellings in SPELLINGS:
            texts = ", ".join(f"CONCAT({quote(before)}, n DIV 4, {quote(after)})"
                              for before, _, after in (spelling.partition("#") for spelling in spellings))
            forms.append(f"ELT(1 + n % {len(spellings)}, {texts})")
        return f"ELT(1 + n DIV 4 % {len(SPELLINGS)}, {', '.join(forms)}), CAST(n % 4 AS SIGNED) - 1"


class Uuids(ChurnTable):
    """Versions 1, 4 and 7, in no order of their numbers; MariaDB's own type sorts unlike its text."""
    name = "uid"

    def __init__(self, db, span, value="hash", is_mysql=False, prefix=""):
        self.key = (("id", "CHAR(36) CHARACTER SET ascii NOT NULL" if is_mysql else "UUID NOT NULL"),)
        super().__init__(db, span, value, is_mysql, prefix)

    @staticmethod
    def _id(number):
        digits = hashlib.sha256(b"row %d" % number).hexdigest()[:32]
        return f"{digits[:8]}-{digits[8:12]}-{'147'[number % 3]}{digits[13:16]}-8{digits[17:20]}-{digits[20:]}"

    def literals(self, number, spelling=0):
        return [f"'{self._id(number)}'"]

    def key_cells(self, number, spelling=0):
        return [self._id(number).encode()]

    def sql_key(self):
        digits = "LEFT(SHA2(CONCAT('row ', n), 256), 32)"  # MySQL 9.6 has no MD5() any more
        return (f"CONCAT(LEFT({digits}, 8), '-', SUBSTR({digits}, 9, 4), '-', SUBSTR('147', 1 + n % 3, 1), SUBSTR({digits}, 14, 3), "
                f"'-8', SUBSTR({digits}, 18, 3), '-', SUBSTR({digits}, 21))")


class Indexed(Integers):
    """Items of every kind: columns that are unique or not, NULL, one by a collation, and that go from row to row."""
    name = "idx"
    more = (("email", "VARCHAR(60) NULL", "IF(n % 4, CONCAT('u', n, '@x'), NULL)"), ("owner", "INT NULL", "IF(n % 9, n % 61, NULL)"),
            ("tag", "VARCHAR(20) NULL", "ELT(1 + n % 5, 'a', 'B', 'c%:{}', '', NULL)"))
    constraints = ("UNIQUE KEY by_email (email)",)

    def __init__(self, db, span, value="hash", is_mysql=False, prefix=""):
        super().__init__(db, span, value, is_mysql, prefix)
        self.index = {f"mail:{db}:{self.name}:{{email}}": "{id}", f"of:{db}:{self.name}:{{owner}}": {"set": "{id}"},
                      "tag:{db}:{table}:{tag}:{id}": "{v}/{note}", "tags:{db}:{table}:{tag}": {"set": "{id}/{amount}"}}

    def literal(self, rng, column):
        """A value of one of MORE, such that rows have the same or nearly the same every so often."""
        if rng.random() < 0.2:
            return "NULL"
        if column == "owner":
            return str(rng.randrange(61))
        if column == "tag":
            return quote(rng.choice(("a", "A", "ä", "a ", "B", "b", "c%:{}", "", "\r\n*", "日本")))
        return quote(f"{rng.choice('uuUü')}{rng.randrange(self.span)}@{rng.choice('xxX')}")

    def expression(self, rng, column):
        """The same for a statement that may change several rows."""
        if column == "email":
            return rng.choice(("UPPER(email)", "LOWER(email)", "NULL", "CONCAT('u', v MOD 1000, '@x')", "email"))
        return self.literal(rng, column)

    def exchange(self, one, two):
        """Two rows change what is unique."""
        begin = f"UPDATE {self.full_name} SET v=v+1, w=w+1, email="
        here = [self.is_here(number) for number in (one, two)]
        return ["SET @one=NULL, @two=NULL", f"SELECT email INTO @one FROM {self.full_name} WHERE {here[0]} FOR UPDATE",
                f"SELECT email INTO @two FROM {self.full_name} WHERE {here[1]} FOR UPDATE", f"{begin}NULL WHERE {here[0]} OR {here[1]}",
                f"{begin}@two WHERE {here[0]}", f"{begin}@one WHERE {here[1]}"]


KINDS = {kind.name: kind for kind in (Integers, Composite, Uuids, Indexed)}
USUAL = ("num", "combo", "uid")

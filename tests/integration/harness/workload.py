"""Tables with every column type, and seeded random changes on them.

One seed gives one series of statements on one connection; what the server makes of them is the oracle's
affair, so values may be cut or refused as the server likes.
"""
import json
import random
import threading
import time

from . import oracle
from .sqlclient import SqlError, quote

# What a random change may run into: duplicate key, deadlock, lock timeout, data too long, bad value.
HARMLESS = {1062, 1213, 1205, 1406, 1264, 1265, 1292, 1366, 1048, 1020, 1690}

ENUM_MANY = [f"label {number}" for number in range(300)]
SET_FULL = [f"s{number}" for number in range(64)]
ALPHABETS = {
    "utf8mb4": "abcXYZ 019 '\"\\%:{}\0\r\n\t\x1aäßéñ中文日本кот😀🎉\u2028\u0301",
    "latin1": "abcXYZ 019 äößéñ÷€ÿ£",
    "gbk": "abcXYZ 中文测试数据库",
    "sjis": "abcXYZ 日本語カナ表能ソ",
    "utf16": "abcXYZ äö中文😀",
    "ucs2": "abcXYZ äö中文",
}


def text(rng, limit, charset="utf8mb4"):
    alphabet = ALPHABETS[charset]
    size = rng.choice([0, 1, 2, limit // 2, limit, rng.randint(0, limit)])
    return quote("".join(rng.choice(alphabet) for _ in range(size)))


def blob(rng, limit):
    size = rng.choice([0, 1, limit, rng.randint(0, limit)])
    data = bytearray(rng.getrandbits(8) for _ in range(min(size, 64)))
    data = (data * (size // max(len(data), 1) + 1))[:size]
    if data and rng.random() < 0.3:
        data[-1] = 0  # trailing zeros are cut off in a row event
    return quote(bytes(data)) if data else "''"


def integer(bits, unsigned):
    low, high = (0, 2 ** bits - 1) if unsigned else (-2 ** (bits - 1), 2 ** (bits - 1) - 1)

    def make(rng):
        return str(rng.choice([low, high, 0, 1, rng.randint(low, high), rng.randint(-100, 100) if low else rng.randint(0, 100)]))
    return make


def decimal(digits, scale):
    def make(rng):
        whole = rng.randint(0, digits - scale)
        left = "".join(rng.choice("0123456789") for _ in range(whole)) or "0"
        right = "".join(rng.choice("0123456789") for _ in range(scale))
        return rng.choice(["", "-"]) + left + ("." + right if scale else "")
    return make


def real(low, high):
    """Decimal exponents of the type: 1e-37 to 1e38 for FLOAT."""
    def make(rng):
        mantissa = rng.choice([1.0, 1.5, 0.1, rng.random(), rng.uniform(1, 10), 1 / 3, 16777217.0])
        value = mantissa * 10.0 ** rng.randint(low, high) if rng.random() < 0.5 else mantissa
        return repr(rng.choice([value, -value, 0.0, float(rng.randint(-10 ** 6, 10 ** 6))]))
    return make


def moment(first, last, digits, clock=True):
    def make(rng):
        if rng.random() < 0.05:
            return "'0000-00-00 00:00:00'" if clock else "'0000-00-00'"
        day = f"{rng.randint(first, last):04d}-{rng.randint(1, 12):02d}-{rng.randint(1, 28):02d}"
        if not clock:
            return f"'{day}'"
        fraction = f".{rng.randint(0, 999999):06d}"[:digits + 1] if digits else ""
        return f"'{day} {rng.randint(0, 23):02d}:{rng.randint(0, 59):02d}:{rng.randint(0, 59):02d}{fraction}'"
    return make


def time_of(digits):
    def make(rng):
        fraction = f".{rng.choice([0, 1, 999999, rng.randint(0, 999999)]):06d}"[:digits + 1] if digits else ""
        hours = rng.choice([0, 1, 23, 24, 100, 837])
        return f"'{rng.choice(['', '-'])}{hours:02d}:{rng.randint(0, 59):02d}:{rng.randint(0, 59):02d}{fraction}'"
    return make


def document(rng, depth=0):
    leaf = [None, True, False, 0, -1, 2 ** 53 + 1, -2 ** 63, 2 ** 64 - 1, 32768, 0.1, 1e100, -2.5, "", "kot", "äöü 😀",
            "\"\\\n\0", "x" * rng.choice([126, 127, 128, 300])]
    kind = rng.random()
    if depth > 3 or kind < 0.4:
        return rng.choice(leaf)
    if kind < 0.7:
        return [document(rng, depth + 1) for _ in range(rng.randint(0, 4))]
    return {rng.choice("abcdefä") * rng.randint(1, 3): document(rng, depth + 1) for _ in range(rng.randint(0, 5))}


def json_of(is_mysql):
    def make(rng):
        if is_mysql and rng.random() < 0.15:  # types that only SQL puts into a document
            return ("JSON_OBJECT('t', CAST('2024-02-29 12:34:56.000007' AS DATETIME(6)), 'd', CAST(-1.50 AS DECIMAL(10,2)), "
                    "'n', CAST('-12:00:01' AS TIME(3)), 'y', CAST('1999-12-31' AS DATE))")
        return quote(json.dumps(document(rng), ensure_ascii=False))
    return make


def fixed(*choices):
    return lambda rng: rng.choice(choices)


def with_charset(limit, charset):
    return lambda rng: text(rng, limit, charset)


def type_columns(is_mysql):
    """[(name, definition, generator of a literal)] of the table with every type."""
    found = []
    for name, bits in (("tinyint", 8), ("smallint", 16), ("mediumint", 24), ("int", 32), ("bigint", 64)):
        found.append((f"c_{name}", name, integer(bits, False)))
        found.append((f"c_{name}_u", f"{name} unsigned", integer(bits, True)))
    found += [
        ("c_zerofill", "int(8) unsigned zerofill", integer(32, True)),
        ("c_bool", "boolean", fixed("0", "1", "127")),
        ("c_decimal_wide", "decimal(65,30)", decimal(65, 30)),
        ("c_decimal_whole", "decimal(9,0)", decimal(9, 0)),
        ("c_decimal_fraction", "decimal(10,10)", decimal(10, 10)),
        ("c_decimal", "decimal(11,3)", decimal(11, 3)),
        ("c_float", "float", real(-37, 37)),
        ("c_double", "double", real(-300, 300)),
        ("c_bit1", "bit(1)", fixed("0", "1")),
        ("c_bit13", "bit(13)", lambda rng: str(rng.getrandbits(13))),
        ("c_bit64", "bit(64)", lambda rng: str(rng.choice([0, 2 ** 64 - 1, rng.getrandbits(64)]))),
        ("c_year", "year", fixed("1901", "2155", "2024", "0")),
        ("c_date", "date", moment(1000, 9999, 0, clock=False)),
        ("c_time", "time", time_of(0)),
        ("c_time3", "time(3)", time_of(3)),
        ("c_time6", "time(6)", time_of(6)),
        ("c_datetime", "datetime", moment(1000, 9999, 0)),
        ("c_datetime2", "datetime(2)", moment(1000, 9999, 2)),
        ("c_datetime6", "datetime(6)", moment(1000, 9999, 6)),
        ("c_timestamp", "timestamp null", moment(1971, 2037, 0)),
        ("c_timestamp5", "timestamp(5) null", moment(1971, 2037, 5)),
        ("c_char", "char(10)", lambda rng: text(rng, 10)),
        ("c_varchar", "varchar(60)", lambda rng: text(rng, 60)),
        ("c_varchar_long", "varchar(300)", lambda rng: text(rng, 300)),
        ("c_bin_collation", "varchar(60) character set utf8mb4 collate utf8mb4_bin", lambda rng: text(rng, 60)),
        ("c_latin1", "varchar(60) character set latin1", with_charset(60, "latin1")),
        ("c_latin1_text", "text character set latin1", with_charset(200, "latin1")),
        ("c_gbk", "varchar(60) character set gbk", with_charset(60, "gbk")),
        ("c_sjis", "char(20) character set sjis", with_charset(20, "sjis")),
        ("c_utf16", "varchar(60) character set utf16", with_charset(60, "utf16")),
        ("c_ucs2", "char(12) character set ucs2", with_charset(12, "ucs2")),
        ("c_binary", "binary(8)", lambda rng: blob(rng, 8)),
        ("c_varbinary", "varbinary(300)", lambda rng: blob(rng, 300)),
        ("c_tinytext", "tinytext", lambda rng: text(rng, 40)),
        ("c_text", "text", lambda rng: text(rng, 1000)),
        ("c_mediumtext", "mediumtext", lambda rng: text(rng, 2000)),
        ("c_longtext", "longtext", lambda rng: text(rng, 100)),
        ("c_tinyblob", "tinyblob", lambda rng: blob(rng, 255)),
        ("c_blob", "blob", lambda rng: blob(rng, 3000)),
        ("c_mediumblob", "mediumblob", lambda rng: blob(rng, 70000) if rng.random() < 0.05 else blob(rng, 100)),
        ("c_longblob", "longblob", lambda rng: blob(rng, 300)),
        ("c_enum", "enum('a','b','ü','it''s, so','')", fixed("'a'", "'b'", "'ü'", "'it''s, so'", "''", "'no such'")),
        ("c_enum_many", f"enum({','.join(map(quote_label, ENUM_MANY))})", lambda rng: quote_label(rng.choice(ENUM_MANY))),
        ("c_enum_latin1", "enum('é','ÿ') character set latin1", fixed("'é'", "'ÿ'")),
        ("c_set", f"set({','.join(map(quote_label, SET_FULL))})",
         lambda rng: quote_label(",".join(rng.sample(SET_FULL, rng.choice([0, 1, 2, 64]))))),
        ("c_json", "json", json_of(is_mysql)),
        ("c_point", "point", lambda rng: f"ST_GeomFromText('POINT({rng.randint(-90, 90)} {rng.uniform(-90, 90):.6f})')"),
        ("c_geometry", "geometry", fixed("ST_GeomFromText('LINESTRING(0 0,1 1,2 5)')", "ST_GeomFromText('POINT(1 2)')")),
    ]
    if is_mysql:
        found.append(("c_vector", "vector(4)", fixed("STRING_TO_VECTOR('[1,2.5,-3,0]')", "STRING_TO_VECTOR('[0.1]')")))
    else:
        found += [
            ("c_uuid", "uuid", lambda rng: quote_label(f"{rng.getrandbits(128):032x}")),
            ("c_inet6", "inet6", fixed("'::1'", "'2001:db8::ff00:42:8329'", "'::ffff:10.0.0.1'", "'::'")),
            ("c_inet4", "inet4", fixed("'0.0.0.0'", "'255.255.255.255'", "'10.1.2.3'")),
            ("c_varchar_packed", "varchar(300) compressed", lambda rng: text(rng, 300)),
            ("c_blob_packed", "blob compressed", lambda rng: blob(rng, 2000)),
        ]
    return found


def quote_label(label):
    return "'" + label.replace("'", "''") + "'"


class TableSpec:
    """A table of the schema: its columns, the literals they take, and how it is created."""

    def __init__(self, name, key, columns, engine="InnoDB", unique=False, where=None, alone=(), index=None):
        self.name = name
        self.key = key          # [(name, definition, generator)]
        self.columns = columns
        self.engine = engine
        self.unique = unique    # a unique NOT NULL index in place of the primary key
        self.alone = alone      # columns each of which is unique
        self.index = index      # as of oracle.Table
        self.where, self.lua = where or (None, None)  # the same condition in SQL and Lua

    def ddl(self, db):
        parts = [f"`{name}` {kind} NOT NULL" for name, kind, _ in self.key]
        # Old MariaDB gives the first TIMESTAMP a default of its own, hence NULL spelled out.
        parts += [f"`{name}` {kind}" + ("" if " null" in kind else " NULL") for name, kind, _ in self.columns]
        names = ", ".join(f"`{name}`" for name, _, _ in self.key)
        parts.append(f"UNIQUE KEY row_key ({names})" if self.unique else f"PRIMARY KEY ({names})")
        parts += [f"UNIQUE KEY by_{name} (`{name}`)" for name in self.alone]
        return (f"CREATE TABLE `{db}`.`{self.name}` ({', '.join(parts)}) "
                f"ENGINE={self.engine} DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_general_ci")

    def value(self, rng, column):
        return "NULL" if rng.random() < 0.2 else column[2](rng)

    def row(self, rng):
        keys = [generator(rng) for _, _, generator in self.key]
        return "(" + ", ".join(keys + [self.value(rng, column) for column in self.columns]) + ")"

    def some_key(self, rng):
        return " AND ".join(f"`{name}` = {generator(rng)}" for name, _, generator in self.key)


def _small_key(high):
    return lambda rng: str(rng.randint(1, high))


def specs(is_mysql):
    note = ("note", "varchar(200)", lambda rng: text(rng, 200))
    number = ("number", "int", lambda rng: str(rng.randint(-1000, 1000)))
    odd = "%:{} aAé\0\r\n\"😀"
    return {
        "types": TableSpec("types", [("id", "bigint", _small_key(120))], type_columns(is_mysql)),
        "small": TableSpec("small", [("id", "int", _small_key(60))], [note, number]),
        "composite": TableSpec("composite", [
            ("a", "varchar(20)", lambda rng: quote("".join(rng.choice(odd) for _ in range(rng.randint(0, 4))))),
            ("b", "int", lambda rng: str(rng.choice([1, 12, 123, -1]))),
            ("c", "varbinary(8)", lambda rng: quote(bytes(rng.choice(b"%:{}\0\xff3") for _ in range(rng.randint(1, 3))))),
        ], [note, number]),
        "big": TableSpec("big", [("id", "int", _small_key(8))], [
            number, ("body", "longblob", lambda rng: f"REPEAT(x'{rng.getrandbits(256):064x}', {rng.randint(1, 12000)})")]),
        "uniq": TableSpec("uniq", [("code", "varchar(12)", lambda rng: quote(f"c{rng.randint(1, 40)}"))], [note, number],
                          unique=True),
        "filtered": TableSpec("filtered", [("id", "int", _small_key(40))], [
            note, number, ("state", "enum('open','draft','done')", fixed("'open'", "'draft'", "'done'")),
            ("price", "decimal(20,3)", decimal(20, 3)), ("big", "bigint unsigned", integer(64, True)),
            ("body", "blob", lambda rng: blob(rng, 300))],
            where=("(state IS NULL OR state <> 'draft') AND IFNULL(number,0) > -500 AND (price IS NULL OR price < 1000000.5) "
                   "AND (big IS NULL OR big <= 18446744073709551614) AND (body IS NULL OR LENGTH(body) <> 1) AND id <> 13",
                   "state ~= 'draft' and (number or 0) > -500 and (price == nil or num.compare(price, '1000000.50') < 0) "
                   "and (big == nil or num.compare(big, '18446744073709551614') <= 0) and (body == nil or #body ~= 1) and id ~= 13")),
        "indexed": TableSpec("indexed", [("id", "int", _small_key(60))], [
            note, number, ("email", "varchar(40)", lambda rng: quote(f"{rng.choice('uuUü')}{rng.randint(1, 40)}@{rng.choice(odd)}")),
            ("owner", "int", lambda rng: str(rng.randint(1, 5))), ("tag", "varchar(20)", lambda rng: text(rng, 2)),
            ("bytes", "varbinary(8)", lambda rng: blob(rng, 8))],
            alone=("email",), index=INDEX),
        "wanted": TableSpec("wanted", [("a", "varchar(9)", lambda rng: quote(rng.choice(odd) * rng.randint(0, 2))), ("b", "int", _small_key(9))], [
            note, number, ("code", "char(4)", lambda rng: quote(rng.choice("abAB") + rng.choice("xyXYé"))),
            ("owner", "int", lambda rng: str(rng.randint(1, 5))), ("state", "enum('open','draft')", fixed("'open'", "'draft'"))],
            alone=("code",), where=("state <> 'draft' AND IFNULL(number, 0) > -300", "state ~= nil and state ~= 'draft' and (number or 0) > -300"),
            index={"{db}:code:{{{code}}}": "{db}:{table}:{pk}", "wanted:{owner}:{state}": {"set": "{pk}"}}),
        "myisam": TableSpec("myisam", [("id", "int", _small_key(40))], [note, number], engine="MyISAM"),
    }


# Unique and not, with a value that changes while its key does not, members with any byte.
INDEX = {"mail:{email}": "{id}", "of:{owner}": {"set": "{id}"}, "{table}:tag:{tag}:{id}": "{number}-{note}",
         "{db}:tags:{tag}": {"set": "{id}/{note}"}, "bytes:{bytes}:{owner}": {"set": "{id}:{bytes}"}}
TRANSACTIONAL = ("types", "small", "composite", "big", "uniq", "filtered")


class Schema:
    def __init__(self, db, is_mysql, kinds=None, prefix=""):
        self.db = db
        every = specs(is_mysql)
        self.tables = [every[kind] for kind in kinds or TRANSACTIONAL]
        for table in self.tables:
            table.name = prefix + table.name

    def create(self, connection):
        connection.query(f"CREATE DATABASE IF NOT EXISTS `{self.db}` DEFAULT CHARACTER SET utf8mb4")
        for table in self.tables:
            connection.query(table.ddl(self.db))


class Workload:
    """Random transactions on a schema; run() in this thread, or start() and stop() in one of its own."""

    def __init__(self, source, schema, value="hash", seed=0, truncate=False, rollbacks=True, session=(),
                 pause=0, compress=None):
        self.source = source
        self.schema = schema
        self.value = value
        self.compress = compress  # as of oracle.Table
        self.rng = random.Random(seed)
        self.truncate = truncate
        self.rollbacks = rollbacks
        self.session = session
        self.pause = pause  # seconds between two transactions of start()
        self.tolerated = set()  # errors, besides the harmless ones
        self.transactions = 0
        self._thread = None
        self._stop = threading.Event()
        self._error = None

    @property
    def oracle_tables(self):
        return [oracle.Table(self.schema.db, table.name, self.value, where=table.where, lua=table.lua, compress=self.compress, index=table.index)
                for table in self.schema.tables]

    def run(self, transactions=None, seconds=None):
        """Until TRANSACTIONS or SECONDS are over; a lost connection is an error."""
        end = time.monotonic() + seconds if seconds else None
        with self._connect() as connection:
            done = 0
            while (transactions is None or done < transactions) and (end is None or time.monotonic() < end):
                self.step(connection)
                done += 1

    def start(self):
        """Goes on until stop(), across restarts of the source."""
        self._stop.clear()
        self._thread = threading.Thread(target=self._loop, daemon=True)
        self._thread.start()
        return self

    def stop(self):
        self._stop.set()
        self._thread.join(120)
        if self._error is not None:
            raise self._error

    def _loop(self):
        try:
            while not self._stop.is_set():
                try:
                    with self._connect() as connection:
                        while not self._stop.wait(self.pause):
                            self.step(connection)
                except OSError:
                    time.sleep(0.05)
                except SqlError as error:
                    if error.code not in (1053, 1152, 1927, 2013, 4031):  # the server is going down
                        raise
                    time.sleep(0.05)
        except BaseException as error:  # pylint: disable=broad-except
            self._error = error

    def _connect(self):
        connection = self.source.connect()
        # Zero dates, cut values and unknown labels are welcome: rows hold them in real life.
        for statement in ("SET SESSION sql_mode=''", "SET SESSION innodb_lock_wait_timeout=5", *self.session):
            connection.query(statement)
        return connection

    def step(self, connection):
        """One transaction."""
        rng = self.rng
        self.transactions += 1
        if self.truncate and rng.random() < 0.01:
            self._try(connection, f"TRUNCATE TABLE {self._name(rng.choice(self.schema.tables))}")
            return
        if rng.random() < 0.3:
            self._change(connection)
            return
        connection.query("BEGIN")
        alive = all(self._change(connection) for _ in range(rng.randint(1, 6)))
        if alive and self.rollbacks and rng.random() < 0.15:
            connection.query("SAVEPOINT here")
            self._change(connection)
            # A deadlock has rolled everything back, the savepoint with it.
            self._try(connection, "ROLLBACK TO SAVEPOINT here", {1305})
            self._change(connection)
        connection.query("ROLLBACK" if self.rollbacks and rng.random() < 0.12 else "COMMIT")

    def _name(self, table):
        return f"`{self.schema.db}`.`{table.name}`"

    def _try(self, connection, statement, also=frozenset()):
        """False when the server has ended the transaction."""
        try:
            connection.query(statement)
        except SqlError as error:
            if error.code not in HARMLESS | self.tolerated | also:
                raise
            return error.code not in (1213, 1205)
        return True

    def _change(self, connection):
        rng = self.rng
        table = rng.choice(self.schema.tables)
        statements = rng.choices([self._insert, self._update, self._delete, self._move, self._swap],
                                 weights=[45, 30, 12, 8, 5])[0](table)
        return all(self._try(connection, statement) for statement in statements)

    def _insert(self, table):
        rng = self.rng
        verb, tail = rng.choice([("INSERT", ""), ("INSERT IGNORE", ""), ("REPLACE", ""),
                                 ("INSERT", f" ON DUPLICATE KEY UPDATE `{table.columns[-1][0]}`=NULL")])
        rows = ", ".join(table.row(rng) for _ in range(rng.choice([1, 1, 2, 5])))
        names = ", ".join(f"`{column[0]}`" for column in table.key + table.columns)
        return [f"{verb} INTO {self._name(table)} ({names}) VALUES {rows}{tail}"]

    def _update(self, table):
        rng = self.rng
        chosen = rng.sample(table.columns, rng.randint(1, min(4, len(table.columns))))
        changes = ", ".join(f"`{column[0]}` = {table.value(rng, column)}" for column in chosen)
        if rng.random() < 0.8:
            return [f"UPDATE {self._name(table)} SET {changes} WHERE {table.some_key(rng)}"]
        return [f"UPDATE {self._name(table)} SET {changes} ORDER BY `{table.key[0][0]}` LIMIT {rng.randint(1, 10)}"]

    def _delete(self, table):
        rng = self.rng
        if rng.random() < 0.8:
            return [f"DELETE FROM {self._name(table)} WHERE {table.some_key(rng)}"]
        return [f"DELETE FROM {self._name(table)} ORDER BY `{table.key[0][0]}` LIMIT {rng.randint(1, 5)}"]

    def _move(self, table):
        """A row gets another key."""
        rng = self.rng
        name, _, generator = rng.choice(table.key)
        return [f"UPDATE {self._name(table)} SET `{name}` = {generator(rng)} WHERE {table.some_key(rng)}"]

    def _swap(self, table):
        """Two rows change keys, by way of a third, or another column that is unique."""
        rng = self.rng
        if table.alone and rng.random() < 0.6:
            return self._exchange(table, rng.choice(table.alone))
        if len(table.key) != 1 or "int" not in table.key[0][1]:
            return self._move(table)
        name, _, generator = table.key[0]
        one, two = generator(rng), generator(rng)
        parking = -rng.randint(1, 3)
        update = f"UPDATE {self._name(table)} SET `{name}` = "
        return [f"{update}{parking} WHERE `{name}` = {one}", f"{update}{one} WHERE `{name}` = {two}",
                f"{update}{two} WHERE `{name}` = {parking}"]

    def _exchange(self, table, column):
        begin, here = f"UPDATE {self._name(table)} SET `{column}` = ", [table.some_key(self.rng) for _ in range(2)]
        read = [f"SELECT `{column}` INTO @{name} FROM {self._name(table)} WHERE {where}" for name, where in zip(("one", "two"), here)]
        return ["SET @one=NULL, @two=NULL", *read, *[f"{begin}NULL WHERE {where}" for where in here],
                *[f"{begin}@{name} WHERE {where}" for name, where in zip(("two", "one"), here)]]

#!/usr/bin/env python3
"""Heavy seeded changes on the tables of churn_tables.py, by clients that are processes of their own.

Row NUMBER is inserted, deleted and moved by one client only (the one that it belongs to by remainder), so that
the version it gets is above all earlier ones; updates of it come from all clients. Every fourth row of a
client is steady: it is updated, but its key is never without it.

The file is also the client's program: a line of JSON on standard input says what to do, the end of the input
ends it. On standard output it says "begun" when it has made a transaction, and at the end by a line of JSON what it did.
"""
import json
import os
import random
import select
import subprocess
import sys
import time

if __name__ == "__main__":
    sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
    __package__ = "harness"  # pylint: disable=redefined-builtin

from .churn_tables import KINDS, USUAL, epoch  # noqa: E402  pylint: disable=wrong-import-position
from .place import Failure  # noqa: E402  pylint: disable=wrong-import-position
from .sqlclient import Connection, SqlError, quote  # noqa: E402  pylint: disable=wrong-import-position

# Duplicate key, deadlock, lock timeout; 1020 is MariaDB's "record has changed"; 1305 is a savepoint
# that went with its transaction, by one of the others.
HARMLESS = {1062, 1213, 1205, 1020, 1305}
# The server goes down, or ended this connection.
LOST = {1053, 1152, 1317, 1927, 2013, 4031}
# A table that is being altered, renamed, emptied or dropped.
BY_DDL = {1054, 1136, 1146, 1412, 1364, 1305, 1032}
TEXTS = ["", "x", "a longer text " * 8, "äöü 中文 😀", "quote ' \" \\ \n\t\r\0 end", "%:{}", "z" * 300]


def is_steady(number, clients):
    return number // clients % 4 == 0


class Client:
    """Makes the statements of one client; no input or output."""

    def __init__(self, tables, me, clients, generation, seed):
        self.tables = tables
        self.me = me
        self.clients = clients
        self.generation = generation
        self.rng = random.Random(seed)
        self.inserted = 0
        self.hot = {table: table.hot() for table in tables}

    def transaction(self):
        """The statements of one transaction."""
        rng = self.rng
        if rng.random() < 0.25:
            return self._update(rng.choice(self.tables))
        statements = ["BEGIN"]
        for _ in range(rng.choice((1, 2, 2, 3, 5))):
            statements += self._change()
        if rng.random() < 0.06:
            statements += ["SAVEPOINT here", *self._change(), "ROLLBACK TO SAVEPOINT here", *self._change()]
        return statements + ["ROLLBACK" if rng.random() < 0.06 else "COMMIT"]

    def _change(self):
        rng = self.rng
        makers = (self._update, self._update_many, self._insert, self._replace, self._delete, self._move, self._swap)
        return rng.choices(makers, weights=(42, 8, 18, 5, 11, 12, 4))[0](rng.choice(self.tables))

    def _any(self, table):
        rng = self.rng
        return rng.choice(self.hot[table]) if rng.random() < 0.4 else rng.randrange(table.span)

    def _own(self, table):
        """A number of this client that is not steady."""
        number = self._any(table)
        number += self.me - number % self.clients
        if is_steady(number, self.clients):
            number += self.clients
        return number if number < table.span else self.me + self.clients

    def _version(self):
        self.inserted += 1
        return epoch(self.generation, self.inserted)

    def _literal(self, table, column):
        rng = self.rng
        if column in (name for name, _, _ in table.more):
            return table.literal(rng, column)
        if rng.random() < 0.15:
            return "NULL"
        if column == "name":
            return quote(f"{rng.choice(TEXTS)[:40]}{rng.randrange(1000)}")
        if column == "note":
            return quote(rng.choice(TEXTS) * rng.choice((1, 1, 3)))
        if column == "amount":
            return f"{rng.randrange(-10 ** 9, 10 ** 9) / 100:.2f}"
        return quote(json.dumps({"a": rng.randrange(100), "b": rng.choice(TEXTS), "l": [1, None, {"k": "y" * rng.randrange(200)}]}))

    def _document(self):
        """A change of a part of a document."""
        rng = self.rng
        return rng.choice((f"JSON_SET(doc, '$.a', {rng.randrange(10 ** 6)})", f"JSON_REPLACE(doc, '$.b', {quote(rng.choice(TEXTS))})",
                           "JSON_REMOVE(doc, '$.b')", f"JSON_SET(doc, '$.c', {rng.randrange(99)}, '$.l[0]', 'new')"))

    def _value(self, table, column):
        if column == "doc" and self.rng.random() < 0.8:
            return self._document()
        if column in ("email", "owner", "tag") and self.rng.random() < 0.5:
            return table.expression(self.rng, column)
        return self._literal(table, column)

    def _values(self, table):
        """Some columns get other values; the versions count them."""
        rng = self.rng
        parts = ["v=v+1", "w=w+1"]
        parts += [f"{column}={self._value(table, column)}" for column in rng.sample(table.changing, rng.choice((0, 1, 1, 2, 4)))]
        return ", ".join(parts)

    def _update(self, table):
        return [f"UPDATE {table.full_name} SET {self._values(table)} WHERE {table.is_here(self._any(table))}"]

    def _update_many(self, table):
        """Neighbours of a number, as one statement."""
        first = self._any(table)
        numbers = range(first, min(first + self.rng.choice((2, 5, 40)), table.span))
        rows = " OR ".join(f"({table.is_here(number)})" for number in numbers)
        return [f"UPDATE {table.full_name} SET {self._values(table)} WHERE {rows}"]

    def _row(self, table, number):
        version = self._version()
        literals = table.literals(number, self.rng.randrange(8))
        literals += [str(version), str(version), *(self._literal(table, column) for column in table.changing)]
        return f"({', '.join(literals)})"

    def _insert(self, table):
        numbers = {self._own(table) for _ in range(self.rng.choice((1, 1, 4)))}
        rows = ", ".join(self._row(table, number) for number in sorted(numbers))
        return [f"INSERT INTO {table.full_name} ({', '.join(table.columns)}) VALUES {rows} ON DUPLICATE KEY UPDATE {self._values(table)}"]

    def _replace(self, table):
        return [f"REPLACE INTO {table.full_name} ({', '.join(table.columns)}) VALUES {self._row(table, self._own(table))}"]

    def _delete(self, table):
        numbers = {self._own(table) for _ in range(self.rng.choice((1, 1, 4)))}
        return [f"DELETE FROM {table.full_name} WHERE " + " OR ".join(f"({table.is_here(number)})" for number in sorted(numbers))]

    def _move(self, table):
        """A row gets another key, or another spelling of its key."""
        rng = self.rng
        number = self._own(table)
        to = number if table.spellings(number) > 1 and rng.random() < 0.5 else self._own(table)
        version = self._version()
        return [f"UPDATE IGNORE {table.full_name} SET {table.assignments(to, rng.randrange(8))}, v={version}, w={version} "
                f"WHERE {table.is_here(number)}"]

    def _swap(self, table):
        """Two rows change keys, by way of a third that is free, or what else is unique."""
        if table.more and self.rng.random() < 0.7:
            return table.exchange(self._any(table), self._any(table))
        if not table.name.endswith(("num", "idx")):
            return self._move(table)
        one, two, version = self._own(table), self._own(table), self._version()
        begin = f"UPDATE {table.full_name} SET v={version}, w={version}, id="
        parking = -10 ** 12 - self.me
        return [f"{begin}{parking} WHERE {table.is_here(one)}", f"{begin}{table.literals(one)[0]} WHERE {table.is_here(two)}",
                f"{begin}{table.literals(two)[0]} WHERE id={parking}"]


def run_client(job):
    """Until the end of standard input, or job["transactions"] transactions."""
    tables = [KINDS[kind](*args) for kind, args in job["tables"]]
    client = Client(tables, job["me"], job["clients"], job["generation"], job["seed"])
    tolerated = HARMLESS | LOST | set(job["tolerated"])
    done = {"transactions": 0, "statements": 0, "refused": 0}
    limit, pause = job["transactions"], job["pause"]
    connection = None

    def is_over():
        return (limit and done["transactions"] >= limit) or bool(select.select([sys.stdin], [], [], pause)[0])

    while not is_over():
        try:
            if connection is None:
                connection = Connection(job["port"], **job["login"])
                for statement in ("SET SESSION innodb_lock_wait_timeout=2", *job["session"]):
                    connection.query(statement)
            statements = client.transaction()
            answers = connection.pipeline(statements)
        except (OSError, SqlError) as error:
            if isinstance(error, SqlError) and error.code not in LOST | {1040, 1205}:
                raise
            connection = None
            time.sleep(0.05)
            continue
        done["transactions"] += 1
        if done["transactions"] == 1:
            print("begun", flush=True)
        done["statements"] += len(answers)
        for answer in answers:
            if isinstance(answer, SqlError):
                done["refused"] += 1
                if answer.code not in tolerated:
                    raise answer
                if answer.code in LOST:
                    connection = None
    print(json.dumps(done), flush=True)


class Churn:
    """The tables, created and filled, and the clients that change them."""

    def __init__(self, env, rows, kinds=USUAL, value="hash", db="it", prefix="", clients=3, session=(), pause=0, load=True, compress=None,
                 transform=None, parts=False):
        self.env = env
        span = rows * 3 // 2
        self._args = [(kind, (db, span, value, env.is_mysql, prefix)) for kind in kinds]
        self.tables = [KINDS[kind](*args) for kind, args in self._args]
        for table in self.tables:
            table.compress = compress
            table.transform, table.parts = transform, parts
        self.clients = clients
        self.session = list(session)
        self.pause = pause
        self.tolerated = set()
        self.transactions = self.statements = self.refused = 0
        self._generation = 0
        self._running = []
        with env.source.connect() as connection:
            connection.query(f"CREATE DATABASE IF NOT EXISTS `{db}` DEFAULT CHARACTER SET utf8mb4")
            if env.is_mysql:
                connection.query(f"SET SESSION cte_max_recursion_depth={span + 1000000}")
            for table in self.tables:
                connection.query(table.ddl())
            if load:
                connection.query("SET SESSION sql_log_bin=0")
                for table in self.tables:
                    table.load(connection)

    @property
    def oracle_tables(self):
        return [table.oracle for table in self.tables]

    def start(self, transactions=0):
        """TRANSACTIONS of each client, 0: until stop(). Returns when each has made one: a process may take long to come up."""
        self._generation += 1
        begun = len(self._running)
        for me in range(self.clients):
            job = {"tables": self._args, "me": me, "clients": self.clients, "generation": self._generation,
                   "seed": self.env.rng.getrandbits(48), "port": self.env.source.port,
                   "login": self.env.source.login, "session": self.session, "tolerated": sorted(self.tolerated),
                   "transactions": transactions, "pause": self.pause}
            child = subprocess.Popen([sys.executable, "-SB", os.path.abspath(__file__)], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                     stderr=subprocess.PIPE)
            self._running.append(child)
            child.stdin.write(json.dumps(job).encode() + b"\n")
            child.stdin.flush()
        for child in self._running[begun:]:
            child.stdout.readline()  # if it has failed, stop() says so
        return self

    def run(self, transactions):
        """TRANSACTIONS in all, and waits for them."""
        self.start(-(-transactions // self.clients))
        for child in self._running:
            child.wait(300)
        self.stop()

    def stop(self):
        running, self._running = self._running, []
        problems = []
        for child in running:
            if child.stdin:
                child.stdin.close()
        for child in running:
            out, err = child.stdout.read(), child.stderr.read()
            if child.wait(120) != 0:
                problems.append(err.decode("utf-8", "replace")[-800:])
                continue
            for name, count in json.loads(out).items():
                setattr(self, name, getattr(self, name) + count)
        if problems:
            raise Failure(f"a client of the changes failed: {problems[0]}")


if __name__ == "__main__":
    run_client(json.loads(sys.stdin.buffer.raw.readline()))

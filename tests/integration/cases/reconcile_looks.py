"""`sluice reconcile` beside rows that change and change back: what is different only for a moment is no drift."""
import json
import os
import threading
import time

from harness.env import case
from harness.loading import DEFAULTS, Command, require_sentence, wait_loaded
from harness.oracle import Table
from harness.place import Failure
from harness.process import wait_until
from harness.slowlink import SlowLink


class Toggler:
    """Connections that flip rows of it.hot between two states, and put rows of it.gone in and out, as fast as they can."""

    def __init__(self, env, clients=3, rows=20):
        self._env, self._rows, self._end = env, rows, threading.Event()
        self._threads = [threading.Thread(target=self._run, args=(number,)) for number in range(clients)]
        self.flips = 0
        # A stream that reads each row again cannot keep up with all of this, and comparing waits for it.
        self._pause = 0 if env.args.image == "full" else 0.02

    def _run(self, number):
        with self._env.source.connect() as connection:
            while not self._end.is_set():
                connection.query(f"UPDATE it.hot SET flag=1-flag WHERE id%3={number}")
                key = number * self._rows + self.flips % self._rows
                connection.query(f"INSERT INTO it.gone VALUES ({key},'x')")
                connection.query(f"DELETE FROM it.gone WHERE id={key}")
                self.flips += 1
                time.sleep(self._pause)

    def __enter__(self):
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self._end.set()
        for thread in self._threads:
            thread.join()


def _start(env, value):
    env.start_servers()
    env.sql("CREATE DATABASE it", "CREATE TABLE it.hot (id INT PRIMARY KEY, flag INT NOT NULL, note VARCHAR(20))",
            "CREATE TABLE it.gone (id INT PRIMARY KEY, note VARCHAR(20))")
    tables = [Table("it", "hot"), Table("it", "gone")]
    program = env.sluice([{"table": "it.*", "value": value}]).start()
    env.quiesce(program)
    env.sql("INSERT INTO it.hot VALUES " + ",".join(f"({number},0,'n')" for number in range(60)))
    env.quiesce(program)
    return tables, program


def _report(program, *args, status):
    path = os.path.join(program.folder, "drift.ndjson")
    program.call("reconcile", "--report", program.place.inner(path), *args, status=status)
    with open(path, encoding="utf-8") as file:
        return [json.loads(line) for line in file]


def _toggle(env, value):
    _, program = _start(env, value)
    with Toggler(env) as toggler:
        wait_until("flips", 30, lambda: toggler.flips > 20)
        for _ in range(5):
            lines = _report(program, status=0)
            if lines:
                raise Failure(f"rows that change back and forth are reported: {lines[:3]}")


@case(timeout=240)
def case_reconcile_beside_rows_that_change_back_and_forth_as_hashes(env):
    _toggle(env, "hash")


@case(timeout=240)
def case_reconcile_beside_rows_that_change_back_and_forth_as_json(env):
    _toggle(env, "json")


@case(timeout=240)
def case_reconcile_finds_drift_of_rows_that_go_on_changing(env):
    """A field that nobody writes stays wrong however often its row changes."""
    _, program = _start(env, "hash")
    env.redis_call("HSET", "it:hot:7", "surplus", "1")
    with Toggler(env):
        lines = _report(program, status=1)
    if [(line["key"], line["kind"]) for line in lines] != [("it:hot:7", "different")] or "surplus" not in lines[0]["fields"]:
        raise Failure(f"the report is {lines}")


@case()
def case_reconcile_takes_what_is_put_right_between_looks_for_no_drift(env):
    """Neither the row nor the checkpoint moves: nothing but a later look can tell that the key is right again."""
    _, program = _start(env, "hash")
    path = os.path.join(program.folder, "drift.ndjson")
    with env.redis.connect() as redis:
        told = redis.monitor()
        env.redis_call("HSET", "it:hot:7", "note", "wrong")
        command = Command(env, program, "reconcile", "--report", program.place.inner(path))
        for _ in range(2):
            next(line for line in told if b'"HGETALL" "it:hot:7"' in line)
        env.redis_call("HSET", "it:hot:7", "note", "n")
        command.finish(status=0)
        next(line for line in told if b'"HGETALL" "it:hot:7"' in line)
    with open(path, encoding="utf-8") as file:
        if lines := file.read():
            raise Failure(f"what was wrong for a moment is reported: {lines}")


def _behind(env, delay):
    """A daemon whose writes come DELAY seconds late, while it.other changes all the time; and it.t with a wrong key."""
    env.start_servers()
    env.sql("CREATE DATABASE it", "CREATE TABLE it.t (id INT PRIMARY KEY, note VARCHAR(20))", "CREATE TABLE it.other (id INT PRIMARY KEY, n INT)",
            "INSERT INTO it.t VALUES (1,'a'),(2,'b')", "INSERT INTO it.other VALUES (1,0)")
    tables = [Table("it", "t"), Table("it", "other")]
    link = SlowLink(env.redis.port, 0)
    daemon = env.sluice(tables, **{**DEFAULTS, "lease_ms": 30000})
    daemon.config["sinks"][0]["url"] = f"redis://127.0.0.1:{link.port}/0"
    daemon.write_config()
    daemon.start()
    wait_loaded(env, tables)
    env.settle(tables)
    link.delay = delay
    env.redis_call("HSET", "it:t:1", "note", "wrong")
    return tables, link, daemon, env.sluice(tables, **DEFAULTS)


class Writer:
    """Changes it.other all the time, so that a stream that is late stays behind."""

    def __init__(self, env):
        self._env, self._end = env, threading.Event()
        self._thread = threading.Thread(target=self._run)

    def _run(self):
        with self._env.source.connect() as connection:
            while not self._end.wait(0.05):
                connection.query("UPDATE it.other SET n=n+1")

    def __enter__(self):
        self._thread.start()

    def __exit__(self, *_):
        self._end.set()
        self._thread.join()


@case()
def case_reconcile_beside_a_stream_that_stays_behind_does_not_pass(env):
    """Keys that could not be judged are told, and the status is not that of equal ones."""
    tables, link, daemon, program = _behind(env, 2)
    with Writer(env):
        if lines := _report(program, "--table", "it.t", "--wait", "0", status=1):
            raise Failure(f"what could not be judged is reported: {lines}")
        _, out, err = program.call("reconcile", "--table", "it.t", "--wait", "1", status=1)
        require_sentence(err, "1 keys", "unsettled", "--wait")
        if "unsettled 1:" not in out:
            raise Failure(f"the summary does not say that a key is unsettled: {out}")
        link.delay = 0
    env.quiesce(daemon)
    program.call("reconcile", "--table", "it.t", "--repair", "--wait", "0", status=0)
    env.settle(tables, program=daemon)


@case()
def case_reconcile_waits_until_a_stream_has_come_nearer(env):
    tables, link, daemon, program = _behind(env, 2)
    path = os.path.join(program.folder, "drift.ndjson")
    with Writer(env):
        command = Command(env, program, "reconcile", "--table", "it.t", "--report", program.place.inner(path))
        env.sleep(12)
        if not command.is_running():
            raise Failure("reconcile did not wait for a stream that is two seconds behind")
        link.delay = 0
        command.finish(status=1)
    with open(path, encoding="utf-8") as file:
        found = [json.loads(line)["key"] for line in file]
    if found != ["it:t:1"] or "excluded" in command.said():
        raise Failure(f"reported are {found}: {command.said()}")
    env.quiesce(daemon)
    env.redis_call("HSET", "it:t:1", "note", "a")
    env.settle(tables, program=daemon)


@case()
def case_keys_that_may_be_of_several_rows_are_left_alone(env):
    """Nothing tells whether "t-xyz" is of ('x', 'yz') or of ('xy', 'z'), so none of the two is taken for gone."""
    env.start_servers()
    env.sql("CREATE DATABASE it", "CREATE TABLE it.t (a VARCHAR(9), b VARCHAR(9), n INT, PRIMARY KEY (a,b))",
            "INSERT INTO it.t VALUES ('x','yz',1),('q','r',2)")
    env.redis_call("HSET", "t-zz", "a", "1")
    program = env.sluice([{"table": "it.t", "key": "t-{a}{b}"}], start="bootstrap").start()
    wait_until("the load to end", 60, lambda: (env.redis_call("HGET", "sluice:{it}:bootstrap", "it.t") or b"").startswith(b"phase=done"))
    if sorted(env.redis_call("KEYS", "t-*")) != [b"t-qr", b"t-xyz", b"t-zz"]:
        raise Failure(f"after the load there are {env.redis_call('KEYS', 't-*')}")
    env.redis_call("HSET", "t-qr", "n", "5")
    if _report(program, status=1):
        raise Failure("a key that cannot be judged is reported")
    _, out, err = program.call("reconcile", status=1)
    if "unsettled 1:" not in out or "1 keys of sink main are unsettled" not in err or "template" not in err:
        raise Failure(f"nothing tells that a key could not be judged: {out}{err}")

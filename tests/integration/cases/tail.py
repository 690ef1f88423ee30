"""sluice tail: what a server or its files tell, as lines of JSON."""
import json
import os
import signal
import subprocess

from harness.env import case
from harness.place import Failure
from harness.process import wait_until

TABLE = ("CREATE DATABASE it", "CREATE TABLE it.t (id INT PRIMARY KEY, v VARCHAR(20))", "CREATE TABLE it.other (id INT PRIMARY KEY)")


def _program(env, **changes):
    """Without a sink: tail needs none."""
    return env.sluice([{"table": "it.t"}], start="now", sinks=None, **changes)


def _changes(out):
    """(op, key, before, after) of the lines that are no statements."""
    lines = [json.loads(line) for line in out.splitlines()]
    return [(line["op"], line["key"], line.get("before"), line.get("after")) for line in lines if line["op"] != "ddl"]


def _require(what, got, want):
    if got != want:
        raise Failure(f"{what}: {got}, due is {want}")


CHANGES = [("insert", [1], None, {"id": 1, "v": "one"}), ("insert", [2], None, {"id": 2, "v": None}),
           ("update", [3], {"id": 1, "v": "one"}, {"id": 3, "v": "one"}), ("delete", [2], {"id": 2, "v": None}, None)]


def _make_changes(env):
    env.sql("INSERT INTO it.t VALUES (1,'one'),(2,NULL)", "UPDATE it.t SET id=3 WHERE id=1", "DELETE FROM it.t WHERE id=2",
            "INSERT INTO it.other VALUES (9)")


@case()
def case_tail_prints_changes_between_two_places(env):
    env.start_source()
    env.start_redis()
    env.sql(*TABLE)
    program = _program(env)
    file, offset, gtid = env.source.position()
    _make_changes(env)
    end_file, end_offset, end_gtid = env.source.position()
    env.sql("INSERT INTO it.t VALUES (4,'four')")
    for begin, end in ((f"{file}:{offset}", f"{end_file}:{end_offset}"), (gtid, end_gtid)):
        if begin and end:
            _, out, _ = program.call("tail", "--from", begin, "--to", end, status=0)
            _require(f"from {begin} to {end}", _changes(out), CHANGES)
    if end_gtid:
        program.call("tail", "--from", f"{file}:{offset}", "--to", end_gtid, status=2)
        _, out, _ = program.call("tail", "--from", "earliest", "--to", end_gtid, status=0)
        _require(f"from the first to {end_gtid}", _changes(out), CHANGES)
    _, out, _ = program.call("tail", "--from", "earliest", "--to", "now", "--table", "it.o*", status=0)
    _require("of the other table", _changes(out), [("insert", [9], None, {"id": 9})])
    _, out, _ = program.call("tail", "--from", "earliest", "--to", "now", "--table", r"/it\.o[a-z]*/", status=0)
    _require("of the other table by regex", _changes(out), [("insert", [9], None, {"id": 9})])
    program.call("tail", "--to", "now", "--table", "/it(/", status=2)
    _, out, _ = program.call("tail", "--from", f"{file}:{offset}", "--limit", "2", status=0)
    _require("limited", _changes(out), CHANGES[:2])
    _, out, _ = program.call("tail", "--from", f"{file}:{offset}", "--to", "now", "--count", status=0)
    _require("counted rows", json.loads(out)["rows"], len(CHANGES) + 1)
    _, out, _ = program.call("tail", "--to", "now", status=0)
    _require("from now to now", out, "")


@case()
def case_tail_follows_and_ends_when_asked(env):
    env.start_source()
    env.start_redis()
    env.sql(*TABLE)
    program = _program(env)
    for how in (signal.SIGINT, signal.SIGTERM, None):
        with subprocess.Popen(program.command("tail"), stdout=subprocess.PIPE, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL,
                              env=program.environment()) as process:
            try:
                line = None

                def printed():
                    # Nothing says when it follows, so there is a new row until one is printed.
                    env.sql("REPLACE INTO it.t VALUES (7,UUID_SHORT())")
                    os.set_blocking(process.stdout.fileno(), False)
                    return process.stdout.readline()

                line = wait_until("a line of tail", 30, printed)
                json.loads(line)
                if how is None:
                    process.stdout.close()
                else:
                    process.send_signal(how)
                status = process.wait(120)
                err = process.stderr.read().decode()
            finally:
                process.kill()
        _require(f"status and errors after {how}", (status, err), (0, ""))


@case()
def case_tail_reads_files(env):
    env.start_source()
    env.start_redis()
    env.sql(*TABLE)
    _make_changes(env)
    env.sql("FLUSH BINARY LOGS", "INSERT INTO it.t VALUES (4,'four')", "FLUSH BINARY LOGS")
    files = [os.path.join(env.source.data, name) for name in sorted(os.listdir(env.source.data))
             if name.startswith("bin.") and name != "bin.index"]
    program = _program(env)
    inner = [program.place.inner(path) for path in files]
    _, out, _ = program.call("tail", "--table", "it.t", "--file", *inner, status=0)
    _require("of files", _changes(out), CHANGES + [("insert", [4], None, {"id": 4, "v": "four"})])
    _, out, _ = program.call("tail", "--file", *inner, "--from", os.path.basename(files[-2]) + ":4", status=0)
    _require("of the last file", _changes(out), [("insert", [4], None, {"id": 4, "v": "four"})])
    _, out, err = program.call("tail", "--file", program.place.inner(program.config_path), status=3)
    if "not a binary log" not in err:
        raise Failure(f"tail of no binary log says {err}")


@case()
def case_tail_of_xa_transactions_waits_for_the_decision(env):
    env.start_source()
    env.start_redis()
    env.sql(*TABLE)
    program = _program(env)
    file, offset, _ = env.source.position()
    for name, number in (("'kept'", 1), ("'dropped'", 2), ("'open'", 3)):
        env.sql(f"XA START {name}", f"INSERT INTO it.t VALUES ({number},'x')", f"XA END {name}", f"XA PREPARE {name}")
    env.sql("XA ROLLBACK 'dropped'", "XA COMMIT 'kept'")
    _, out, _ = program.call("tail", "--from", f"{file}:{offset}", "--to", "now", status=0)
    _require("decided", _changes(out), [("insert", [1], None, {"id": 1, "v": "x"})])
    env.sql("XA ROLLBACK 'open'")

"""The command bootstrap and what status says of loads: conditions, stops, takeovers, failures, bars."""
import json
import os
import pty
import re
import signal
import subprocess

from harness.env import LOADS, case
from harness.oracle import Table
from harness.place import Failure
from harness.process import Process, wait_until

ROWS = "INSERT INTO it.{0} SELECT seq, seq FROM it.numbers"


def _tables(env, *names, rows=100):
    """Tables of ROWS rows each, in a database of their own."""
    env.sql("CREATE DATABASE it", "CREATE TABLE it.numbers (seq INT PRIMARY KEY)",
            "INSERT INTO it.numbers VALUES " + ",".join(f"({number})" for number in range(1, rows + 1)))
    for name in names:
        env.sql(f"CREATE TABLE it.{name} (id INT PRIMARY KEY, v INT)", ROWS.format(name))
    return [Table("it", name) for name in names]


def _state(env, table):
    """The members of a table's field in the hash of loads."""
    text = env.checkpoint(key=LOADS).get(f"it.{table}", "")
    return dict(part.partition("=")[::2] for part in text.split())


def _begin(env, program, *args):
    """A command beside the daemon."""
    return Process(env.guard, program.command(*args), os.path.join(program.folder, "background.log"), program.environment())


def _finish(process, status, timeout=60):
    got = process.wait(timeout)
    if got != status:
        raise Failure(f"the command ended with status {got}, due was {status}: {process.log()[-1500:]}")


@case()
def case_bootstrap_with_a_condition_mends_these_rows_alone(env):
    env.start_servers()
    tables = _tables(env, "t")
    program = env.sluice(tables, start="bootstrap").start()
    env.settle(tables)
    env.redis_call("HSET", "it:t:3", "v", "999")
    env.redis_call("DEL", "it:t:4")
    env.redis_call("HSET", "it:t:90", "v", "999")
    env.redis_call("HSET", "it:t:1000", "v", "1")
    program.call("bootstrap", "--table", "it.t", "--where", "id <= 50", status=0)
    found = [env.redis_call("HGET", f"it:t:{number}", "v") for number in (3, 4, 90, 1000)]
    if found != [b"3", b"4", b"999", b"1"]:
        raise Failure(f"after a load of the rows up to 50 the keys 3, 4, 90 and 1000 hold {found}")
    program.call("bootstrap", "--table", "it.t", status=0)
    env.settle(tables)
    status, _, err = program.call("bootstrap", "--table", "it.t", "--where", "no such thing =")
    if status != 5 or "it.t" not in err:
        raise Failure(f"a condition that is no SQL ends with status {status}: {err}")
    env.settle(tables)


@case()
def case_bootstrap_that_is_stopped_goes_on_at_the_next(env):
    env.start_servers()
    tables = _tables(env, "t", "u", rows=2000)
    program = env.sluice(tables, start="bootstrap", snapshot={"chunk_ms": 10, "rate": 100})  # it would take 20 s
    command = _begin(env, program, "bootstrap")
    wait_until("rows to be loaded", 60, lambda: int(_state(env, "t").get("rows", 0)) > 0)
    command.send(signal.SIGTERM)
    _finish(command, 1)
    program.config["snapshot"]["rate"] = 10000
    program.write_config()
    if "again" not in command.log():
        raise Failure(f"it does not say that running it again goes on: {command.log()}")
    before = _state(env, "t")
    program.call("status", status=1)
    program.call("bootstrap", status=0)
    if before.get("phase") == "loading" and _state(env, "t").get("began") != before.get("began"):
        raise Failure(f"the load began anew: {before}, then {_state(env, 't')}")
    env.require_equal(tables)
    program.start()
    env.settle(tables)


@case()
def case_bootstrap_takes_over_from_a_daemon_that_dies(env):
    env.start_servers()
    tables = _tables(env, "t", rows=3000)
    program = env.sluice(tables, start="now", lease_ms=1000, snapshot={"chunk_ms": 10, "rate": 400}).start()
    command = _begin(env, program, "bootstrap")
    wait_until("rows to be loaded", 60, lambda: int(_state(env, "t").get("rows", 0)) > 0)
    program.kill()
    _finish(command, 0)
    if "daemon is gone" not in command.log():
        raise Failure(f"nothing is said of the daemon's end: {command.log()}")
    env.require_equal(tables)


@case()
def case_table_that_cannot_be_loaded_is_told_and_left_out(env):
    env.start_servers()
    tables = _tables(env, "t")
    env.sql("CREATE TABLE it.keyless (v INT)", "INSERT INTO it.keyless VALUES (1)")
    program = env.sluice([*tables, Table("it", "keyless")], start="bootstrap")
    _, _, err = program.call("bootstrap", status=5)
    if "it.keyless" not in err or "key" not in err:
        raise Failure(f"bootstrap does not say what is wrong with it.keyless: {err}")
    env.require_equal(tables)
    program.start()
    wait_until("status to tell of it", 30, lambda: "incomplete" in program.call("status")[1])
    _, out, _ = program.call("status", "--json", status=1)
    phases = {load["table"]: load["phase"] for load in json.loads(out)["sinks"][0]["tables"]}
    if phases != {"it.t": "done", "it.keyless": "failed"}:
        raise Failure(f"status tells of {phases}")


def _on_a_terminal(program, *args):
    """(status, what it wrote to a terminal)"""
    ours, theirs = pty.openpty()
    with subprocess.Popen(program.command(*args), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=theirs,
                          env=program.environment()) as child:
        os.close(theirs)
        text = b""
        while True:
            try:
                text += os.read(ours, 65536)
            except OSError:  # it has closed the terminal
                break
        os.close(ours)
        return child.wait(60), text.decode("utf-8", "replace")


@case()
def case_bootstrap_draws_bars_on_a_terminal(env):
    env.start_servers()
    tables = _tables(env, "t", rows=2000)
    program = env.sluice(tables, start="bootstrap", snapshot={"chunk_ms": 10})
    status, text = _on_a_terminal(program, "bootstrap", "--rate", "1000")
    if status != 0 or not re.search(r"it\.t +\[#+-+\] +\d+ %.*rows/s|it\.t +\[#+-+\] +\d+ %.*ETA", text):
        raise Failure(f"status {status}, no bar of it.t: {text[-1500:]!r}")
    if "level=info" in text:
        raise Failure(f"the log tears the bars apart: {text[:1500]!r}")
    env.require_equal(tables)

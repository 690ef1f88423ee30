"""Changes as entries of Redis Streams: added up they are the tables, whatever dies meanwhile."""
import json

from harness.churn import Churn
from harness.env import case
from harness.folding import entries, require_all
from harness.oracle import Table
from harness.place import Failure
from harness.process import wait_until


def _entry(table, **more):
    return {"table": str(table), "value": "stream", **more}


def _as_json(churn):
    return [Table(table.db, table.name, "json") for table in churn.tables]


def _changes(env, table="it.t"):
    db, name = table.split(".")
    with env.redis.connect() as redis:
        return entries(redis, f"changes:{db}:{name}")


def _ops(env, table="it.t"):
    return [entry.op for entry in _changes(env, table)]


def _beside_changes(env, kill_redis):
    env.start_source()
    env.start_redis(appendonly="yes", appendfsync="always")
    churn = Churn(env, 150, load=False, pause=0.002)
    kept = Churn(env, 60, db="it_kept", kinds=("num",), clients=1, pause=0.01)
    tables = _as_json(churn)
    program = env.sluice([_entry(table) for table in tables] + kept.oracle_tables, start="earliest", lease_ms=1000,
                         on_gap="bootstrap").start()
    churn.start()
    kept.start()
    for _ in range(max(3, int(env.seconds))):
        env.sleep(0.1, 1.0)
        program.kill()
        program.start(ready=False)
        if kill_redis:
            env.sleep(0.1, 0.8)
            env.redis.restart(kill=True)
    program.wait_ready()
    env.sleep(0.5)
    churn.stop()
    kept.stop()
    program.call("bootstrap", "--table", "it_kept.num", status=0)
    env.quiesce(timeout=120)
    total, repeats = require_all(env, tables, may_repeat=kill_redis)
    env.require_equal(kept.oracle_tables, [f"changes:{table.db}:{table.name}".encode() for table in tables])
    _, _, said = program.call("reconcile", status=0)
    if "it.num is passed over" not in said:
        raise Failure(f"reconcile does not say that it passes over streams: {said[-500:]}")
    print(f"{total} changes, {repeats} repeated; {churn.transactions} transactions", flush=True)


@case(timeout=300)
def case_changes_add_up_while_sluice_is_killed(env):
    _beside_changes(env, kill_redis=False)


@case(timeout=300)
def case_changes_add_up_while_redis_is_killed(env):
    _beside_changes(env, kill_redis=True)


@case()
def case_changes_of_minimal_images_add_up(env):
    env.start_source(binlog_row_image="MINIMAL")
    env.start_redis()
    churn = Churn(env, 100, load=False, pause=0.002)
    tables = _as_json(churn)
    program = env.sluice([_entry(table) for table in tables]).start()
    churn.start()
    env.sleep(env.seconds / 2)
    program.restart(kill=True)
    env.sleep(env.seconds / 2)
    churn.stop()
    env.quiesce()
    require_all(env, tables, may_repeat=False, are_whole=False)


@case()
def case_changes_of_random_types_and_large_transactions(env):
    """Every column type; transactions that are sent in parts, and rolled back to savepoints or whole."""
    env.start_servers()
    work = env.workload(value="json", truncate=False)
    tables = work.oracle_tables
    program = env.sluice([{**env.entry(table), "value": "stream"} for table in tables], batch_bytes=4096, max_transaction_bytes="64KiB").start()
    work.run(transactions=200)
    program.restart(kill=True)
    work.run(transactions=100)
    env.quiesce()
    require_all(env, tables, may_repeat=True)


def _require_last(env, wanted, table="it.t"):
    """The last entry has the fields WANTED, those that are None not."""
    last = _changes(env, table)[-1]
    for name, value in wanted.items():
        got = last.fields.get(name)
        if name in ("before", "after") and got is not None:
            got = json.loads(got)
        elif got is not None:
            got = got.decode()
        if got != value:
            raise Failure(f"{name} is {got!r}, due is {value!r}: {last}")


@case()
def case_what_an_entry_says(env):
    env.start_servers()
    env.sql("CREATE DATABASE it", "CREATE TABLE it.t (id INT PRIMARY KEY, a INT, b VARCHAR(9), secret VARCHAR(9))")
    entry = {"table": "it.t", "value": "stream", "except": ["b"], "rename": {"a": "x"}, "mask": {"secret": {"last": 1}},
             "key": "t:{id}", "where": "a ~= 13"}
    program = env.sluice([entry]).start()

    def step(statement, **wanted):
        env.sql(statement)
        env.quiesce()
        _require_last(env, wanted)

    step("INSERT INTO it.t VALUES (7, 1, 'b', 'xyz')", op="insert", db="it", table="t", key="t:7", before=None,
         after={"id": 7, "x": 1, "secret": "**z"}, row="1", old_key=None, partial=None)
    step("UPDATE it.t SET a=2", op="update", key="t:7", before={"id": 7, "x": 1, "secret": "**z"},
         after={"id": 7, "x": 2, "secret": "**z"}, old_key=None)
    count = len(_changes(env))
    env.sql("UPDATE it.t SET b='c'", "INSERT INTO it.t VALUES (9, 13, 'b', 's')", "DELETE FROM it.t WHERE id=9")
    env.quiesce()
    if len(_changes(env)) != count:
        raise Failure(f"a change that is not shown was written: {_changes(env)[count:]}")
    step("UPDATE it.t SET id=8", op="update", key="t:8", old_key="t:7")
    step("UPDATE it.t SET a=13, id=6", op="delete", key="t:8", after=None, before={"id": 8, "x": 2, "secret": "**z"})
    step("UPDATE it.t SET a=1", op="insert", key="t:6", before=None, after={"id": 6, "x": 1, "secret": "**z"})
    step("DELETE FROM it.t", op="delete", key="t:6", after=None, before={"id": 6, "x": 1, "secret": "**z"})
    step("INSERT INTO it.t VALUES (1,1,1,1),(2,1,1,1),(3,1,1,1)", op="insert", key="t:3", row="3")
    places = [entry.place for entry in _changes(env)]
    if len(set(places)) != len(places):
        raise Failure(f"two changes have the same place: {places}")
    _, out, _ = program.call("explain", "it.t", status=0)
    if "stream" not in out:
        raise Failure(f"explain does not name the kind: {out}")
    status, _, said = program.call("get", "it.t", "7")
    if status != 1 or "stream" not in said:
        raise Failure(f"get ended with status {status} and said {said}")


@case()
def case_what_has_no_row_events_is_told(env):
    env.start_servers()
    env.sql("CREATE DATABASE it", "CREATE TABLE it.t (id INT PRIMARY KEY, a INT)", "CREATE TABLE it.h (id INT PRIMARY KEY)")
    entries_of = [{"table": "it.h"}, {"table": "it.*", "value": "stream", "maxlen": 100000}]
    program = env.sluice(entries_of, start="bootstrap", on_gap="bootstrap").start()

    def step(want, *statements, table="it.t"):
        before = len(_changes(env, table))
        env.sql(*statements)
        env.quiesce()
        got = _ops(env, table)[before:]
        if got != want:
            raise Failure(f"{statements} was told as {got}, due is {want}")

    env.quiesce()
    if _ops(env) != ["begin"]:
        raise Failure(f"the first start was told as {_ops(env)}")
    step(["insert", "truncate", "insert"], "INSERT INTO it.t VALUES (1,1)", "TRUNCATE it.t", "INSERT INTO it.t VALUES (1,1)")
    step(["gap"], "ALTER TABLE it.t ADD b INT")
    step([], "ALTER TABLE it.t ADD UNIQUE KEY u (a, b)")
    step(["drop"], "RENAME TABLE it.t TO it.u")
    step(["drop"], "RENAME TABLE it.u TO it.t", table="it.u")
    if _ops(env)[-1] != "gap":
        raise Failure(f"a table that got another's name was told as {_ops(env)[-1]}")
    step(["gap"], "SET SESSION binlog_format=STATEMENT", "INSERT INTO it.t VALUES (2,2,2)")
    step([], "SELECT 1")
    program.call("bootstrap", status=0)
    step([], "SELECT 1")  # nothing is missing of the stream
    step(["insert"], "INSERT INTO it.t VALUES (3,3,3)")
    step(["drop"], "DROP DATABASE it")
    gap = [entry for entry in _changes(env) if entry.op == "gap"][-1]
    if b"by a statement" not in gap.fields.get("reason", b""):
        raise Failure(f"the gap does not say why: {gap}")


@case()
def case_stream_of_all_tables_stays_as_long_as_it_may(env):
    """One stream for sharded tables, whose names are rewritten, and `maxlen`."""
    env.start_servers()
    env.sql("CREATE DATABASE it", "CREATE TABLE it.t_1 (id INT PRIMARY KEY)", "CREATE TABLE it.t_2 (id INT PRIMARY KEY)")
    env.sluice([{"table": "it.t_*", "value": "stream", "stream": "{db}:{table:/_[0-9]+$//}", "maxlen": 100}]).start()
    for low in range(0, 4000, 1000):
        for table in ("t_1", "t_2"):
            env.sql(f"INSERT INTO it.{table} VALUES " + ",".join(f"({number})" for number in range(low, low + 1000)))
    wait_until("the rows", 60, lambda: env.redis_call("EXISTS", "it:t"))
    env.quiesce()
    with env.redis.connect() as redis:
        found = entries(redis, "it:t")
    if not 100 <= len(found) < 1000 or {entry.fields["table"] for entry in found} > {b"t_1", b"t_2"}:
        raise Failure(f"the stream has {len(found)} entries of {({entry.fields['table'] for entry in found})}")
    env.require_equal([], [b"it:t"])

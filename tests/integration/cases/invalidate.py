"""Keys that others fill: a change removes them, and once more when what was read before it has been written."""
import json

from harness.churn import Churn
from harness.env import REDELETE, case
from harness.place import Failure
from harness.process import wait_until
from harness.readthrough import ReadThrough

WAIT = 3000  # three times what the service may take
LATER = 6000  # milliseconds, in which a case that waits for the first removal sees it


def _entry(table, **more):
    return {"table": f"{table.db}.{table.name}", "value": "invalidate", "redelete_ms": WAIT, **more}


def _notes(env):
    return env.redis_call("ZCARD", REDELETE)


def _wait_for_second(env, timeout=60):
    wait_until(lambda: f"the second removals; {_notes(env)} notes are left", timeout, lambda: _notes(env) == 0)


def _require_drift(env, program, tables):
    """Rows that are kept beside are as ever, and reconcile says what it passes over."""
    _, _, said = program.call("reconcile", status=0)
    for table in tables:
        if f"{table.db}.{table.name} is passed over" not in said:
            raise Failure(f"reconcile does not say that it passes over {table.full_name}: {said[-800:]}")


def _beside_changes(env, kill_redis, session=()):
    env.start_source()
    env.start_redis(appendonly="yes", appendfsync="always")
    churn = Churn(env, 300, session=session, pause=0.002)
    kept = Churn(env, 60, db="it_kept", kinds=("num",), clients=1, pause=0.01)
    tables = [_entry(table) for table in churn.tables] + kept.oracle_tables
    program = env.sluice(tables, start="bootstrap", on_gap="bootstrap", lease_ms=1000).start()
    service = ReadThrough(env, churn).start()
    churn.start()
    kept.start()
    for _ in range(max(3, int(env.seconds))):
        env.sleep(0.3, 1.0)
        program.kill()
        program.start(ready=False)
        if kill_redis:
            env.sleep(0.1, 0.6)
            env.redis.restart(kill=True)
    program.wait_ready()
    env.sleep(0.5)
    service.wait_filled()
    churn.stop()
    kept.stop()
    env.sleep(0.5)
    service.stop()
    env.quiesce(timeout=120)
    _wait_for_second(env)
    count = service.require_fresh()
    with env.redis.connect() as cache:
        foreign = [key for key in cache.keys() if key.startswith(b"it:")]
    env.require_equal(kept.oracle_tables, foreign)
    _require_drift(env, program, churn.tables)
    print(f"{count} keys, {service.fills} filled, {service.hits} hits, {churn.transactions} transactions", flush=True)


@case(timeout=300)
def case_read_through_cache_while_sluice_is_killed(env):
    _beside_changes(env, kill_redis=False)


@case(timeout=300)
def case_read_through_cache_while_redis_is_killed(env):
    _beside_changes(env, kill_redis=True)


@case()
def case_read_through_cache_with_minimal_images(env):
    env.start_source(binlog_row_image="MINIMAL")
    env.start_redis()
    churn = Churn(env, 100, pause=0.002)
    program = env.sluice([_entry(table) for table in churn.tables]).start()
    service = ReadThrough(env, churn).start()
    churn.start()
    env.sleep(env.seconds / 2)
    program.restart(kill=True)
    env.sleep(env.seconds / 2)
    service.wait_filled()
    churn.stop()
    service.stop()
    env.quiesce()
    _wait_for_second(env)
    service.require_fresh()


def _require(env, wanted):
    """{key: is it there}"""
    for key, due in wanted.items():
        if bool(env.redis_call("EXISTS", key)) != due:
            raise Failure(f"{key} is {'gone' if due else 'still there'}; Redis has {sorted(env.redis.connect().keys())}")


@case()
def case_second_removal_survives_a_restart(env):
    """What was written behind the first removal goes, though the daemon was killed in between."""
    env.start_servers()
    env.sql("CREATE DATABASE it", "CREATE TABLE it.t (id INT PRIMARY KEY, a INT)")
    program = env.sluice([{"table": "it.t", "value": "invalidate", "key": "user:{id}", "redelete_ms": LATER}]).start()
    env.sql("INSERT INTO it.t VALUES (7, 1)")
    wait_until("the first removal's note", 30, lambda: _notes(env) == 1)
    program.kill()
    env.redis_call("SET", "user:7", "old")
    env.redis_call("SET", "user:7:friends", "another's")
    _require(env, {"user:7": True})
    program.start()
    _wait_for_second(env)
    _require(env, {"user:7": False, "user:7:friends": True})


@case()
def case_truncate_removes_keys_once_more(env):
    env.start_servers()
    env.sql("CREATE DATABASE it", "CREATE TABLE it.t (id INT PRIMARY KEY, a INT)", "CREATE TABLE it.u (id INT PRIMARY KEY)",
            "INSERT INTO it.t VALUES (7, 1)")
    env.sluice([{"table": "it.t", "value": "invalidate", "redelete_ms": LATER}, {"table": "it.u"}]).start()
    for statement in ("TRUNCATE it.t", "ALTER TABLE it.t ADD b INT", "RENAME TABLE it.t TO it.x, it.x TO it.t", "DROP DATABASE it"):
        _wait_for_second(env)
        env.redis_call("SET", "it:t:7", "old")
        env.sql(statement)
        wait_until(f"{statement} to remove the key", 30, lambda: not env.redis_call("EXISTS", "it:t:7"))
        wait_until(f"the note of {statement}", 30, lambda: _notes(env) >= 1)
        env.redis_call("SET", "it:t:7", "old again")
        wait_until(f"the second removal of {statement}", 60, lambda: not env.redis_call("EXISTS", "it:t:7"))
    _wait_for_second(env)


@case()
def case_keys_that_others_fill_go_where_rows_would_be_loaded(env):
    """The first start, `sluice bootstrap`, and what the commands say of such a table."""
    env.start_servers()
    env.sql("CREATE DATABASE it", "CREATE TABLE it.t (id INT PRIMARY KEY, a INT)", "INSERT INTO it.t VALUES (7, 1)")
    env.redis_call("SET", "it:t:7", "from before")
    env.redis_call("SET", "it:tt:7", "another's")
    entry = {"table": "it.t", "value": "invalidate", "redelete_ms": 100}
    program = env.sluice([entry], start="bootstrap").start()
    wait_until("the first start to remove the key", 30, lambda: not env.redis_call("EXISTS", "it:t:7"))
    env.quiesce()
    env.redis_call("SET", "it:t:7", "refilled")
    _, out, _ = program.call("bootstrap", status=0)
    if "it.t: its keys were removed" not in out:
        raise Failure(f"bootstrap does not say what it did: {out}")
    _require(env, {"it:t:7": False, "it:tt:7": True})
    _, out, _ = program.call("explain", "it.t", status=0)
    if "are not in Redis" not in out:
        raise Failure(f"explain does not say that no row is kept: {out}")
    status, _, said = program.call("get", "it.t", "7")
    if status != 1 or "not in Redis" not in said:
        raise Failure(f"get ended with status {status} and said {said}")
    program.stop()


@case()
def case_note_of_a_table_that_keeps_rows_now_removes_nothing(env):
    """The configuration changed between the two removals."""
    env.start_servers()
    env.sql("CREATE DATABASE it", "CREATE TABLE it.t (id INT PRIMARY KEY, a INT)", "CREATE TABLE it.u (id INT PRIMARY KEY)")
    entries = [{"table": "it.t", "value": "invalidate", "redelete_ms": LATER}, {"table": "it.u", "value": "invalidate"}]
    program = env.sluice(entries).start()
    env.sql("INSERT INTO it.t VALUES (7, 1)")
    wait_until("the note", 30, lambda: _notes(env) == 1)
    program.kill()
    program.config["tables"][0] = {"table": "it.t", "value": "json"}
    program.write_config()
    program.start()
    env.sql("UPDATE it.t SET a=2")
    wait_until("the row", 30, lambda: json.loads(env.redis_call("GET", "it:t:7") or b"null") == {"id": 7, "a": 2})
    _wait_for_second(env)
    if json.loads(env.redis_call("GET", "it:t:7") or b"null") != {"id": 7, "a": 2}:
        raise Failure("the row was removed by a note from before")

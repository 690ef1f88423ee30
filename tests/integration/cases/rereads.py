"""Rows whose changes were logged in part, and values that need all of a row: they are read later."""
import json
import os

from harness.env import REREADS, case
from harness.oracle import Table
from harness.place import Failure
from harness.process import Process, wait_until


def _numbers(env, rows, table="t"):
    """it.TABLE of ROWS rows, to be kept as JSON."""
    env.sql("CREATE DATABASE IF NOT EXISTS it", f"CREATE TABLE it.{table} (id INT PRIMARY KEY, v INT, w VARCHAR(40))")
    with env.source.connect() as connection:
        for first in range(1, rows + 1, 5000):
            last = min(rows, first + 4999)
            connection.query(f"INSERT INTO it.{table} VALUES " + ",".join(f"({number},0,'w{number}')" for number in range(first, last + 1)))
    return Table("it", table, "json")


def _held(env, number):
    text = env.redis_call("GET", f"it:t:{number}")
    return json.loads(text) if text else None


@case(timeout=300)
def case_sluice_and_redis_killed_while_rows_wait_to_be_read(env):
    env.start_source(binlog_row_image="MINIMAL")
    env.start_redis(appendonly="yes", appendfsync="always")
    work = env.workload(value="json", truncate=True)
    program = env.sluice(work.oracle_tables, lease_ms=1000).start()
    work.start()
    for _ in range(max(3, int(env.seconds))):
        env.sleep(0.05, 0.6)
        program.kill()
        if env.rng.random() < 0.4:
            env.redis.kill()
            env.redis.start()
        program.start(ready=False)
        if env.rng.random() < 0.3:
            env.sleep(0.01, 0.3)
            env.redis.kill()
            env.redis.start()
    work.stop()
    program.wait_ready()
    env.settle(work.oracle_tables, timeout=120)


@case()
def case_a_row_that_waits_is_stale_and_said_to_be(env):
    """While the source lets nobody read the table the stream goes on, and a restart forgets nothing."""
    env.start_servers(binlog_row_image="MINIMAL")
    tables = [_numbers(env, 20)]
    program = env.sluice(tables).start()
    env.settle(tables)
    with env.source.connect() as lock:
        lock.query("LOCK TABLES it.t WRITE")
        lock.query("UPDATE it.t SET v = 1 WHERE id <= 3")
        lock.query("UPDATE it.t SET id = 100 WHERE id = 20")
        want = env.source.position()
        wait_until("the notes of four rows", 30, lambda: env.redis_call("HLEN", REREADS) == 4)
        wait_until("status to say that four rows wait", 30, lambda: json.loads(
            program.call("status", "--json")[1])["sinks"][0].get("waiting") == 4)
        wait_until("status to say so in words", 30, lambda: "4 rows wait to be read again" in program.call("status")[1])
        if _held(env, 1)["v"] != 0 or _held(env, 20) is not None or _held(env, 100) is not None:
            raise Failure("a row that waits does not hold what it held, or a key that moved is still there")
        program.restart(kill=True)
        env.sleep(0.5)
        lock.query("UNLOCK TABLES")
    del want
    env.settle(tables)


@case()
def case_too_many_rows_that_wait_are_loaded(env):
    env.start_servers(binlog_row_image="MINIMAL")
    tables = [_numbers(env, 30000), _numbers(env, 100, "other")]
    program = env.sluice(tables, memory_limit="16MiB", batch_bytes="128KiB").start()
    env.settle(tables)
    program.stop()
    env.sql("UPDATE it.t SET v = id", "UPDATE it.other SET v = id", "UPDATE it.t SET v = v + 1 WHERE id % 3 = 0")
    with env.source.connect() as lock:
        lock.query("LOCK TABLES it.t WRITE, it.other WRITE")  # else they might be read as fast as they come
        program.start()
        program.wait_said("more rows wait to be read again")
        lock.query("UNLOCK TABLES")
    env.settle(tables)


@case()
def case_xa_transactions_of_parts_of_rows(env):
    env.start_servers(binlog_row_image="MINIMAL")
    tables = [_numbers(env, 20)]
    program = env.sluice(tables).start()
    env.settle(tables)
    env.sql("XA START 'kept'", "UPDATE it.t SET v = 1 WHERE id = 1", "XA END 'kept'", "XA PREPARE 'kept'")
    env.sql("XA START 'gone'", "UPDATE it.t SET v = 1 WHERE id = 2", "XA END 'gone'", "XA PREPARE 'gone'")
    env.sql("XA START 'one'", "UPDATE it.t SET v = 1 WHERE id = 3", "XA END 'one'", "XA COMMIT 'one' ONE PHASE")
    wait_until("row 3 of XA COMMIT … ONE PHASE in Redis", 30, lambda: _held(env, 3)["v"] == 1)
    if _held(env, 1)["v"] != 0 or _held(env, 2)["v"] != 0:
        raise Failure("a prepared transaction's row is in Redis before its decision")
    program.restart(kill=True)
    env.sql("UPDATE it.t SET v = 4 WHERE id = 4")
    wait_until("row 4 in Redis", 30, lambda: _held(env, 4)["v"] == 4)
    env.sql("XA COMMIT 'kept'", "XA ROLLBACK 'gone'")
    env.settle(tables)


@case()
def case_keys_of_any_template_are_read_again(env):
    """One that does not say where one value ends and the next begins, and one of an index."""
    env.start_servers(binlog_row_image="MINIMAL")
    env.sql("CREATE DATABASE it", "CREATE TABLE it.two (a INT, b INT, v INT, PRIMARY KEY (a, b))",
            "CREATE TABLE it.odd (`a b` VARBINARY(20), v INT, w INT, PRIMARY KEY (`a b`))",
            "INSERT INTO it.two VALUES (1,23,0),(12,4,0)", "INSERT INTO it.odd VALUES ('x =%.', 0, 0), ('', 0, 0)")
    odd = Table("it", "odd", "json")
    program = env.sluice([{"table": "it.two", "key": "two/{a}{b}", "value": "json"}, odd]).start()
    env.quiesce()
    env.sql("UPDATE it.two SET v = 1", "UPDATE it.odd SET v = 1")
    env.quiesce()
    for key, want in (("two/123", {"a": 1, "b": 23, "v": 1}), ("two/124", {"a": 12, "b": 4, "v": 1})):
        if json.loads(env.redis_call("GET", key)) != want:
            raise Failure(f"{key} holds {env.redis_call('GET', key)}; {program.said()[-800:]}")
    env.require_equal([odd], foreign=[b"two/123", b"two/124"])


@case()
def case_a_key_whose_row_went_to_another_table_stays(env):
    """Tables that share a template: who has no row of a key does not know whether another has."""
    env.start_servers(binlog_row_image="MINIMAL")
    env.sql("CREATE DATABASE it", "CREATE TABLE it.s_1 (id INT PRIMARY KEY, v INT)", "CREATE TABLE it.s_2 LIKE it.s_1",
            "INSERT INTO it.s_1 VALUES (1,0)")
    env.sluice([{"table": "it.s_*", "key": "s:{id}", "value": "json"}]).start()
    env.quiesce()
    with env.source.connect() as lock:
        lock.query("LOCK TABLES it.s_1 WRITE, it.s_2 WRITE")
        lock.query("UPDATE it.s_1 SET v = 1")
        wait_until("the note of a row", 30, lambda: env.redis_call("HLEN", REREADS) == 1)
        lock.query("DELETE FROM it.s_1")
        lock.query("INSERT INTO it.s_2 VALUES (1,2)")
        wait_until("the row of the other table", 30, lambda: env.redis_call("GET", "s:1") == b'{"id":1,"v":2}')
        lock.query("UNLOCK TABLES")
    env.quiesce()
    if env.redis_call("GET", "s:1") != b'{"id":1,"v":2}':
        raise Failure(f"the key of a row that went to another table holds {env.redis_call('GET', 's:1')}")


@case()
def case_reconcile_leaves_keys_alone_that_wait(env):
    env.start_servers()
    tables = [_numbers(env, 20)]
    program = env.sluice(tables).start()
    env.settle(tables)
    program.stop()
    env.redis_call("SET", "it:t:5", '{"id":5,"v":-1,"w":"w5"}')
    env.redis_call("HSET", REREADS, "it.t it:t:5", "id=5")
    looks = Process(env.guard, program.command("reconcile"), os.path.join(program.folder, "background.log"), program.environment())
    env.sleep(4)  # looks enough to know drift
    env.redis_call("SET", "it:t:5", '{"id":5,"v":0,"w":"w5"}')
    env.redis_call("DEL", REREADS)
    if looks.wait(60) != 0:
        raise Failure(f"a key that waited to be read again was taken for drift: {looks.log()[-1500:]}")
    env.redis_call("SET", "it:t:5", '{"id":5,"v":-1,"w":"w5"}')
    status, out, err = program.call("reconcile")
    if status != 1:
        raise Failure(f"a key that drifted was not found: {status} {out} {err}")
    env.redis_call("HSET", REREADS, "it.t it:t:5", "id=5", "it.nothing it:nothing:1", "id=1", "what is that", "?")
    program.start()
    env.settle(tables)

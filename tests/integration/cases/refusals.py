"""What sluice must say no to: the exit status and the sentence are the promise."""
import json

from harness.env import case
from harness.oracle import Table
from harness.place import Failure
from harness.process import wait_until
from harness.servers import SOURCE_USER

TABLE = ("CREATE DATABASE it", "CREATE TABLE it.t (id INT PRIMARY KEY, v INT)", "INSERT INTO it.t VALUES (1,1)")


def _by_statement(table="t"):
    return ["SET SESSION binlog_format='STATEMENT'", f"UPDATE it.{table} SET v=v+1"]


@case()
def case_changes_by_statement_are_noticed(env):
    env.start_servers()
    env.sql(*TABLE)
    tables = [Table("it", "t")]
    program = env.sluice(tables, on_gap="stop").start()
    env.settle(tables)
    env.sql(*_by_statement())
    program.expect_exit(5, r"it\.t.*statement|statement.*it\.t|binlog_format")


@case()
def case_changes_by_statement_heal_by_loading_again(env):
    env.start_servers()
    env.sql(*TABLE)
    tables = [Table("it", "t")]
    env.sluice(tables, on_gap="bootstrap").start()
    env.settle(tables)
    env.sql(*_by_statement(), "INSERT INTO it.t VALUES (2,2)")
    env.settle(tables)


@case()
def case_changes_by_statement_to_other_tables_do_not_matter(env):
    env.start_servers()
    env.sql(*TABLE, "CREATE TABLE it.other (id INT PRIMARY KEY, v INT)", "INSERT INTO it.other VALUES (1,1)")
    tables = [Table("it", "t")]
    env.sluice(tables, on_gap="stop").start()
    env.sql(*_by_statement("other"))
    env.sql("INSERT INTO it.t VALUES (2,2)")
    env.settle(tables)


def _purge(env):
    with env.source.connect() as connection:
        connection.query("INSERT INTO it.t VALUES (2,2)")
        for _ in range(3):
            connection.query("FLUSH BINARY LOGS")
        file, _, _ = env.source.position(connection)

        def purge():
            connection.query(f"PURGE BINARY LOGS TO '{file}'")
            return len(connection.query("SHOW BINARY LOGS").rows) == 1

        wait_until("the old binary logs to be purged", 30, purge)  # MariaDB holds them until its checkpoint


@case()
def case_purged_binary_log(env):
    env.start_servers()
    env.sql(*TABLE)
    tables = [Table("it", "t")]
    program = env.sluice(tables, on_gap="stop").start()
    env.settle(tables)
    program.stop()
    _purge(env)
    program.start(ready=False)
    program.expect_exit(5, r"purged|binary log|binlog")


@case()
def case_purged_binary_log_heals_by_loading_again(env):
    env.start_servers()
    env.sql(*TABLE)
    tables = [Table("it", "t")]
    program = env.sluice(tables, on_gap="bootstrap").start()
    env.settle(tables)
    program.stop()
    _purge(env)
    env.sql("DELETE FROM it.t WHERE id=1", "INSERT INTO it.t VALUES (3,3)")
    program.start()
    env.settle(tables)


@case()
def case_wrong_configuration(env):
    env.start_servers()
    env.sql(*TABLE)
    entry = {"table": "it.t"}
    wrong = [
        ({"tables": [{**entry, "ttl": "1d"}]}, r"tables\[0\]\.ttl"),
        ({"tables": [{**entry, "colour": "red"}]}, r"tables\[0\]\.colour"),
        ({"tables": []}, r"tables"),
        ({"tables": [{**entry, "value": "hush"}]}, r"tables\[0\]\.value"),
        ({"memory_limit": -1}, r"memory_limit"),
        ({"source": {"port": 70000}}, r"source\.port"),
        ({"source": {"tls": {"mode": "maybe"}}}, r"source\.tls\.mode"),
        ({"sinks": [{"name": "main", "url": "http://127.0.0.1/"}]}, r"sinks\[0\]\.url"),
        ({"sinks": None}, r"sinks"),
        ({"pipelines": "typo"}, r"pipelines"),
    ]
    for change, due in wrong:
        change = dict(change)
        program = env.sluice(change.pop("tables", [entry]), **change)
        program.start(ready=False)
        program.expect_exit(2, due, timeout=20)
        if len(program.said().strip().splitlines()) != 1:
            raise Failure(f"the refusal of {change} is not one sentence: {program.said()}")
    program = env.sluice([entry])
    with open(program.config_path, "w", encoding="utf-8") as file:
        file.write('{ "pipeline": "it", ')
    program.start(ready=False)
    program.expect_exit(2, r"\.json", timeout=20)


@case()
def case_wrong_usage(env):
    env.start_servers()
    env.sql(*TABLE)
    program = env.sluice([{"table": "it.t"}])
    for args in (("run", "--no-such-option"), ("no-such-command",), ("bootstrap", "--table")):
        program.call(*args, status=2)


@case()
def case_no_password_is_ever_shown(env):
    """Every case looks for the passwords at its end; this one makes sluice talk about them."""
    env.start_servers()
    env.sql(*TABLE, f"ALTER USER '{SOURCE_USER}'@'127.0.0.1' IDENTIFIED BY 'changed'")
    program = env.sluice([{"table": "it.t"}], log={"level": "debug"})
    program.start(ready=False)
    program.expect_exit(3, SOURCE_USER, timeout=60)
    program.call("check")
    program.call("status", "--json")
    env.sql(f"ALTER USER '{SOURCE_USER}'@'127.0.0.1' IDENTIFIED BY 'source-Pa55-witness'")
    env.redis_call("CONFIG", "SET", "requirepass", "changed")
    env.redis.options["requirepass"] = "changed"
    program.start(ready=False)
    program.expect_exit(4, r"Redis|sink|redis", timeout=60)
    program.call("check")


@case()
def case_check_passes_on_servers_that_are_set_up_well(env):
    env.start_servers(binlog_row_metadata="FULL", binlog_row_image="FULL")
    env.sql(*TABLE)
    _, out, _ = env.sluice([{"table": "it.t"}]).call("check", status=0)
    lines = out.strip().splitlines()
    if not lines or any("fail" in line.lower().split() for line in lines):
        raise Failure(f"check of well set up servers says: {out}")


def _check_fails(env, due):
    _, out, _ = env.sluice([{"table": "it.t"}]).call("check", status=1)
    failing = [line for line in out.splitlines() if "fail" in line.lower()]
    if not any(due.lower() in line.lower() for line in failing):
        raise Failure(f"no failing line of check names {due}: {out}")


@case()
def case_check_names_statement_format(env):
    env.start_servers(binlog_format="STATEMENT")
    env.sql(*TABLE)
    _check_fails(env, "binlog_format")


@case()
def case_check_names_a_log_that_is_off(env):
    env.start_source(log_bin=False, **({"skip_log_bin": None} if env.is_mysql else {}))
    env.start_redis()
    env.sql(*TABLE)
    _check_fails(env, "log_bin")


@case()
def case_check_names_missing_privileges(env):
    env.start_servers()
    env.sql(*TABLE, f"REVOKE REPLICATION SLAVE ON *.* FROM '{SOURCE_USER}'@'127.0.0.1'")
    _check_fails(env, "REPLICATION SLAVE")


@case()
def case_check_warns_of_partial_images_and_evicting_redis(env):
    env.start_source(binlog_row_image="MINIMAL", binlog_row_metadata="MINIMAL")
    env.start_redis(maxmemory_policy="allkeys-lru")
    env.sql(*TABLE)
    _, out, _ = env.sluice([{"table": "it.t"}]).call("check", status=0)
    for due in ("binlog_row_image", "binlog_row_metadata", "maxmemory-policy"):
        if not any("warn" in line.lower() and due in line for line in out.splitlines()):
            raise Failure(f"check does not warn of {due}: {out}")


@case()
def case_source_that_cannot_be_reached(env):
    env.start_servers()
    env.sql(*TABLE)
    program = env.sluice([{"table": "it.t"}])
    env.source.stop()
    _, out, _ = program.call("check", status=1)
    if str(env.source.port) not in out:
        raise Failure(f"check does not name the port of the source that is down: {out}")


@case()
def case_tail_prints_changes_as_json(env):
    env.start_servers()
    env.sql(*TABLE)
    file, offset, _ = env.source.position()
    env.sql("INSERT INTO it.t VALUES (2,2)", "UPDATE it.t SET v=3 WHERE id=2", "DELETE FROM it.t WHERE id=2")
    env.redis.stop()  # tail needs none
    _, out, _ = env.sluice([{"table": "it.t"}]).call("tail", "--from", f"{file}:{offset}", "--limit", "3", status=0, timeout=30)
    changes = [json.loads(line) for line in out.splitlines()]
    if [change.get("op") for change in changes] != ["insert", "update", "delete"]:
        raise Failure(f"tail printed {out}")

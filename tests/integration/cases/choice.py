"""What goes into the cache: which tables, columns and rows."""
import json

from harness import masks
from harness.env import HEARTBEAT, case
from harness.oracle import Table
from harness.place import Failure
from harness.process import wait_until
from harness.sluice import BAD_CONFIG, CANNOT_CONTINUE, SOURCE_UNUSABLE


@case()
def case_tables_by_name_wildcard_and_regex(env):
    """Every table of two databases has the same row; the first entry that matches decides, for statements, too."""
    env.start_servers()
    names = ["users", "order_1", "order_22", "order_x", "a_log", "other"]
    for db in ("it", "it2"):
        env.sql(f"CREATE DATABASE {db}", *[f"CREATE TABLE {db}.{name} (id INT PRIMARY KEY, v INT)" for name in names],
                *[f"INSERT INTO {db}.{name} VALUES (1,1)" for name in names])
    entries = [{"table": "it.users", "value": "json"}, {"table": "it.*_log", "skip": True},
               {"table": r"/it2?\.order_[0-9]+/"}, {"table": "it2.*", "skip": True}, {"table": "it.o?her"}]
    program = env.sluice(entries).start()
    tables = [Table("it", "users", "json"), Table("it", "order_1"), Table("it", "order_22"), Table("it", "other"),
              Table("it2", "order_1"), Table("it2", "order_22")]
    foreign = [b"it2:session:1", b"it2:order_x:1"]
    for key in foreign:
        env.redis_call("SET", key, "mine")
    env.settle(tables, foreign)
    env.sql("TRUNCATE it.order_22", "TRUNCATE it.a_log", "RENAME TABLE it.order_1 TO it.b_log, it.a_log TO it.order_3",
            "INSERT INTO it.order_3 VALUES (7,7)", "UPDATE it.other SET v=2", "ALTER TABLE it2.other ADD w INT")
    tables = [Table("it", "users", "json"), Table("it", "order_22"), Table("it", "order_3"), Table("it", "other"),
              Table("it2", "order_1"), Table("it2", "order_22")]
    env.settle(tables, foreign)
    env.sql("DROP DATABASE it2")
    env.settle(tables[:4], foreign)
    program.stop()


@case()
def case_regex_that_gives_up_stops_the_stream(env):
    """A table whose name takes too long to judge is not left out in silence."""
    env.start_servers()
    name = "a" * 40 + "xb"
    env.sql("CREATE DATABASE it", f"CREATE TABLE it.{name} (id INT PRIMARY KEY)")
    program = env.sluice([{"table": r"/it\.(a|aa)+b/"}]).start()
    env.sql(f"INSERT INTO it.{name} VALUES (1)")
    program.expect_exit(SOURCE_UNUSABLE, rf"too many steps to say whether it matches it\.{name}")


@case()
def case_columns_but_some(env):
    """Columns that come and go later; one that is named and gone is told with its table."""
    env.start_servers(binlog_row_metadata="FULL")
    env.sql("CREATE DATABASE it", "CREATE TABLE it.t (id INT PRIMARY KEY, a INT, secret VARCHAR(9), b INT)",
            "CREATE TABLE it.j (id INT PRIMARY KEY, secret VARCHAR(9), b INT)",
            "INSERT INTO it.t VALUES (1,1,'x',1)", "INSERT INTO it.j VALUES (1,'x',1)")
    entries = [{"table": "it.t", "except": ["secret"]}, {"table": "it.j", "except": ["secret"], "value": "json"}]
    program = env.sluice(entries).start()
    tables = [Table("it", "t", columns=["id", "a", "b"]), Table("it", "j", "json", columns=["id", "b"])]
    env.settle(tables)
    env.sql("UPDATE it.t SET secret='y'", "UPDATE it.t SET a=2, secret='z'", "UPDATE it.j SET secret=NULL, b=NULL",
            "ALTER TABLE it.t ADD c INT DEFAULT 7", "UPDATE it.t SET c=8", "INSERT INTO it.t VALUES (2,2,NULL,2,2)")
    tables[0].columns.append("c")
    env.settle(tables)
    env.sql("ALTER TABLE it.j DROP COLUMN secret", "UPDATE it.j SET b=5")
    program.expect_exit(SOURCE_UNUSABLE, r"leaves out the column secret, which table it\.j does not have")


@case()
def case_update_of_other_columns_writes_nothing(env):
    """What somebody else has put under the key stays until a change of what is kept."""
    env.start_servers(binlog_row_image="FULL")
    env.sql("CREATE DATABASE it", "CREATE TABLE it.t (id INT PRIMARY KEY, v INT, hits INT)", "INSERT INTO it.t VALUES (1,1,1)")
    table = Table("it", "t", "json", columns=["id", "v"])
    env.sluice([table]).start()
    env.settle([table])
    env.redis_call("SET", "it:t:1", "marked")
    env.sql("UPDATE it.t SET hits=hits+1", "UPDATE it.t SET hits=NULL")
    env.quiesce()
    if env.redis_call("GET", "it:t:1") != b"marked":
        raise Failure("an update of a column that is not kept was written")
    env.sql("UPDATE it.t SET v=2")
    env.settle([table])


@case()
def case_random_changes_to_some_columns(env):
    env.start_servers()
    work = env.workload(["types", "small", "composite"], value=env.rng.choice(["hash", "json"]))
    tables = work.oracle_tables
    for table, columns in zip(tables, (["id", "c_int", "c_varchar", "c_json", "c_blob"], ["id", "note"], ["a", "b", "c", "number"])):
        table.columns = columns
    work.run(transactions=100)
    env.sluice(tables).start()
    env.settle(tables)
    work.run(seconds=env.seconds)
    env.settle(tables)


@case()
def case_filtered_rows_are_loaded_after_ddl(env):
    """What SELECT brings obeys the filter as well, also where keys are there from before."""
    env.start_servers(binlog_row_metadata="FULL")
    env.sql("CREATE DATABASE it", "CREATE TABLE it.t (id INT PRIMARY KEY, v INT)", "INSERT INTO it.t VALUES (1,1),(2,-2),(3,3)",
            "CREATE TABLE it.away (id INT PRIMARY KEY, v INT)", "INSERT INTO it.away VALUES (4,4),(5,-5)")
    tables = [Table("it", "t", where="v > 0", lua="v > 0")]
    env.sluice(tables).start()
    env.settle(tables)
    env.sql("ALTER TABLE it.t ADD w INT DEFAULT 5", "UPDATE it.t SET v=-v", "ALTER TABLE it.t MODIFY v BIGINT")
    env.settle(tables)
    env.sql("DROP TABLE it.t", "RENAME TABLE it.away TO it.t", "UPDATE it.t SET v=v+1")
    env.settle(tables)


@case()
def case_where_that_fails_stops_or_puts_rows_into_quarantine(env):
    env.start_servers()
    env.sql("CREATE DATABASE it", *[f"CREATE TABLE it.{name} (id INT PRIMARY KEY, v INT, secret VARCHAR(20))" for name in "qs"],
            "INSERT INTO it.q VALUES (1,1,'x'),(2,NULL,'not-to-be-seen'),(3,9,NULL)")
    entries = [{"table": "it.q", "where": "v < 5", "on_error": "quarantine"}, {"table": "it.s", "where": "v < 5"}]
    tables = [Table("it", "q", where="v < 5"), Table("it", "s", where="v < 5")]
    program = env.sluice(entries).start()
    env.settle(tables)
    env.sql("INSERT INTO it.s VALUES (1,1,'y'),(2,7,'y')", "UPDATE it.q SET v=NULL WHERE id=1", "UPDATE it.q SET v=2 WHERE id IN (2,3)")
    env.settle(tables)
    if program.said().count("where\\\" of table it.q fails") + program.said().count('where" of table it.q fails') != 1:
        raise Failure(f"the quarantine is not told once: {program.said()[-1500:]}")
    wait_until("the heartbeat to count 2 rows in quarantine", 10,
               lambda: json.loads(env.redis_call("GET", HEARTBEAT) or "{}").get("quarantined") == 2)
    wait_until("status to count the rows in quarantine", 10, lambda: '"quarantined":2' in program.call("status", "--json")[1])
    env.sql("UPDATE it.s SET v=NULL, secret='not-to-be-seen' WHERE id=1")
    program.expect_exit(CANNOT_CONTINUE, r"table it\.s fails on a row: attempt to compare nil with number")
    if "not-to-be-seen" in program.said():
        raise Failure("a row's value is in the log")


@case()
def case_where_that_loops_for_ever_is_cut_off(env):
    env.start_servers()
    env.sql("CREATE DATABASE it", "CREATE TABLE it.t (id INT PRIMARY KEY)", "INSERT INTO it.t VALUES (1)")
    program = env.sluice([{"table": "it.t", "where": "(function() while true do end end)()"}])
    program.start(ready=False)
    program.expect_exit(CANNOT_CONTINUE, r"table it\.t fails on a row: it takes more than 100000 steps")


@case()
def case_where_with_a_misspelt_column_is_refused(env):
    env.start_servers()
    env.sql("CREATE DATABASE it", "CREATE TABLE it.t (id INT PRIMARY KEY, status INT)", "INSERT INTO it.t VALUES (1,1)")
    program = env.sluice([{"table": "it.t", "where": "sttaus ~= 1"}])
    _, out, _ = program.call("check", status=1)
    if "it.t uses sttaus" not in out:
        raise Failure(f"check does not say it: {out}")
    program.start(ready=False)
    program.expect_exit(BAD_CONFIG, r"table it\.t uses sttaus, which is neither a column")


@case()
def case_random_changes_to_filtered_rows(env):
    env.start_servers()
    work = env.workload(["filtered"], value=env.rng.choice(["hash", "json"]), truncate=True)
    tables = work.oracle_tables
    if env.rng.random() < 0.5:
        tables[0].columns = ["id", "note", "number"]
    work.run(transactions=200)
    program = env.sluice(tables).start()
    env.settle(tables)
    work.run(seconds=env.seconds)
    program.restart(kill=True)
    work.run(seconds=env.seconds)
    env.settle(tables)


@case()
def case_random_changes_to_renamed_columns(env):
    env.start_servers()
    work = env.workload(["types", "small", "filtered"], value=env.rng.choice(["hash", "json"]))
    tables = work.oracle_tables
    tables[0].rename = {"c_int": "c_bigint", "c_bigint": "c_int", "id": 'the "id"'}
    tables[1].rename = {"note": "n:ä"}
    tables[2].rename = {"state": "s", "number": "state"}
    work.run(transactions=100)
    env.sluice(tables).start()
    env.settle(tables)
    work.run(seconds=env.seconds)
    env.settle(tables)


@case()
def case_random_changes_to_masked_columns(env):
    """No value of a masked column is anywhere in Redis."""
    env.start_servers()
    work = env.workload(["types", "small", "filtered"], value=env.rng.choice(["hash", "json"]))
    tables = work.oracle_tables
    tables[0].mask = {"c_int": masks.text("none"), "c_blob": masks.DIGEST, "c_latin1": masks.DIGEST,
                      "c_varchar": masks.last(3), "c_datetime6": masks.NOTHING, "c_decimal": masks.DIGEST}
    tables[1].mask = {"note": masks.NOTHING, "number": masks.last(1)}
    tables[2].mask = {"state": masks.DIGEST, "body": masks.DIGEST}
    work.run(transactions=100)
    env.sluice(tables).start()
    env.settle(tables)
    work.run(seconds=env.seconds)
    env.settle(tables)


@case()
def case_masked_key_column_is_refused(env):
    env.start_servers()
    env.sql("CREATE DATABASE it", "CREATE TABLE it.t (id INT PRIMARY KEY, v INT)", "INSERT INTO it.t VALUES (1,1)")
    program = env.sluice([{"table": "it.t", "mask": {"id": "null"}}])
    program.start(ready=False)
    program.expect_exit(BAD_CONFIG, r"masks the column id, of which the keys of table it\.t are made")


@case()
def case_sharded_tables_share_the_front_of_their_keys(env):
    """Three tables whose ids do not meet are one in Redis: loaded, streamed, reconciled; TRUNCATE of one is a gap."""
    env.start_servers()
    shards = [f"order_{number:04}" for number in (1, 2, 17)]
    env.sql("CREATE DATABASE it", *[f"CREATE TABLE it.{name} (id INT PRIMARY KEY, v INT)" for name in shards],
            *[f"INSERT INTO it.{name} VALUES ({at},1),({at + 3},1)" for at, name in enumerate(shards)])
    entries = [{"table": "it.order_*", "key": "{db}:{table:/_[0-9]{4}$//}:{pk}"}]
    program = env.sluice(entries, start="bootstrap").start()
    tables = [Table("it", name, front="it:order:") for name in shards]
    env.settle(tables)
    for _ in range(60):
        at = env.rng.randrange(3)
        row = at + 3 * env.rng.randrange(9)
        env.sql(env.rng.choice([f"REPLACE it.{shards[at]} VALUES ({row},{env.rng.randrange(9)})",
                                f"DELETE FROM it.{shards[at]} WHERE id={row}",
                                f"UPDATE IGNORE it.{shards[at]} SET id={at + 3 * env.rng.randrange(9)} WHERE id={row}"]))
    env.settle(tables)
    program.call("reconcile", status=0)
    env.sql(f"REPLACE it.{shards[0]} VALUES (300,1)")
    env.settle(tables)
    if '"300"' not in program.call("get", "it.order_0001", "300", status=0)[1]:
        raise Failure("get does not find a row of a shard")
    env.redis_call("HSET", "it:order:300", "v", "2")
    program.call("reconcile", status=1)
    program.call("reconcile", "--repair", status=0)
    env.settle(tables)


@case()
def case_reconcile_knows_what_is_chosen(env):
    """Rows that are filtered, renamed or masked are no drift; a key of a row that does not match is."""
    env.start_servers()
    work = env.workload(["filtered", "small"], value=env.rng.choice(["hash", "json"]))
    tables = work.oracle_tables
    tables[0].mask = {"body": masks.NOTHING, "note": masks.last(2)}
    tables[1].rename = {"note": "text"}
    env.sql("INSERT INTO it.filtered (id, state) VALUES (1000,'draft'),(1001,'open')")
    program = env.sluice(tables, start="bootstrap").start()
    work.run(transactions=200)
    env.settle(tables)
    program.call("reconcile", status=0)
    env.redis_call("DEL", "it:filtered:1000", "it:filtered:1001")
    kind = "SET" if tables[0].value == "json" else "HSET"
    env.redis_call(*([kind, "it:filtered:1000", "{}"] if kind == "SET" else [kind, "it:filtered:1000", "id", "1000"]))
    program.call("reconcile", status=1)
    program.call("reconcile", "--repair", status=0)
    env.settle(tables)

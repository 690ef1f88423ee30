"""Changes reach Redis exactly: random ones of every kind, and the particular ones that went wrong elsewhere."""
from harness.env import CHECKPOINT, HEARTBEAT, case
from harness.oracle import Table
from harness.place import Failure
from harness.process import wait_until


def _follow(env, value):
    """Random changes before, while and after the program runs."""
    env.start_servers()
    work = env.workload(value=value, truncate=True)
    work.run(transactions=100)
    program = env.sluice(work.oracle_tables).start()
    env.settle(work.oracle_tables)
    work.run(seconds=env.seconds)
    env.settle(work.oracle_tables)
    program.stop()


@case()
def case_random_changes_to_hashes(env):
    _follow(env, "hash")


@case()
def case_random_changes_to_json(env):
    _follow(env, "json")


@case()
def case_bootstrap_while_rows_change(env):
    env.start_servers()
    work = env.workload()
    work.run(transactions=400)
    work.start()
    program = env.sluice(work.oracle_tables).start()
    env.sleep(env.seconds)
    work.stop()
    env.settle(work.oracle_tables)
    program.stop()


@case()
def case_both_values_from_one_source_and_foreign_keys_stay(env):
    env.start_servers()
    first = env.workload(["types", "small"], value="hash", db="it_hash")
    second = env.workload(["types", "composite"], value="json", db="it_json")
    foreign = [b"session:1", b"it_hash", b"it_hash:other:1"]
    for key in foreign:
        env.redis_call("SET", key, "mine")
    tables = first.oracle_tables + second.oracle_tables
    env.sluice(tables).start()
    for work in (first, second):
        work.start()
    env.sleep(env.seconds)
    for work in (first, second):
        work.stop()
    env.settle(tables, foreign)
    for key in foreign:
        if env.redis_call("GET", key) != b"mine":
            raise Failure(f"foreign key {key!r} was changed")


@case()
def case_changed_and_swapped_primary_keys(env):
    env.start_servers()
    env.sql("CREATE DATABASE it", "CREATE TABLE it.t (id INT PRIMARY KEY, v VARCHAR(20))",
            "INSERT INTO it.t VALUES (1,'one'),(2,'two'),(3,'three')")
    tables = [Table("it", "t")]
    env.sluice(tables).start()
    env.sql("UPDATE it.t SET id=10 WHERE id=1", "BEGIN", "UPDATE it.t SET id=-1 WHERE id=2", "UPDATE it.t SET id=2 WHERE id=3",
            "UPDATE it.t SET id=3 WHERE id=-1", "COMMIT",
            "UPDATE it.t SET id=id+100 ORDER BY id DESC", "DELETE FROM it.t WHERE id=110", "INSERT INTO it.t VALUES (110,'again')")
    env.settle(tables)
    if env.redis_call("HGET", "it:t:102", "v") != b"three":
        raise Failure("the swapped row 102 does not hold 'three'")


@case()
def case_key_that_changes_its_letter_case_only(env):
    env.start_servers()
    env.sql("CREATE DATABASE it", "CREATE TABLE it.t (k VARCHAR(20) COLLATE utf8mb4_general_ci PRIMARY KEY, v INT)",
            "INSERT INTO it.t VALUES ('a',1),('B',2)")
    tables = [Table("it", "t")]
    env.sluice(tables).start()
    env.sql("UPDATE it.t SET k='A' WHERE k='a'", "REPLACE INTO it.t VALUES ('b',3)",
            "INSERT INTO it.t VALUES ('C',1) ON DUPLICATE KEY UPDATE k='c'",
            "INSERT INTO it.t VALUES ('C',1) ON DUPLICATE KEY UPDATE k='c'")
    env.settle(tables)


@case()
def case_composite_keys_do_not_collide(env):
    env.start_servers()
    env.sql("CREATE DATABASE it", "CREATE TABLE it.t (a VARCHAR(20), b VARCHAR(20), PRIMARY KEY (a,b))")
    tables = [Table("it", "t")]
    env.sluice(tables).start()
    env.sql("INSERT INTO it.t VALUES ('1','23'),('12','3'),('a:b','c'),('a','b:c'),('%3A',''),(':',''),('{x}','y'),('%7Bx%7D','y')")
    env.settle(tables)
    keys = {key for key in env.redis.connect().keys() if not key.startswith(b"sluice:")}
    if len(keys) != 8:
        raise Failure(f"8 rows have {len(keys)} keys: {sorted(keys)}")


@case()
def case_truncate_drop_and_rename(env):
    env.start_servers()
    env.sql("CREATE DATABASE it", *[f"CREATE TABLE it.{name} (id INT PRIMARY KEY, v INT)" for name in "abcde"],
            *[f"INSERT INTO it.{name} VALUES (1,1),(2,2)" for name in "abcde"],
            "CREATE DATABASE it_gone", "CREATE TABLE it_gone.t (id INT PRIMARY KEY)", "INSERT INTO it_gone.t VALUES (1)")
    program = env.sluice([{"table": "it.*"}, {"table": "it_gone.*"}]).start()
    env.quiesce()  # with MINIMAL metadata rows that wait behind a RENAME have columns that are not certain
    env.sql("TRUNCATE TABLE it.a", "INSERT INTO it.a VALUES (3,3)", "DROP TABLE it.b", "DROP DATABASE it_gone",
            "RENAME TABLE it.c TO it.c_new", "INSERT INTO it.c_new VALUES (4,4)",
            "RENAME TABLE it.d TO it.tmp, it.e TO it.d, it.tmp TO it.e", "INSERT INTO it.d VALUES (5,5)",
            "CREATE TABLE it.b (id INT PRIMARY KEY, other VARCHAR(5))", "INSERT INTO it.b VALUES (7,'x')")
    env.settle([Table("it", name) for name in ("a", "b", "c_new", "d", "e")])
    program.stop()


@case()
def case_columns_added_and_dropped(env):
    """The program lags behind the statements, so that rows of three layouts wait in the log."""
    env.start_servers(binlog_row_metadata="FULL")
    env.sql("CREATE DATABASE it", "CREATE TABLE it.t (id INT PRIMARY KEY, a VARCHAR(20), b INT)", "INSERT INTO it.t VALUES (1,'x',1)")
    tables = [Table("it", "t")]
    program = env.sluice(tables).start()
    env.settle(tables)
    program.stop()
    env.sql("INSERT INTO it.t VALUES (2,'y',2)", "ALTER TABLE it.t ADD COLUMN c VARCHAR(10) AFTER id",
            "INSERT INTO it.t VALUES (3,'new','z',3)", "UPDATE it.t SET b=9 WHERE id=1", "ALTER TABLE it.t DROP COLUMN a",
            "INSERT INTO it.t VALUES (4,'c4',4)", "ALTER TABLE it.t CHANGE b bb BIGINT", "UPDATE it.t SET bb=bb+1, c='all'")
    program.start()
    env.settle(tables)
    env.sql("ALTER TABLE it.t ADD COLUMN d INT NOT NULL DEFAULT 7", "INSERT INTO it.t (id) VALUES (5)", "UPDATE it.t SET d=8")
    env.settle(tables)


@case()
def case_table_without_primary_key(env):
    """A unique NOT NULL index stands in for it; a table without one is refused by name."""
    env.start_servers()
    env.sql("CREATE DATABASE it", "CREATE TABLE it.u (v INT, code VARCHAR(10) NOT NULL, maybe INT, UNIQUE KEY maybe (maybe), UNIQUE KEY code (code))",
            "INSERT INTO it.u VALUES (1,'a',NULL)", "CREATE TABLE it.bare (v INT)", "INSERT INTO it.bare VALUES (1)")
    tables = [Table("it", "u")]
    program = env.sluice(tables).start()
    env.sql("INSERT INTO it.u VALUES (2,'b',5)", "UPDATE it.u SET v=3, code='c' WHERE code='a'")
    env.settle(tables)
    program.stop()
    other = env.sluice([{"table": "it.bare"}], pipeline="other")
    other.start(ready=False)
    if other.process.wait(60) == 0:
        raise Failure(f"a table without any key was not refused: {other.said()}")
    if "it.bare" not in other.said():
        raise Failure(f"the refusal does not name it.bare: {other.said()}")


@case()
def case_savepoints_are_no_boundary(env):
    env.start_servers()
    env.sql("CREATE DATABASE it", "CREATE TABLE it.t (id INT PRIMARY KEY, v INT)")
    tables = [Table("it", "t")]
    env.sluice(tables).start()
    env.sql("BEGIN", "INSERT INTO it.t VALUES (1,1)", "SAVEPOINT a", "INSERT INTO it.t VALUES (2,2)", "SAVEPOINT b",
            "UPDATE it.t SET v=5", "ROLLBACK TO SAVEPOINT b", "INSERT INTO it.t VALUES (3,3)", "ROLLBACK TO SAVEPOINT a",
            "INSERT INTO it.t VALUES (4,4)", "RELEASE SAVEPOINT a", "COMMIT",
            "BEGIN", "INSERT INTO it.t VALUES (9,9)", "SAVEPOINT c", "ROLLBACK")
    env.settle(tables)


@case()
def case_savepoint_rolled_back_behind_rows_in_the_log(env):
    """A changed MyISAM table makes the server log ROLLBACK TO behind the rows instead of cutting them out."""
    # With consistent GTIDs MySQL refuses such transactions.
    env.start_servers(**({"gtid_mode": "OFF", "enforce_gtid_consistency": "OFF"} if env.is_mysql else {}))
    env.sql("CREATE DATABASE it", "CREATE TABLE it.t (id INT PRIMARY KEY, v INT)",
            "CREATE TABLE it.m (id INT PRIMARY KEY) ENGINE=MyISAM", "INSERT INTO it.t VALUES (1,1),(2,2)")
    tables = [Table("it", "t"), Table("it", "m")]
    env.sluice(tables).start()
    env.sql("BEGIN", "UPDATE it.t SET v=10 WHERE id=1", "SAVEPOINT a", "INSERT INTO it.m VALUES (1)",
            "UPDATE it.t SET v=11 WHERE id=1", "INSERT INTO it.t VALUES (3,3)", "DELETE FROM it.t WHERE id=2",
            "ROLLBACK TO SAVEPOINT a", "UPDATE it.t SET v=12 WHERE id=2", "COMMIT",
            "BEGIN", "INSERT INTO it.t VALUES (4,4)", "INSERT INTO it.m VALUES (2)", "ROLLBACK")
    env.settle(tables)


@case()
def case_tables_without_transactions(env):
    """MyISAM's changes end with a Query event COMMIT in place of an Xid."""
    env.start_servers()
    work = env.workload(["myisam"], rollbacks=False)
    program = env.sluice(work.oracle_tables).start()
    env.sql("INSERT INTO it.myisam VALUES (1,'a',1),(2,'b',2)", "UPDATE it.myisam SET number=5", "DELETE FROM it.myisam WHERE id=2")
    env.settle(work.oracle_tables)
    program.restart(kill=True)
    env.sql("INSERT INTO it.myisam VALUES (3,'c',3)")
    env.settle(work.oracle_tables)


@case()
def case_xa_transactions_across_a_restart(env):
    env.start_servers()
    env.sql("CREATE DATABASE it", "CREATE TABLE it.t (id INT PRIMARY KEY, v VARCHAR(20))")
    tables = [Table("it", "t")]
    program = env.sluice(tables).start()

    def prepare(name, number):
        env.sql(f"XA START '{name}'", f"INSERT INTO it.t VALUES ({number},'{name}')", f"XA END '{name}'", f"XA PREPARE '{name}'")

    prepare("kept", 1)
    prepare("dropped", 2)
    env.sql("INSERT INTO it.t VALUES (3,'plain')", "XA START 'one'", "INSERT INTO it.t VALUES (4,'one')", "XA END 'one'",
            "XA COMMIT 'one' ONE PHASE")
    wait_until("row 4 of XA COMMIT … ONE PHASE in Redis", 30, lambda: env.redis_call("EXISTS", "it:t:4"))
    if env.redis_call("EXISTS", "it:t:1", "it:t:2"):
        raise Failure("a prepared transaction's row is in Redis before its decision")
    program.restart(kill=True)
    env.sql("XA COMMIT 'kept'", "XA ROLLBACK 'dropped'", "INSERT INTO it.t VALUES (5,'after')")
    env.settle(tables)
    program.restart()
    env.settle(tables)


@case()
def case_generated_and_invisible_columns(env):
    env.start_servers()
    env.sql("CREATE DATABASE it", "CREATE TABLE it.t (id INT PRIMARY KEY, a INT, s INT AS (a*2) STORED, v INT AS (a+1) VIRTUAL, "
            "hidden VARCHAR(9) INVISIBLE)", "INSERT INTO it.t (id,a,hidden) VALUES (1,1,'h'),(2,NULL,'i')")
    tables = [Table("it", "t")]
    env.sluice(tables).start()
    env.sql("INSERT INTO it.t (id,a) VALUES (3,3)", "UPDATE it.t SET a=a+1, hidden='j' WHERE id=1")
    env.settle(tables)


@case()
def case_chosen_columns_and_key_template(env):
    env.start_servers()
    env.sql("CREATE DATABASE it", "CREATE TABLE it.t (id INT PRIMARY KEY, code VARCHAR(9) NOT NULL, a INT, b INT)",
            "INSERT INTO it.t VALUES (1,'c:1',1,1)")
    tables = [Table("it", "t", "json", key=["code", "id"], columns=["id", "a"])]
    env.sluice(tables).start()
    env.sql("INSERT INTO it.t VALUES (2,'c2',2,2)", "UPDATE it.t SET code='c3' WHERE id=1", "UPDATE it.t SET b=9")
    env.settle(tables)


@case()
def case_row_leaves_and_enters_the_filter(env):
    env.start_servers()
    env.sql("CREATE DATABASE it", "CREATE TABLE it.t (id INT PRIMARY KEY, status VARCHAR(9), v INT)",
            "INSERT INTO it.t VALUES (1,'open',1),(2,'draft',2)")
    table = Table("it", "t", where="status <> 'draft'", lua="status ~= 'draft'")
    env.sluice([table]).start()
    env.settle([table])
    env.sql("UPDATE it.t SET status='draft' WHERE id=1", "UPDATE it.t SET status='open', v=5 WHERE id=2", "INSERT INTO it.t VALUES (3,'draft',3)",
            "UPDATE it.t SET v=7 WHERE id=1")
    env.settle([table])


@case()
def case_checkpoint_and_heartbeat_advance_on_an_idle_source(env):
    env.start_servers()
    env.sql("CREATE DATABASE it", "CREATE TABLE it.t (id INT PRIMARY KEY)", "CREATE DATABASE other", "CREATE TABLE other.t (id INT)")
    env.sluice([Table("it", "t")]).start()
    env.quiesce()
    missing = {"gtid", "file", "pos", "server_uuid"} - set(env.checkpoint())
    if missing:
        raise Failure(f"the checkpoint lacks {sorted(missing)}: {env.checkpoint()}")
    env.sql("INSERT INTO other.t VALUES (1),(2)", "FLUSH BINARY LOGS")
    env.quiesce(timeout=30)

    def at_end():
        # Asked for each time: MariaDB writes the event of its binlog checkpoint a while after the new file began.
        held, (file, offset, _) = env.checkpoint(), env.source.position()
        return held["file"] == file and int(held["pos"]) == offset

    wait_until(lambda: f"file and pos of the checkpoint to be {env.source.position()}; it is {env.checkpoint()}", 30, at_end)

    def heartbeat():
        kind = env.redis_call("TYPE", HEARTBEAT)
        return env.redis_call("GET", HEARTBEAT) if kind == b"string" else env.redis_call("HGETALL", HEARTBEAT) or None

    first = wait_until("a heartbeat", 10, heartbeat)
    # -2: it was not refreshed in time, as may be on a busy machine; -1: it would stay for ever.
    if wait_until("the heartbeat to be there", 10, lambda: env.redis_call("PTTL", HEARTBEAT) + 2) < 2:
        raise Failure("the heartbeat has no TTL")
    wait_until("the heartbeat to change on an idle source", 3, lambda: heartbeat() not in (None, first))
    if env.redis_call("TYPE", CHECKPOINT) != b"hash":
        raise Failure("the checkpoint is no hash")


@case(servers=("mysql",))
def case_compressed_transactions(env):
    env.start_servers(binlog_transaction_compression="ON")
    work = env.workload()
    program = env.sluice(work.oracle_tables).start()
    work.start()
    env.sleep(env.seconds / 2)
    program.restart(kill=True)
    env.sleep(env.seconds / 2)
    work.stop()
    env.settle(work.oracle_tables)


@case(servers=("mariadb",))
def case_compressed_events(env):
    env.start_servers(log_bin_compress="ON", log_bin_compress_min_len="10")
    work = env.workload()
    env.sluice(work.oracle_tables).start()
    work.run(seconds=env.seconds)
    env.settle(work.oracle_tables)


@case(servers=("mysql",))
def case_partial_json_updates(env):
    env.start_servers()
    env.sql("CREATE DATABASE it", "CREATE TABLE it.h (id INT PRIMARY KEY, j JSON, k JSON)", "CREATE TABLE it.j LIKE it.h",
            *[f"INSERT INTO it.{name} VALUES (1, JSON_OBJECT('a', REPEAT('x',100), 'l', JSON_ARRAY(1,2,3)), '[1,2]'), (2, '{{}}', NULL)" for name in "hj"])
    tables = [Table("it", "h"), Table("it", "j", "json")]
    env.sluice(tables).start()
    changes = ["j=JSON_SET(j,'$.a','short')", "j=JSON_SET(j,'$.l[1]',20), k=JSON_SET(k,'$[0]','y')", "j=JSON_REMOVE(j,'$.l[0]')",
               "j=JSON_REPLACE(j,'$.a',JSON_OBJECT('n',1)), k='[9]'", "j=JSON_ARRAY_INSERT(j,'$.l[0]',0)", "k=JSON_SET(k,'$[5]',1)"]
    for image in ("FULL", "MINIMAL"):
        for name in "hj":
            env.sql("SET SESSION binlog_row_value_options='PARTIAL_JSON'", f"SET SESSION binlog_row_image='{image}'",
                    *[f"UPDATE it.{name} SET {change}" for change in changes])
        env.settle(tables)


@case(servers=("mysql",))
def case_tagged_gtids(env):
    env.start_servers()
    env.sql("CREATE DATABASE it", "CREATE TABLE it.t (id INT PRIMARY KEY)")
    tables = [Table("it", "t")]
    program = env.sluice(tables).start()
    env.sql("SET gtid_next='AUTOMATIC:shop'", "INSERT INTO it.t VALUES (1)", "INSERT INTO it.t VALUES (2)", "SET gtid_next='AUTOMATIC'",
            "INSERT INTO it.t VALUES (3)")
    env.settle(tables)
    program.restart(kill=True)
    env.sql("SET gtid_next='AUTOMATIC:shop'", "DELETE FROM it.t WHERE id=1")
    env.settle(tables)


@case(servers=("mysql",))
def case_generated_invisible_primary_key(env):
    env.start_servers(sql_generate_invisible_primary_key="ON")
    env.sql("CREATE DATABASE it", "CREATE TABLE it.t (v VARCHAR(9))", "INSERT INTO it.t VALUES ('a'),('b')")
    tables = [Table("it", "t")]
    env.sluice(tables).start()
    env.sql("INSERT INTO it.t VALUES ('c')", "UPDATE it.t SET v='d' WHERE v='a'", "DELETE FROM it.t WHERE v='b'")
    env.settle(tables)

"""Rows with several keys: what `index` adds to Redis follows its rows, whatever happens to them and to the processes."""
from harness.churn import Churn
from harness.env import CHECKPOINT, case
from harness.loading import DEFAULTS, heal, load_states, wait_loaded
from harness.oracle import Table
from harness.place import Failure

KINDS = ("indexed", "wanted")


def _work(env, kinds=KINDS, **changes):
    return env.workload(kinds, value=env.rng.choice(["hash", "json"]), **changes)


@case()
def case_items_follow_their_rows(env):
    """Each change by itself, so that a wrong one is seen before another mends it."""
    env.start_servers()
    env.sql("CREATE DATABASE it", "CREATE TABLE it.users (id INT PRIMARY KEY, email VARCHAR(40) UNIQUE, team INT, note VARCHAR(40))",
            "INSERT INTO it.users VALUES (1,'a@x',1,'n'),(2,'b@x',1,NULL),(3,NULL,NULL,NULL)")
    table = Table("it", "users", columns=["id", "note"], index={"mail:{email}": "{id}", "team:{team}": {"set": "{id}:{note}"}})
    env.sluice([table]).start()
    env.settle([table])
    for statements in (["INSERT INTO it.users VALUES (4,'d:%{}@x',2,'\\r\\n$3\\r\\n')"], ["UPDATE it.users SET note='m' WHERE id=1"],
                       ["UPDATE it.users SET email='A@x' WHERE id=1"], ["UPDATE it.users SET team=NULL WHERE id=2"],
                       ["UPDATE it.users SET team=2, email='c@x' WHERE id=3"], ["DELETE FROM it.users WHERE id=4"],
                       ["BEGIN", "UPDATE it.users SET email=NULL WHERE id=1", "UPDATE it.users SET email='a@x' WHERE id=2",
                        "UPDATE it.users SET email='b@x' WHERE id=1", "COMMIT"],
                       ["UPDATE it.users SET id=id+10"], ["BEGIN", "DELETE FROM it.users WHERE id=11", "INSERT INTO it.users VALUES (5,'b@x',2,NULL)", "COMMIT"],
                       ["REPLACE it.users VALUES (12,'B@X',2,NULL)"], ["BEGIN", "DELETE FROM it.users", "ROLLBACK"],
                       ["UPDATE it.users SET note='o', team=3"], ["DELETE FROM it.users"], ["INSERT INTO it.users VALUES (1,'a@x',1,'n')"],
                       ["TRUNCATE it.users"], ["INSERT INTO it.users VALUES (1,'a@x',1,'n'),(2,'A@y',1,'n')"], ["DROP TABLE it.users"]):
        env.sql(*statements)
        try:
            env.settle([table])
        except Failure as failure:
            raise Failure(f"after {statements}: {failure}") from failure


@case(timeout=240)
def case_random_changes_to_rows_with_items(env):
    env.start_servers()
    work = _work(env, truncate=True)
    tables = work.oracle_tables
    tables[0].columns = env.rng.choice([None, ["id", "note"], ["id", "email", "tag", "owner", "number"]])
    work.run(transactions=300)
    env.sluice(tables).start()
    env.settle(tables)
    for _ in range(3):
        work.run(seconds=env.seconds)
        env.settle(tables)


@case(timeout=240)
def case_random_changes_to_items_of_rows_that_are_shown_otherwise(env):
    """Names, masks and compression say nothing about items; columns that are not kept can be in them."""
    env.start_servers()
    work = _work(env)
    tables = work.oracle_tables
    tables[0].rename = {"email": "owner", "owner": "email", "id": "tag", "tag": "id"}
    tables[0].mask = {"note": ("null", lambda raw: None)}
    tables[0].index = {"mail:{email}": "{id}", "of:{owner}": {"set": "{tag}:{id}"}}
    tables[0].compress = {"compress": "zstd", "min_bytes": 10}
    tables[0].ttl = 36000
    tables[1].but = ["code", "owner", "state"]
    work.run(transactions=300)
    env.sluice(tables).start()
    env.settle(tables)
    work.run(seconds=2 * env.seconds)
    env.settle(tables)


@case(timeout=240)
def case_items_of_rows_that_a_function_leaves_out(env):
    """A row that it makes nothing of has no items; one that it makes an empty row of has."""
    env.start_servers()
    env.sql("CREATE DATABASE it", *[f"CREATE TABLE it.{name} (id INT PRIMARY KEY, email VARCHAR(40) UNIQUE, team INT, state VARCHAR(9))" for name in "hj"],
            *[f"INSERT INTO it.{name} VALUES (1,'a@x',1,'open'),(2,'b@x',1,'hidden'),(3,'c@x',2,'empty')" for name in "hj"])
    function = ("function(row) if row.state == 'hidden' then return nil end if row.state == 'empty' then return {} end return { mail = row.email } end",
                lambda cells, own: {b"hidden": None, b"empty": {}}.get(cells["state"], {"mail": cells["email"] and cells["email"].decode()}))
    tables = [Table("it", name, value, transform=function, index={f"{name}:mail:{{email}}": "{id}", f"{name}:team:{{team}}": {"set": "{id}"}})
              for name, value in (("h", "hash"), ("j", "json"))]
    program = env.sluice(tables, start="bootstrap").start()
    env.settle(tables)
    for statement in ("UPDATE {} SET state='hidden' WHERE id=1", "UPDATE {} SET state='open' WHERE id=2", "UPDATE {} SET state='hidden', team=3 WHERE id=3",
                      "INSERT INTO {} VALUES (4,'d@x',3,'hidden'),(5,'e@x',3,'open')", "UPDATE {} SET state='empty', email='f@x' WHERE id=4",
                      "UPDATE {} SET email='g@x' WHERE id=1", "UPDATE {} SET state='hidden', email='h@x', team=9 WHERE id=5"):
        env.sql(*[statement.format(table) for table in tables])
        env.settle(tables)
    program.call("reconcile", status=0)
    env.redis_call("SET", "h:mail:h@x", "5")
    env.redis_call("SADD", "j:team:9", "5")
    program.call("bootstrap", status=0)
    env.settle(tables)
    env.redis_call("SET", "j:mail:h@x", "5")
    env.redis_call("DEL", "h:mail:f@x")
    program.call("reconcile", status=1)
    program.call("reconcile", "--repair", status=0)
    env.settle(tables)


@case(timeout=240)
def case_random_changes_to_items_in_minimal_images(env):
    """Old items cannot be known from the log: the table is loaded again, as often as it takes."""
    env.start_servers()
    work = _work(env, session=["SET SESSION binlog_row_image='MINIMAL'"])
    full = env.workload(KINDS, value="json", db="it_full")
    for table in work.schema.tables:
        table.index = {template.replace(":{", ":min:{", 1): value for template, value in table.index.items()}
    tables = work.oracle_tables + full.oracle_tables
    for run in (work, full):
        run.run(transactions=200)
    env.sluice(tables, **DEFAULTS).start()
    wait_loaded(env, tables)
    env.settle(tables)
    for _ in range(2):
        work.pause = 0.02
        work.start()
        full.run(seconds=env.seconds)
        work.stop()
        env.settle(tables, timeout=120)


@case(timeout=300)
def case_items_while_sluice_is_killed(env):
    env.start_servers()
    work = _work(env, truncate=True, pause=0.001)
    tables = work.oracle_tables
    program = env.sluice(tables, lease_ms=1000).start()
    work.start()
    for _ in range(max(4, int(env.seconds))):
        env.sleep(0.05, 1.0)
        program.kill()
        program.start(ready=False)
    work.stop()
    program.wait_ready()
    env.settle(tables, timeout=120)


@case(timeout=300)
def case_items_while_redis_is_killed(env):
    """An append-only file that is written once a second: a kill takes rows, items and the checkpoint back together."""
    env.start_source()
    env.start_redis(appendonly="yes", appendfsync="everysec")
    work = _work(env, truncate=True, pause=0.001)
    tables = work.oracle_tables
    env.sluice(tables).start()
    work.start()
    for _ in range(3):
        env.sleep(0.3, 1.2)
        env.redis.kill()
        env.sleep(0.1, 0.6)
        env.redis.start()
    env.sleep(0.5)
    work.stop()
    env.settle(tables, timeout=120)


def _stale_items(env):
    """What was right once: keys and members of rows that are gone, and of rows that are there under other items."""
    stale = [("SET", "mail:nobody@x", "1"), ("SADD", "of:1", "1000", "7"), ("SADD", "of:900", "1", "2"), ("SET", "indexed:tag:a:4711", "1-x"),
             ("SADD", "it:tags:%N", "1/x"), ("SET", "it:code:{zz}", "it:wanted:a:1"), ("SADD", "wanted:1:open", "a:99", "::"),
             ("SADD", "wanted:1:draft", "a:1")]
    for command in stale:
        env.redis_call(*command)


@case(timeout=240)
def case_loads_over_a_cache_with_stale_items(env):
    """The first load, one by command beside a daemon, and one without: each with items of no row in the way."""
    env.start_servers()
    work = _work(env)
    tables = work.oracle_tables
    foreign = [b"mail", b"of", b"of:x:y", b"wanted:1:open:x", b"it:code:{zz}x"]
    for key in foreign:
        env.redis_call("SET", key, "mine")
    work.run(transactions=300)
    _stale_items(env)
    program = env.sluice(tables, **DEFAULTS).start()
    wait_loaded(env, tables)
    env.settle(tables, foreign)
    _stale_items(env)
    work.start()
    program.call("bootstrap", status=0)
    work.stop()
    env.settle(tables, foreign)
    program.stop()
    work.run(transactions=100)
    _stale_items(env)
    program.call("bootstrap", "--table", str(tables[0]), "--table", str(tables[1]), status=0)
    program.start()
    env.settle(tables, foreign)


@case(timeout=300)
def case_heavy_changes_to_items_beside_loads(env):
    """Clients in processes of their own; loads by command, one of which is cut by kill -9."""
    env.start_servers()
    churn = Churn(env, 3000, kinds=("idx", "num"), clients=3, value=env.rng.choice(["hash", "json"]))
    tables = churn.oracle_tables
    tables[0].columns = env.rng.choice([None, ["id", "v", "note"]])
    program = env.sluice(tables, **DEFAULTS).start()
    churn.start()
    wait_loaded(env, tables)
    program.call("bootstrap", status=0)
    program.call("bootstrap", "--table", str(tables[0]), status=0)
    env.sleep(0.1, 0.5)
    program.kill()
    env.redis_call("HSET", "sluice:{it}:requests", "again", "load * rate=0")
    program.start(ready=False)
    env.sleep(0.1, 1)
    program.restart(kill=True)
    wait_loaded(env, tables)
    churn.stop()
    env.settle(tables, timeout=120)


@case()
def case_a_restart_loads_tables_with_items_no_more(env):
    env.start_servers()
    work = _work(env)
    tables = work.oracle_tables
    work.run(transactions=100)
    program = env.sluice(tables, **DEFAULTS).start()
    wait_loaded(env, tables)
    began = {name: state.began for name, state in load_states(env).items()}
    work.run(transactions=50)
    program.restart()
    work.run(transactions=50)
    env.settle(tables)
    again = {name: state.began for name, state in load_states(env).items()}
    if again != began:
        raise Failure(f"a restart has loaded tables again: they began at {began}, and now at {again}; sluice said: {program.said()[-1000:]}")


@case(timeout=240)
def case_items_after_a_gap(env):
    """Redis comes back empty, and then with a checkpoint that the source has no log for."""
    env.start_servers()
    work = _work(env)
    tables = work.oracle_tables
    work.run(transactions=200)
    env.sluice(tables, **DEFAULTS).start()
    wait_loaded(env, tables)
    work.start()
    env.sleep(0.5)
    env.redis_call("FLUSHALL")
    env.sleep(0.5)
    work.stop()
    heal(env, tables)
    env.redis_call("DEL", CHECKPOINT)
    work.run(transactions=50)
    heal(env, tables)


@case(timeout=240)
def case_items_of_tables_that_are_altered(env):
    env.start_servers(binlog_row_metadata="FULL")
    work = _work(env)
    tables = work.oracle_tables
    work.run(transactions=200)
    program = env.sluice(tables).start()
    env.settle(tables)
    work.tolerated = {1054, 1136, 1146, 1364}
    env.sql("ALTER TABLE it.indexed ADD more INT DEFAULT 7 FIRST", "ALTER TABLE it.indexed MODIFY owner BIGINT", "ALTER TABLE it.wanted MODIFY b BIGINT")
    work.run(transactions=100)
    env.settle(tables)
    env.sql("RENAME TABLE it.indexed TO it.away", "CREATE TABLE it.indexed LIKE it.away")
    work.run(transactions=100)
    env.settle(tables)
    env.sql("RENAME TABLE it.indexed TO it.old, it.away TO it.indexed")
    env.settle(tables)
    env.sql("UPDATE it.indexed SET owner=owner+1")
    env.settle(tables)
    env.sql("DROP DATABASE it")
    env.settle(tables)
    program.stop()


@case()
def case_shards_share_the_sets_of_an_index(env):
    """Three tables have members in the same sets, told apart by their names; none takes away what is another's."""
    env.start_servers()
    names = [f"order_{number}" for number in (1, 2, 17)]
    env.sql("CREATE DATABASE it", *[f"CREATE TABLE it.{name} (id INT PRIMARY KEY, customer INT)" for name in names],
            *[f"INSERT INTO it.{name} VALUES (1,1),(2,2)" for name in names])
    index = {"orders:{customer}": {"set": "{table}.{id}"}}
    entries = [{"table": "it.order_*", "index": index}]
    tables = [Table("it", name, index=index) for name in names]
    program = env.sluice(entries, start="bootstrap").start()
    env.settle(tables)
    for _ in range(60):
        name = env.rng.choice(names)
        env.sql(env.rng.choice([f"REPLACE it.{name} VALUES ({env.rng.randrange(9)},{env.rng.randrange(4)})",
                                f"DELETE FROM it.{name} WHERE id={env.rng.randrange(9)}",
                                f"UPDATE IGNORE it.{name} SET id={env.rng.randrange(9)} WHERE id={env.rng.randrange(9)}"]))
    env.settle(tables)
    env.sql("REPLACE it.order_1 VALUES (1,1)")
    env.settle(tables)
    program.call("reconcile", status=0)
    env.redis_call("SADD", "orders:1", "order_2.99")
    program.call("bootstrap", "--table", "it.order_2", status=0)
    env.settle(tables)
    env.redis_call("SADD", "orders:1", "order_17.99")
    env.redis_call("SREM", "orders:1", "order_1.1")
    program.call("reconcile", "--table", "it.order_2", status=0)
    program.call("reconcile", status=1)
    program.call("reconcile", "--repair", status=0)
    env.settle(tables)

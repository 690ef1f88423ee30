"""`sluice reconcile` of rows with several keys: items that drift are found, these and no others, and mended."""
import os

from harness import scenarios
from harness.churn import Churn
from harness.env import case
from harness.item_drift import ItemDrift
from harness.loading import DEFAULTS, wait_loaded
from harness.oracle import Table
from harness.place import Failure

FOREIGN = (b"mail:it_hash:idx", b"of:it_hash:idx:1:2", b"tags", b"tag:it_hash:idx:a:1:2")


def _reporter(env, program):
    report = os.path.join(program.folder, "drift.ndjson")

    def reconcile(status, *args):
        program.call("reconcile", "--report", program.place.inner(report), *args, status=status, timeout=600)
        return scenarios.read_report(report)

    return reconcile


def _loaded(env, rows=1500, **more):
    churns = [Churn(env, rows // 2, kinds=("idx",), db=f"it_{value}", value=value, clients=2, **more) for value in ("hash", "json")]
    with_ttl = Churn(env, rows // 4, kinds=("idx",), db="it_ttl", clients=1)
    tables = [table for churn in (*churns, with_ttl) for table in churn.oracle_tables]
    tables[2].ttl = 36000
    program = env.sluice(tables, **DEFAULTS).start()
    for churn in (*churns, with_ttl):
        churn.run(200)
    wait_loaded(env, tables)
    return churns, tables, program


def _find_and_mend(env, daemon):
    env.start_servers()
    for key in FOREIGN:
        env.redis_call("SET", key, "mine")
    _, tables, program = _loaded(env)
    env.settle(tables, FOREIGN)
    if not daemon:
        program.stop()
    reconcile = _reporter(env, program)
    lines = reconcile(0)
    if lines:
        raise Failure(f"nothing has drifted yet, but reported are {lines[:5]}")
    drift = ItemDrift(env, tables).corrupt(60)
    drift.require_reported(reconcile(1))
    drift.require_reported(reconcile(1))  # it only looked
    lines = reconcile(0, "--repair")
    drift.require_reported(lines)
    if not all(line["mended"] for line in lines):
        raise Failure(f"not mended: {[line for line in lines if not line['mended']][:5]}")
    lines = reconcile(0)
    if lines:
        raise Failure(f"all was mended, but reported are {lines[:5]}")
    if not daemon:
        program.start()
    env.settle(tables, FOREIGN)


@case(timeout=300)
def case_reconcile_names_drift_of_items_and_the_daemon_mends_it(env):
    _find_and_mend(env, daemon=True)


@case(timeout=300)
def case_reconcile_mends_items_without_a_daemon(env):
    _find_and_mend(env, daemon=False)


@case(timeout=300)
def case_reconcile_beside_heavy_changes_to_items_reports_nothing(env):
    env.start_servers()
    scenarios.reconcile_beside_changes(env, rows=9000, seconds=15, kinds=("idx", "num"))


@case(timeout=300)
def case_reconcile_of_items_beside_minimal_images_reports_nothing(env):
    """Their tables are loaded again, over and over: what is stale until then is no drift."""
    env.start_servers()
    work = env.workload(["indexed", "wanted"], session=["SET SESSION binlog_row_image='MINIMAL'"], pause=0.05)
    tables = work.oracle_tables
    program = env.sluice(tables, **DEFAULTS).start()
    wait_loaded(env, tables)
    report = os.path.join(program.folder, "drift.ndjson")
    work.start()
    for _ in range(3):
        status, _, err = program.call("reconcile", "--report", program.place.inner(report), timeout=600)
        lines = scenarios.read_report(report)
        if lines or (status != 0 and "being loaded" not in err and "unsettled" not in err):
            raise Failure(f"nothing has drifted, but reconcile ends with status {status} and reports {lines[:5]}: {err[-800:]}")
    work.stop()
    env.settle(tables, timeout=120)
    wait_loaded(env, tables)
    program.call("reconcile", status=0)


@case(timeout=300)
def case_reconcile_mends_items_beside_heavy_changes(env):
    """Corrupted items of rows that do not change are found among those that do."""
    env.start_servers()
    churns, tables, program = _loaded(env)
    steady = Churn(env, 400, kinds=("idx",), db="it_still", clients=1)
    tables += steady.oracle_tables
    program.config["tables"] += [env.entry(table) for table in steady.oracle_tables]
    program.write_config()
    program.restart()
    program.call("bootstrap", "--table", str(tables[-1]), status=0)
    reconcile = _reporter(env, program)
    drift = ItemDrift(env, steady.oracle_tables).corrupt(40)
    for churn in churns:
        churn.start()
    drift.require_reported(reconcile(1))
    drift.require_reported(reconcile(0, "--repair"))
    drift.due.clear()
    drift.require_reported(reconcile(0))
    for churn in churns:
        churn.stop()
    env.settle(tables, timeout=120)


@case(timeout=240)
def case_reconcile_since_finds_items_of_changed_rows(env):
    """Also those that a row had before and has no more; what drifted of other rows is left alone."""
    env.start_servers()
    env.sql("CREATE DATABASE it", "CREATE TABLE it.t (id INT PRIMARY KEY, email VARCHAR(40) UNIQUE, team INT)",
            *[f"INSERT INTO it.t VALUES ({number},'u{number}@x',{number % 3})" for number in range(1, 21)])
    table = Table("it", "t", index={"mail:{email}": "{id}", "team:{team}": {"set": "{id}"}})
    program = env.sluice([table], **DEFAULTS).start()
    wait_loaded(env, [table])
    env.settle([table])
    place = "{}:{}".format(*env.source.position()[:2])
    env.sql("UPDATE it.t SET email='new@x', team=7 WHERE id=3", "DELETE FROM it.t WHERE id=4", "INSERT INTO it.t VALUES (30,'v@x',1)")
    env.settle([table])
    for command in (("SET", "mail:u3@x", "3"), ("SADD", "team:0", "3"), ("SREM", "team:7", "3"), ("SADD", "team:1", "4"), ("SET", "mail:v@x", "31"),
                    ("DEL", "mail:u9@x"), ("SADD", "team:2", "9")):
        env.redis_call(*command)
    reconcile = _reporter(env, program)
    due = {("mail:u3@x", None): "orphan", ("team:0", "3"): "orphan", ("team:7", "3"): "missing", ("team:1", "4"): "orphan", ("mail:v@x", None): "different"}
    for args in ((), ("--repair",)):
        found = {(line["key"], line.get("member")): line["kind"] for line in reconcile(0 if args else 1, "--since", place, *args)}
        if found != due:
            raise Failure(f"reconcile --since {args} reports {found}, due is {due}")
    if reconcile(0, "--since", place):
        raise Failure("what was mended is reported again")
    found = {(line["key"], line.get("member")) for line in reconcile(0, "--repair")}
    if found != {("mail:u9@x", None), ("team:2", "9")}:
        raise Failure(f"the whole comparison reports {found}")
    env.settle([table])


@case(timeout=240)
def case_reconcile_of_items_of_rows_that_are_not_wanted(env):
    """Items of rows that `where` keeps out are drift; what is not shown of a row is no reason."""
    env.start_servers()
    work = env.workload(["wanted", "indexed"], value=env.rng.choice(["hash", "json"]))
    tables = work.oracle_tables
    tables[1].columns = ["id", "note"]
    program = env.sluice(tables, start="bootstrap").start()
    work.run(transactions=200)
    env.sql("REPLACE it.wanted (a,b,code,owner,state) VALUES ('x',1,'zz',3,'draft'),('x',2,'zy',3,'open')")
    env.settle(tables)
    reconcile = _reporter(env, program)
    if reconcile(0):
        raise Failure("nothing has drifted")
    env.redis_call("SET", "it:code:{zz}", "it:wanted:x:1")
    env.redis_call("SADD", "wanted:3:draft", "x:1")
    env.redis_call("DEL", "it:code:{zy}")
    for args in ((), ("--repair",)):
        found = {(line["key"], line.get("member")): line["kind"] for line in reconcile(0 if args else 1, *args)}
        if found != {("it:code:{zz}", None): "orphan", ("wanted:3:draft", "x:1"): "orphan", ("it:code:{zy}", None): "missing"}:
            raise Failure(f"reported are {found}")
    env.settle(tables)


@case(timeout=240)
def case_reconcile_reports_what_stands_where_a_set_should(env):
    """It is another's to remove; once it is gone, the members are mended."""
    env.start_servers()
    env.sql("CREATE DATABASE it", "CREATE TABLE it.t (id INT PRIMARY KEY, team INT)", "INSERT INTO it.t VALUES (1,1),(2,1),(3,2)")
    table = Table("it", "t", index={"team:{team}": {"set": "{id}"}})
    program = env.sluice([table], **DEFAULTS).start()
    wait_loaded(env, [table])
    env.settle([table])
    env.redis_call("SET", "team:1", "not a set")
    reconcile = _reporter(env, program)
    for args in ((), ("--repair",)):
        found = {(line["key"], line.get("member")): line["kind"] for line in reconcile(1, *args)}
        if found != {("team:1", "1"): "wrong_type", ("team:1", "2"): "wrong_type"}:
            raise Failure(f"reported are {found}")
    env.redis_call("DEL", "team:1")
    reconcile(0, "--repair")
    env.settle([table])

"""`sluice reconcile`: finds what drifted and nothing else, and mends it; make soak has the same in full."""
import os

from harness import scenarios
from harness.churn import Churn
from harness.env import case
from harness.loading import DEFAULTS, Command, require_sentence, wait_loaded
from harness.oracle import Table
from harness.place import Failure
from harness.process import wait_until
from harness.sluice import PIPELINE

LOCK = f"sluice:{{{PIPELINE}}}:reconcile"
FOREIGN = (b"session:1", b"it_hash", b"it_hash:other:1", b"it_hash:num:1:2", b"it_json:numbers:1", b"xit_hash:num:1", b"sluice-like")


def _set_foreign(env):
    for key in FOREIGN:
        env.redis_call("SET", key, "mine")


def _require_foreign(env):
    for key in FOREIGN:
        if env.redis_call("GET", key) != b"mine":
            raise Failure(f"foreign key {key!r} was changed")


@case(timeout=240)
def case_reconcile_names_every_kind_of_drift_and_the_daemon_mends_it(env):
    env.start_servers()
    _set_foreign(env)
    scenarios.reconcile_drift(env, rows=6000, count=40, foreign=FOREIGN)
    _require_foreign(env)


@case(timeout=240)
def case_reconcile_mends_without_a_daemon(env):
    env.start_servers()
    _set_foreign(env)
    scenarios.reconcile_drift(env, rows=6000, count=40, daemon=False, foreign=FOREIGN)
    _require_foreign(env)


@case(timeout=240)
def case_reconcile_beside_heavy_changes_reports_nothing(env):
    env.start_servers()
    scenarios.reconcile_beside_changes(env, rows=12000, seconds=15)


@case(timeout=240)
def case_reconcile_beside_heavy_changes_in_minimal_images_reports_nothing(env):
    env.start_servers(binlog_row_image="MINIMAL")
    scenarios.reconcile_beside_changes(env, rows=12000, seconds=15, pause=0.01)


@case(servers=("mysql",), timeout=240)
def case_reconcile_beside_heavy_changes_of_parts_of_json_reports_nothing(env):
    env.start_servers(binlog_row_image="MINIMAL")
    scenarios.reconcile_beside_changes(env, rows=12000, seconds=10, session=[scenarios.PARTIAL_JSON], pause=0.01)


def _loaded(env, rows=3000, **more):
    env.start_servers()
    churn = Churn(env, rows, clients=2, **more)
    program = env.sluice(churn.oracle_tables, **DEFAULTS).start()
    wait_loaded(env, churn.oracle_tables)
    env.settle(churn.oracle_tables)
    return churn, program


@case(timeout=240)
def case_reconcile_mends_beside_heavy_changes(env):
    """Corrupted keys whose rows do not change are found among those that do."""
    churn, program = _loaded(env)
    steady = Churn(env, 500, db="it_still", clients=1)
    tables = churn.oracle_tables + steady.oracle_tables
    program.config["tables"] += [env.entry(table) for table in steady.oracle_tables]
    program.write_config()
    program.restart()
    program.call("bootstrap", *[part for table in steady.oracle_tables for part in ("--table", str(table))], status=0)
    drift = scenarios.Drift(env, steady).corrupt(24)
    churn.start()
    report = os.path.join(program.folder, "drift.ndjson")
    program.call("reconcile", "--report", program.place.inner(report), status=1)
    drift.require_reported(scenarios.read_report(report))
    program.call("reconcile", "--repair", status=0)
    program.call("reconcile", "--report", program.place.inner(report), status=0)
    drift.done.clear()
    drift.require_reported(scenarios.read_report(report))
    churn.stop()
    env.settle(tables)


@case()
def case_reconcile_looks_at_the_tables_it_is_told(env):
    churn, program = _loaded(env, rows=600)
    num, combo = churn.tables[:2]
    env.redis_call("DEL", num.redis_key(0))
    program.call("reconcile", "--table", str(combo.oracle), status=0)
    program.call("reconcile", "--table", str(combo.oracle), "--table", str(num.oracle), status=1)
    program.call("reconcile", "--table", str(num.oracle), "--repair", status=0)
    env.settle(churn.oracle_tables)


@case()
def case_reconcile_at_a_rate_and_not_twice_at_once(env):
    churn, program = _loaded(env, rows=3000)

    def begin():
        command = Command(env, program, "reconcile", "--rate", "1000")
        wait_until("reconcile to hold its lock", 30, lambda: env.redis_call("EXISTS", LOCK), 0.01)
        return command

    first = begin()
    env.sleep(1)
    if not first.is_running():
        raise Failure("9000 rows took less than a second at 1000 rows a second")
    status, _, err = program.call("reconcile")
    if status in (0, 1):
        raise Failure(f"a second reconcile beside the first ended with status {status}: {err}")
    require_sentence(err.strip().splitlines()[-1], "reconcile", "running|another|already")
    first.finish()
    program.call("reconcile", status=0)
    begin().kill()
    # Its lock runs out where nobody can tell that its process is dead.
    wait_until("the lock of a killed reconcile to be over", 90, lambda: program.call("reconcile")[0] == 0, 1)
    env.settle(churn.oracle_tables)


@case()
def case_reconcile_waits_for_a_stream_that_is_behind(env):
    """The daemon sleeps while rows change: Redis is older than the source, and that is no drift."""
    churn, program = _loaded(env, rows=600)
    program.config["lease_ms"] = 20000
    program.write_config()
    program.restart()
    program.process.pause()
    churn.run(200)
    report = os.path.join(program.folder, "drift.ndjson")
    command = Command(env, program, "reconcile", "--report", program.place.inner(report))
    env.sleep(2, 3)
    program.process.resume()
    command.finish()
    if scenarios.read_report(report):
        raise Failure(f"what the stream had not brought yet is reported: {scenarios.read_report(report)[:5]}")
    env.settle(churn.oracle_tables)


@case()
def case_reconcile_removes_rows_that_went_by_foreign_keys(env):
    """The engine deletes them without an event of their own (MySQL before 9.6 and MariaDB)."""
    env.start_servers()
    env.sql("CREATE DATABASE it", "CREATE TABLE it.parent (id INT PRIMARY KEY)",
            "CREATE TABLE it.child (id INT PRIMARY KEY, parent INT, FOREIGN KEY (parent) REFERENCES parent (id) ON DELETE CASCADE ON UPDATE CASCADE)",
            "INSERT INTO it.parent VALUES (1),(2),(3)", "INSERT INTO it.child VALUES (10,1),(11,1),(20,2),(30,3)")
    tables = [Table("it", "parent"), Table("it", "child")]
    program = env.sluice(tables, **DEFAULTS).start()
    wait_loaded(env, tables)
    env.settle(tables)
    env.sql("DELETE FROM it.parent WHERE id=1", "UPDATE it.parent SET id=4 WHERE id=2")
    env.quiesce()
    report = os.path.join(program.folder, "drift.ndjson")
    if not env.is_mysql:
        program.call("reconcile", "--report", program.place.inner(report), status=1)
        found = {line["key"]: line["kind"] for line in scenarios.read_report(report)}
        if found.keys() != {"it:child:10", "it:child:11", "it:child:20"} or found["it:child:20"] != "different":
            raise Failure(f"rows changed by foreign keys are reported as {found}")
    program.call("reconcile", "--repair", status=0)
    env.settle(tables)


@case()
def case_reconcile_takes_expired_keys_for_no_drift(env):
    env.start_servers()
    churn = Churn(env, 60, kinds=("num",), clients=1)
    table, = churn.oracle_tables
    program = env.sluice([{**env.entry(table), "ttl": 1}], **DEFAULTS).start()
    wait_loaded(env, [table])
    wait_until("all rows to expire", 30, lambda: not [key for key in env.redis_call("KEYS", "it:*")])
    report = os.path.join(program.folder, "drift.ndjson")
    program.call("reconcile", "--report", program.place.inner(report), status=0)
    kinds = {line["kind"] for line in scenarios.read_report(report)}
    if kinds - {"expired"}:
        raise Failure(f"rows that have expired are reported as {kinds}")


@case()
def case_reconcile_mends_nothing_beyond_max_drift(env):
    churn, program = _loaded(env, rows=900)
    drift = scenarios.Drift(env, churn).corrupt(20)
    status, _, err = program.call("reconcile", "--repair", "--max-drift", "10")
    if status != 1 or "10" not in err:
        raise Failure(f"more drifted than --max-drift allows, reconcile --repair ends with status {status}: {err}")
    program.call("reconcile", "--repair", "--max-drift", "20", status=0)
    env.settle(churn.oracle_tables)
    del drift


@case()
def case_reconcile_refuses_bad_usage(env):
    env.start_servers()
    env.sql("CREATE DATABASE it", "CREATE TABLE it.t (id INT PRIMARY KEY)", "CREATE TABLE it.u (id INT PRIMARY KEY)")
    program = env.sluice([Table("it", "t")], **DEFAULTS)
    for args, parts in ((("--no-such-option",), ("no-such-option",)), (("--table",), ("--table",)), (("--table", "it.u"), (r"it\.u",)),
                        (("--table", "nodot"), ("nodot",)), (("--rate", "0"), ("rate",)), (("--rate", "fast"), ("rate",)),
                        (("--max-drift", "-1"), ("max-drift",)), (("it.t",), (r"it\.t",)),
                        (("--report", "/no/such/folder/report"), ("/no/such/folder/report",))):
        _, out, err = program.call("reconcile", *args, status=2)
        if out:
            raise Failure(f"reconcile {args} writes to stdout: {out}")
        require_sentence(err, *parts)


@case()
def case_reconcile_of_servers_that_do_not_answer(env):
    churn, program = _loaded(env, rows=90)
    program.stop()
    env.source.stop()
    _, _, err = program.call("reconcile", status=3)
    require_sentence(err.strip().splitlines()[-1], str(env.source.port))
    env.source.start()
    env.redis.stop()
    _, _, err = program.call("reconcile", status=4)
    require_sentence(err.strip().splitlines()[-1], str(env.redis.port))
    env.redis.start()
    del churn

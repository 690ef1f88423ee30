"""Gaps heal by loading again, or stop by policy; and what may happen to servers while tables are loaded."""
import threading

from harness.churn import BY_DDL, Churn
from harness.env import CHECKPOINT, case
from harness.oracle import Table
from harness.loading import DEFAULTS, Command, heal, load_states, purge_logs, slowly, wait_loaded
from harness.place import Failure
from harness.process import wait_until
from harness.sluice import CANNOT_CONTINUE
from harness.sqlclient import SqlError

STOP = {**DEFAULTS, "on_gap": "stop"}
SMALL = ("num", "combo")


def _loaded(env, policy, rows=2000, kinds=SMALL, **changes):
    """Servers, a daemon and tables that are loaded: (churn, program)."""
    env.start_servers(**changes)
    churn = Churn(env, rows, kinds=kinds, clients=2)
    program = env.sluice(churn.oracle_tables, **policy).start()
    churn.run(100)
    wait_loaded(env, churn.oracle_tables)
    env.settle(churn.oracle_tables)
    return churn, program


def _purge_behind(env, churn, program):
    """The daemon is down, and the changes it has missed are in no log any more; what it must name."""
    program.stop()
    held = env.checkpoint()
    churn.run(200)
    env.sql(f"DELETE FROM {churn.tables[0].full_name} WHERE id % 3 = 0 AND id < 300")
    purge_logs(env)
    return held


@case()
def case_purged_logs_are_named_and_the_tables_loaded_again(env):
    churn, program = _loaded(env, DEFAULTS)
    held = _purge_behind(env, churn, program)
    program.start(ready=False)
    if env.is_mysql:
        program.wait_said("[0-9a-f]{8}-[0-9a-f-]{27}:", 30)  # the GTIDs that are missing
    else:
        program.wait_said(f"{held['file']}|{held['gtid']}", 30)
    program.wait_said("missing|purged", 30)
    heal(env, churn.oracle_tables)
    churn.run(100)
    env.settle(churn.oracle_tables)


@case()
def case_purged_logs_stop_by_policy(env):
    churn, program = _loaded(env, STOP)
    _purge_behind(env, churn, program)
    program.start(ready=False)
    program.expect_exit(CANNOT_CONTINUE, "missing|purged")
    if "load the tables again" not in program.said():
        raise Failure(f"the sentence names no remedy: {program.said()[-800:]}")
    program.call("bootstrap", status=0)  # the remedy
    program.start()
    env.settle(churn.oracle_tables)


@case()
def case_flushall_while_rows_change_heals(env):
    churn, _ = _loaded(env, DEFAULTS)
    churn.start()
    for _ in range(2):
        env.sleep(0.2, 0.8)
        env.redis_call("FLUSHALL")
        env.sleep(0.5, 1.5)
    churn.stop()
    wait_until("a checkpoint after FLUSHALL", 60, lambda: env.redis_call("EXISTS", CHECKPOINT))
    heal(env, churn.oracle_tables)


@case()
def case_flushall_while_the_daemon_is_down_heals(env):
    churn, program = _loaded(env, DEFAULTS)
    program.stop()
    env.redis_call("FLUSHALL")
    churn.run(100)
    program.start()
    wait_loaded(env, churn.oracle_tables)
    env.settle(churn.oracle_tables)


@case()
def case_flushall_while_tables_are_loaded_heals(env):
    env.start_servers()
    churn = Churn(env, 8000, clients=2)
    program = env.sluice(churn.oracle_tables, **slowly(3000)).start(ready=False)
    churn.start()
    wait_until("the load to begin", 60, lambda: any(state.phase == "loading" for state in load_states(env).values()), 0.005)
    env.sleep(0, 0.2)
    env.redis_call("FLUSHALL")
    env.sleep(1)
    churn.stop()
    heal(env, churn.oracle_tables)
    program.stop()


@case()
def case_changes_by_statement_while_rows_change_heal(env):
    churn, _ = _loaded(env, DEFAULTS)
    churn.start()
    for _ in range(3):
        env.sleep(0.1, 0.5)
        env.sql("SET SESSION binlog_format='STATEMENT'", f"UPDATE {churn.tables[0].full_name} SET amount=7 WHERE id BETWEEN 0 AND 300",
                f"DELETE FROM {churn.tables[1].full_name} WHERE part=2 AND code LIKE '%1'")
    churn.stop()
    heal(env, churn.oracle_tables)


@case()
def case_changes_by_statement_stop_by_policy(env):
    churn, program = _loaded(env, STOP)
    name = str(churn.oracle_tables[0])
    env.sql("SET SESSION binlog_format='STATEMENT'", f"UPDATE {churn.tables[0].full_name} SET amount=7 WHERE id=0")
    program.expect_exit(CANNOT_CONTINUE, f"{name}.*statement|statement.*{name}")


def _ddl_choices(rng, table, width):
    name = table.full_name
    return rng.choice((
        [f"ALTER TABLE {name} ADD COLUMN x{width} INT NOT NULL DEFAULT {width}", f"ALTER TABLE {name} DROP COLUMN x{width}"],
        [f"ALTER TABLE {name} ADD COLUMN x{width} VARCHAR(9) DEFAULT 'd' FIRST"],
        [f"ALTER TABLE {name} MODIFY amount DECIMAL(14,3)", f"ALTER TABLE {name} MODIFY amount DECIMAL(13,2)"],
        [f"TRUNCATE TABLE {name}"],
        [f"RENAME TABLE {name} TO `{table.db}`.away", f"RENAME TABLE `{table.db}`.away TO {name}"],
        [f"CREATE TABLE `{table.db}`.copy LIKE {name}", f"INSERT INTO `{table.db}`.copy SELECT * FROM {name} LIMIT 2000",
         f"RENAME TABLE {name} TO `{table.db}`.old, `{table.db}`.copy TO {name}", f"DROP TABLE `{table.db}`.old"],
        [f"DROP TABLE {name}", table.ddl()],
    ))


class Loads:
    """`sluice bootstrap` again and again, each with success."""

    def __init__(self, env, program):
        self.env = env
        self.program = program
        self.command = None

    def begin(self):
        """Unless one is under way."""
        if self.command is None or not self.command.is_running():
            self.finish()
            self.command = Command(self.env, self.program, "bootstrap")

    def finish(self):
        if self.command is not None:
            self.command.finish()


def _ddl_while_loading(env, churn, rounds, begin):
    """BEGIN starts loads of all tables, over and over; DDL statements come at random moments of them."""
    statements = 0
    with env.source.connect() as connection:
        connection.query("SET SESSION lock_wait_timeout=20")
        for width in range(rounds):
            begin()
            env.sleep(0, 0.25)
            table = env.rng.choice(churn.tables)
            for statement in _ddl_choices(env.rng, table, width):
                try:
                    connection.query(statement)
                    statements += 1
                except SqlError as error:
                    if error.code not in (1050, 1051, 1205, 1213, 1136):
                        raise
                env.sleep(0, 0.1)
    if statements < rounds // 2:
        raise Failure("hardly any statement succeeded")


@case(timeout=300)
def case_ddl_on_tables_that_the_command_loads(env):
    env.start_servers()
    churn = Churn(env, 6000, clients=2)
    churn.tolerated = BY_DDL
    program = env.sluice(churn.oracle_tables, **slowly(3000))
    churn.start()
    loads = Loads(env, program)
    _ddl_while_loading(env, churn, 8, loads.begin)
    loads.finish()
    program.start()
    churn.stop()
    env.settle(churn.oracle_tables)


@case(timeout=300)
def case_ddl_on_tables_that_a_daemon_loads(env):
    env.start_servers()
    churn = Churn(env, 6000, clients=2)
    churn.tolerated = BY_DDL
    program = env.sluice(churn.oracle_tables, **slowly(3000)).start(ready=False)
    churn.start()
    loads = Loads(env, program)
    program.wait_ready()
    _ddl_while_loading(env, churn, 8, loads.begin)
    loads.finish()
    churn.stop()
    heal(env, churn.oracle_tables)


@case()
def case_source_cuts_and_stalls_while_tables_are_loaded(env):
    env.start_servers()
    churn = Churn(env, 8000, clients=2)
    program = env.sluice(churn.oracle_tables, **slowly(3000))
    churn.start()
    command = Command(env, program, "bootstrap")
    cuts, tries = 0, 0
    while command.is_running() and tries < 12:
        tries += 1
        env.sleep(0.05, 0.2)
        if tries == 4:
            env.source.pause()
            env.sleep(2)
            env.source.resume()
        else:
            cuts += env.kill_connections()
    command.finish()
    if cuts == 0:
        raise Failure("no connection of the load was ever cut")
    program.start()
    churn.stop()
    env.settle(churn.oracle_tables)


@case()
def case_source_killed_while_tables_are_loaded(env):
    env.start_servers()
    churn = Churn(env, 8000, clients=2)
    program = env.sluice(churn.oracle_tables, **slowly(3000)).start(ready=False)
    churn.start()
    for _ in range(2):
        env.sleep(0.1, 0.6)
        env.source.restart(kill=True)
    wait_loaded(env, churn.oracle_tables)
    churn.stop()
    env.settle(churn.oracle_tables)
    program.stop()


@case()
def case_redis_killed_while_tables_are_loaded(env):
    env.start_source()
    env.start_redis(appendonly="yes", appendfsync="everysec")
    churn = Churn(env, 8000, clients=2)
    program = env.sluice(churn.oracle_tables, **slowly(3000)).start(ready=False)
    churn.start()
    for _ in range(3):
        env.sleep(0.1, 0.8)
        env.redis.kill()
        env.sleep(0.1, 0.5)
        env.redis.start()
    wait_loaded(env, churn.oracle_tables)
    churn.stop()
    env.settle(churn.oracle_tables)
    program.stop()


class _Restless:
    """Updates all rows of it.wide again and again while it is entered."""

    def __init__(self, env):
        self.env = env
        self.is_over = threading.Event()
        self.thread = threading.Thread(target=self._run, daemon=True)

    def _run(self):
        with self.env.source.connect() as connection:
            while not self.is_over.is_set():
                for part in range(8):
                    connection.query(f"UPDATE it.wide SET a = a + 1 WHERE id % 8 = {part}")

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.is_over.set()
        self.thread.join()


@case()
def case_a_gap_that_hides_a_layout_change_leaves_nothing_behind(env):
    wide, gone = Table("it", "wide"), Table("it", "gone")
    env.start_servers()
    env.sql("CREATE DATABASE it", "CREATE TABLE it.wide (id INT PRIMARY KEY, a INT NOT NULL, b VARCHAR(20) NOT NULL)",
            "CREATE TABLE it.gone (id INT PRIMARY KEY)", "INSERT INTO it.gone VALUES (1), (2), (3)",
            "INSERT INTO it.wide VALUES " + ", ".join(f"({n}, 0, 'b{n}')" for n in range(3000)))
    program = env.sluice([wide, gone], **DEFAULTS).start()
    wait_loaded(env, [wide, gone])
    env.settle([wide, gone])
    program.stop()
    env.sql("ALTER TABLE it.wide DROP COLUMN b", "DROP TABLE it.gone")
    purge_logs(env)
    with _Restless(env):
        program.start()
        wait_loaded(env, [wide, gone])
    env.settle([wide])


@case()
def case_keys_that_two_tables_make_alike_survive_a_load(env):
    env.start_servers()
    env.sql("CREATE DATABASE it", "CREATE TABLE it.a (id INT PRIMARY KEY)", "CREATE TABLE it.b (id INT PRIMARY KEY)",
            "INSERT INTO it.a VALUES (1), (2)", "INSERT INTO it.b VALUES (11), (12)")
    entries = [{"table": "it.a", "key": "row:{id}"}, {"table": "it.b", "key": "row:{id}"}]
    program = env.sluice(entries, **DEFAULTS).start()
    wait_loaded(env, [Table("it", "a"), Table("it", "b")])
    program.call("bootstrap", status=0)
    env.quiesce()
    with env.redis.connect() as redis:
        keys = sorted(redis.call("KEYS", "row:*"))
    if keys != [b"row:1", b"row:11", b"row:12", b"row:2"]:
        raise Failure(f"the rows of two tables with one key template are {keys} after the second load")

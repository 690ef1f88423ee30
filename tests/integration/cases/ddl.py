"""Statements that change tables while they are cached: afterwards the cache is what SELECT returns, without keys that
no row stands for; also when the program was away as the statements came."""
import threading

from harness.env import case
from harness.oracle import Table
from harness.place import Failure
from harness.sqlclient import SqlError
from harness.workload import Workload

VALUES = ("hash", "json")


def _create(env, *more, columns="id INT PRIMARY KEY, v INT, s VARCHAR(20)", rows=50):
    """it.h and it.j, cached as hash and as JSON, with rows; the program runs and has them."""
    env.sql("CREATE DATABASE it", *[statement for name in "hj" for statement in (
        f"CREATE TABLE it.{name} ({columns})",
        f"INSERT INTO it.{name} (id) VALUES " + ",".join(f"({number})" for number in range(1, rows + 1)))], *more)
    if "v INT" in columns:
        env.sql(*[f"UPDATE it.{name} SET v=id*3 WHERE id%4" for name in "hj"])
    tables = [Table("it", name, value) for name, value in zip("hj", VALUES)]
    program = env.sluice(tables).start()
    env.settle(tables)
    return tables, program


def _alter(env, *changes, columns="id INT PRIMARY KEY, v INT, s VARCHAR(20)", after=()):
    """CHANGES ({t}: the table) while the program runs, then each of AFTER while it is away."""
    tables, program = _create(env, columns=columns)
    for change in changes:
        env.sql(*[change.format(t=f"it.{name}") for name in "hj"])
        env.settle(tables)
    for change in after:
        program.stop()
        env.sql(*[change.format(t=f"it.{name}") for name in "hj"])
        program.start()
        env.settle(tables)
    return tables, program


def _both(function):
    """The case with column names in the log, and without."""
    def full(env):
        env.start_servers(binlog_row_metadata="FULL")
        function(env)

    def minimal(env):
        env.start_servers(binlog_row_metadata="MINIMAL")
        function(env)

    full.__doc__ = minimal.__doc__ = function.__doc__
    full.__module__ = minimal.__module__ = __name__
    return case()(full), case()(minimal)


def _default(env):
    """Rows that were there before get a value that no row event tells."""
    _alter(env, "ALTER TABLE {t} ADD COLUMN d INT NOT NULL DEFAULT 7", "UPDATE {t} SET v=5 WHERE id<9",
           after=("ALTER TABLE {t} ADD COLUMN e VARCHAR(9) DEFAULT 'e' AFTER id", "UPDATE {t} SET e=NULL WHERE id=3"))


case_added_column_with_a_default, case_added_column_with_a_default_without_names = _both(_default)


def _types(env):
    """Values that look different afterwards, in the row and in its key."""
    _alter(env, "ALTER TABLE {t} MODIFY v VARCHAR(20)", "UPDATE {t} SET v='x' WHERE id=1",
           "ALTER TABLE {t} MODIFY id INT(6) UNSIGNED ZEROFILL", "INSERT INTO {t} (id) VALUES (1000)",
           after=("ALTER TABLE {t} MODIFY id VARCHAR(12)", "DELETE FROM {t} WHERE id='000002'",
                  "ALTER TABLE {t} DROP COLUMN v"))


case_changed_types, case_changed_types_without_names = _both(_types)


def _names(env):
    _alter(env, "ALTER TABLE {t} CHANGE v w BIGINT", "UPDATE {t} SET w=w+1", "ALTER TABLE {t} RENAME COLUMN w TO x",
           "INSERT INTO {t} (id,x) VALUES (500,1)",
           after=("ALTER TABLE {t} RENAME COLUMN id TO no", "INSERT INTO {t} (no) VALUES (501)",
                  "ALTER TABLE {t} RENAME COLUMN x TO y, DROP COLUMN s", "DELETE FROM {t} WHERE no=501"))


case_renamed_columns, case_renamed_columns_without_names = _both(_names)


@case()
def case_lag_over_several_layouts(env):
    """Rows of every layout wait in the log, and each statement loads the table as the last one left it."""
    env.start_servers(binlog_row_metadata="FULL")
    tables, program = _create(env)
    program.stop()
    for name in "hj":
        t = f"it.{name}"
        env.sql(f"UPDATE {t} SET v=1 WHERE id=1", f"DELETE FROM {t} WHERE id=2", f"ALTER TABLE {t} ADD COLUMN a INT DEFAULT 5 AFTER id",
                f"INSERT INTO {t} (id) VALUES (101),(102)", f"UPDATE {t} SET id=103 WHERE id=3", f"ALTER TABLE {t} DROP COLUMN v",
                f"DELETE FROM {t} WHERE id=101", f"INSERT INTO {t} (id,a) VALUES (2,9)", f"ALTER TABLE {t} RENAME COLUMN a TO b",
                f"UPDATE {t} SET b=b+1 WHERE id>90", f"ALTER TABLE {t} MODIFY id VARCHAR(9)", f"INSERT INTO {t} (id) VALUES ('x')",
                f"ALTER TABLE {t} DROP PRIMARY KEY, ADD COLUMN no INT AUTO_INCREMENT PRIMARY KEY", f"UPDATE {t} SET b=0 WHERE id='x'")
    program.start()
    env.settle(tables)
    program.restart(kill=True)
    env.settle(tables)


@case()
def case_changed_row_keys(env):
    """The keys of a table are made of other columns: none of the old ones stays."""
    env.start_servers()
    _alter(env, "UPDATE {t} SET v=id+1000", "ALTER TABLE {t} MODIFY v INT NOT NULL, DROP PRIMARY KEY, ADD PRIMARY KEY (v, id)",
           "DELETE FROM {t} WHERE id=7", "ALTER TABLE {t} DROP PRIMARY KEY, ADD UNIQUE KEY one (v)", "UPDATE {t} SET v=v+1 ORDER BY v DESC",
           after=("ALTER TABLE {t} ADD UNIQUE KEY two (id)", "DROP INDEX one ON {t}", "INSERT INTO {t} (id,v) VALUES (900,9)"))


@case()
def case_harmless_statements_load_nothing(env):
    env.start_servers()
    _, program = _alter(
        env, "ALTER TABLE {t} ADD INDEX i (v), COMMENT 'c'", "CREATE INDEX j ON {t} (s)", "DROP INDEX j ON {t}",
        "ALTER TABLE {t} ALTER COLUMN v SET DEFAULT 4, AUTO_INCREMENT=1000", "ALTER TABLE {t} ADD UNIQUE KEY u (id, v)",
        "ALTER TABLE {t} ENGINE=InnoDB", "ALTER TABLE {t} RENAME INDEX i TO k", "INSERT INTO {t} (id) VALUES (77)")
    if "loaded again" in program.said():
        raise Failure(f"a harmless statement loaded a table again: {program.said()}")


@case()
def case_added_column_keeps_the_keys(env):
    """A key that is there before and after is never gone in between, while a table is loaded again."""
    env.start_servers()
    _create(env, rows=3000)
    stop, gone = threading.Event(), []

    def watch():
        with env.redis.connect() as connection:
            while not stop.is_set():
                found = connection.call("EXISTS", "it:h:1", "it:h:1500", "it:h:3000", "it:j:2", "it:j:2999")
                if found != 5:
                    gone.append(found)

    thread = threading.Thread(target=watch)
    thread.start()
    try:
        env.sql("ALTER TABLE it.h ADD COLUMN d INT DEFAULT 1", "ALTER TABLE it.j ADD COLUMN d INT DEFAULT 1, DROP COLUMN s")
        env.settle([Table("it", "h"), Table("it", "j", "json")])
    finally:
        stop.set()
        thread.join()
    if gone:
        raise Failure(f"{len(gone)} times a key was gone while its table was loaded again")


@case()
def case_converted_character_set(env):
    env.start_servers()
    env.sql("CREATE DATABASE it", *[f"CREATE TABLE it.{name} (id VARCHAR(9) PRIMARY KEY, s VARCHAR(20)) CHARACTER SET latin1" for name in "hj"],
            *[f"INSERT INTO it.{name} VALUES ('é','ü'),('b','ß')" for name in "hj"])
    tables = [Table("it", name, value) for name, value in zip("hj", VALUES)]
    env.sluice(tables).start()
    for charset in ("utf8mb4", "binary"):
        env.sql(*[f"ALTER TABLE it.{name} CONVERT TO CHARACTER SET {charset}" for name in "hj"])
        env.settle(tables)
    env.sql("INSERT INTO it.h VALUES ('x','y')")
    env.settle(tables)


def _swap(env, lag):
    """As gh-ost does it: the new table is filled under a name that no rule wants."""
    env.start_servers()
    tables, program = _create(env, *[f"CREATE TABLE it._{name}_gho (id INT PRIMARY KEY, s VARCHAR(20), extra INT DEFAULT 3)" for name in "hj"])
    if lag:
        program.stop()
    for name in "hj":
        env.sql(f"INSERT INTO it._{name}_gho (id,s) SELECT id,s FROM it.{name}", f"DELETE FROM it.{name} WHERE id=1",
                f"DELETE FROM it._{name}_gho WHERE id=1",
                f"RENAME TABLE it.{name} TO it._{name}_del, it._{name}_gho TO it.{name}",
                f"INSERT INTO it.{name} (id) VALUES (1000)", f"UPDATE it.{name} SET extra=id WHERE id%2", f"INSERT INTO it._{name}_del (id) VALUES (2000)")
    if lag:
        program.start()
    env.settle(tables)
    env.sql(*[f"DROP TABLE it._{name}_del" for name in "hj"], "UPDATE it.h SET s='later'")
    env.settle(tables)


@case()
def case_swapped_tables(env):
    _swap(env, False)


@case()
def case_swapped_tables_while_away(env):
    _swap(env, True)


@case()
def case_renames_in_a_circle(env):
    """All of the names are wanted; also back again before the first statement is read."""
    env.start_servers()
    env.sql("CREATE DATABASE it", "CREATE DATABASE it2", *[f"CREATE TABLE it.{name} (id INT PRIMARY KEY, v INT)" for name in "abc"],
            "INSERT INTO it.a VALUES (1,1),(2,1)", "INSERT INTO it.b VALUES (2,2),(3,2)", "INSERT INTO it.c VALUES (9,3)")
    entries = [{"table": "it.*"}, {"table": "it2.*", "value": "json"}]
    tables = [Table("it", name) for name in "abc"]
    program = env.sluice(entries).start()
    env.settle(tables)
    circle = "RENAME TABLE it.a TO it.tmp, it.b TO it.a, it.tmp TO it.b"
    env.sql(circle)
    env.settle(tables)
    env.sql(circle, "INSERT INTO it.a VALUES (50,5)", circle, "DELETE FROM it.b WHERE id=50")
    env.settle(tables)
    program.stop()
    env.sql("RENAME TABLE it.a TO it.x, it.b TO it.y, it.c TO it.a, it.x TO it.c, it.y TO it.b", "INSERT INTO it.a VALUES (60,6)",
            "ALTER TABLE it.a RENAME TO it2.a", "UPDATE it2.a SET v=7", "ALTER TABLE it.b RENAME it.a, ADD COLUMN w INT DEFAULT 4",
            "CREATE TABLE it.b LIKE it.c", "INSERT INTO it.b VALUES (70,7)")
    program.start()
    env.settle(tables + [Table("it2", "a", "json")])


@case()
def case_renamed_by_alter(env):
    """To a wanted name from one that is not, and the other way."""
    env.start_servers()
    tables, program = _create(env, "CREATE TABLE it.other (id INT PRIMARY KEY, v INT)", "INSERT INTO it.other VALUES (1,1),(99,9)")
    env.sql("ALTER TABLE it.h RENAME TO it.hidden")
    env.settle(tables)
    env.sql("INSERT INTO it.hidden (id) VALUES (555)", "ALTER TABLE it.other RENAME TO it.h, ADD COLUMN x INT DEFAULT 6")
    env.settle(tables)
    program.stop()
    env.sql("ALTER TABLE it.h RENAME it.other", "ALTER TABLE it.hidden RENAME it.h", "DELETE FROM it.h WHERE id=4")
    program.start()
    env.settle(tables)


@case()
def case_renamed_views_are_no_tables(env):
    env.start_servers()
    env.sql("CREATE DATABASE it", "CREATE TABLE it.t (id INT PRIMARY KEY)", "INSERT INTO it.t VALUES (1)", "CREATE VIEW it.v AS SELECT * FROM it.t")
    env.sluice([{"table": "it.*"}]).start()
    env.sql("RENAME TABLE it.v TO it.w", "INSERT INTO it.t VALUES (2)", "RENAME TABLE it.t TO it.u, it.w TO it.x", "RENAME TABLE it.u TO it.t",
            "RENAME TABLE it.t TO it.u", "RENAME TABLE it.x TO it.y")
    env.settle([Table("it", "u")])


@case()
def case_partitions(env):
    env.start_servers()
    parts = "PARTITION BY RANGE (id) (PARTITION p0 VALUES LESS THAN (10), PARTITION p1 VALUES LESS THAN (20), PARTITION p2 VALUES LESS THAN (1000))"
    tables, program = _create(env, "CREATE TABLE it.away (id INT PRIMARY KEY, v INT, s VARCHAR(20))", "INSERT INTO it.away VALUES (15,1,'a'),(16,2,'b')")
    env.sql(*[f"ALTER TABLE it.{name} {parts}" for name in "hj"])
    env.settle(tables)
    env.sql(*[f"ALTER TABLE it.{name} DROP PARTITION p0" for name in "hj"], "INSERT INTO it.h (id) VALUES (3)")
    env.settle(tables)
    env.sql("ALTER TABLE it.h EXCHANGE PARTITION p1 WITH TABLE it.away", "ALTER TABLE it.j TRUNCATE PARTITION p2")
    env.settle(tables)
    program.stop()
    env.sql("UPDATE it.h SET v=100", "ALTER TABLE it.h TRUNCATE PARTITION p1", "INSERT INTO it.h (id) VALUES (12)", "DELETE FROM it.j WHERE id=11",
            "ALTER TABLE it.j DROP PARTITION p1", "INSERT INTO it.j (id) VALUES (13)",
            "ALTER TABLE it.h REORGANIZE PARTITION p1, p2 INTO (PARTITION p VALUES LESS THAN (1000))", "ALTER TABLE it.h REMOVE PARTITIONING")
    program.start()
    env.settle(tables)


def _under_load(env, value, restart, **options):
    """Random changes in two connections while a third one alters and renames."""
    env.start_servers(**options)
    kinds = ["small", "composite", "uniq"]
    work = env.workload(kinds, value=value)
    work.run(transactions=100)
    program = env.sluice(work.oracle_tables).start()
    env.settle(work.oracle_tables)
    other = Workload(env.source, work.schema, value, env.rng.getrandbits(48))
    width, statements = 0, 0
    for running in (work, other):
        running.tolerated = {1146, 1412}  # a table is away for a while, or was altered in a transaction
        running.start()
    with env.source.connect() as connection:
        for _ in range(max(6, int(4 * env.seconds))):
            env.sleep(0.05, 0.3)
            name = env.rng.choice(kinds)
            width += 1
            for statement in env.rng.choice((
                    [f"ALTER TABLE it.{name} ADD COLUMN x{width} INT NOT NULL DEFAULT {width}", f"ALTER TABLE it.{name} DROP COLUMN x{width}"],
                    [f"ALTER TABLE it.{name} ADD COLUMN x{width} VARCHAR(9) DEFAULT 'd' FIRST", f"ALTER TABLE it.{name} DROP COLUMN x{width}"],
                    [f"ALTER TABLE it.{name} MODIFY number VARCHAR(30)", f"ALTER TABLE it.{name} MODIFY number INT"],
                    [f"ALTER TABLE it.{name} MODIFY note TEXT", f"ALTER TABLE it.{name} MODIFY note VARCHAR(200)"],
                    [f"RENAME TABLE it.{name} TO it.away", f"RENAME TABLE it.away TO it.{name}"],
                    [f"CREATE TABLE it.copy LIKE it.{name}", f"INSERT INTO it.copy SELECT * FROM it.{name} LIMIT 20",
                     f"RENAME TABLE it.{name} TO it.old, it.copy TO it.{name}", "DROP TABLE it.old"])):
                try:
                    connection.query(statement)
                    statements += 1
                except SqlError as error:
                    if error.code not in (1050, 1051, 1205, 1213):  # locks, and what did not happen for their sake
                        raise
                env.sleep(0, 0.1)
            if restart and env.rng.random() < 0.4:
                program.restart(kill=env.rng.random() < 0.5)
    for running in (work, other):
        running.stop()
    env.settle(work.oracle_tables, timeout=120)
    if statements < 6:
        raise Failure("hardly any statement succeeded")


@case(timeout=300)
def case_random_changes_around_statements_to_hashes(env):
    _under_load(env, "hash", False, binlog_row_metadata="FULL")


@case(timeout=300)
def case_random_changes_around_statements_to_json(env):
    _under_load(env, "json", False, binlog_row_metadata="FULL")


@case(timeout=300)
def case_random_changes_around_statements_and_restarts(env):
    _under_load(env, "hash", True, binlog_row_metadata="FULL")


@case(timeout=300)
def case_large_table_loaded_while_rows_change(env):
    """The load takes many parts and more than max_transaction_bytes."""
    env.start_servers()
    env.sql("CREATE DATABASE it", "CREATE TABLE it.t (id INT PRIMARY KEY, v INT, s VARCHAR(300))", "INSERT INTO it.t VALUES (1,1,REPEAT('x',300))")
    tables = [Table("it", "t")]
    program = env.sluice(tables, max_transaction_bytes=1 << 20, batch_bytes=65536).start()
    with env.source.connect() as connection:
        for power in range(14):
            connection.query(f"INSERT INTO it.t SELECT id+{2 ** power}, v, s FROM it.t")
        env.settle(tables)
        connection.query("ALTER TABLE it.t ADD COLUMN d INT NOT NULL DEFAULT 7")
        for number in range(300):
            connection.query(f"UPDATE it.t SET v={number} WHERE id={env.rng.randint(1, 16384)}")
            connection.query(f"DELETE FROM it.t WHERE id={env.rng.randint(1, 16384)}")
        env.settle(tables)
        connection.query("ALTER TABLE it.t DROP COLUMN s")
        program.restart(kill=True)
        connection.query("RENAME TABLE it.t TO it.u")
        connection.query("RENAME TABLE it.u TO it.t")
    env.settle(tables)

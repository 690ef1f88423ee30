"""Row images without all columns, and binary logs without column names."""
from harness.env import case
from harness.oracle import Table


def _partial(env, image, value):
    env.start_servers(binlog_row_image=image)
    work = env.workload(value=value)
    work.run(transactions=150)
    program = env.sluice(work.oracle_tables).start()
    work.start()
    env.sleep(env.seconds / 2)
    program.restart(kill=True)
    env.sleep(env.seconds / 2)
    work.stop()
    env.settle(work.oracle_tables)


@case()
def case_minimal_images_to_hashes(env):
    _partial(env, "MINIMAL", "hash")


@case()
def case_minimal_images_to_json(env):
    """A value needs all columns, so the row is read again."""
    _partial(env, "MINIMAL", "json")


@case()
def case_noblob_images_to_hashes(env):
    _partial(env, "NOBLOB", "hash")


@case()
def case_noblob_images_to_json(env):
    _partial(env, "NOBLOB", "json")


@case()
def case_minimal_metadata(env):
    """No names in the log: they come from the schema history."""
    env.start_servers(binlog_row_metadata="MINIMAL")
    work = env.workload()
    work.run(transactions=50)
    program = env.sluice(work.oracle_tables).start()
    work.run(transactions=200)
    env.settle(work.oracle_tables)
    program.restart(kill=True)
    work.run(transactions=100)
    env.settle(work.oracle_tables)


@case()
def case_minimal_metadata_and_a_layout_change_behind_the_back(env):
    """Rows of the old layout are in the log when the program returns, the server tells only the new one."""
    env.start_servers(binlog_row_metadata="MINIMAL")
    env.sql("CREATE DATABASE it", "CREATE TABLE it.t (id INT PRIMARY KEY, a INT, b INT)", "INSERT INTO it.t VALUES (1,1,1)")
    tables = [Table("it", "t")]
    program = env.sluice(tables, on_gap="bootstrap").start()
    env.settle(tables)
    program.stop()
    env.sql("INSERT INTO it.t VALUES (2,20,200)", "UPDATE it.t SET a=11 WHERE id=1", "ALTER TABLE it.t DROP COLUMN a, ADD COLUMN c INT FIRST",
            "INSERT INTO it.t VALUES (3,3,3)")
    program.start()
    env.settle(tables)

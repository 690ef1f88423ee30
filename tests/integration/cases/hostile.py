"""What a hostile operator found: hangs, gaps and wrong rows that no ordinary use brings about."""
import os
import tempfile

from harness.env import case
from harness.oracle import Table
from harness.process import wait_until


@case(servers=("mariadb",))
def case_stop_does_not_wait_for_a_redis_that_is_silent(env):
    """Something is on the way and no reply comes, nor an end of the connection."""
    env.start_servers()
    env.sql("CREATE DATABASE it", "CREATE TABLE it.t (id INT PRIMARY KEY, v INT)", "INSERT INTO it.t VALUES (1, 1)")
    tables = [Table("it", "t")]
    program = env.sluice(tables).start()
    env.settle(tables)
    env.redis.pause()
    env.sql("INSERT INTO it.t VALUES (2, 2)")
    env.sleep(1.5)
    try:
        program.stop(timeout=25)  # Redis is silent for longer than that
    finally:
        env.redis.resume()
    program.start()
    env.settle(tables)


@case(servers=("mariadb",), timeout=120)
def case_redis_silent_for_long_is_given_up_and_found_again(env):
    env.start_servers()
    env.sql("CREATE DATABASE it", "CREATE TABLE it.t (id INT PRIMARY KEY, v INT)", "INSERT INTO it.t VALUES (1, 1)")
    tables = [Table("it", "t")]
    program = env.sluice(tables).start()
    env.settle(tables)
    env.redis.pause()
    env.sql("INSERT INTO it.t VALUES (2, 2)")
    try:
        wait_until("the silence to be noticed", 45, lambda: "did not answer in time" in program.process.log())
    finally:
        env.redis.resume()
    env.settle(tables)


@case(servers=("mariadb",))
def case_statements_in_another_case_reach_tables_of_a_server_without_case(env):
    """With lower_case_table_names=1 statements are logged as they were written, table maps are not."""
    env.start_servers(lower_case_table_names="1")
    env.sql("CREATE DATABASE it", "CREATE TABLE it.t (id INT PRIMARY KEY, v INT)", "INSERT INTO it.t VALUES (1, 1)")
    tables = [Table("it", "t")]
    env.sluice(tables).start()
    env.settle(tables)
    env.sql("TRUNCATE TABLE IT.T", "INSERT INTO it.T VALUES (2, 2)")
    env.settle(tables)
    env.sql("ALTER TABLE It.T RENAME COLUMN v TO w", "INSERT INTO it.T VALUES (3, 3)")
    env.settle(tables)


def _gap_by(env, *statements):
    """SBR in a session: no row event says what STATEMENTS did to it.t."""
    env.start_servers(secure_file_priv="")
    env.sql("CREATE DATABASE it", "CREATE DATABASE other", "CREATE TABLE it.t (id INT PRIMARY KEY, v INT)",
            "CREATE TABLE other.o (id INT PRIMARY KEY, v INT)", "INSERT INTO other.o VALUES (1, 7)",
            "INSERT INTO it.t VALUES (1, 1)")
    tables = [Table("it", "t")]
    program = env.sluice(tables).start()
    env.settle(tables)
    with env.source.connect() as connection:
        connection.query("SET SESSION binlog_format=STATEMENT")
        connection.query("USE other")
        for statement in statements:
            connection.query(statement)
    program.expect_exit(5, "without row events")


@case(servers=("mariadb",))
def case_load_data_by_statement_is_a_gap(env):
    with tempfile.NamedTemporaryFile("w", suffix=".txt") as file:
        file.write("2\t2\n")
        file.flush()
        os.chmod(file.name, 0o644)
        _gap_by(env, f"LOAD DATA INFILE '{file.name}' INTO TABLE it.t")


@case(servers=("mariadb",))
def case_update_of_several_tables_by_statement_from_another_database_is_a_gap(env):
    _gap_by(env, "UPDATE other.o JOIN it.t USING (id) SET t.v = o.v")

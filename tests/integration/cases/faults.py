"""Nothing is lost when processes die: sluice, Redis and the source, at random moments."""
from harness.env import CHECKPOINT, case
from harness.oracle import Table
from harness.place import Failure
from harness.process import wait_until

MIB = 1 << 20


@case(timeout=300)
def case_sluice_killed_at_random_moments(env):
    env.start_servers()
    work = env.workload(truncate=True)
    program = env.sluice(work.oracle_tables, lease_ms=1000).start()
    work.start()
    for _ in range(max(3, int(env.seconds))):
        env.sleep(0.05, 1.0)
        program.kill()
        program.start(ready=False)
        if env.rng.random() < 0.3:  # also before it streams
            env.sleep(0.01, 0.3)
            program.kill()
            program.start(ready=False)
    work.stop()
    program.wait_ready()
    env.settle(work.oracle_tables, timeout=120)


@case()
def case_sluice_killed_while_it_loads(env):
    env.start_servers()
    work = env.workload()
    work.run(transactions=500)
    program = env.sluice(work.oracle_tables, lease_ms=1000)
    work.start()
    for _ in range(4):
        program.start(ready=False)
        env.sleep(0.02, 0.5)
        program.kill()
    program.start()
    work.stop()
    env.settle(work.oracle_tables)


@case()
def case_redis_killed_with_every_write_on_disk(env):
    env.start_source()
    env.start_redis(appendonly="yes", appendfsync="always")
    work = env.workload()
    env.sluice(work.oracle_tables).start()
    work.start()
    for _ in range(3):
        env.sleep(0.2, 1.0)
        env.redis.kill()
        env.sleep(0.1, 1.0)
        env.redis.start()
    env.sleep(0.5)
    work.stop()
    env.settle(work.oracle_tables)


@case()
def case_redis_restarts_with_older_data(env):
    """As after a failover to a replica that lagged: the checkpoint went back with the rows, and so must the stream."""
    env.start_servers()
    work = env.workload()
    env.sluice(work.oracle_tables).start()
    work.run(transactions=100)
    env.settle(work.oracle_tables)
    env.redis_call("SAVE")
    work.run(transactions=200)
    env.settle(work.oracle_tables)
    env.redis.restart(kill=True)
    env.settle(work.oracle_tables)
    work.run(transactions=50)
    env.settle(work.oracle_tables)


@case()
def case_redis_restarts_with_older_data_while_rows_change(env):
    env.start_servers()
    work = env.workload()
    env.sluice(work.oracle_tables).start()
    work.start()
    for _ in range(3):
        env.sleep(0.3, 0.8)
        env.redis_call("SAVE")
        env.sleep(0.3, 0.8)
        env.redis.restart(kill=True)
    env.sleep(0.5)
    work.stop()
    env.settle(work.oracle_tables)


@case()
def case_source_killed_and_restarted(env):
    env.start_servers()
    work = env.workload()
    env.sluice(work.oracle_tables).start()
    work.start()
    for kill in (True, False, True):
        env.sleep(0.3, 1.0)
        env.source.restart(kill=kill)
    env.sleep(0.5)
    work.stop()
    env.settle(work.oracle_tables)


@case()
def case_connection_to_the_source_cut(env):
    """In the midst of transactions, by KILL of the dump thread."""
    env.start_servers()
    work = env.workload()
    env.sluice(work.oracle_tables).start()
    work.start()
    cuts = 0
    for _ in range(8):
        env.sleep(0.1, 0.4)
        cuts += env.kill_connections(command="Binlog Dump%")
    work.stop()
    if cuts == 0:
        raise Failure("sluice never had a replication connection that could be cut")
    env.settle(work.oracle_tables)


@case()
def case_connection_to_the_source_cut_behind_a_large_transaction(env):
    """Its first part is on its way to a Redis that does not answer, its end still in the queue when the reader is gone."""
    env.start_servers()
    env.sql("CREATE DATABASE it", "CREATE TABLE it.t (id INT PRIMARY KEY, body LONGTEXT)", "INSERT INTO it.t VALUES (0, 'first')")
    tables = [Table("it", "t")]
    env.sluice(tables).start()
    env.settle(tables)
    env.redis.pause()
    env.sql(f"INSERT INTO it.t VALUES {', '.join(f'({number}, REPEAT(CHAR({64 + number}), 500000))' for number in range(1, 17))}")
    env.sleep(1)  # it is read; nothing tells, as Redis is asleep
    if env.kill_connections(command="Binlog Dump%") == 0:
        raise Failure("sluice had no replication connection that could be cut")
    env.sleep(1)
    env.redis.resume()
    env.settle(tables)


@case()
def case_redis_paused_holds_the_source_back(env):
    """Nothing is dropped, memory stays bounded, and the stream goes on where it was."""
    env.start_servers()
    work = env.workload(["big", "small"])
    program = env.sluice(work.oracle_tables, memory_limit=64 * MIB).start()
    env.quiesce()
    env.redis.pause()
    with env.source.connect() as connection:
        connection.query("REPLACE INTO it.big VALUES (100, 0, REPEAT('x', 1000000))")
        for number in range(300):
            connection.query(f"UPDATE it.big SET number={number}, body=REPEAT(CHAR({65 + number % 26}), 1000000) WHERE id=100")
    work.run(transactions=100)
    env.sleep(2)
    if not program.process.is_running():
        raise Failure(f"sluice ended while Redis was paused: {program.said()[-1500:]}")
    env.redis.resume()
    env.settle(work.oracle_tables, timeout=120)
    _require_memory(program, env, 64 * MIB)


@case()
def case_redis_sleeps(env):
    env.start_servers()
    work = env.workload(["small"])
    env.sluice(work.oracle_tables).start()
    work.start()
    env.redis_call("DEBUG", "SLEEP", "3")
    env.sleep(0.5)
    work.stop()
    env.settle(work.oracle_tables)


def _require_memory(program, env, limit):
    """Program text, libraries and the allocator's slack are no data; sanitizers keep freed memory back."""
    if "asan" in env.args.binary or "tsan" in env.args.binary:
        return
    peak = program.process.peak_rss_bytes()
    if peak > limit + 48 * MIB:
        raise Failure(f"sluice took {peak // MIB} MiB at its peak, memory_limit was {limit // MIB} MiB")


@case(timeout=300)
def case_transaction_larger_than_memory_limit(env):
    env.start_source(max_binlog_cache_size="4G", binlog_cache_size="1M")
    env.start_redis()
    env.sql("CREATE DATABASE it", "CREATE TABLE it.t (id INT PRIMARY KEY, body LONGTEXT)", "CREATE TABLE it.n (id INT PRIMARY KEY, v INT)")
    tables = [Table("it", "t"), Table("it", "n")]
    program = env.sluice(tables, memory_limit=64 * MIB, max_transaction_bytes=16 * MIB).start()
    env.sql("BEGIN", "INSERT INTO it.n VALUES (1,1)",
            *[f"INSERT INTO it.t VALUES ({number}, REPEAT('{chr(97 + number % 26)}', 1000000))" for number in range(160)],
            "UPDATE it.n SET v=2", "COMMIT", "INSERT INTO it.n VALUES (2,2)")
    env.settle(tables, timeout=120)
    _require_memory(program, env, 64 * MIB)


@case(timeout=300)
def case_row_of_64_mib(env):
    options = {"innodb_redo_log_capacity": "2G"} if env.is_mysql else {"innodb_log_file_size": "1G"}
    env.start_source(**options)
    env.start_redis()
    env.sql("CREATE DATABASE it", "CREATE TABLE it.t (id INT PRIMARY KEY, body LONGBLOB)")
    tables = [Table("it", "t")]
    program = env.sluice(tables).start()
    env.sql(f"INSERT INTO it.t VALUES (1, REPEAT('x', {64 * MIB}))", "INSERT INTO it.t VALUES (2, 'small')")
    env.settle(tables, timeout=120)
    _require_memory(program, env, 256 * MIB)


@case()
def case_redis_out_of_memory_waits_for_more(env):
    env.start_source()
    env.start_redis(maxmemory_policy="noeviction")
    work = env.workload(["small"])
    program = env.sluice(work.oracle_tables).start()
    work.run(transactions=50)
    env.settle(work.oracle_tables)
    env.redis_call("CONFIG", "SET", "maxmemory", "1")
    before = env.checkpoint()  # from now on nothing is written, not even a position that had been under way
    work.run(transactions=50)
    env.sleep(2)
    if not program.process.is_running():
        raise Failure(f"sluice ended with status {program.process.poll()} when Redis was full: {program.said()[-1500:]}")
    if env.checkpoint() != before:
        raise Failure("the checkpoint moved although Redis refused the rows")
    env.redis_call("CONFIG", "SET", "maxmemory", "0")
    env.settle(work.oracle_tables)


@case()
def case_key_of_a_wrong_type_stops_and_loses_nothing(env):
    env.start_servers()
    env.sql("CREATE DATABASE it", "CREATE TABLE it.t (id INT PRIMARY KEY, v INT)", "INSERT INTO it.t VALUES (1,1)")
    tables = [Table("it", "t")]
    program = env.sluice(tables, lease_ms=1000).start()
    env.settle(tables)
    env.redis_call("RPUSH", "it:t:2", "a list of somebody else")
    env.sql("INSERT INTO it.t VALUES (2,2)", "UPDATE it.t SET v=5 WHERE id=1", "INSERT INTO it.t VALUES (3,3)")
    program.expect_exit(4, r"it:t:2|WRONGTYPE")
    env.redis_call("DEL", "it:t:2")
    program.start()
    env.settle(tables)


@case()
def case_flushall_is_noticed(env):
    env.start_servers()
    env.sql("CREATE DATABASE it", "CREATE TABLE it.t (id INT PRIMARY KEY, v INT)", "INSERT INTO it.t VALUES (1,1)")
    tables = [Table("it", "t")]
    program = env.sluice(tables, on_gap="stop").start()
    env.settle(tables)
    env.redis_call("FLUSHALL")
    env.sql("INSERT INTO it.t VALUES (2,2)")
    program.expect_exit(5, r"checkpoint|flush")


@case()
def case_flushall_heals_by_loading_again(env):
    env.start_servers()
    work = env.workload(["small", "composite"])
    env.sluice(work.oracle_tables, on_gap="bootstrap").start()
    work.run(transactions=100)
    env.settle(work.oracle_tables)
    env.redis_call("FLUSHALL")
    work.run(transactions=50)
    wait_until("the checkpoint after FLUSHALL", 30, lambda: env.redis_call("EXISTS", CHECKPOINT))
    env.settle(work.oracle_tables)


@case()
def case_second_writer_stands_by_and_takes_over(env):
    env.start_servers()
    work = env.workload(["small", "composite"])
    # Longer than a busy machine may keep the first one from refreshing it.
    first = env.sluice(work.oracle_tables, lease_ms=8000).start()
    second = env.sluice(work.oracle_tables, lease_ms=8000)
    second.start(ready=False)
    work.start()
    env.sleep(3)
    if second.ready_said():
        raise Failure("two daemons of one pipeline stream at once")
    if not second.process.is_running():
        raise Failure(f"the second daemon ended instead of standing by: {second.said()[-1500:]}")
    first.kill()
    second.wait_ready(20)
    env.sleep(0.5)
    work.stop()
    env.settle(work.oracle_tables, program=second)


@case()
def case_deposed_writer_cannot_write(env):
    """The first daemon sleeps through its lease, and wakes up when the second has taken over."""
    env.start_servers()
    work = env.workload(["small"])
    first = env.sluice(work.oracle_tables, lease_ms=1000).start()
    second = env.sluice(work.oracle_tables, lease_ms=1000)
    second.start(ready=False)
    work.start()
    mark = 0
    for one, other in ((first, second), (second, first)):
        env.sleep(0.3, 0.6)
        one.process.pause()
        # It may have taken over by itself, if this machine kept the first one from refreshing its lease.
        wait_until(lambda o=other, m=mark: f"the other daemon to take over; it said {o.said()[m:][-800:]}", 20,
                   lambda o=other, m=mark: o.ready_said(m))
        env.sleep(0.3)
        mark = len(one.said())
        one.process.resume()
    env.sleep(1)
    work.stop()
    env.settle(work.oracle_tables)


@case()
def case_slow_sink_does_not_hold_up_the_other(env):
    env.start_servers()
    other = env.start_redis()
    work = env.workload(["small"])
    sinks = [{"name": name, "url": f"redis://127.0.0.1:{redis.port}/0", "password_env": "SLUICE_REDIS_PASSWORD"}
             for name, redis in (("main", env.redis), ("far", other))]
    env.sluice(work.oracle_tables, sinks=sinks).start()
    env.quiesce()
    env.quiesce(redis=other)
    other.pause()
    work.run(transactions=100)
    env.settle(work.oracle_tables)
    other.resume()
    env.quiesce(redis=other)
    env.require_equal(work.oracle_tables, redis=other)

"""`sluice bootstrap` and `"start": "bootstrap"` under heavy changes; make soak has the same in full."""
import time

from harness import scenarios
from harness.churn import Churn
from harness.env import CHECKPOINT, case
from harness.loading import DEFAULTS, Command, checkpoint_and_load, heal, heartbeat_state, is_loaded, load_states, purge_logs, \
    require_sentence, slowly, wait_loaded
from harness.oracle import Table
from harness.place import Failure
from harness.process import wait_until
from harness.respclient import RedisError
from harness.servers import SOURCE_PASSWORD, SOURCE_USER


@case(timeout=240)
def case_bootstrap_killed_three_times_while_rows_and_keys_change(env):
    env.start_servers()
    scenarios.bootstrap_killed(env, rows=20000, kills=3, tail=env.seconds / 2, config=slowly(5000))


@case(timeout=240)
def case_bootstrap_to_json_with_minimal_images_killed_three_times(env):
    env.start_servers(binlog_row_image="MINIMAL")
    scenarios.bootstrap_killed(env, rows=20000, kills=3, value="json", pause=0.01, tail=env.seconds / 2, config=slowly(5000))


@case(timeout=240)
def case_readers_never_go_back_while_tables_are_loaded(env):
    env.start_servers()
    scenarios.readers_beside_bootstrap(env, rows=12000, rounds=3, config=slowly(3000))


@case(timeout=240)
def case_readers_never_go_back_while_hashes_are_loaded_with_minimal_images(env):
    env.start_servers(binlog_row_image="MINIMAL")
    scenarios.readers_beside_bootstrap(env, rows=6000, rounds=3, values=["hash"], config=slowly(3000))


@case(timeout=240)
def case_readers_never_go_back_while_json_is_loaded_with_minimal_images(env):
    """Rows that are read again, for the stream and for the load."""
    env.start_servers(binlog_row_image="MINIMAL")
    scenarios.readers_beside_bootstrap(env, rows=6000, rounds=3, values=["json"], pause=0.02, config=slowly(3000))


@case(servers=("mysql",), timeout=240)
def case_readers_never_go_back_while_tables_are_loaded_with_parts_of_json(env):
    env.start_servers()
    scenarios.readers_beside_bootstrap(env, rows=12000, rounds=3, session=[scenarios.PARTIAL_JSON], config=slowly(3000))


@case(servers=("mysql",), timeout=240)
def case_readers_never_go_back_while_tables_are_loaded_with_parts_of_json_in_minimal_images(env):
    env.start_servers(binlog_row_image="MINIMAL")
    scenarios.readers_beside_bootstrap(env, rows=12000, rounds=3, session=[scenarios.PARTIAL_JSON], pause=0.02, config=slowly(3000))


@case()
def case_start_bootstrap_says_loading_and_then_streaming(env):
    """Without a word in the configuration: it is the default."""
    env.start_servers()
    churn = Churn(env, 8000, clients=2, pause=0.005)
    tables = churn.oracle_tables
    program = env.sluice(tables, start=None, on_gap=None, lease_ms=1000)
    # Held until it is seen: the load is short and the heartbeat comes once a second.
    with env.source.connect() as lock:
        lock.query("SET SESSION lock_wait_timeout=60")
        churn.start()
        lock.query("LOCK TABLES " + ", ".join(f"{table.full_name} WRITE" for table in churn.tables))
        program.start(ready=False)
        wait_until(lambda: f"the heartbeat to say loading; it says {heartbeat_state(env)}; {program.said()[-800:]}", 30,
                   lambda: heartbeat_state(env) == "loading")
        program.call("status", "--json")
        if is_loaded(env, tables):
            raise Failure("the tables are locked, and yet they are said to be loaded")
        lock.query("UNLOCK TABLES")
    seen = []

    def streaming():
        state = heartbeat_state(env)
        done = is_loaded(env, tables)
        seen.append((done, state))
        return done and state == "streaming"

    wait_until(lambda: f"the heartbeat to say streaming; it says {seen[-3:]}", 60, streaming)
    early = [state for done, state in seen if not done and state == "streaming"]
    if early:
        raise Failure("the heartbeat said streaming before everything was loaded")
    program.wait_ready()
    churn.stop()
    env.settle(tables)
    wait_until("status to be 0", 30, lambda: program.call("status")[0] == 0)


@case()
def case_no_checkpoint_without_its_load(env):
    """Killed at any moment of its first second, a daemon has left both or none."""
    env.start_servers()
    churn = Churn(env, 6000, clients=2, pause=0.005)
    tables = churn.oracle_tables
    program = env.sluice(tables, **DEFAULTS)
    churn.start()

    def has_both():
        checkpoint, load = checkpoint_and_load(env)
        if checkpoint and not load:
            raise Failure(f"there is a checkpoint, but nothing says that its tables are to be loaded: {env.checkpoint()}")
        return checkpoint and load

    for nth in range(8):
        env.redis_call("FLUSHALL")
        program.start(ready=False)
        end = time.monotonic() + env.rng.uniform(0, 1 if nth % 2 else 0.25)
        while time.monotonic() < end:
            has_both()
        if nth == 7:
            wait_until(f"a checkpoint; sluice said: {program.said()[-800:]}", 60, has_both, 0)
        program.kill()
        has_both()
    program.start()
    wait_loaded(env, tables)
    churn.stop()
    env.settle(tables)


@case()
def case_rows_that_went_behind_a_purged_log_go_from_redis(env):
    env.start_servers()
    churn = Churn(env, 3000, clients=2)
    tables = churn.oracle_tables
    foreign = [b"session:1", b"it", b"it:num", b"it:numbers:1", b"xit:num:1", b"it:num:1:2", b"it:other:num:1", b"it:combo:a", b"IT:num:1"]
    for key in foreign:
        env.redis_call("SET", key, "mine")
    program = env.sluice(tables, **DEFAULTS).start()
    wait_loaded(env, tables)
    env.settle(tables, foreign)
    program.stop()
    table = {table.name: table for table in churn.tables}
    env.sql(f"DELETE FROM {table['num'].full_name} WHERE id % 5 = 0", f"DELETE FROM {table['uid'].full_name}",
            f"UPDATE {table['combo'].full_name} SET code=CONCAT(code, 'x') WHERE part=1",
            f"UPDATE {table['combo'].full_name} SET code=UPPER(code) WHERE part=2",
            f"DELETE FROM {table['combo'].full_name} WHERE part=0")
    purge_logs(env)
    program.start()
    heal(env, tables, foreign)
    for key in foreign:
        if env.redis_call("GET", key) != b"mine":
            raise Failure(f"foreign key {key!r} was changed")


@case()
def case_bootstrap_removes_what_no_row_stands_for(env):
    """Keys of a table from before its first load, and those of a table loaded again."""
    env.start_servers()
    churn = Churn(env, 3000, clients=2)
    tables = churn.oracle_tables
    table = churn.tables[0]
    strays = [f"it:num:{10 ** 12 + nth}" for nth in range(50)]
    for key in strays:
        env.redis_call("HSET", key, "v", "1")
    program = env.sluice(tables, **DEFAULTS)
    churn.start()
    program.call("bootstrap", status=0)
    program.start()
    for key in strays[:20]:
        env.redis_call("HSET", key, "v", "1")
    env.redis_call("DEL", *[table.redis_key(number) for number in range(0, 600, 4)])
    program.call("bootstrap", "--table", "it.num", status=0)
    churn.stop()
    env.settle(tables)


@case()
def case_bootstrap_refuses_bad_usage(env):
    env.start_servers()
    env.sql("CREATE DATABASE it", "CREATE TABLE it.t (id INT PRIMARY KEY)", "CREATE TABLE it.u (id INT PRIMARY KEY)",
            "INSERT INTO it.t VALUES (1)")
    program = env.sluice([Table("it", "t")], **DEFAULTS)
    for args, parts in ((("--no-such-option",), ("no-such-option",)), (("--table",), ("--table",)), (("--table", "it.u"), (r"it\.u",)),
                        (("--table", "nodot"), ("nodot",)), (("it.t",), (r"it\.t",)), (("--table", "it.none"), (r"it\.none",))):
        _, out, err = program.call("bootstrap", *args, status=2)
        if out:
            raise Failure(f"bootstrap {args} writes to stdout: {out}")
        require_sentence(err, *parts)
    if env.redis_call("KEYS", "*"):
        raise Failure(f"bad usage has left keys behind: {env.redis_call('KEYS', '*')}")
    program.call("bootstrap", status=0)
    env.require_equal([Table("it", "t")])


@case()
def case_bootstrap_of_servers_that_do_not_answer(env):
    env.start_servers()
    env.sql("CREATE DATABASE it", "CREATE TABLE it.t (id INT PRIMARY KEY)")
    program = env.sluice([Table("it", "t")], **DEFAULTS, source={"connect_timeout_ms": 1000})
    env.source.stop()
    _, _, err = program.call("bootstrap", status=3)
    require_sentence(err.strip().splitlines()[-1], str(env.source.port))
    env.source.start()
    env.redis.stop()
    _, _, err = program.call("bootstrap", status=4)
    require_sentence(err.strip().splitlines()[-1], str(env.redis.port))
    env.redis.start()
    env.sql(f"ALTER USER '{SOURCE_USER}'@'127.0.0.1' IDENTIFIED BY 'changed'")
    _, _, err = program.call("bootstrap", status=3)
    require_sentence(err.strip().splitlines()[-1], SOURCE_USER)
    env.sql(f"ALTER USER '{SOURCE_USER}'@'127.0.0.1' IDENTIFIED BY '{SOURCE_PASSWORD}'")
    program.call("bootstrap", status=0)
    if not env.redis_call("EXISTS", CHECKPOINT):
        raise Failure("bootstrap has left no checkpoint for run to go on from")


@case()
def case_bootstrap_shows_how_far_it_is(env):
    """Not on a terminal: lines, none of them by carriage return."""
    env.start_servers()
    churn = Churn(env, 8000, clients=1)
    program = env.sluice(churn.oracle_tables, **DEFAULTS)
    _, out, err = program.call("bootstrap", status=0)
    if "\r" in out + err or "\033" in out + err:
        raise Failure(f"control characters without a terminal: {out + err!r}")
    for table in churn.oracle_tables:
        if str(table) not in out + err:
            raise Failure(f"nothing is said of {table}: {out + err}")
    env.require_equal(churn.oracle_tables)
    if {name: state.phase for name, state in load_states(env).items()} != {str(table): "done" for table in churn.oracle_tables}:
        raise Failure(f"the states are { {name: state.text for name, state in load_states(env).items()} }")


@case()
def case_second_bootstrap_beside_the_first(env):
    """Both end, whichever of them loads."""
    env.start_servers()
    churn = Churn(env, 6000)
    program = env.sluice(churn.oracle_tables, **slowly(3000))
    churn.start()
    first = Command(env, program, "bootstrap")
    env.sleep(0.05, 0.4)
    try:
        status, _, err = program.call("bootstrap")
    except RedisError as error:
        raise Failure(str(error)) from None
    first.finish()
    if status != 0:
        require_sentence(err.strip().splitlines()[-1], "lease|another|running")
    program.start()
    churn.stop()
    env.settle(churn.oracle_tables)

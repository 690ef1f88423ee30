"""Compressed values: the oracle unpacks them by zstd itself."""
import os

from harness import scenarios, zstd
from harness.churn import Churn
from harness.env import case
from harness.loading import DEFAULTS, require_sentence, slowly, wait_loaded
from harness.oracle import Table
from harness.place import Failure

# So that short values are frames, too.
ALL = {"compress": "zstd", "min_bytes": 1}


def _require_frames(env, tables, least=1):
    """Equal, and not because nothing is compressed."""
    found = env.account(tables)
    if found.sentences:
        raise Failure("; ".join([f"{found}", *found.sentences[:8]]))
    if sum(found.frames.values()) < least:
        raise Failure(f"of {found.equal} rows no more than {found.frames} values are compressed")
    return found


def _report(program, status, *args):
    path = os.path.join(program.folder, "drift.ndjson")
    program.call("reconcile", "--report", program.place.inner(path), *args, status=status, timeout=600)
    return scenarios.read_report(path)


def _require_no_drift(program):
    lines = _report(program, 0)
    if lines:
        raise Failure(f"nothing has drifted, but reported are {lines[:5]}")


def _stream(env, compress, **options):
    """Both values of every column type, streamed and loaded, by a program that is killed now and then."""
    env.start_servers(**options)
    works = [env.workload(value=value, db=f"it_{value}", truncate=True, compress=compress) for value in ("hash", "json")]
    tables = [table for work in works for table in work.oracle_tables]
    for work in works:
        work.run(transactions=60)
    program = env.sluice(tables).start()
    for work in works:
        work.start()
    for _ in range(3):
        env.sleep(env.seconds / 3)
        program.kill()
        program.start()
    for work in works:
        work.stop()
    _require_frames(env, tables)
    _require_no_drift(program)
    return program, tables


@case(timeout=240)
def case_random_changes_to_compressed_rows_with_kills(env):
    _stream(env, ALL)


@case(timeout=240)
def case_compressed_rows_in_minimal_images(env):
    _stream(env, {"compress": "zstd", "compress_level": 1}, binlog_row_image="MINIMAL")


def _bootstrap(env, value, **options):
    env.start_servers(**options)
    scenarios.bootstrap_killed(env, rows=9000, kills=2, value=value, tail=env.seconds / 2, config=slowly(5000), compress=ALL)
    _require_no_drift(env.sluices[-1])


@case(timeout=240)
def case_bootstrap_to_compressed_hashes_killed(env):
    _bootstrap(env, "hash")


@case(timeout=240)
def case_bootstrap_to_compressed_json_killed(env):
    _bootstrap(env, "json")


@case(timeout=240)
def case_keys_that_change_all_the_time_are_compressed(env):
    """Their rows are encoded late, some of them by the other thread."""
    env.start_servers()
    env.sql("CREATE DATABASE it", "CREATE TABLE it.h (id INT PRIMARY KEY, n INT, t TEXT)", "CREATE TABLE it.j LIKE it.h",
            *[f"INSERT INTO it.{name} VALUES {','.join(f'({number},0,NULL)' for number in range(4))}" for name in "hj"])
    tables = [Table("it", "h", compress=ALL), Table("it", "j", "json", compress=ALL)]
    program = env.sluice(tables).start()
    with env.source.connect() as connection:
        for number in range(4000):
            connection.query(f"UPDATE it.{'hj'[number % 2]} SET n=n+1, t=REPEAT('{number} ', {20 + number % 50}) WHERE id={number // 2 % 4}")
    _require_frames(env, tables, 8)
    _require_no_drift(program)


@case()
def case_columns_that_begin_as_a_frame(env):
    """A BLOB may hold frames of its own, or what only looks like one."""
    env.start_servers()
    frame = zstd.compress(b"a frame of the application's own" * 9)
    values = [zstd.MAGIC, zstd.MAGIC + b"x", zstd.MAGIC[:3], frame, frame + b"x", frame[:-1], b"x" + frame, b""]
    env.sql("CREATE DATABASE it", "CREATE TABLE it.b (id INT PRIMARY KEY, b BLOB)", "CREATE TABLE it.c LIKE it.b",
            *[f"INSERT INTO it.{name} VALUES ({number}, X'{value.hex()}')" for name in "bc" for number, value in enumerate(values)])
    tables = [Table("it", "b", compress={"compress": "zstd"}), Table("it", "c")]
    program = env.sluice(tables).start()
    found = _require_frames(env, tables, 5)
    if found.frames != {0: 5}:
        raise Failure(f"5 of the values begin as frames, compressed are {found.frames}")
    _require_no_drift(program)
    env.redis_call("HSET", "it:b:1", "b", values[1])
    env.redis_call("HSET", "it:b:3", "b", values[3])
    reported = {line["key"]: line["kind"] for line in _report(program, 1)}
    if reported != {"it:b:1": "different", "it:b:3": "different"}:
        raise Failure(f"two values that readers would take for frames are reported as {reported}")


@case(timeout=240)
def case_reconcile_tells_damaged_frames_from_other_frames_of_the_same(env):
    env.start_servers()
    churns = [Churn(env, 600, kinds=("num",), value=value, db=f"it_{value}", clients=1, compress=ALL) for value in ("hash", "json")]
    tables = [table for churn in churns for table in churn.oracle_tables]
    program = env.sluice(tables, **DEFAULTS).start()
    wait_loaded(env, tables)
    _require_frames(env, tables)
    damaged, same = set(), 0
    for key in sorted(env.redis_call("KEYS", "it_*"))[::7]:
        is_hash = key.startswith(b"it_hash")
        names = [name for name in (b"doc", b"note", b"name") if is_hash and env.redis_call("HEXISTS", key, name)]
        value = env.redis_call("HGET", key, names[0]) if names else None if is_hash else env.redis_call("GET", key)
        if not value:
            continue
        plain = zstd.plain(value)
        if zstd.is_frame(value) and len(damaged) < 20 and env.rng.random() < 0.5:
            # Past the head: there a bit more may say nothing else.
            at = env.rng.randrange(9, len(value) - 1)
            new = value[:at] + bytes([value[at] ^ 0x55]) + value[at + 1:]
            try:
                if zstd.plain(new) == plain:
                    continue
            except Failure:
                pass
            damaged.add(key.decode())
        else:
            new = env.rng.choice((plain, zstd.compress(plain, 19), zstd.compress(plain, 1)))
            same += 1
        env.redis_call(*(("HSET", key, names[0], new) if is_hash else ("SET", key, new)))
    if len(damaged) < 8 or same < 8:
        raise Failure(f"only {len(damaged)} frames could be damaged, {same} be replaced by others")
    for args, status in (((), 1), (("--repair",), 0)):
        reported = {line["key"]: line["kind"] for line in _report(program, status, *args)}
        if reported != dict.fromkeys(damaged, "different"):
            raise Failure(f"{len(damaged)} frames are damaged, reported are {len(reported)}: {sorted(reported.items())[:5]}, "
                          f"missing {sorted(damaged - reported.keys())[:5]}")
    _require_no_drift(program)
    _require_frames(env, tables)


@case()
def case_get_of_a_damaged_frame(env):
    env.start_servers()
    env.sql("CREATE DATABASE it", "CREATE TABLE it.t (id INT PRIMARY KEY, t TEXT)", "INSERT INTO it.t VALUES (1,REPEAT('text ',50))")
    program = env.sluice([Table("it", "t", "json", compress=ALL)]).start()
    env.quiesce()
    env.redis_call("SET", "it:t:1", env.redis_call("GET", "it:t:1")[:-3])
    _, out, err = program.call("get", "it.t", "1", status=4)
    if out:
        raise Failure(f"get of a damaged row prints {out}")
    require_sentence(err.strip(), "frame", "bootstrap --table")

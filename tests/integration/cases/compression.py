"""Compressed values: the oracle unpacks them by zstd itself."""
import hashlib
import json
import os
import re

from harness import scenarios, zstd
from harness.churn import Churn
from harness.env import case
from harness.loading import DEFAULTS, require_sentence, slowly, wait_loaded
from harness.oracle import Table
from harness.place import Failure

# So that short values are frames, too.
ALL = {"compress": "zstd", "min_bytes": 1}
ALL_DICT = {"compress": "zstd-dict", "min_bytes": 1}
DICTIONARY = re.compile(r"dictionary (\d+), (\d+) bytes, is in sink main")


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


def _train(program, table, *args):
    """The id of the dictionary that it makes."""
    _, out, _ = program.call("train", "--table", str(table), *args, status=0, timeout=120)
    found = DICTIONARY.search(out)
    gain = re.search(r"held out: (\d+) bytes raw, (\d+) zstd \(\d+ %\), (\d+) zstd-dict \(\d+ %\)", out)
    if not found or not gain or not 32768 <= int(found[1]) < 1 << 31:
        raise Failure(f"sluice train prints {out}")
    return int(found[1]), [int(number) for number in gain.groups()]


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


# ---- dictionaries ----


def _orders(env, compress=None, rows=1500):
    """Rows that are much alike and short, so that a dictionary wins; hashes and JSON."""
    env.start_servers()
    columns = "id INT PRIMARY KEY, status VARCHAR(40), note VARCHAR(200), address VARCHAR(200), n INT"
    tables = [Table("it", name, value, compress=compress or ALL_DICT) for name, value in (("h", "hash"), ("j", "json"))]
    words = [f"the {first} customer asked for {second} delivery" for first in ("new", "old", "angry", "happy") for second in ("early", "late", "no")]
    with env.source.connect() as connection:
        connection.query("CREATE DATABASE it")
        for table in tables:
            connection.query(f"CREATE TABLE it.{table.name} ({columns})")
            values = [f"({number}, 'order status {env.rng.randrange(9)}', '{env.rng.choice(words)} {env.rng.randrange(10 ** 6)}', "
                      f"'{env.rng.randrange(999)} Long Street, Springfield, {env.rng.randrange(99999)}', 0)" for number in range(rows)]
            connection.query(f"INSERT INTO it.{table.name} VALUES {','.join(values)}")
    return tables


@case(timeout=240)
def case_values_are_compressed_with_dictionaries(env):
    """First without one, then with one, then with another: the three are there at the same time, and all are read."""
    tables = _orders(env)
    program = env.sluice(tables, **DEFAULTS).start()
    wait_loaded(env, tables)
    if set(_require_frames(env, tables).frames) != {0}:
        raise Failure("values are compressed with a dictionary before there is one")
    for table in tables:
        said = [line for line in program.said().splitlines() if f"sluice train --table {table}" in line]
        if len(said) != 1:
            raise Failure(f"that {table} has no dictionary is said {len(said)} times: {said[:2]}")
    known = []
    for number in range(2):
        for table in tables:
            found, (raw, plain, trained) = _train(program, table, "--size", str((4096, 8192)[number]))
            known.append(found)
            if not trained < plain <= raw:
                raise Failure(f"the dictionary of {table} makes {trained} bytes of {raw}, without it are {plain}")
        program.restart()
        env.sql(*[f"UPDATE it.{table.name} SET n={number + 1} WHERE id%3={number}" for table in tables],
                *[f"UPDATE it.{table.name} SET note=CONCAT(note,' and more') WHERE id%3={number}" for table in tables])
        found = _require_frames(env, tables)
        if not {0, *known} <= set(found.frames):
            raise Failure(f"dictionaries are {known}, values are compressed with {found.frames}")
        _require_no_drift(program)
    if len(set(known)) != 4:
        raise Failure(f"four dictionaries have the ids {known}")
    for number in range(3):
        for table in tables:
            _, out, _ = program.call("get", str(table), str(number), status=0)
            if "customer asked for" not in json.loads(out)["note"]:
                raise Failure(f"get of a row prints {out}")
    program.call("bootstrap", status=0)
    if set(_require_frames(env, tables).frames) != {known[2], known[3]}:
        raise Failure("tables were loaded again, but not with their newest dictionary")
    if [line for line in program.said().splitlines() if "sluice train" in line]:
        raise Failure(f"a dictionary is missed that is there: {program.said()[-600:]}")


@case(timeout=240)
def case_a_dictionary_that_is_gone_is_said(env):
    tables = _orders(env, rows=600)
    program = env.sluice(tables, **DEFAULTS)
    known = {str(table): _train(program, table, "--rows", "500", "--size", "4096")[0] for table in tables}
    program.start()
    wait_loaded(env, tables)
    if set(_require_frames(env, tables).frames) != set(known.values()):
        raise Failure("not every value is compressed with its table's dictionary")
    for number in known.values():
        env.redis_call("DEL", f"sluice:{{it}}:dict:{number}")
    for table, number in known.items():
        _, out, err = program.call("get", table, "1", status=4)
        if out:
            raise Failure(f"get prints {out}, though the dictionary is gone")
        require_sentence(err.strip(), str(number), "bootstrap --table")
    path = os.path.join(program.folder, "drift.ndjson")
    _, _, err = program.call("reconcile", "--report", program.place.inner(path), status=1)
    reported = scenarios.read_report(path)
    if len(reported) != 1200 or {line["kind"] for line in reported} != {"different"}:
        raise Failure(f"1200 rows cannot be read, reported are {len(reported)}: {reported[:3]}")
    for table, number in known.items():
        if len([line for line in err.splitlines() if str(number) in line]) != 1:
            raise Failure(f"that the dictionary {number} is gone should be said once: {err[-900:]}")
    program.restart()
    for table, number in known.items():
        env.sql(f"UPDATE {table} SET n=5")
        env.quiesce()
        said = [line for line in program.said().splitlines() if str(number) in line and f"sluice train --table {table}" in line]
        if len(said) != 1:
            raise Failure(f"that the dictionary {number} is gone is said {len(said)} times: {program.said()[-900:]}")
    program.call("reconcile", "--repair", status=0)
    if set(_require_frames(env, tables).frames) != {0}:
        raise Failure("values are compressed with a dictionary that is gone")


@case(timeout=240)
def case_bootstrap_with_dictionaries_killed(env):
    env.start_servers()

    def prepare(program, tables):
        for table in tables:
            _train(program, table, "--rows", "2000", "--size", "8192")

    scenarios.bootstrap_killed(env, rows=9000, kills=2, value="json", tail=env.seconds / 2, config=slowly(5000), compress=ALL_DICT, prepare=prepare)
    _require_no_drift(env.sluices[-1])


@case(timeout=240)
def case_random_changes_with_dictionaries_and_kills(env):
    tables = _orders(env)
    churns = [Churn(env, 900, value=value, db=f"it_{value}", clients=1, compress=ALL_DICT) for value in ("hash", "json")]
    tables += [table for churn in churns for table in churn.oracle_tables]
    program = env.sluice(tables, **DEFAULTS)
    for table in tables:
        _train(program, table, "--rows", "1000", "--size", "4096")
    program.start()
    for churn in churns:
        churn.start()
    for number in range(3):
        env.sleep(env.seconds / 3)
        if number == 1:
            wait_loaded(env, tables)  # with the first dictionaries
        program.kill()
        if number == 1:
            for table in tables:
                _train(program, table, "--rows", "1000", "--size", "5000")
        program.start()
    for churn in churns:
        churn.stop()
        churn.run(200)
    found = _require_frames(env, tables)
    if len(found.frames) < 2 * len(churns) * 3:
        raise Failure(f"the tables that change were trained twice, values are compressed with {found.frames}")
    _require_no_drift(program)


@case()
def case_train_samples_a_large_table(env):
    """The source sends a part of its rows only, and they come from all over the key."""
    tables = _orders(env, rows=20000)
    program = env.sluice(tables, **DEFAULTS)
    env.sql("ANALYZE TABLE it.h, it.j")
    # The notes of the two halves have nothing in common, so that a dictionary has to know both.
    env.sql("UPDATE it.j SET note=REPEAT(SHA2(1,256),3), address='' WHERE id<10000", "UPDATE it.j SET note=REPEAT(SHA2(2,256),3), address='' WHERE id>=10000")
    before = _bytes_sent(env)
    number = _train(program, "it.j", "--rows", "300", "--size", "4096")[0]
    sent = _bytes_sent(env) - before
    size = int(env.sql("SELECT SUM(LENGTH(note)) FROM it.j")[0][0])
    if sent > size / 4:
        raise Failure(f"300 rows of 20000 were sampled, but the source sent {sent} bytes of {size}")
    # Of rows that the rule wants few of, more are asked for.
    program.config["tables"][1]["where"] = "id % 50 == 7"
    program.write_config()
    _, out, _ = program.call("train", "--table", "it.j", "--rows", "300", "--size", "4096", status=0)
    if "it.j: 300 rows sampled" not in out:
        raise Failure(f"400 rows are wanted by the rule, 300 are to be sampled: {out}")
    dictionary = env.redis_call("GET", f"sluice:{{it}}:dict:{number}")
    for half in (b"1", b"2"):
        if hashlib.sha256(half).hexdigest().encode() not in dictionary:
            raise Failure(f"a dictionary of the whole table does not know the half {half}")


def _bytes_sent(env):
    return int(env.sql("SHOW GLOBAL STATUS LIKE 'Bytes_sent'")[0][1])


@case()
def case_train_refuses_what_it_cannot_use(env):
    tables = _orders(env, rows=30)
    program = env.sluice(tables, **DEFAULTS)
    env.sql("CREATE TABLE it.empty (id INT PRIMARY KEY)", "CREATE TABLE it.nokey (a INT)")
    program.config["tables"].append({"table": "it.*"})
    program.write_config()
    for args, status, parts in (((), 2, ["--table"]), (("--table", "nodot"), 2, ["nodot"]), (("--table", "other.t"), 2, [r"other\.t"]),
                                (("--table", "it.h", "--rows", "0"), 2, ["rows"]), (("--table", "it.h", "--size", "12"), 2, ["size"]),
                                (("--table", "it.gone"), 3, [r"it\.gone"]), (("--table", "it.nokey"), 3, ["nokey"]),
                                (("--table", "it.empty"), 5, ["0 values"])):
        _, out, err = program.call("train", *args, status=status)
        if out:
            raise Failure(f"train {args} prints {out}")
        require_sentence(err.strip().splitlines()[-1], *parts)
    if env.redis_call("KEYS", "*"):
        raise Failure(f"nothing was trained, but Redis has {env.redis_call('KEYS', '*')}")
    env.redis.stop()
    _, _, err = program.call("train", "--table", "it.h", "--size", "1024")
    require_sentence(err.strip().splitlines()[-1], str(env.redis.port))

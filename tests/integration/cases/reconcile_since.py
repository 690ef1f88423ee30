"""`sluice reconcile --since`: the keys that the binary log speaks of are compared, those and no others."""
import datetime
import json
import os
import time

from harness.churn import Churn
from harness.env import case
from harness.loading import DEFAULTS, purge_logs, require_sentence, wait_loaded
from harness.oracle import Table
from harness.place import Failure

ROWS = 400


def _start(env, *more, **changes):
    """it.t and it.u with ROWS rows each, loaded."""
    env.start_servers()
    env.sql("CREATE DATABASE it", *[f"CREATE TABLE it.{name} (id INT PRIMARY KEY, note VARCHAR(40), n INT NOT NULL DEFAULT 0)" for name in "tu"],
            *[f"INSERT INTO it.{name} (id,note) VALUES " + ",".join(f"({number},'n{number}')" for number in range(ROWS)) for name in "tu"], *more)
    tables = [Table("it", "t"), Table("it", "u")]
    program = env.sluice(tables, **{**DEFAULTS, **changes}).start()
    wait_loaded(env, tables)
    env.settle(tables)
    return tables, program


def _reconcile(program, *args, status):
    """(lines of the report, {table: (rows, keys)}, what it said)"""
    path = os.path.join(program.folder, "drift.ndjson")
    _, out, err = program.call("reconcile", "--report", program.place.inner(path), *args, status=status)
    with open(path, encoding="utf-8") as file:
        lines = [json.loads(line) for line in file]
    words = [line.split() for line in out.splitlines()]
    return lines, {line[0]: (int(line[1]), int(line[2])) for line in words if line and line[0].startswith("it.")}, out + err


def _require(have, want, what):
    if have != want:
        raise Failure(f"{what}: {have}, due was {want}")


def _kinds(lines):
    return {line["key"]: line["kind"] for line in lines}


def _place(env):
    file, offset, _ = env.source.position()
    return f"{file}:{offset}"


def _gtid(env):
    return env.source.position()[2].replace("\n", "")


def _pass_a_second(env):
    """Events have whole seconds."""
    began = int(time.time())
    while int(time.time()) <= began + 1:
        env.sleep(0.05)


def _change(env):
    """Seven keys: rows that change, go, come, get another key and come back."""
    env.sql("UPDATE it.t SET n=n+1 WHERE id IN (1,2)", "DELETE FROM it.t WHERE id=3", "UPDATE it.t SET id=1004 WHERE id=4",
            "INSERT INTO it.t (id,note) VALUES (1005,'new')", "DELETE FROM it.t WHERE id=6", "INSERT INTO it.t (id,note) VALUES (6,'again')")
    env.quiesce()


CHANGED = {"it:t:2": "different", "it:t:3": "orphan", "it:t:4": "orphan", "it:t:1005": "missing"}


def _corrupt(env):
    """Keys of rows that changed, and as many of rows that did not."""
    for command in (("HSET", "it:t:2", "note", "wrong"), ("HSET", "it:t:3", "id", "3"), ("HSET", "it:t:4", "id", "4"), ("DEL", "it:t:1005"),
                    ("HSET", "it:t:12", "note", "wrong"), ("HSET", "it:t:2000", "id", "2000"), ("DEL", "it:t:15"), ("DEL", "it:u:2")):
        env.redis_call(*command)


def _check_since(env, program, when):
    """WHEN is before _change(); _corrupt() came behind."""
    lines, counts, said = _reconcile(program, "--since", when, status=1)
    _require(_kinds(lines), CHANGED, f"reported since {when}")
    # 1, 2, 6, 1004 and 1005 are rows; 3 and 4 are keys that were left.
    _require(counts, {"it.t": (5, 2), "it.u": (0, 0)}, f"compared since {when}")
    if " 7 keys changed" not in said:
        raise Failure(f"the changed keys are not counted: {said}")


def _mend(env, program, tables, when):
    _reconcile(program, "--since", when, "--repair", status=0)
    _require(_kinds(_reconcile(program, "--since", when, status=0)[0]), {}, "reported after the repair")
    lines, counts, _ = _reconcile(program, status=1)
    _require(_kinds(lines), {"it:t:12": "different", "it:t:2000": "orphan", "it:t:15": "missing", "it:u:2": "missing"},
             "reported of rows that did not change")
    _require(counts["it.u"][0], ROWS, "rows of a full comparison")
    _reconcile(program, "--repair", status=0)
    env.settle(tables)


@case()
def case_reconcile_since_a_position_looks_at_what_changed_only(env):
    tables, program = _start(env)
    when = _place(env)
    _change(env)
    _corrupt(env)
    _check_since(env, program, when)
    lines, counts, _ = _reconcile(program, "--since", when, "--table", "it.u", status=0)
    _require((lines, counts), ([], {"it.u": (0, 0)}), "compared with --table")
    _require(_reconcile(program, "--since", _place(env), status=0)[1], {"it.t": (0, 0), "it.u": (0, 0)}, "compared since the end")
    _mend(env, program, tables, when)


@case()
def case_reconcile_since_a_gtid(env):
    tables, program = _start(env)
    when = _gtid(env)
    _change(env)
    _corrupt(env)
    _check_since(env, program, when)
    _mend(env, program, tables, when)


@case()
def case_reconcile_since_a_time_across_rotated_logs(env):
    """The file is found by the time of its first events, and what lies before the time in it is passed over."""
    tables, program = _start(env)
    for number in range(6):
        env.sql("FLUSH BINARY LOGS", f"UPDATE it.u SET n=n+1 WHERE id={20 + number}")
        if number % 3 == 0:
            _pass_a_second(env)
    for _ in range(4):
        _pass_a_second(env)
    began = time.time()
    env.sql("FLUSH BINARY LOGS")
    _change(env)
    env.sql("FLUSH BINARY LOGS")
    _corrupt(env)
    moment = datetime.datetime.fromtimestamp(int(began), datetime.timezone.utc)
    _check_since(env, program, moment.strftime("%Y-%m-%dT%H:%M:%SZ"))
    local = datetime.datetime.fromtimestamp(int(began))
    _check_since(env, program, local.strftime("%Y-%m-%d %H:%M:%S"))
    _require(_kinds(_reconcile(program, "--since", f"{int(time.time() - began) + 4}s", status=1)[0]), CHANGED, "reported since a span")
    _, counts, said = _reconcile(program, "--since", "1d", status=1)
    _require(counts, {"it.t": (ROWS, 2), "it.u": (ROWS, 0)}, "compared since the log's begin")
    if "begins later" not in said:
        raise Failure(f"nothing tells that the log is younger than a day: {said}")
    _mend(env, program, tables, moment.strftime("%Y-%m-%d %H:%M:%SZ"))


@case()
def case_reconcile_since_a_place_whose_log_is_purged(env):
    _, program = _start(env)
    file, gtid = _place(env), _gtid(env)
    _pass_a_second(env)
    began = int(time.time())
    _change(env)
    purge_logs(env)
    moment = datetime.datetime.fromtimestamp(began, datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
    for when in (file, gtid, moment, "1h"):
        _, out, err = program.call("reconcile", "--since", when, status=5)
        require_sentence(err, "--since", "does not have", "without --since")
        if "it.t" in out:
            raise Failure(f"since {when}, which is purged, something was compared: {out}")
    _reconcile(program, "--since", _place(env), status=0)


@case()
def case_reconcile_since_compares_a_table_whole_after_statements_about_it(env):
    session = "SET SESSION binlog_format=STATEMENT"
    for nth, (statements, whole) in enumerate((
            (["TRUNCATE TABLE it.u"], "it.u"), (["ALTER TABLE it.t ADD more INT"], "it.t"),
            (["RENAME TABLE it.u TO it.v", "RENAME TABLE it.v TO it.u"], "it.u"), (["DROP TABLE it.u", "CREATE TABLE it.u LIKE it.t"], "it.u"))):
        if nth == 0:
            tables, program = _start(env)
        when = _place(env)
        env.sql(*statements)
        env.quiesce()
        env.redis_call("HSET", whole.replace(".", ":") + ":3000", "id", "3000")
        env.redis_call("HSET", "it:t:3001", "id", "3001")
        want = {whole.replace(".", ":") + ":3000": "orphan"}
        if whole == "it.t":
            want["it:t:3001"] = "orphan"
        lines, _, said = _reconcile(program, "--since", when, status=1)
        _require(_kinds(lines), want, f"reported since {statements}")
        require_sentence("\n".join(line for line in said.splitlines() if "compared whole" in line), whole, "statement")
        env.redis_call("DEL", *want, "it:t:3001")
        _require(_reconcile(program, "--since", _place(env), status=0)[0], [], "reported at the end")
    env.settle(tables)
    # A write by statement is a gap to the daemon, so it is gone; what it left is compared as it stands.
    program.stop()
    when = _place(env)
    env.sql(session, "UPDATE it.t SET note='by statement' WHERE id<50")
    _, _, err = program.call("reconcile", "--since", when, timeout=60)
    if "it.t is compared whole" not in err:
        raise Failure(f"a write by statement is not told: {err}")


@case()
def case_reconcile_since_takes_xa_transactions_for_what_they_decide(env):
    """Prepared before and committed behind: the log does not say any more which rows."""
    tables, program = _start(env)
    with env.source.connect() as connection:
        for statement in ("XA START 'a'", "UPDATE it.t SET n=77 WHERE id=9", "XA END 'a'", "XA PREPARE 'a'"):
            connection.query(statement)
    env.sql("UPDATE it.u SET n=5 WHERE id=5")
    when = _place(env)
    env.sql("XA COMMIT 'a'")
    env.quiesce()
    env.redis_call("HSET", "it:t:9", "n", "0")
    lines, _, said = _reconcile(program, "--since", when, status=1)
    _require(_kinds(lines), {"it:t:9": "stale"} if "stale" in _kinds(lines).values() else {"it:t:9": "different"}, "reported")
    if "it.t is compared whole" not in said or "XA" not in said:
        raise Failure(f"nothing tells why it.t is compared whole: {said}")
    _reconcile(program, "--repair", status=0)
    when = _place(env)
    with env.source.connect() as connection:
        for statement in ("XA START 'b'", "UPDATE it.t SET n=78 WHERE id=10", "XA END 'b'", "XA PREPARE 'b'", "XA COMMIT 'b'"):
            connection.query(statement)
    env.quiesce()
    _, counts, said = _reconcile(program, "--since", when, status=0)
    _require(counts, {"it.t": (1, 0), "it.u": (0, 0)}, "compared after a transaction prepared and committed since")
    env.settle(tables)


@case()
def case_reconcile_since_compares_a_table_whole_whose_keys_do_not_tell_their_rows(env):
    """"t-xyz" may be of ('x', 'yz') and of ('xy', 'z'); and a key of two tables is not called an orphan of one."""
    env.start_servers()
    env.sql("CREATE DATABASE it", "CREATE TABLE it.t (a VARCHAR(9), b VARCHAR(9), n INT, PRIMARY KEY (a,b))", "CREATE TABLE it.one (id INT PRIMARY KEY)",
            "CREATE TABLE it.two (id INT PRIMARY KEY)", "INSERT INTO it.t VALUES ('x','yz',1),('q','r',2)", "INSERT INTO it.one VALUES (1),(2)")
    program = env.sluice([{"table": "it.t", "key": "t-{a}{b}"}, {"table": "it.one", "key": "n:{id}"}, {"table": "it.two", "key": "n:{id}"}],
                         **DEFAULTS).start()
    wait_loaded(env, [Table("it", "t"), Table("it", "one"), Table("it", "two")])
    env.quiesce(program)
    when = _place(env)
    env.sql("UPDATE it.t SET n=3 WHERE a='x'", "DELETE FROM it.one WHERE id=1", "INSERT INTO it.two VALUES (1)")
    env.quiesce(program)
    lines, counts, said = _reconcile(program, "--since", when, status=0)
    _require((lines, counts["it.t"][0]), ([], 2), "compared")
    if "table it.t is compared whole: a key does not tell which row it is of" not in said:
        raise Failure(f"nothing tells why it.t is compared whole: {said}")
    _require((counts["it.one"], counts["it.two"]), ((0, 1), (1, 0)), "compared of the tables with common keys")


@case()
def case_reconcile_since_takes_a_sample_and_keeps_a_rate(env):
    _, program = _start(env)
    when = _place(env)
    env.sql("UPDATE it.t SET n=n+1")
    env.quiesce()
    counts = _reconcile(program, "--since", when, "--sample", "20", "--seed", "7", status=0)[1]
    if not 0 < counts["it.t"][0] < ROWS // 2:
        raise Failure(f"a sample of 20 % of {ROWS} rows that changed has {counts['it.t'][0]}")
    began = time.monotonic()
    _reconcile(program, "--since", when, "--rate", "200", status=0)
    if time.monotonic() - began < 1:
        raise Failure(f"{ROWS} keys at 200 a second took less than a second")


@case(timeout=240)
def case_reconcile_since_beside_random_changes_reports_nothing(env):
    env.start_servers()
    churns = [Churn(env, 800, db=f"it_{value}", value=value, clients=2, pause=0 if env.args.image == "full" else 0.01) for value in ("hash", "json")]
    tables = [table for churn in churns for table in churn.oracle_tables]
    program = env.sluice(tables, **DEFAULTS).start()
    wait_loaded(env, tables)
    for churn in churns:
        churn.start()
    place, compared = _place(env), 0
    for nth in range(8):
        env.sleep(0.5)
        status, out, err = program.call("reconcile", "--since", (place, "2s", _gtid(env))[nth % 3])
        compared += sum(int(line.split()[1]) for line in out.splitlines() if line.startswith("it_"))
        if status != 0:
            raise Failure(f"nothing has drifted, but reconcile --since ends with status {status}: {err[-800:]}{out[-800:]}")
        place = _place(env)
    for churn in churns:
        churn.stop()
    if compared == 0:
        raise Failure("no row was compared: nothing was put to the test")
    env.settle(tables)


@case()
def case_reconcile_since_refuses_what_is_no_beginning(env):
    _, program = _start(env)
    file, offset, _ = env.source.position()
    for when, part in (("yesterday", "FILE:POS"), ("2026-02-30T10:00:00Z", "date"), ("2999-01-01T00:00:00Z", "now"), ("0s", "span"),
                       (f"{file}:{offset + 100000}", "ends before"),
                       ("0-1-100" if env.is_mysql else "3e11fa47-71ca-11e1-9e33-c80aa9429562:1-5", "GTID")):
        _, out, err = program.call("reconcile", "--since", when, status=2)
        if "it.t" in out:
            raise Failure(f"--since {when} compares: {out}")
        require_sentence(err, "since" if part != "GTID" else "GTID", part)
    _, _, err = program.call("reconcile", "--since", "bin.999999:4", status=5)
    require_sentence(err, "bin.999999", "does not have")

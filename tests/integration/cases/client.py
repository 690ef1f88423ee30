"""cdc/client/ against real servers, by the drivers tool_source and tool_lookup: no Redis, no pipeline."""
import os
import re
import subprocess
import threading
import time

from harness.env import case
from harness.place import Failure
from harness.process import wait_until
from harness.servers import SOURCE_PASSWORD, SOURCE_USER

HEARTBEAT_MS = 300


def start(env, **options):
    env.start_source(**options)
    env.sql("CREATE DATABASE it", "CREATE TABLE it.t (id INT PRIMARY KEY, a VARCHAR(20))")


def arguments(env, tool, argv, settings):
    """Argument list and environment of a driver that talks to the source."""
    # pylint: disable=protected-access
    path = os.path.join(os.path.dirname(env._binary), "tests/support/tools", tool)
    if not os.path.exists(path):
        raise Failure(f"{path} is not built")
    given = {"PORT": env.source.port, "USER": SOURCE_USER, "PASSWORD": SOURCE_PASSWORD, "HEARTBEAT_MS": HEARTBEAT_MS}
    environment = {**os.environ, **{"SRC_" + name: str(value) for name, value in {**given, **settings}.items()}}
    return env._sluice_place.command([env._sluice_place.inner(path), *map(str, argv)]), environment


def run(env, tool, *argv, timeout=60, **settings):
    """The lines that a driver printed."""
    command, environment = arguments(env, tool, argv, settings)
    done = subprocess.run(command, env=environment, capture_output=True, timeout=timeout, check=False)
    if done.returncode < 0 or done.stderr:
        raise Failure(f"{tool} ended with {done.returncode}: {done.stderr.decode(errors='replace')[-2000:]}")
    return done.stdout.decode(errors="replace").splitlines()


def require(condition, lines):
    if not condition:
        raise Failure("unexpected output:\n" + "\n".join(lines[-30:]))


def require_error(lines, status, part):
    require(lines and lines[-1].startswith(f"error {status}: ") and part in lines[-1], lines)
    require(SOURCE_PASSWORD not in "\n".join(lines), ["the password is in a sentence"])


def place(env):
    file, offset, gtid = env.source.position()
    return f"{file}:{offset}", gtid.replace("\n", "")


def events(lines):
    """Names and sizes of the events proper: what a server puts in at a start or while idle depends on the start."""
    head = ("ROTATE", "FORMAT_DESCRIPTION", "PREVIOUS_GTIDS", "GTID_LIST", "BINLOG_CHECKPOINT", "HEARTBEAT")
    return [line for line in lines if "size=" in line and not line.startswith(head)]


@case()
def case_client_resumes_by_gtid_as_by_file(env):
    start(env)
    env.sql("INSERT INTO it.t VALUES (1, 'a')")
    by_file, by_gtid = place(env)
    env.sql("INSERT INTO it.t VALUES (2, 'b')", "UPDATE it.t SET a = 'c'")
    lines = run(env, "tool_source", "dump", by_file)
    require(lines[-1] == "end" and len([line for line in lines if line.startswith("XID")]) == 2, lines)
    for other in (run(env, "tool_source", "dump", by_gtid), run(env, "tool_source", "dump", by_gtid, READER="")):
        require(other[-1] == "end" and events(other) == events(lines), other)
    every = run(env, "tool_source", "dump", "earliest")
    require(events(every)[-len(events(lines)):] == events(lines), every)
    require(len(events(every)) > len(events(lines)), every)
    now = run(env, "tool_source", "dump", "now")
    require(now[-1] == "end" and not events(now), now)
    require(by_gtid.split(":", maxsplit=1)[0] in every[0] if env.is_mysql else "GTID " in now[0], now)


@case()
def case_client_names_what_is_purged(env):
    start(env)
    by_file, by_gtid = place(env)
    env.sql("INSERT INTO it.t VALUES (1, 'a')", "FLUSH BINARY LOGS", "INSERT INTO it.t VALUES (2, 'b')")
    last = place(env)[0].partition(":")[0]

    def purge():
        env.sql(f"PURGE BINARY LOGS TO '{last}'")
        return len(env.sql("SHOW BINARY LOGS")) == 1

    wait_until("the first binary log to be free for purging", 30, purge)  # MariaDB holds it until its checkpoint
    require_error(run(env, "tool_source", "dump", by_file), "changes are missing", by_file)
    lines = run(env, "tool_source", "dump", by_gtid)
    uuid, _, number = by_gtid.rpartition("-")
    missing = f"({uuid.partition(':')[0]}:{int(number) + 1})" if env.is_mysql else by_gtid
    require_error(lines, "changes are missing", missing)


@case()
def case_client_refuses_a_position_that_cannot_be(env):
    start(env)
    file = place(env)[0].partition(":")[0]
    require_error(run(env, "tool_source", "dump", f"{file}:99999999"), "changes are missing", "99999999")
    ahead = env.sql("SELECT @@server_uuid")[0][0].decode() + ":1-999" if env.is_mysql else "0-1-999"
    require_error(run(env, "tool_source", "dump", ahead), "changes are missing", "999")
    other = "0-1-5" if env.is_mysql else "3e11fa47-71ca-11e1-9e33-c80aa9429562:1-5"
    require_error(run(env, "tool_source", "dump", other), "invalid value", "load the tables again")


@case()
def case_client_explains_a_refused_login(env):
    start(env)
    require_error(run(env, "tool_source", "dump", "now", PASSWORD="wrong"), "refused by the peer", "source.user")
    require_error(run(env, "tool_source", "dump", "now", PORT=1), "connection or file failed", "listens")
    env.sql("CREATE USER 'few'@'%' IDENTIFIED BY 'few-Pa55'")
    lines = run(env, "tool_source", "dump", place(env)[0], USER="few", PASSWORD="few-Pa55")
    require_error(lines, "refused by the peer", "REPLICATION SLAVE")


@case()
def case_client_second_reader_with_the_same_id_ends_the_first_for_good(env):
    start(env)
    command, environment = arguments(env, "tool_source", ("follow", "now"), {"HEARTBEAT_MS": 2000})
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE) as first:
        for _ in range(3):
            first.stdout.readline()
        # A scan is nobody's replica and must not disturb.
        run(env, "tool_source", "dump", "earliest", READER="")
        require(first.poll() is None, ["the scan threw the first reader out"])
        run(env, "tool_source", "follow", "now", 3, HEARTBEAT_MS=2000)
        rest, _ = first.communicate(timeout=120)
    require_error(rest.decode().splitlines(), "refused by the peer", "second client with the same server id")


@case()
def case_client_wakes_up_when_interrupted(env):
    start(env)
    # Nothing else would wake it up for longer than run() waits.
    lines = run(env, "tool_source", "interrupt", "now", 500, HEARTBEAT_MS=600000)
    require(lines[-1].startswith("error stopped"), lines)


@case()
def case_client_notices_a_silent_server_and_outlives_an_idle_one(env):
    start(env)
    # Three heartbeats that do not come are silence. Among the eight are the heads of the file, of which there are up to three.
    lines = run(env, "tool_source", "follow", "now", 8, READER="idle", HEARTBEAT_MS=1500)
    require(len([line for line in lines if line.startswith("HEARTBEAT")]) >= 5, lines)
    command, environment = arguments(env, "tool_source", ("follow", "now"), {})
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE) as reader:
        for _ in range(4):
            reader.stdout.readline()
        env.source.pause()
        watchdog = threading.Timer(60, reader.kill)
        watchdog.start()
        begun = time.monotonic()
        rest, _ = reader.communicate()
        silent = time.monotonic() - begun
        watchdog.cancel()
        env.source.resume()
    require(silent < 50, [f"noticed after {silent} s", *rest.decode().splitlines()])
    require_error(rest.decode().splitlines(), "connection or file failed", "127.0.0.1")


@case()
def case_client_reads_events_of_more_than_a_packet(env):
    start(env, max_allowed_packet="256M")
    env.sql("CREATE TABLE it.big (id INT PRIMARY KEY, b LONGBLOB)", "INSERT INTO it.big VALUES (1, REPEAT('x', 40000000))")
    lines = run(env, "tool_source", "dump", "earliest")
    sizes = [int(found) for found in re.findall(r"size=(\d+)", "\n".join(lines))]
    require(lines[-1] == "end" and 40000000 < max(sizes) < 40001000, lines)


@case()
def case_client_trusts_a_layout_only_while_no_ddl_lies_between(env):
    start(env)
    env.sql("CREATE TABLE it.u (a INT, b INT NOT NULL, c INT NOT NULL, d VARCHAR(9) NOT NULL, UNIQUE (a), UNIQUE (d(3)), UNIQUE (c, b))")
    first = place(env)[0]
    env.sql("INSERT INTO it.t VALUES (1, 'a')", "CREATE TABLE it.other (a INT)", "TRUNCATE it.u")
    second = place(env)[0]
    env.sql("ALTER TABLE it.t ADD COLUMN more INT")
    third = place(env)[0]
    env.sql("FLUSH BINARY LOGS", "CREATE OR REPLACE VIEW it.v AS SELECT 1")
    fourth = place(env)[0]

    def current(table):
        lines = run(env, "tool_lookup", "schema", "it", table, first, second, third, fourth, first)
        return [line[-1] for line in lines if "current=" in line]

    require(current("t") == ["0", "0", "1", "1", "0"], current("t"))
    require(current("u") == ["1", "1", "1", "1", "1"], current("u"))
    require(current("other") == ["0", "1", "1", "1", "0"], current("other"))
    lines = run(env, "tool_lookup", "schema", "it", "u", first)
    keys = [line.rpartition("=")[2] for line in lines if line.startswith("column")]
    require(keys == ["0", "2", "1", "0"] and "primary=0" in lines[-1], lines)
    require(run(env, "tool_lookup", "schema", "it", "gone", first) == ["no such table"], ["gone"])


@case()
def case_client_check_names_what_is_missing(env):
    start(env, binlog_row_image="MINIMAL")
    env.sql("CREATE TABLE it.nokey (a INT)", "CREATE TABLE it.child (id INT PRIMARY KEY, p INT, FOREIGN KEY (p) REFERENCES it.t (id) "
            "ON DELETE CASCADE)", "CREATE USER 'few'@'%' IDENTIFIED BY 'few-Pa55'", "GRANT SELECT ON it.t TO 'few'@'%'")
    lines = run(env, "tool_lookup", "check", "it", "t", "it", "nokey", "it", "child", "it", "gone")
    found = [line for line in lines if not line.startswith("ok")]
    require(len([line for line in found if line.startswith("fail")]) == 1, lines)
    for part in ("fail table: it.nokey has neither", "warn binlog_row_image: binlog_row_image is MINIMAL", "warn table: it.gone does not exist"):
        require(any(line.startswith(part) for line in found), lines)
    lines = run(env, "tool_lookup", "check", "it", "t", "it", "nokey", USER="few", PASSWORD="few-Pa55")
    for part in (r"fail privilege: .*\| GRANT REPLICATION SLAVE ON \*\.\* TO 'few'@'%'",
                 r"fail privilege: .*\| GRANT (REPLICATION CLIENT|BINLOG MONITOR) ON \*\.\* TO 'few'@'%'",
                 r"ok table: it\.t has a primary key", r"fail table: .*\| GRANT SELECT ON `it`\.`nokey` TO 'few'@'%'"):
        require(any(re.fullmatch(part, line) for line in lines), lines)
    listed = run(env, "tool_lookup", "list")
    require({"it.t", "it.nokey", "it.child"} <= set(listed) and not any(line.startswith("mysql.") for line in listed), listed)

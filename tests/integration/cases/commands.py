"""The commands beside run: bootstrap, reconcile, get, status, and the HTTP pages."""
import json
import os
import socket
import subprocess
import urllib.error
import urllib.request

from harness.env import case
from harness.oracle import Table, expected
from harness.place import Failure, Root, free_port
from harness.process import wait_until
from harness.servers import REDIS_PASSWORD


@case()
def case_bootstrap_loads_once_and_run_goes_on_from_there(env):
    env.start_servers()
    work = env.workload()
    work.run(transactions=300)
    program = env.sluice(work.oracle_tables)
    program.call("bootstrap", status=0)
    env.require_equal(work.oracle_tables)
    work.run(transactions=100)
    program.start()
    env.settle(work.oracle_tables)


@case()
def case_bootstrap_beside_the_daemon_while_rows_change(env):
    env.start_servers()
    work = env.workload()
    work.run(transactions=300)
    program = env.sluice(work.oracle_tables).start()
    work.start()
    program.call("bootstrap", "--table", "it.types", "--table", "it.composite", status=0)
    work.stop()
    env.settle(work.oracle_tables)


@case()
def case_reconcile_finds_and_mends_every_kind_of_drift(env):
    env.start_servers()
    work = env.workload(["small", "composite"])
    work.run(transactions=200)
    program = env.sluice(work.oracle_tables).start()
    env.settle(work.oracle_tables)
    program.call("reconcile", status=0)
    with env.source.connect() as connection:
        keys = sorted(expected(connection, Table("it", "small")))
    missing, different, extra = keys[0], keys[1], b"it:small:100000"
    env.redis_call("DEL", missing)
    env.redis_call("HSET", different, "number", "424242")
    env.redis_call("HSET", extra, "id", "100000")
    report = os.path.join(program.folder, "drift.ndjson")
    program.call("reconcile", "--report", program.place.inner(report), status=1)
    with open(report, encoding="utf-8") as file:
        lines = [json.loads(line) for line in file]
    reported = {line.get("key") for line in lines}
    due = {key.decode() for key in (missing, different, extra)}
    if reported != due:
        raise Failure(f"reconcile reports {sorted(map(str, reported))}, due are {sorted(due)}")
    program.call("reconcile", "--repair", status=0)
    env.settle(work.oracle_tables)
    program.call("reconcile", status=0)


@case()
def case_reconcile_while_rows_change_reports_nothing(env):
    env.start_servers()
    work = env.workload(["small", "composite"])
    program = env.sluice(work.oracle_tables).start()
    work.start()
    try:
        for _ in range(3):
            program.call("reconcile", status=0)
    finally:
        work.stop()
    env.settle(work.oracle_tables)


def _get(env, *forms):
    env.start_servers()
    env.sql("CREATE DATABASE it", "CREATE TABLE it.t (a VARCHAR(9), b INT, v VARCHAR(200), PRIMARY KEY (a,b))",
            "INSERT INTO it.t VALUES ('x:y',1,REPEAT('v',200)),('z',2,NULL)")
    for value, compress in forms:
        env.redis_call("FLUSHALL")
        program = env.sluice([{"table": "it.t", "value": value, "compress": compress}]).start()
        env.quiesce(program)
        _, out, _ = program.call("get", "it.t", "x:y", "1", status=0)
        row = json.loads(out)
        if row.get("v") != "v" * 200 or str(row.get("b")) != "1":
            raise Failure(f"get of a {value} row, compress {compress}, prints {out}")
        program.call("get", "it.t", "x", "1", status=1)
        program.call("get", "it.u", "1", status=2)
        program.stop()


@case()
def case_get_prints_a_row_as_json(env):
    _get(env, ("hash", "none"), ("json", "none"))


@case()
def case_get_prints_a_compressed_row(env):
    _get(env, ("json", "zstd"), ("hash", "zstd"))


@case()
def case_status_tells_running_from_stopped(env):
    env.start_servers()
    env.sql("CREATE DATABASE it", "CREATE TABLE it.t (id INT PRIMARY KEY)")
    program = env.sluice([Table("it", "t")])
    program.call("status", status=1)
    program.start()
    env.quiesce()
    wait_until("status to be 0", 10, lambda: program.call("status")[0] == 0)
    json.loads(wait_until("status --json to be 0", 10, lambda: _if_ok(program.call("status", "--json"))))
    program.kill()
    wait_until("status to notice that the daemon is gone", 30, lambda: program.call("status")[0] == 1)


def _if_ok(done):
    """Standard output of a command that ended well, else None."""
    return done[1] if done[0] == 0 else None


def _fetch(port, path):
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=60) as reply:
            return reply.status, reply.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()
    except OSError as error:
        return 0, str(error)


def _wait_for_page(port, path, status, *parts):
    """Until the page answers STATUS, with PARTS in it: the text."""
    def look():
        found[:] = _fetch(port, path)
        return found[0] == status and all(part in found[1] for part in parts) and found[1]

    found = []
    return wait_until(lambda: f"{path} to answer {status} with {parts}; it answers {found}", 60, look)


def _get_page(port, path, want):
    status, text = _fetch(port, path)
    if status != want:
        raise Failure(f"{path} answers {status} and not {want}: {text[:500]}")
    return text


def _sample(text, name):
    """The sum of the samples of a metric."""
    lines = [line for line in text.splitlines() if line.startswith((name + "{", name + " "))]
    if not lines:
        raise Failure(f"no metric {name} in: {text[:2000]}")
    return sum(float(line.split()[-1]) for line in lines)


def _check_metrics(text):
    """Prometheus' own judgement; it is in the root in any case."""
    root = Root()
    checked = subprocess.run(root.command([root.find("promtool"), "check", "metrics"]), input=text, capture_output=True, text=True,
                             check=False)
    if checked.returncode != 0 or checked.stderr or checked.stdout:
        raise Failure(f"promtool check metrics: {checked.stdout}{checked.stderr}")


@case()
def case_http_pages(env):
    env.start_servers()
    work = env.workload(["small"])
    port = free_port()
    env.sluice(work.oracle_tables, http={"listen": f"127.0.0.1:{port}"}).start()
    work.run(transactions=50)
    env.settle(work.oracle_tables)
    _wait_for_page(port, "/readyz", 200)
    _get_page(port, "/healthz", 200)
    _get_page(port, "/none", 404)
    wait_until("the metrics to count rows", 10, lambda: _sample(_get_page(port, "/metrics", 200), "sluice_sink_rows_total") > 0)
    text = _get_page(port, "/metrics", 200)
    _check_metrics(text)
    if _sample(text, "sluice_sink_exec_seconds_count") != _sample(text, "sluice_sink_groups_total"):
        raise Failure("not every group's latency was counted: " + text)
    sinks = json.loads(_wait_for_page(port, "/status.json", 200, '"fresh":true'))["sinks"]
    if len(sinks) != 1 or sinks[0]["state"] != "streaming" or sinks[0]["position"]["pos"] < 4:
        raise Failure(f"/status.json says {sinks}")
    request = urllib.request.Request(f"http://127.0.0.1:{port}/metrics", data=b"x" * 100000)
    try:
        urllib.request.urlopen(request, timeout=60)
        raise Failure("POST was answered")
    except (urllib.error.URLError, ConnectionError) as error:
        if getattr(error, "code", 405) != 405:
            raise Failure(f"POST was answered with {error.code}") from error
    env.redis.pause()
    _wait_for_page(port, "/readyz", 503)
    _get_page(port, "/healthz", 200)
    env.redis.resume()
    _wait_for_page(port, "/readyz", 200)
    env.source.stop()
    _wait_for_page(port, "/readyz", 503, "reconnecting")
    env.source.start()
    _wait_for_page(port, "/readyz", 200)
    if _sample(_get_page(port, "/metrics", 200), "sluice_failures_total") < 1:
        raise Failure("no failure was counted")


@case()
def case_pages_tell_sinks_apart(env):
    env.start_servers()
    other = env.start_redis()
    env.sql("CREATE DATABASE it", "CREATE TABLE it.t (id INT PRIMARY KEY)", "INSERT INTO it.t VALUES (1)")
    port = free_port()
    sinks = [{"name": name, "url": f"redis://127.0.0.1:{server.port}/0", "password_env": "SLUICE_REDIS_PASSWORD"}
             for name, server in (("one", env.redis), ("two", other))]
    env.sluice([{"table": "it.t"}], sinks=sinks, http={"listen": f"127.0.0.1:{port}"}).start()
    _wait_for_page(port, "/readyz", 200)
    found = {sink["name"]: sink["url"] for sink in json.loads(_get_page(port, "/status.json", 200))["sinks"]}
    if found != {sink["name"]: sink["url"].rpartition("/")[0] for sink in sinks}:
        raise Failure(f"/status.json shows {found}")
    other.pause()
    _wait_for_page(port, "/readyz", 503, "one: fresh", "two: not fresh")
    other.resume()


@case()
def case_a_taken_port_is_named(env):
    env.start_servers()
    env.sql("CREATE DATABASE it", "CREATE TABLE it.t (id INT PRIMARY KEY)")
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        _, _, err = env.sluice([{"table": "it.t"}], http={"listen": f"127.0.0.1:{port}"}).call("run", status=2)
    if "http.listen" not in err or str(port) not in err:
        raise Failure(f"a port that is taken is told so: {err}")


@case()
def case_check_names_what_the_redis_user_may_not_do(env):
    env.start_servers()
    env.sql("CREATE DATABASE it", "CREATE TABLE it.t (id INT PRIMARY KEY)", "CREATE TABLE it.u (id INT)")
    sinks = [{"name": "main", "url": f"redis://half@127.0.0.1:{env.redis.port}/0", "password_env": "SLUICE_REDIS_PASSWORD"}]
    password = ">" + REDIS_PASSWORD
    env.redis_call("ACL", "SETUSER", "half", "on", password, "~sluice:*", "+@all", "-unlink")
    program = env.sluice([{"table": "it.t", "columns": ["id", "nope"]}, {"table": "it.u"}, {"table": "it.none"}, {"table": "no.*"},
                          {"table": "no.t"}], sinks=sinks)
    _, out, _ = program.call("check", "--json", status=1)
    lines = [json.loads(line) for line in out.splitlines()]
    for topic, level, part, fix in (
            ("redis_acl", "fail", "unlink", "ACL SETUSER half +UNLINK"), ("redis_acl", "fail", "HSET", "~PATTERN"),
            ("table", "fail", "nope", ""), ("table", "fail", "it.u has neither", "ADD PRIMARY KEY"),
            ("table", "warn", "it.none does not exist", ""), ("table", "warn", "no.*", ""), ("table", "warn", "never used", "")):
        if not any(line["topic"] == topic and line["level"] == level and part.lower() in line["text"].lower() and
                   fix in line.get("fix", "") for line in lines):
            raise Failure(f"check does not say {level} {topic} {part} {fix}: {out}")
    env.redis_call("ACL", "SETUSER", "half", "~it:*", "+unlink")
    program = env.sluice([{"table": "it.t"}], sinks=sinks)
    program.call("check", status=0)
    if env.redis_call("KEYS", "*"):
        raise Failure("check has left keys behind")
    program.start()
    env.quiesce(program)
    _, out, _ = program.call("check", status=0)
    if "another sluice would stand by" not in out or "still has what lies behind the checkpoint" not in out:
        raise Failure(f"check beside the daemon says {out}")
    program.stop()
    env.sql("INSERT INTO it.t VALUES (1)", "FLUSH BINARY LOGS", "FLUSH BINARY LOGS")

    def purged():
        # The server keeps a file for as long as it believes that a replica reads it.
        return len(env.sql(f"PURGE BINARY LOGS TO '{env.source.position()[0]}'", "SHOW BINARY LOGS")) == 1

    wait_until("the binary log to be purged", 30, purged)
    _, out, _ = program.call("check", status=1)
    if not any(line.startswith("fail") and "checkpoint" in line for line in out.splitlines()):
        raise Failure(f"check of a purged checkpoint says {out}")

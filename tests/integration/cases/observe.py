"""Metrics, alert rules and the dashboard: what docs/metrics.md says, judged by a real Prometheus."""
import json
import os
import re
import signal
import urllib.request

from harness.env import HEARTBEAT, case
from harness.loading import slowly
from harness.oracle import Table
from harness.place import Failure, Root, free_port
from harness.process import wait_until
from harness.prometheus import OBSERVE, Prometheus, copy_observe, promtool

MANUAL = os.path.join(OBSERVE, "../docs/metrics.md")
BOARD = os.path.join(OBSERVE, "grafana/dashboards/sluice.json")
USERS = Table("it", "users")


def _page(port):
    """The page; empty before the daemon listens."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=60) as reply:
            return reply.read().decode()
    except OSError:
        return ""


def _value(text, name, **labels):
    """The sum of the samples of a metric that have LABELS; None: there are none."""
    found = None
    for line in text.splitlines():
        sample = re.fullmatch(re.escape(name) + r"(?:\{(.*)\})? (\S+)", line)
        if sample and all(f'{label}="{value}"' in (sample.group(1) or "") for label, value in labels.items()):
            found = (found or 0) + float(sample.group(2))
    return found


def _wait_value(port, what, name, check, timeout=60, **labels):
    def look():
        value = _value(_page(port), name, **labels)
        return value is not None and check(value)

    wait_until(lambda: f"{name} {labels} to be {what}; it is {_value(_page(port), name, **labels)}", timeout, look)


def _documented(kind):
    """The metrics of the manual: those of the page ("typed") or those that are written to a file."""
    with open(MANUAL, encoding="utf-8") as file:
        rows = re.findall(r"^\| `(sluice_\w+)` \| ?(\w*)", file.read(), re.M)
    is_typed = {"gauge", "counter", "histogram"}
    return {name for name, type_name in rows if (type_name in is_typed) == (kind == "typed")}


def _sampled(text):
    names = {re.match(r"\w+", line).group() for line in text.splitlines() if line and not line.startswith("#")}
    return {re.sub(r"_(bucket|sum|count)$", "", name) for name in names}


def _make_users(env, rows):
    env.sql("CREATE DATABASE IF NOT EXISTS it", "CREATE TABLE it.users (id INT PRIMARY KEY, name VARCHAR(100))")
    with env.source.connect() as connection:
        for first in range(1, rows + 1, 500):
            values = ",".join(f"({number}, 'user {number}')" for number in range(first, min(first + 500, rows + 1)))
            connection.query(f"INSERT INTO it.users VALUES {values}")


def _prometheus(env, *ports):
    place = Root()
    folder = place.folder("it-prometheus")
    os.chmod(folder, 0o755)
    env.guard.add_folder(folder)
    env.folders.append(folder)
    server = Prometheus(env.guard, folder, ports)
    env.everything.append(server)
    return server.start()


@case(servers=("mariadb",))
def case_alert_rules_hold_what_their_tests_say(env):
    folder = Root().folder("it-observe")
    env.guard.add_folder(folder)
    env.folders.append(folder)
    path = copy_observe(folder)
    promtool("check", "config", f"{path}/prometheus.yml")
    promtool("check", "rules", f"{path}/alerts.yml")
    promtool("test", "rules", f"{path}/alerts.test.yml")


@case()
def case_metrics_are_those_of_the_manual(env):
    env.start_servers()
    _make_users(env, 12000)
    port = free_port()
    program = env.sluice([USERS], http={"listen": f"127.0.0.1:{port}"}, **slowly(1200)).start()

    def loading_page():
        text = _page(port)
        is_it = _value(text, "sluice_snapshot_table_rows", table="it.users") and _value(text, "sluice_snapshot_tables", phase="loading") == 1
        return is_it and text

    loading = wait_until(lambda: f"the load to be shown: {_page(port)}", 60, loading_page)
    if not 6000 < _value(loading, "sluice_snapshot_table_estimated_rows", table="it.users") < 24000:
        raise Failure("the load is shown otherwise: " + loading)
    env.sql("INSERT INTO it.users VALUES (0, 'zero')", "UPDATE it.users SET name = 'one' WHERE id < 3",
            "DELETE FROM it.users WHERE id = 12000")
    env.settle([USERS])
    _wait_value(port, "one table", "sluice_snapshot_tables", lambda count: count == 1, phase="done")
    program.call("reconcile", status=0)
    _wait_value(port, "all rows", "sluice_last_reconcile_rows", lambda rows: rows == 12000, scope="all")
    _wait_value(port, "0", "sluice_lag_bytes", lambda count: count == 0, position="acknowledged")
    text = _page(port)
    said = promtool("check", "metrics", text=text)
    if said:
        raise Failure(f"promtool check metrics: {said}")
    counted = [_value(text, "sluice_rows_total", table="it.users", operation=name) for name in ("insert", "update", "delete")]
    if counted != [1, 3, 1] or _value(text, "sluice_transactions_total", table="it.users") != 3:
        raise Failure(f"row changes of it.users are counted as {counted}: {text}")
    if _value(text, "sluice_rows_total") != _value(text, "sluice_source_rows_total"):
        raise Failure("the tables' rows are not all rows: " + text)
    if _value(text, "sluice_sink_batch_rows_sum") != _value(text, "sluice_sink_rows_total"):
        raise Failure("the batches' rows are not all rows: " + text)
    if _value(text, "sluice_leader") != 1 or _value(text, "sluice_checkpoint_age_seconds") > 60:
        raise Failure("who writes, and when the checkpoint was written, is shown otherwise: " + text)
    shown = _sampled(loading) | _sampled(text)
    if shown != _documented("typed"):
        raise Failure(f"only in docs/metrics.md: {sorted(_documented('typed') - shown)}; only shown: "
                      f"{sorted(shown - _documented('typed'))}")
    written = set()
    for words in ((), ("--since", "1h")):
        path = os.path.join(program.folder, "reconcile.prom")
        program.call("reconcile", "--metrics", program.place.inner(path), *words, status=0)
        with open(path, encoding="utf-8") as file:
            lines = file.read()
        if promtool("check", "metrics", text=lines):
            raise Failure(f"promtool check metrics: {lines}")
        written |= _sampled(lines)
    if written != _documented("written"):
        raise Failure(f"sluice reconcile writes {sorted(written)}, docs/metrics.md has {sorted(_documented('written'))}")


@case()
def case_lag_in_bytes_tells_what_redis_did_not_get(env):
    env.start_servers()
    _make_users(env, 10)
    port = free_port()
    env.sluice([USERS], http={"listen": f"127.0.0.1:{port}"}).start()
    env.settle([USERS])
    _wait_value(port, "0", "sluice_lag_bytes", lambda count: count == 0, position="acknowledged")
    env.redis.pause()
    env.sql("UPDATE it.users SET name = REPEAT('x', 100)", "FLUSH BINARY LOGS", "UPDATE it.users SET name = REPEAT('y', 100)")
    _wait_value(port, "more than two updates' rows", "sluice_lag_bytes", lambda count: 2000 < count < 100000, position="acknowledged")
    _wait_value(port, "0, as all was read", "sluice_lag_bytes", lambda count: count == 0, position="read")
    env.redis.resume()
    env.settle([USERS])
    _wait_value(port, "0", "sluice_lag_bytes", lambda count: count == 0, position="acknowledged")
    env.source.stop()
    wait_until("the lag in bytes to be no longer known", 60, lambda: _value(_page(port), "sluice_lag_bytes") is None)


@case()
def case_a_standby_is_told_from_the_writer(env):
    env.start_servers()
    _make_users(env, 10)
    ports = [free_port(), free_port()]
    first = env.sluice([USERS], http={"listen": f"127.0.0.1:{ports[0]}"}).start()
    env.settle([USERS])
    env.sluice([USERS], http={"listen": f"127.0.0.1:{ports[1]}"}).start(ready=False)
    _wait_value(ports[1], "1", "sluice_state", lambda value: value == 1, state="standby")
    text = _page(ports[1])
    if _value(text, "sluice_leader") != 0 or _value(text, "sluice_lag_bytes") is not None or \
            _value(_page(ports[0]), "sluice_leader") != 1:
        raise Failure("the standby is shown as the writer: " + text)
    _wait_value(ports[1], "shown by the standby, too", "sluice_snapshot_tables", lambda count: count >= 0)
    first.kill()
    _wait_value(ports[1], "1", "sluice_leader", lambda value: value == 1)


def _wait_calm(prometheus):
    """Nothing fires, and that is not for want of a daemon."""
    wait_until(lambda: f"nothing to fire; there are {prometheus.firing()}", 60,
               lambda: not prometheus.firing() and prometheus.query("sluice_fresh == 1"))


@case(timeout=300)
def case_alerts_fire_and_resolve(env):
    """Each of the three is stopped in turn, and a key drifts."""
    env.start_source()
    env.start_redis(appendonly="yes", appendfsync="always")
    _make_users(env, 50)
    port = free_port()
    program = env.sluice([USERS], http={"listen": f"127.0.0.1:{port}"}, lease_ms=3000).start()
    env.settle([USERS])
    program.call("reconcile", status=0)
    prometheus = _prometheus(env, port)
    _wait_calm(prometheus)

    env.source.stop()
    prometheus.wait_firing("SluiceSourceUnreachable", "SluiceNotFresh")
    env.source.start()
    _wait_calm(prometheus)

    env.redis.stop()
    prometheus.wait_firing("SluiceSinkUnreachable", "SluiceNoWriter", "SluiceNotFresh")
    env.redis.start()
    _wait_calm(prometheus)

    if not program.process.is_running():
        raise Failure("sluice has ended by itself: " + program.said()[-1500:])
    program.kill()
    prometheus.wait_firing("SluiceDown")
    program.start()
    _wait_calm(prometheus)

    env.settle([USERS])
    env.redis_call("HSET", "it:users:7", "name", "somebody else")
    program.call("reconcile", "--repair", status=0)
    prometheus.wait_firing("SluiceDriftFound")
    if [value for _, value in prometheus.query("sluice_last_reconcile_mended")] != [1]:
        raise Failure(f"mended keys: {prometheus.query('sluice_last_reconcile_mended')}")
    program.call("reconcile", status=0)
    _require_status(env, program)
    _wait_calm(prometheus)
    _require_panels(prometheus)
    env.settle([USERS])


@case(servers=("mariadb",))
def case_log_lines_have_the_level_of_their_module(env):
    env.start_source()
    env.start_redis(appendonly="yes", appendfsync="always")
    _make_users(env, 3)
    program = env.sluice([USERS], log={"level": "warn", "format": "json", "levels": {"source": "debug", "daemon": "info"}}).start()
    env.settle([USERS])
    env.redis.restart()
    program.wait_said('"level":"warn"[^\n]*"module":"sink"')
    env.settle([USERS])
    program.config["log"]["levels"] = {"config": "info"}
    program.write_config()
    program.process.send(signal.SIGHUP)
    program.wait_said('"msg":"reloaded"')
    lines = [json.loads(line) for line in program.said().splitlines() if line]
    seen = {(line.get("module", "daemon"), line["level"]) for line in lines}
    if not {("source", "debug"), ("daemon", "info"), ("config", "info")} <= seen or ("sink", "debug") in seen or ("sink", "info") in seen:
        raise Failure(f"modules and levels of the lines are {sorted(seen)}")


def _require_status(env, program):
    """`sluice status` shows what the metrics do, by what is in Redis."""
    wait_until("the heartbeat to say how many bytes are missing", 30, lambda: json.loads(env.redis_call("GET", HEARTBEAT) or "{}").get("lag_bytes") == 0)
    sink = json.loads(program.call("status", "--json", status=0)[1])["sinks"][0]
    found = sink["reconcile"]["all"]
    if (found["rows"], found["drift"], found["mended"], found["status"], sink["lag_bytes"]) != (50, 0, 0, 0, 0):
        raise Failure(f"sluice status --json says {sink}")
    text = program.call("status", status=0)[1]
    if "0 s, 0 bytes of the binary log" not in text or not re.search(r"compared     \S+Z, 50 rows, 0 drifted, 0 mended\n", text):
        raise Failure(f"sluice status says {text}")


def _expressions(value):
    if isinstance(value, dict):
        return [item for name, inner in value.items() for item in ([inner] if name == "expr" else _expressions(inner))]
    return [item for inner in value for item in _expressions(inner)] if isinstance(value, list) else []


# What has no samples without a load that lasts, or without anything that fires.
SILENT = ("sluice_snapshot_table_", "ALERTS")


def _require_panels(prometheus):
    """Every expression of the dashboard is understood by Prometheus, and has an answer."""
    with open(BOARD, encoding="utf-8") as file:
        board = json.load(file)
    for expression in _expressions(board):
        asked = expression.replace("$__rate_interval", "1m").replace('"$pipeline"', '".*"').replace('"$sink"', '".*"')
        if not prometheus.query(asked) and not any(word in expression for word in SILENT):
            raise Failure(f"a panel of the dashboard has no answer: {asked}")

"""What is tried, in the order of ALL: each is a function of the cluster that returns what it has counted, or raises a Failure."""
import json
import re
import time
import urllib.request

from cluster import KEYS, REDIS_PASSWORD, SHOP, SOURCE_PASSWORD
from harness import oracle
from harness.place import Failure
from harness.process import wait_until
from harness.sqlclient import SqlError
from traffic import Traffic

MORE_MEGABYTES = 60  # of the image, at most, beside those of the system that it is built on
STATE = re.compile(r'^sluice_state\{.*state="(\w+)".*\} 1$', re.MULTILINE)

# The sessions whose clients cannot be reached would hold their locks for hours.
CHANGE_INSIDE = """mysql -u witness -N -e "SELECT CONCAT('KILL ', id, ';') FROM performance_schema.processlist
    WHERE user = 'witness' AND id <> CONNECTION_ID()" | mysql -u witness --force
    mysql -u witness -e 'UPDATE shop.users SET credit = credit + 1 WHERE id % 3 = 0'"""


def _under_changes(cluster, action):
    """ACTION while rows change; the counts of the comparison behind it."""
    with cluster.traffic:
        cluster.pause(0.5, 1.5)
        action()
        cluster.pause(0.5, 1.5)
    counts = cluster.settle()
    return f"{counts}; {cluster.traffic.last} transactions meanwhile"


def _page(port, path):
    with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=10) as answer:
        return answer.read().decode()


def _state(cluster, container):
    """What the daemon in CONTAINER does, by its metrics; empty while it answers nothing."""
    try:
        return "".join(STATE.findall(_page(cluster.published(container, 9464), "/metrics")))
    except (OSError, KeyError, TypeError):
        return ""


def _wait_state(cluster, container, due, timeout=60):
    wait_until(lambda: f"{container[:12]} to be {due}, it is {_state(cluster, container)!r}", timeout,
               lambda: _state(cluster, container) == due, 0.2)


def the_image(cluster):
    """No toolchain, no root, and not much more than its system."""
    name = cluster.environment["SLUICE_IMAGE"]
    tools = cluster.docker("run", "--rm", "--network=none", "--entrypoint=sh", name, "-c", "command -v gcc cc make cmake; true")
    user = cluster.docker("run", "--rm", "--network=none", "--entrypoint=id", name, "-u")
    said = cluster.docker("run", "--rm", "--network=none", name, "--version").split("\n")[0]
    whole, system = (cluster.inspect(image)["Size"] // 1000000 for image in (name, cluster.environment["SLUICE_BASE_IMAGE"]))
    if tools or user != "10001" or not said.startswith("sluice ") or whole - system > MORE_MEGABYTES:
        raise Failure(f"it has {tools!r}, runs as {user}, says {said!r} and takes {whole - system} MB more than its system")
    return f"{said}, user {user}, {whole - system} MB on a system of {system} MB"


def bootstrap(cluster):
    """The first load of the sample database and of tables that change meanwhile."""
    cluster.compose("up", "-d", "--no-build", "mysql", "redis")
    cluster.wait_health(cluster.container("mysql"))
    cluster.traffic = Traffic(cluster)
    cluster.tables = [*SHOP, *cluster.traffic.churn.oracle_tables]

    def start():
        cluster.compose("up", "-d", "--no-build")
        cluster.wait_all_healthy()

    return _under_changes(cluster, start)


def live_changes(cluster):
    return _under_changes(cluster, lambda: cluster.pause(4, 6))


def _killed(service):
    def kill(cluster):
        container = cluster.container(service)
        cluster.docker("kill", container)
        cluster.pause(0.2, 2)
        cluster.docker("start", container)
        cluster.wait_health(container)

    def scenario(cluster):
        return _under_changes(cluster, lambda: kill(cluster))

    scenario.__name__ = f"{service}_killed"
    return scenario


def sluice_crashed(cluster):
    """The process dies in its container: the engine starts it again."""
    container = cluster.container("sluice")

    def crash():
        cluster.docker("exec", container, "sh", "-c",
                       'for p in /proc/[0-9]*; do read -r name <$p/comm; if [ "$name" = sluice ]; then kill -9 ${p#/proc/}; fi; done', status=None)
        wait_until("the engine to start sluice again", 60, lambda: cluster.inspect(container)["RestartCount"] > 0, 0.2)
        cluster.wait_health(container)

    return _under_changes(cluster, crash)


def _cut_off(service):
    def cut(cluster):
        container = cluster.container(service)
        cluster.cut(container)
        if service == "mysql":  # nobody reaches it from outside
            cluster.docker("exec", container, "sh", "-c", CHANGE_INSIDE)
        cluster.pause(3, 6)
        cluster.join(container, service)
        cluster.wait_health(container)

    def scenario(cluster):
        return _under_changes(cluster, lambda: cut(cluster))

    scenario.__name__ = f"{service}_cut_off"
    return scenario


def health(cluster):
    """Unhealthy while readers cannot rely on the cache, healthy again by itself."""
    container, cache = cluster.container("sluice"), cluster.container("redis")
    cluster.wait_health(container)
    cluster.docker("stop", cache)
    cluster.wait_health(container, "unhealthy")
    cluster.docker("start", cache)
    cluster.wait_health(container)
    return _under_changes(cluster, lambda: None)


def sigterm(cluster):
    """The engine kills what is still there after ten seconds, and then the status is another."""
    container = cluster.container("sluice")

    def stop():
        began = time.monotonic()
        cluster.docker("stop", "--time", "10", container)
        stop.took = time.monotonic() - began
        status = cluster.inspect(container)["State"]["ExitCode"]
        if status != 0:
            raise Failure(f"sluice left with status {status}: {cluster.logs(container)[-1500:]}")
        cluster.docker("start", container)
        cluster.wait_health(container)

    counts = _under_changes(cluster, stop)
    return f"status 0 after {stop.took:.1f} s; {counts}"


def sighup(cluster):
    """A changed rule is taken over by the running daemon, which the signal reaches through tini."""
    container = cluster.container("sluice")
    started = cluster.inspect(container)["State"]["StartedAt"]

    def reload():
        cluster.change_config('"shop.users" }', '"shop.users", "except": ["email"] }')
        cluster.docker("exec", container, "sh", "-c", "kill -HUP 1")
        wait_until("the email of a user to go", 60, lambda: not cluster.redis.call("HEXISTS", "shop:users:1999", "email"), 0.2)

    cluster.source.run("REPLACE INTO shop.users (id, name, email) VALUES (1999, 'Ada', 'ada@example.org')")
    cluster.quiesce()
    if not cluster.redis.call("HEXISTS", "shop:users:1999", "email"):
        raise Failure("shop:users:1999 has no email before")
    cluster.tables[0] = oracle.Table("shop", "users", but=["email"])
    counts = _under_changes(cluster, reload)
    if cluster.inspect(container)["State"]["StartedAt"] != started:
        raise Failure("sluice was started anew")
    return counts


def rolling_restart(cluster):
    """Two daemons: one writes, the other stands by; whichever is stopped or killed, the other goes on."""
    cluster.compose("up", "-d", "--no-build", "--no-recreate", "--scale", "sluice=2", "sluice")
    both = cluster.containers("sluice")
    cluster.wait_all_healthy()

    def holder():
        host = (cluster.redis.call("GET", KEYS + "lease") or b"").decode().partition("/")[0]
        return next((container for container in both if host and container.startswith(host)), None)

    def replace(how):
        one = wait_until("a daemon to hold the lease", 60, holder, 0.2)
        other = both[1 - both.index(one)]
        _wait_state(cluster, other, "standby")
        cluster.docker(*how, one)
        status = cluster.inspect(one)["State"]["ExitCode"]
        if status != (0 if how[0] == "stop" else 137):
            raise Failure(f"it left with status {status}")
        wait_until("the lease to move", 60, lambda: holder() == other, 0.1)
        _wait_state(cluster, other, "streaming")
        cluster.docker("start", one)
        _wait_state(cluster, one, "standby")
        cluster.wait_health(one)

    def roll():
        for how in (("stop", "--time", "10"), ("stop", "--time", "10"), ("kill",)):
            replace(how)

    counts = _under_changes(cluster, roll)
    cluster.compose("up", "-d", "--no-build", "--no-recreate", "--scale", "sluice=1", "sluice")
    cluster.wait_all_healthy()
    return f"the lease moved 3 times; {counts}"


def reconcile_as_cron(cluster):
    """Status 0 beside changes, 1 when a key was changed by hand, 0 when it is mended."""
    def run(status, *args):
        return cluster.compose("--profile", "reconcile", "run", "--rm", "--no-deps", "-T", "reconcile", *args, status=status)

    with cluster.traffic:
        cluster.pause(0.5, 1)
        run(0)
    cluster.settle()
    number = cluster.source.value("SELECT MAX(id) FROM shop.users")
    cluster.redis.call("HSET", f"shop:users:{number}", "name", "changed by hand")
    said = run(1)
    if not re.search(r"shop\.users +\d+ +\d+ +1 ", said):
        raise Failure(f"one drifted key of shop.users was expected: {said}")
    run(0, "reconcile", "--repair")
    return f"status 0, 1 and 0; {cluster.settle()}"


def prometheus(cluster):
    """The profile `observe`: sluice is scraped, and the rules are taken."""
    cluster.compose("--profile", "observe", "up", "-d", "--no-build", "--no-deps", "prometheus")

    def ask(path):
        try:
            return json.loads(_page(cluster.ports["PROMETHEUS_PORT"], f"/api/v1/{path}"))["data"]
        except OSError:
            return None

    def is_scraped():
        found = ask("query?query=sluice_fresh")
        return found and any(one["value"][1] == "1" for one in found["result"])

    wait_until(lambda: f"Prometheus to have sluice_fresh 1; it said {cluster.logs(cluster.container('prometheus'))[-800:]}", 60, is_scraped, 0.5)
    rules = [rule["name"] for group in ask("rules")["groups"] for rule in group["rules"]]
    if not rules:
        raise Failure("Prometheus has no rules")
    return f"sluice_fresh is 1, {len(rules)} rules"


def source_failover(cluster):
    """A second server takes over by GTID while sluice is behind: what it had not read from the first it reads from the second."""
    cluster.files.append("tests/compose/failover.yml")
    cluster.compose("up", "-d", "--no-build", "--no-recreate", "mysql2")
    first, second, sluice = (cluster.container(service) for service in ("mysql", "mysql2", "sluice"))
    cluster.wait_health(second)
    cluster.source.run("CREATE USER 'replica'@'%' IDENTIFIED BY 'replica'", "GRANT REPLICATION SLAVE ON *.* TO 'replica'@'%'")
    statements = ("CHANGE REPLICATION SOURCE TO SOURCE_HOST='mysql', SOURCE_USER='replica', SOURCE_PASSWORD='replica', "
                  "SOURCE_AUTO_POSITION=1, GET_SOURCE_PUBLIC_KEY=1; START REPLICA; SET GLOBAL super_read_only=ON")
    cluster.docker("exec", second, "sh", "-c", f'MYSQL_PWD="$MYSQL_ROOT_PASSWORD" mysql -u root -e "{statements}"')
    with cluster.traffic:
        cluster.pause(1, 2)
        cluster.cut(sluice)
        cluster.pause(1, 2)
    want = cluster.executed()

    def has_all():
        try:
            return cluster.second.value(f"SELECT GTID_SUBSET('{want}', @@global.gtid_executed)") == "1"
        except (OSError, SqlError):  # the account comes with the rest
            return False

    wait_until("the second server to have everything", 60, has_all, 0.2)
    held = cluster.redis.hash(KEYS + "checkpoint")
    if cluster.source.value(f"SELECT GTID_SUBSET('{want}', '{held['gtid']}')") == "1":
        raise Failure("sluice had read everything already, so the failover would show nothing")
    cluster.docker("kill", first)
    cluster.second.run("STOP REPLICA", "RESET REPLICA ALL", "SET GLOBAL super_read_only=OFF", "SET GLOBAL read_only=OFF")
    cluster.cut(second)
    cluster.join(second, "mysql", "mysql2")
    cluster.join(sluice, "sluice")
    cluster.source = cluster.second
    counts = _under_changes(cluster, lambda: cluster.wait_health(sluice))
    uuid = cluster.second.value("SELECT @@server_uuid")
    if cluster.redis.hash(KEYS + "checkpoint").get("server_uuid") != uuid:
        raise Failure("the checkpoint is not of the second server")
    return counts


def secrets(cluster):
    """Nothing that sluice has said holds a password."""
    said = "".join(cluster.logs(container) for container in cluster.containers("sluice"))
    found = [name for name, password in (("source", SOURCE_PASSWORD), ("Redis", REDIS_PASSWORD)) if password in said]
    if found or not said:
        raise Failure(f"the log has passwords: {found}" if found else "there is no log")
    return f"{len(said.splitlines())} lines of log without a password"


ALL = (the_image, bootstrap, live_changes, _killed("mysql"), _killed("redis"), _killed("sluice"), sluice_crashed, _cut_off("mysql"),
       _cut_off("redis"), _cut_off("sluice"), health, sigterm, sighup, rolling_restart, reconcile_as_cron, prometheus, source_failover, secrets)

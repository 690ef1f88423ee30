"""What docker-compose.yml makes, seen from the host: its containers, the two servers by their published ports, and the
comparison of all rows with all keys."""
import json
import os
import subprocess
import tempfile
import time

from harness import oracle, respclient, sqlclient
from harness.place import Failure, free_port
from harness.process import wait_until

TOP = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../..")
KEYS = "sluice:{shop}:"
REDIS_PASSWORD = "redis-Pa55-witness"
SOURCE_PASSWORD = "source-Pa'55\\witness"  # with what has a meaning in SQL
SHOP = [oracle.Table("shop", "users"), oracle.Table("shop", "orders", "json")]


class Source:
    """A MySQL, by the port that it is published on."""
    is_mysql = True
    login = {"user": "witness"}

    def __init__(self, port):
        self.port = port

    def connect(self, timeout=30):
        return sqlclient.Connection(self.port, timeout=timeout, **self.login)

    def value(self, statement):
        with self.connect() as connection:
            return connection.value(statement)

    def run(self, *statements):
        with self.connect() as connection:
            for statement in statements:
                connection.query(statement)


class Redis:
    def __init__(self, port):
        self.port = port

    def connect(self, timeout=30):
        return respclient.Redis(self.port, REDIS_PASSWORD, timeout=timeout)

    def call(self, *command):
        with self.connect() as connection:
            return connection.call(*command)

    def hash(self, key):
        with self.connect() as connection:
            return {name.decode(): value.decode() for name, value in connection.hash(key).items()}


class Cluster:
    is_mysql = True

    def __init__(self, engine, project, images, rng):
        self.project = project
        self.rng = rng
        self.network = f"{project}_sluice"
        self.ports = {name: free_port() for name in ("MYSQL_PORT", "MYSQL2_PORT", "REDIS_PORT", "PROMETHEUS_PORT")}
        base = free_port()
        self.environment = {**engine.environment, **images, **{name: str(port) for name, port in self.ports.items()},
                            "SLUICE_PORTS": f"{base}-{base + 9}", "COMPOSE_HTTP_TIMEOUT": "120", "REDIS_PASSWORD": REDIS_PASSWORD,
                            "SLUICE_SOURCE_PASSWORD": SOURCE_PASSWORD}
        self.config = self._own_config()
        self.environment["SLUICE_CONFIG"] = self.config
        self.composer = self._composer()
        self.files = ["docker-compose.yml", "tests/compose/test.yml"]
        self.source = Source(self.ports["MYSQL_PORT"])
        self.second = Source(self.ports["MYSQL2_PORT"])
        self.redis = Redis(self.ports["REDIS_PORT"])
        self.tables = list(SHOP)
        self.traffic = None

    @staticmethod
    def _own_config():
        """A copy of the sample configuration, which a test may change; the container has the file, not its name."""
        handle, path = tempfile.mkstemp(prefix="sluice-compose-", suffix=".json")
        with open(os.path.join(TOP, "compose/sluice.json"), encoding="utf-8") as file, os.fdopen(handle, "w", encoding="utf-8") as copy:
            copy.write(file.read())
        os.chmod(path, 0o644)
        return path

    def change_config(self, old, new):
        with open(self.config, "r+", encoding="utf-8") as file:
            text = file.read()
            if text.count(old) != 1:
                raise Failure(f"the configuration has {old!r} {text.count(old)} times")
            file.seek(0)
            file.truncate()
            file.write(text.replace(old, new))

    def close(self):
        os.remove(self.config)

    # commands

    def _composer(self):
        for command in (["docker", "compose"], ["docker-compose"]):
            try:
                if subprocess.run([*command, "version"], capture_output=True, env=self.environment, check=False).returncode == 0:
                    return command
            except OSError:
                continue
        raise Failure("there is neither `docker compose` nor docker-compose; scripts/setup compose installs it")

    def _run(self, argv, status):
        done = subprocess.run(argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=self.environment, cwd=TOP,
                              check=False, timeout=600)
        out, err = done.stdout.decode("utf-8", "replace"), done.stderr.decode("utf-8", "replace")
        if status is not None and done.returncode != status:
            raise Failure(f"{' '.join(argv)} ended with {done.returncode}, due was {status}: {(out + err)[-3000:]}")
        return done.returncode, out, err

    def docker(self, *args, status=0):
        return self._run(["docker", *args], status)[1].strip()

    def compose(self, *args, status=0):
        """Its standard output."""
        files = [part for name in self.files for part in ("-f", name)]
        return self._run([*self.composer, "-p", self.project, *files, *args], status)[1]

    # containers

    def containers(self, service):
        """The ids of all of SERVICE, running or not, the oldest first."""
        found = self.docker("ps", "-aq", "--no-trunc", "--filter", f"label=com.docker.compose.project={self.project}", "--filter",
                            f"label=com.docker.compose.service={service}", "--filter", "label=com.docker.compose.oneoff=False")
        return found.split()[::-1]

    def container(self, service):
        found = self.containers(service)
        if len(found) != 1:
            raise Failure(f"there are {len(found)} containers of {service}")
        return found[0]

    def inspect(self, container):
        return json.loads(self.docker("inspect", container))[0]

    def health(self, container):
        state = self.inspect(container)["State"]
        return state["Health"]["Status"] if state["Running"] else state["Status"]

    def logs(self, container):
        _, out, err = self._run(["docker", "logs", container], 0)
        return out + err

    def wait_health(self, container, due="healthy", timeout=90):
        def what():
            return f"{container[:12]} to be {due}, it is {self.health(container)}; it said: {self.logs(container)[-1500:]}"

        wait_until(what, timeout, lambda: self.health(container) == due, 0.2)

    def wait_all_healthy(self):
        for service in ("mysql", "redis", "sluice"):
            for container in self.containers(service):
                self.wait_health(container)

    def cut(self, container):
        self.docker("network", "disconnect", self.network, container)

    def join(self, container, *names):
        self.docker("network", "connect", *(part for name in names for part in ("--alias", name)), self.network, container)

    def published(self, container, port):
        """The port of the host that leads to PORT of the container."""
        return int(self.inspect(container)["NetworkSettings"]["Ports"][f"{port}/tcp"][0]["HostPort"])

    # rows and keys

    def executed(self):
        return self.source.value("SELECT @@global.gtid_executed").replace("\n", "")

    def _has_reached(self, want):
        held = self.redis.hash(KEYS + "checkpoint").get("gtid")
        loads = self.redis.hash(KEYS + "bootstrap").values()
        if not held or not loads or any(not state.startswith("phase=done ") for state in loads) or self.redis.call("HLEN", KEYS + "rereads"):
            return False
        return self.source.value(f"SELECT GTID_SUBSET({sqlclient.quote(want)}, {sqlclient.quote(held)})") == "1"

    def quiesce(self, timeout=90):
        want = wait_until("the source to answer", 60, self._executed_or_none, 0.2)

        def check():
            try:
                return self._has_reached(want)
            except (OSError, respclient.RedisError, sqlclient.SqlError):  # who is still starting
                return False

        wait_until(lambda: f"the checkpoint to reach {want}; sluice said: {self._last_words()}", timeout, check, 0.1)

    def _executed_or_none(self):
        try:
            return self.executed()
        except (OSError, sqlclient.SqlError):
            return None

    def _last_words(self):
        return " | ".join(self.logs(container)[-1000:] for container in self.containers("sluice"))

    def settle(self):
        """Waits for rest and compares all of Redis with SELECT; the counts as text, or a Failure."""
        self.quiesce()
        with self.source.connect() as connection, self.redis.connect() as cache:
            found = oracle.account(connection, cache, self.tables)
        if found.sentences:
            raise Failure(f"{found}: {'; '.join(found.sentences[:5])}")
        return str(found)

    def pause(self, low, high):
        time.sleep(self.rng.uniform(low, high))

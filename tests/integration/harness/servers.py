"""Private MariaDB, MySQL and Redis servers: loopback only, free ports, data folders of their own.

The data folder of a source is copied from a template that is made once a server version, since
initialising one takes longer than most tests.
"""
import fcntl
import os
import shutil
import subprocess

from . import respclient, sqlclient
from .place import Failure, Host, free_port
from .process import Process, wait_until

REDIS_PASSWORD = "redis-Pa55-witness"
SOURCE_USER = "sluice"
SOURCE_PASSWORD = "source-Pa55-witness"

# Neither the disk's durability nor statistics matter here, a kill -9 leaves the page cache alone.
COMMON_OPTIONS = {
    "bind-address": "127.0.0.1",
    "log-bin": "bin",
    "sync-binlog": "0",
    "innodb-flush-log-at-trx-commit": "2",
    "innodb-buffer-pool-size": "64M",
    "max-allowed-packet": "1G",
    "character-set-server": "utf8mb4",
    "performance-schema": "OFF",
    "skip-name-resolve": "ON",
    # Not UTC, so that a forgotten conversion of TIMESTAMP shows.
    "default-time-zone": "+05:30",
    "server-id": "1",
}


def _run(argv, what):
    # A folder for temporary files that the caller chose need not exist in a root.
    done = subprocess.run(argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False,
                          env={name: value for name, value in os.environ.items() if name != "TMPDIR"})
    if done.returncode != 0:
        tail = done.stdout.decode("utf-8", "replace")[-1000:]
        raise Failure(f"{what} failed with status {done.returncode}: {tail}")


def _copy(path, to):
    """Of a new server's log and tablespaces most is zeros, which need not be written to the disk some hundred times."""
    shutil.rmtree(to + ".copy", ignore_errors=True)  # of a run that was cut off
    _run(["cp", "-a", "--sparse=always", path, to + ".copy"], "cp")
    os.rename(to + ".copy", to)


def _own(path, owner):
    if owner is not None:
        for folder, _, files in os.walk(path):
            os.chown(folder, *owner)
            for name in files:
                os.chown(os.path.join(folder, name), *owner, follow_symlinks=False)


class _PortTaken(Failure):
    """By a program that has nothing to do with the tests."""


class Server:
    """Keeps its port and folder over stop(), kill() and start()."""

    def __init__(self, guard, place, folder):
        self.guard = guard
        self.place = place
        self.folder = folder
        self.port = free_port()
        self._was_up = False
        self.process = None
        self.log_path = os.path.join(folder, "server.log")

    def command(self):
        raise NotImplementedError

    def answers(self):
        raise NotImplementedError

    def environment(self):
        return {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C", "HOME": "/tmp"}

    def start(self, timeout=60):
        for _ in range(5):
            try:
                return self._start(timeout)
            except _PortTaken:
                self.port = free_port()  # as nobody has been told of the first one yet
        return self._start(timeout)

    def _start(self, timeout):
        self.process = Process(self.guard, self.command(), self.log_path, self.environment())

        def check():
            if not self.process.is_running():
                is_taken = not self._was_up and "Address already in use" in self.process.log()
                raise (_PortTaken if is_taken else Failure)(
                    f"{self.label} ended at start with status {self.process.poll()}: {self.process.log()[-1500:]}")
            return self.answers()

        wait_until(lambda: f"{self.label} to answer; {self.process.log()[-800:]}", timeout, check)
        self._was_up = True
        return self

    def stop(self, timeout=60):
        if self.process is not None and self.process.is_running():
            self.process.stop(timeout)

    def kill(self):
        if self.process is not None and self.process.is_running():
            self.process.kill()

    def restart(self, kill=False):
        if kill:
            self.kill()
        else:
            self.stop()
        return self.start()

    def pause(self):
        self.process.pause()

    def resume(self):
        self.process.resume()


class Source(Server):
    """What MariaDB and MySQL have in common."""
    label = "the source"
    is_mysql = False
    user = None
    login = {}  # how clients of the tests log in, beside connect()'s default

    def __init__(self, guard, place, folder, options=None):
        super().__init__(guard, place, folder)
        self.data = os.path.join(folder, "data")
        self.options = {**COMMON_OPTIONS, **self.flavor_options(), **(options or {})}
        self._is_new = not os.path.exists(self.data)  # a folder with data in it is gone on with
        if self._is_new:
            _copy(self._template(), self.data)
            with open(os.path.join(folder, "init.sql"), "w", encoding="ascii") as file:
                file.write(self._users())
        # A server that starts deletes all "#sql" files of its tmpdir: in one of all servers' it crashes others.
        temp = os.path.join(folder, "tmp")
        os.makedirs(temp, exist_ok=True)
        self.options["tmpdir"] = place.inner(temp)
        _own(folder, place.owner(self.user))

    def flavor_options(self):
        raise NotImplementedError

    def initialise(self, data):
        raise NotImplementedError

    def version_key(self):
        raise NotImplementedError

    @staticmethod
    def _users():
        """Not in the binary log, one statement a line, as --init-file wants it."""
        return "\n".join([
            "SET sql_log_bin=0;",
            "CREATE USER IF NOT EXISTS 'root'@'127.0.0.1';",
            "GRANT ALL PRIVILEGES ON *.* TO 'root'@'127.0.0.1' WITH GRANT OPTION;",
            f"CREATE USER '{SOURCE_USER}'@'127.0.0.1' IDENTIFIED BY '{SOURCE_PASSWORD}';",
            f"GRANT REPLICATION SLAVE, REPLICATION CLIENT, SELECT ON *.* TO '{SOURCE_USER}'@'127.0.0.1';",
            "",
        ])

    def _template(self):
        base = os.path.join(self.place.temp, f"sluice-templates-{os.geteuid()}")
        os.makedirs(base, mode=0o755, exist_ok=True)
        path = os.path.join(base, self.version_key())
        with open(path + ".lock", "w", encoding="ascii") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not os.path.exists(path):
                work = path + ".new"
                shutil.rmtree(work, ignore_errors=True)
                os.makedirs(work)
                _own(work, self.place.owner(self.user))
                self.initialise(work)
                # Names the server; two servers with one name would be taken for one.
                for name in ("auto.cnf",):
                    if os.path.exists(os.path.join(work, name)):
                        os.remove(os.path.join(work, name))
                _copy(work, path)
                shutil.rmtree(work)
        return path

    def option_arguments(self):
        given = [f"--{name}" if value is None else f"--{name}={value}" for name, value in self.options.items()
                 if value is not False]
        if self._is_new:
            given.append(f"--init-file={self.place.inner(os.path.join(self.folder, 'init.sql'))}")
        return given

    def answers(self):
        try:
            with self.connect(timeout=10):
                self._is_new = False
                return True
        except (OSError, sqlclient.SqlError):
            return False

    def connect(self, timeout=120, **login):
        return sqlclient.Connection(self.port, timeout=timeout, **login)

    def position(self, connection=None):
        """(file, offset, GTID text) of the end of the binary log."""
        if connection is None:
            with self.connect() as own:
                return self.position(own)
        row = connection.query(self.status_statement).dicts()[0]
        return row["File"].decode(), int(row["Position"]), self.gtid(connection, row)

    status_statement = "SHOW MASTER STATUS"

    def gtid(self, connection, row):
        raise NotImplementedError

    def covers(self, connection, have, want):
        """Whether the GTID text HAVE includes all of WANT."""
        raise NotImplementedError


class MariaDb(Source):
    label = "MariaDB"

    def flavor_options(self):
        return {"binlog-format": "ROW", "binlog-row-metadata": "FULL", "innodb-log-file-size": "96M",
                "collation-server": "utf8mb4_general_ci"}

    def _as_user(self):
        return ["--user=root"] if os.geteuid() == 0 else []

    def version_key(self):
        done = subprocess.run([self.place.find("mariadbd"), "--version"], stdout=subprocess.PIPE, check=True)
        return "mariadb-" + done.stdout.decode().split("Ver ")[1].split()[0]

    def initialise(self, data):
        _run([self.place.find("mariadb-install-db"), "--no-defaults", f"--datadir={data}", "--skip-test-db",
              "--auth-root-authentication-method=normal", "--innodb-log-file-size=96M",
              "--force", *self._as_user()],  # --force: also where the host's own name does not resolve
             "mariadb-install-db")

    def command(self):
        return [self.place.find("mariadbd"), "--no-defaults", f"--datadir={self.data}", f"--port={self.port}",
                f"--socket={self.folder}/s", f"--pid-file={self.folder}/pid", *self._as_user(), *self.option_arguments()]

    def gtid(self, connection, row):
        return connection.value("SELECT @@global.gtid_binlog_pos")

    def covers(self, connection, have, want):
        def last(text):
            parts = [item.split("-") for item in text.split(",") if item]
            return {domain: int(sequence) for domain, _, sequence in parts}

        held = last(have)
        return all(held.get(domain, 0) >= sequence for domain, sequence in last(want).items())


class MySql(Source):
    label = "MySQL"
    is_mysql = True
    user = "mysql"
    status_statement = "SHOW BINARY LOG STATUS"

    def flavor_options(self):
        return {"binlog-row-metadata": "FULL", "gtid-mode": "ON", "enforce-gtid-consistency": "ON", "mysqlx": "OFF",
                "innodb-redo-log-capacity": "128M", "innodb-doublewrite": "OFF", "skip-name-resolve": "ON"}

    def _as_user(self):
        return [] if os.geteuid() == 0 else ["--user=root"]

    def version_key(self):
        done = subprocess.run(self.place.command([self.place.find("mysqld"), "--version"]), stdout=subprocess.PIPE,
                              check=True)
        return "mysql-" + done.stdout.decode().split("Ver ")[1].split()[0]

    def initialise(self, data):
        _run(self.place.command([self.place.find("mysqld"), "--no-defaults", "--initialize-insecure",
                                 f"--datadir={self.place.inner(data)}", "--innodb-redo-log-capacity=128M",
                                 *self._as_user()], self.user), "mysqld --initialize-insecure")

    def command(self):
        folder = self.place.inner(self.folder)
        return self.place.command([self.place.find("mysqld"), "--no-defaults", f"--datadir={folder}/data",
                                   f"--port={self.port}", f"--socket={folder}/s", f"--pid-file={folder}/pid",
                                   *self._as_user(), *self.option_arguments()], self.user)

    def gtid(self, connection, row):
        return row["Executed_Gtid_Set"].decode().replace("\n", "")

    def covers(self, connection, have, want):
        return connection.value(f"SELECT GTID_SUBSET({sqlclient.quote(want)}, {sqlclient.quote(have)})") == "1"


class RedisServer(Server):
    label = "Redis"

    def __init__(self, guard, place, folder, options=None):
        super().__init__(guard, place, folder)
        self.options = {"bind": "127.0.0.1", "dir": place.inner(folder), "save": "", "appendonly": "no",
                        "requirepass": REDIS_PASSWORD, "enable-debug-command": "yes", **(options or {})}
        self.program = place.find("redis-server", "redis-check-rdb")
        if not self.program.endswith("redis-server"):
            # One file is both programs, and looks at the name it was started by.
            link = os.path.join(folder, "redis-server")
            os.symlink(self.program, link)
            self.program = place.inner(link)

    def command(self):
        given = [part for name, value in self.options.items() for part in (f"--{name}", str(value))]
        return self.place.command([self.program, "--port", str(self.port), *given])

    def connect(self, timeout=120):
        return respclient.Redis(self.port, self.options["requirepass"], timeout=timeout)

    def answers(self):
        try:
            with self.connect(timeout=10) as redis:
                return redis.call("PING") == b"PONG"
        except (OSError, respclient.RedisError):
            return False


def source_place(server, root):
    """Where the source SERVER ("mariadb" or "mysql") is installed."""
    return root if server == "mysql" else Host()

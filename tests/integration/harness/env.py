"""What a case gets: servers, the program, a seeded random source, and the assertions that most cases make."""
import os
import random
import shutil
import time

from . import oracle, servers, sqlclient
from .place import Failure, Host, Root
from .process import wait_until
from .respclient import RedisError
from .sluice import PIPELINE, Sluice, make_config
from .workload import Schema, Workload

CHECKPOINT = f"sluice:{{{PIPELINE}}}:checkpoint"
HEARTBEAT = f"sluice:{{{PIPELINE}}}:heartbeat"
LOADS = f"sluice:{{{PIPELINE}}}:bootstrap"
REREADS = f"sluice:{{{PIPELINE}}}:rereads"
REDELETE = f"sluice:{{{PIPELINE}}}:redelete"


def case(servers=("mariadb", "mysql"), timeout=180):  # pylint: disable=redefined-outer-name
    """Says which sources a case is about, and after how long it is stuck."""
    def mark(function):
        function.servers = servers
        function.timeout = timeout
        return function

    return mark


def _tail(path, lines=12, width=320):
    with open(path, "rb") as file:
        file.seek(max(0, os.path.getsize(path) - lines * 2000))
        text = file.read().decode("utf-8", "replace")
    return "".join(f"\n    {line[:width]}" for line in text.splitlines()[-lines:])


class Env:
    def __init__(self, guard, args, seed):
        self.guard = guard
        self.args = args
        self.seed = seed
        self.rng = random.Random(seed)
        self.seconds = args.seconds
        self.is_mysql = args.server == "mysql"
        root = Root() if self.is_mysql or args.redis == "root" else None
        self._source_place = root if self.is_mysql else Host()
        self._redis_place = root if args.redis == "root" else Host()
        self._binary = os.path.abspath(args.binary)
        self._sluice_place = root if root is not None and root.holds(self._binary) else Host()
        self.folders, self.everything, self.sluices = [], [], []
        self.source = self.redis = None

    # servers

    def _folder(self, place, label):
        path = place.folder(f"it-{label}")
        os.chmod(path, 0o755)
        self.guard.add_folder(path)
        self.folders.append(path)
        return path

    def start_source(self, **options):
        """OPTIONS are server options with _ for -; the first source started is env.source."""
        given = {"binlog-row-metadata": self.args.metadata.upper(), "binlog-row-image": self.args.image.upper(),
                 **{name.replace("_", "-"): value for name, value in options.items()}}
        kind = servers.MySql if self.is_mysql else servers.MariaDb
        place = self._source_place
        server = kind(self.guard, place, self._folder(place, self.args.server), given)
        self.everything.append(server)
        self.source = self.source or server
        return server.start()

    def start_redis(self, **options):
        place = self._redis_place
        given = {name.replace("_", "-"): value for name, value in options.items()}
        server = servers.RedisServer(self.guard, place, self._folder(place, "redis"), given)
        self.everything.append(server)
        self.redis = self.redis or server
        return server.start()

    def start_servers(self, **source_options):
        self.start_source(**source_options)
        self.start_redis()

    def sql(self, *statements):
        """Runs statements as root, one after the other on one connection; the last one's rows."""
        with self.source.connect() as connection:
            rows = None
            for statement in statements:
                rows = connection.query(statement).rows
            return rows

    # the program under test

    def sluice(self, tables, **changes):
        """TABLES: oracle tables or entries of the configuration."""
        entries = [self.entry(table) if isinstance(table, oracle.Table) else table for table in tables]
        config = make_config(self.source.port, self.redis.port, entries, **changes)
        if isinstance(self._sluice_place, Root):
            # Without /proc nobody can tell that the holder of the lease is dead, so it has to run out.
            config.setdefault("lease_ms", 3000)
        program = Sluice(self.guard, self._sluice_place, self._binary, self._folder(self._sluice_place, "sluice"), config)
        self.sluices.append(program)
        return program

    @staticmethod
    def entry(table):
        found = {"table": str(table), "value": table.value}
        if table.key:
            found["key"] = "{db}:{table}:" + ":".join("{" + name + "}" for name in table.key)
        if table.columns:
            found["columns"] = table.columns
        for name, given in (("except", table.but), ("index", table.index), ("ttl", table.ttl)):
            if given:
                found[name] = given
        if table.lua:
            found["where"] = table.lua
        if table.transform:
            found["transform"] = table.transform[0]
        if table.parts:
            found["key"] = found.get("key", "{db}:{table}:{pk}") + ":{part}"
        if table.rename:
            found["rename"] = table.rename
        found.update(table.compress)
        if table.mask:
            found["mask"] = {name: how for name, (how, _) in table.mask.items()}
        return found

    def workload(self, kinds=None, value="hash", db="it", prefix="", **changes):
        """A schema, created, with a generator of random changes on it."""
        schema = Schema(db, self.is_mysql, kinds, prefix)
        with self.source.connect() as connection:
            schema.create(connection)
        return Workload(self.source, schema, value, self.rng.getrandbits(48), **changes)

    # assertions

    def checkpoint(self, redis=None, key=CHECKPOINT):
        with (redis or self.redis).connect() as connection:
            return {name.decode(): value.decode() for name, value in connection.hash(key).items()}

    @staticmethod
    def _place(file, offset):
        return int(file.rpartition(".")[2] or 0), int(offset or 0)

    def has_reached(self, want, redis=None):
        """Whether the checkpoint covers WANT, a position() of the source, and no table is still to be loaded, nor a row read again."""
        held = self.checkpoint(redis)
        loads = self.checkpoint(redis, LOADS).values()
        if not held or any(not state.startswith(("phase=done ", "phase=failed ")) for state in loads):
            return False
        if self.redis_call("HLEN", REREADS, redis=redis):
            return False
        file, offset, gtid = want
        if gtid and held.get("gtid"):
            with self.source.connect() as connection:
                return self.source.covers(connection, held["gtid"], gtid)
        return self._place(held.get("file", ""), held.get("pos")) >= self._place(file, offset)

    def _held(self, redis):
        """What Redis has, for a sentence."""
        try:
            return f"it is {self.checkpoint(redis)}, loads are {self.checkpoint(redis, LOADS)}, {self.redis_call('HLEN', REREADS, redis=redis)} rows wait"
        except (OSError, RedisError) as error:
            return f"Redis says {error}"

    def quiesce(self, program=None, timeout=60, redis=None):
        """Waits until everything that the source has logged is in Redis."""
        want = self.source.position()
        programs = [program] if program else self.sluices

        def check():
            running = [item for item in programs if item.process is not None and item.process.is_running()]
            if not running:
                said = programs[-1].said() if programs else ""
                raise Failure(f"no sluice is running that could reach {want}: {said[-1500:]}")
            try:
                return self.has_reached(want, redis)
            except (OSError, RedisError, sqlclient.SqlError):  # a server that is still starting
                return False

        def what():
            said = programs[-1].said()[-600:] if programs else ""
            return f"the checkpoint to reach {want}; {self._held(redis)}; sluice said: {said}"

        wait_until(what, timeout, check)

    def require_equal(self, tables, foreign=(), redis=None):
        with self.source.connect() as connection, (redis or self.redis).connect() as cache:
            oracle.require_equal(connection, cache, tables, foreign)

    def account(self, tables, foreign=()):
        """quiesce(), and the counts of a comparison of everything."""
        self.quiesce(timeout=300)
        with self.source.connect() as connection, self.redis.connect() as cache:
            return oracle.account(connection, cache, tables, foreign)

    def settle(self, tables, foreign=(), program=None, timeout=60):
        """quiesce() and require_equal(): the oracle of most cases."""
        self.quiesce(program, timeout)
        self.require_equal(tables, foreign)

    def redis_call(self, *command, redis=None):
        with (redis or self.redis).connect() as connection:
            return connection.call(*command)

    def kill_connections(self, user="sluice", command="%"):
        """Ends every connection of USER to the source whose command is like COMMAND; how many there were."""
        count = 0
        with self.source.connect() as connection:
            for row in connection.rows("SELECT id FROM information_schema.processlist "
                                       f"WHERE user='{user}' AND command LIKE '{command}'"):
                try:
                    connection.query(f"KILL {int(row[0])}")
                    count += 1
                except sqlclient.SqlError as error:
                    if error.code != 1094:  # gone by itself since it was listed
                        raise
        return count

    def sleep(self, low, high=None):
        time.sleep(self.rng.uniform(low, high) if high else low)

    # the end

    def close(self, failed):
        """Ends everything; returns what must not have happened in any case."""
        complaints = []
        for program in self.sluices:
            if program.process is not None and program.process.is_running():
                # Sanitizers report leaks at the end only, so let it leave by itself.
                try:
                    program.process.stop(30)
                except Failure:
                    program.process.kill()
                    complaints.append("sluice run did not stop within 30 s of SIGTERM")
            complaints += program.complaints()
        for server in self.everything:
            server.kill()
        for folder in self.folders:
            if failed or complaints or self.args.keep:
                if not self.args.keep:  # logs and configurations tell enough, data is large
                    shutil.rmtree(os.path.join(folder, "data"), ignore_errors=True)
                self.guard.drop_folder(folder)
            else:
                shutil.rmtree(folder, ignore_errors=True)
                self.guard.drop_folder(folder)
        return complaints

    def logs(self):
        """The ends of all logs, for who sees nothing but what a run printed."""
        found = [path for program in self.sluices for path in program.logs()] + [server.log_path for server in self.everything]
        return "".join(f"\n  {os.path.basename(os.path.dirname(path))}/{os.path.basename(path)}:{_tail(path)}" for path in found[-6:]
                       if os.path.exists(path))

    def kept(self):
        return [folder for folder in self.folders if os.path.exists(folder)]


def fails_with(code, connection, statement):
    """Runs STATEMENT, which must fail with the server's error CODE."""
    try:
        connection.query(statement)
    except sqlclient.SqlError as error:
        if error.code == code:
            return
        raise
    raise Failure(f"did not fail with {code}: {statement}")

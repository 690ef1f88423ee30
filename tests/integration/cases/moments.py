"""The crash matrix of docs/guarantees.md: what dies at a moment that is waited for, not at a random one."""
import os

from harness.cutlink import CutLink
from harness.env import case
from harness.loading import PLAIN, Command
from harness.oracle import Table
from harness.place import Failure
from harness.process import Process, wait_until
from harness.sluice import PIPELINE

MANY = "150000"  # keys, whose removal lasts longer than a busy machine takes to kill somebody
REQUESTS = f"sluice:{{{PIPELINE}}}:requests"


def _sinks(port):
    return [{"name": "main", "url": f"redis://127.0.0.1:{port}/0", "password_env": "SLUICE_REDIS_PASSWORD"}]


class _Linked:
    """A daemon whose way to Redis can be cut. it.t is a table of rows, and each change of it.c an entry of a stream."""

    def __init__(self, env):
        self.env = env
        env.start_servers()
        env.sql("CREATE DATABASE it", "CREATE TABLE it.t (id INT PRIMARY KEY, v VARCHAR(40))", "CREATE TABLE it.c LIKE it.t")
        self.tables = [Table("it", "t")]
        self.link = CutLink(env.redis.port)
        entries = [env.entry(self.tables[0]), {"table": "it.c", "value": "stream"}]
        self.program = env.sluice(entries, sinks=_sinks(self.link.port), lease_ms=1000).start()
        self.count = 0
        self.insert("first")
        env.quiesce()

    def insert(self, text):
        self.count += 1
        with self.env.source.connect() as connection:
            for statement in ("BEGIN", f"INSERT INTO it.t VALUES ({self.count}, '{text}')",
                              f"INSERT INTO it.c VALUES ({self.count}, '{text}')", "COMMIT"):
                connection.query(statement)

    def wait_moment(self, what):
        wait_until(lambda: f"{what}; sluice said: {self.program.said()[-1000:]}", 30, self.link.happened.is_set)

    def has_row(self):
        return self.env.redis_call("EXISTS", f"it:t:{self.count}") == 1

    def require_once(self):
        """What was applied before the cut was not applied again: an entry of a stream cannot hide that."""
        self.env.quiesce()
        found = self.env.redis_call("XLEN", "changes:it:c")
        if found != self.count:
            raise Failure(f"{self.count} changes are {found} entries of the stream")
        with self.env.redis.connect() as connection:
            connection.call("DEL", "changes:it:c")
        self.env.require_equal(self.tables)


@case()
def case_link_to_redis_breaks_before_exec(env):
    linked = _Linked(env)
    linked.link.break_before_exec(b"before-exec")
    linked.insert("before-exec")
    linked.wait_moment("the EXEC that is kept back")
    linked.require_once()


@case()
def case_link_to_redis_breaks_behind_exec(env):
    """Redis has applied it, and its reply never comes: the checkpoint in Redis tells the next session."""
    linked = _Linked(env)
    linked.link.be_silent_behind_exec(b"behind-exec")
    linked.insert("behind-exec")
    linked.wait_moment("the EXEC that gets no reply")
    wait_until("the row to be in Redis", 30, linked.has_row)
    linked.link.cut()
    linked.insert("by the next session")
    linked.require_once()


@case()
def case_sluice_killed_behind_exec(env):
    """As above, and the daemon never learns of it."""
    linked = _Linked(env)
    linked.link.be_silent_behind_exec(b"behind-exec")
    linked.insert("behind-exec")
    linked.wait_moment("the EXEC that gets no reply")
    wait_until("the row to be in Redis", 30, linked.has_row)
    linked.program.kill()
    linked.link.cut()
    linked.insert("while away")
    linked.program.start()
    linked.require_once()


@case()
def case_redis_that_cannot_save_is_waited_for(env):
    """Its disk is full, or as good as: it takes no writes until a save has succeeded."""
    env.start_source()
    env.start_redis(save="3600 1000000", stop_writes_on_bgsave_error="yes", enable_protected_configs="yes")
    work = env.workload(["small"])
    program = env.sluice(work.oracle_tables).start()
    work.run(transactions=50)
    env.settle(work.oracle_tables)
    folder = os.path.join(env.redis.folder, "gone")
    os.mkdir(folder)
    env.redis_call("CONFIG", "SET", "dir", env.redis.place.inner(folder))
    os.rmdir(folder)
    env.redis_call("BGSAVE")
    wait_until("the save to fail", 30, lambda: b"rdb_last_bgsave_status:err" in env.redis_call("INFO", "persistence"))
    before = env.checkpoint()
    work.run(transactions=50)
    program.wait_said("MISCONF")
    env.sleep(1)
    if not program.process.is_running() or env.checkpoint() != before:
        raise Failure(f"Redis refuses writes, and sluice ended or its checkpoint moved: {program.said()[-1500:]}")
    env.redis_call("CONFIG", "SET", "dir", env.redis.place.inner(env.redis.folder))
    env.redis_call("BGSAVE")
    env.settle(work.oracle_tables)


@case()
def case_log_that_cannot_be_written_stops_nothing(env):
    """The disk of sluice's own host is full."""
    env.start_servers()
    work = env.workload(["small"])
    program = env.sluice(work.oracle_tables)
    argv = ["sh", "-c", 'exec "$@" 2>/dev/full', "sh", *program.command("run")]
    program.process = Process(env.guard, argv, program.log_path, program.environment())
    work.run(transactions=50)
    env.settle(work.oracle_tables)
    env.source.restart()  # there is something to say
    work.run(transactions=50)
    env.settle(work.oracle_tables)
    if not program.process.is_running():
        raise Failure(f"sluice ended with status {program.process.poll()} when its log could not be written")
    env.redis_call("DEL", env.redis_call("KEYS", "it:small:*")[0])
    status, _, err = program.call("reconcile", "--report", "/dev/full")
    if status in (0, 1) or "--report" not in err:
        raise Failure(f"a report that cannot be written: status {status}, {err[-500:]}")


def _many_rows(env, count, **options):
    """it.t with COUNT rows of JSON, whose keys are it:t:1 and on."""
    env.start_source()
    env.start_redis(**options)
    env.sql("CREATE DATABASE it", "CREATE TABLE it.t (id INT PRIMARY KEY, v VARCHAR(40))",
            *["INSERT INTO it.t VALUES " + ",".join(f"({number}, 'row {number}')" for number in range(first, first + 1000))
              for first in range(1, count, 1000)])
    return [Table("it", "t", "json")]


def _wait_falling(env, what):
    """Until the keys of Redis become fewer."""
    most = [0]

    def check():
        now = env.redis_call("DBSIZE")
        most[0] = max(most[0], now)
        return now < most[0] - 1000

    wait_until(what, 60, check, 0.002)


def _require_left(env):
    left = env.redis_call("DBSIZE")
    if left < 2000:
        raise Failure(f"only {left} keys are left: it was over before the kill")


@case()
def case_sluice_killed_while_keys_without_a_row_are_removed(env):
    """At the end of a load. The next start goes on with it."""
    tables = _many_rows(env, 1000)
    env.redis_call("DEBUG", "POPULATE", MANY, "it:t", "20")
    program = env.sluice(tables, **PLAIN).start(ready=False)
    _wait_falling(env, "keys without a row to go")
    program.kill()
    _require_left(env)
    program.start()
    env.settle(tables)


def _kill_in_purge(env, kill, **options):
    """KILL(program) while the keys of a truncated table go: the checkpoint is before the statement, so it is acted upon again."""
    tables = _many_rows(env, 40000, **options)
    program = env.sluice(tables, lease_ms=1000).start()
    env.settle(tables)
    env.redis_call("DEBUG", "POPULATE", MANY, "it:t", "20")
    env.sql("TRUNCATE TABLE it.t", "INSERT INTO it.t VALUES (7, 'behind it')")
    _wait_falling(env, "keys of the truncated table to go")
    kill(program)
    env.settle(tables)


@case()
def case_sluice_killed_while_a_truncated_table_is_emptied(env):
    def kill(program):
        program.kill()
        _require_left(env)
        program.start()

    _kill_in_purge(env, kill)


@case()
def case_redis_killed_while_a_truncated_table_is_emptied(env):
    def kill(program):
        program.process.pause()  # so that what is left can be counted
        env.redis.restart(kill=True)
        _require_left(env)
        program.process.resume()

    _kill_in_purge(env, kill, appendonly="yes", appendfsync="always")


def _break_repair(env, interrupt, **options):
    """INTERRUPT(program) while `reconcile --repair` waits for keys that are mended; the next one mends the rest."""
    tables = _many_rows(env, 20000, **options)
    program = env.sluice(tables, lease_ms=1000, start="bootstrap").start()
    env.settle(tables)
    for first in range(1, 20000, 500):
        env.redis_call("DEL", *[f"it:t:{number}" for number in range(first, first + 499)])
    command = Command(env, program, "reconcile", "--repair")
    wait_until("a request to repair", 60, lambda: env.redis_call("EXISTS", REQUESTS), 0.002)
    interrupt(program)
    command.process.wait(150)  # however that ends
    wait_until("what is left to be mended", 90, lambda: program.call("reconcile", "--repair")[0] == 0, 1)
    program.call("reconcile", status=0)
    env.settle(tables)


@case(timeout=300)
def case_sluice_killed_while_keys_are_repaired(env):
    def interrupt(program):
        program.kill()
        env.sleep(0.2)
        program.start()

    _break_repair(env, interrupt)


@case(timeout=300)
def case_redis_killed_while_keys_are_repaired(env):
    def interrupt(_):
        env.redis.kill()
        env.sleep(0.2)
        env.redis.start()

    _break_repair(env, interrupt, appendonly="yes", appendfsync="always")


@case()
def case_standby_killed_as_it_takes_over(env):
    """A third one does, and nothing is lost."""
    env.start_servers()
    work = env.workload(["small", "composite"])
    first, second, third = (env.sluice(work.oracle_tables, lease_ms=2000) for _ in range(3))
    first.start()
    second.start(ready=False)
    second.wait_said("standing by")
    third.start(ready=False)
    third.wait_said("standing by")
    work.start()
    env.sleep(0.2, 0.6)
    first.kill()
    wait_until("a standby to take over", 30, lambda: second.ready_said() or third.ready_said(), 0.01)
    heir, left = (second, third) if second.ready_said() else (third, second)
    heir.kill()
    left.wait_ready(30)
    env.sleep(0.5)
    work.stop()
    env.settle(work.oracle_tables, program=left)

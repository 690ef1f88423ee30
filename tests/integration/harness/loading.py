"""What cases about loading and comparing tables have in common."""
import json
import random
import re
import threading

from . import oracle
from .env import CHECKPOINT, HEARTBEAT
from .place import Failure
from .process import Process, wait_until
from .respclient import RedisError
from .sluice import PIPELINE

STATES = f"sluice:{{{PIPELINE}}}:bootstrap"
# What `sluice` does by itself; the lease of a killed process is over soon.
PLAIN = {"start": "bootstrap", "on_gap": "bootstrap", "lease_ms": 1000}
# Small tables are read in many parts, too.
DEFAULTS = {**PLAIN, "snapshot": {"chunk_ms": 10}}


def slowly(rate):
    """Loads that last: RATE rows a second of each of two tables at a time."""
    return {**DEFAULTS, "snapshot": {"chunk_ms": 10, "rate": rate}}


class LoadState:
    """A field of the hash of loads: see cdc/load_state.h."""

    def __init__(self, text):
        members = dict(part.partition("=")[::2] for part in text.split())
        self.text = text
        self.phase = members.get("phase", "")
        self.rows = int(members.get("rows", 0))
        self.began = int(members.get("began", 0))


def load_states(env):
    """{"shop.users": LoadState}"""
    with env.redis.connect() as connection:
        return {name.decode(): LoadState(value.decode()) for name, value in connection.hash(STATES).items()}


def is_loaded(env, tables=()):
    """Whether loads are known, TABLES' among them, and all are done."""
    states = load_states(env)
    failed = [f"{name}: {state.text}" for name, state in states.items() if state.phase == "failed"]
    if failed:
        raise Failure(f"loading failed: {failed}")
    return all(str(table) in states for table in tables) and bool(states) and "*" not in states and \
        all(state.phase == "done" for state in states.values())


def wait_loaded(env, tables, timeout=120):
    wait_until(lambda: f"{[str(table) for table in tables]} to be loaded; the states are "
               f"{ {name: state.text for name, state in load_states(env).items()} }; sluice said: {env.sluices[-1].said()[-800:]}",
               timeout, lambda: is_loaded(env, tables))


def heartbeat_state(env):
    """What the heartbeat says of the daemon, or None."""
    text = env.redis_call("GET", HEARTBEAT)
    return json.loads(text).get("state") if text else None


def checkpoint_and_load(env):
    """Whether there is a checkpoint and whether there is a load, of one moment."""
    with env.redis.connect() as connection:
        reply = connection.pipeline([("MULTI",), ("EXISTS", CHECKPOINT), ("EXISTS", STATES), ("EXEC",)])[3]
        if isinstance(reply, RedisError):
            raise reply
        return bool(reply[0]), bool(reply[1])


def heal(env, tables, foreign=(), timeout=90):
    """The source is idle: waits until Redis is equal to it, however that comes about, and that it stays so."""
    differences = ["never compared"]

    def check():
        program = env.sluices[-1]
        if not any(item.process is not None and item.process.is_running() for item in env.sluices):
            raise Failure(f"no sluice is running that could heal anything: {program.said()[-1500:]}")
        try:
            with env.source.connect() as source, env.redis.connect() as redis:
                differences[:] = oracle.compare(source, redis, tables, foreign)
        except (OSError, RedisError) as error:
            differences[:] = [str(error)]
        return not differences

    wait_until(lambda: f"Redis to be equal to the source; {len(differences)} keys differ: {'; '.join(differences[:5])}; sluice said: "
               f"{env.sluices[-1].said()[-1200:]}", timeout, check, 0.2)
    env.settle(tables, foreign)


def purge_logs(env):
    """Every binary log but the current one is gone."""
    with env.source.connect() as connection:
        for _ in range(3):
            connection.query("FLUSH BINARY LOGS")
        file, _, _ = env.source.position(connection)

        def purge():
            connection.query(f"PURGE BINARY LOGS TO '{file}'")
            return len(connection.query("SHOW BINARY LOGS").rows) == 1

        wait_until("the old binary logs to be purged", 30, purge)  # MariaDB holds them until its checkpoint


class Command:
    """A command of PROGRAM in the background."""

    def __init__(self, env, program, *args):
        self.name = " ".join(args)
        self.log_path = program.log_path + f".{args[0]}"
        self.offset = len(self._read())
        if self.log_path not in program.other_logs:
            program.other_logs.append(self.log_path)
        self.process = Process(env.guard, program.command(*args), self.log_path, program.environment())

    def _read(self):
        try:
            with open(self.log_path, "rb") as file:
                return file.read()
        except FileNotFoundError:
            return b""

    def said(self):
        return self._read()[self.offset:].decode("utf-8", "replace")

    def is_running(self):
        return self.process.is_running()

    def kill(self):
        """False when it had ended by itself, which must have been a success."""
        if self.process.is_running():
            self.process.kill()
            if self.process.poll() == -9:
                return True
        self.finish()
        return False

    def finish(self, timeout=300, status=0):
        got = self.process.wait(timeout)
        if got != status:
            raise Failure(f"sluice {self.name} ended with status {got}, due was {status}: {self.said()[-1500:]}")


class Stutter:
    """Stops and continues a process for moments, so that much happens at the source between any two of its steps."""

    def __init__(self, process, rng):
        self._process = process
        self._rng = random.Random(rng.getrandbits(48))
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._loop, daemon=True)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._stop.set()
        self._thread.join(30)

    def _loop(self):
        while not self._stop.wait(self._rng.uniform(0.01, 0.06)):
            self._process.pause()
            self._stop.wait(self._rng.uniform(0.02, 0.15))
            self._process.resume()


def require_sentence(text, *parts):
    """TEXT is one line that every one of PARTS (regular expressions) finds."""
    lines = text.strip().splitlines()
    if len(lines) != 1:
        raise Failure(f"not one sentence: {text!r}")
    for part in parts:
        if not re.search(part, text, re.IGNORECASE):
            raise Failure(f"/{part}/ is not in: {text}")

"""A read-through cache: a service that fills keys from the source when they are missing, as slowly as it may.

What it has read may be old by the time that it is written. The service keeps to a bound: what it read longer
ago than PATIENCE_US it does not write. Whatever stands in its keys at the end, when all second removals are
done, must be what SELECT returns.
"""
import random
import threading
import time

from . import oracle
from .items import encode_part
from .place import Failure
from .process import wait_until
from .respclient import RedisError
from .sqlclient import SqlError

PATIENCE_US = 1000000  # far less than redelete_ms, for a machine that is busy
# Redis itself looks at the clock: between a look of the service and its SET a busy machine may let seconds pass.
SET_IN_TIME = ("local now = redis.call('TIME') if now[1] * 1000000 + now[2] - ARGV[2] > tonumber(ARGV[3]) then return 0 end "
               "redis.call('SET', KEYS[1], ARGV[1]) return 1")
NOBODY = b"(no such row)"
SHOWN = 5


def _select(table):
    parts = [f"`{column}`" for column, _ in table.key]
    return f"SELECT {', '.join(parts)}, v, w, name, note FROM {table.full_name}"


def _key_and_value(table, row):
    parts = b":".join(encode_part(cell) for cell in row[:len(table.key)])
    return f"{table.db}:{table.name}:".encode() + parts, b"|".join(b"NULL" if cell is None else cell for cell in row[len(table.key):])


def _now(cache):
    seconds, micros = cache.call("TIME")
    return int(seconds) * 1000000 + int(micros)


class ReadThrough:
    """SERVICES threads over the rows of a Churn, until stop()."""

    def __init__(self, env, churn, services=2, slowness=0.3):
        self.env, self.churn, self.slowness = env, churn, slowness
        self.fills = self.hits = self.given_up = 0
        self._stop = threading.Event()
        self._errors = []
        self._threads = [threading.Thread(target=self._loop, args=(env.rng.getrandbits(48),), daemon=True) for _ in range(services)]

    def start(self):
        for thread in self._threads:
            thread.start()
        return self

    def stop(self):
        self._stop.set()
        for thread in self._threads:
            thread.join(60)
        if self._errors:
            raise self._errors[0]

    def wait_filled(self):
        """It proves nothing before."""
        wait_until(lambda: f"the service to fill a key; it has given up {self.given_up} times", 60, lambda: self.fills > 0 or self._errors)

    def _loop(self, seed):
        rng = random.Random(seed)
        try:
            while not self._stop.is_set():
                try:
                    with self.env.redis.connect() as cache, self.env.source.connect() as source:
                        while not self._stop.is_set():
                            self._look(rng, cache, source)
                except (OSError, RedisError, SqlError):
                    time.sleep(0.05)  # a server that is down
        except BaseException as error:  # pylint: disable=broad-except
            self._errors.append(error)

    def _look(self, rng, cache, source):
        table = rng.choice(self.churn.tables)
        hot = table.hot()
        batch = []
        for _ in range(8):  # read together, so that a slow service is slow for many
            number = rng.choice(hot) if rng.random() < 0.7 else rng.randrange(table.span)
            key = table.redis_key(number)
            if cache.call("GET", key) is not None:
                self.hits += 1
                continue
            began = _now(cache)
            rows = source.rows(f"{_select(table)} WHERE {table.is_here(number)}")
            batch.append((began, *(_key_and_value(table, rows[0]) if rows else (key, NOBODY))))
        if rng.random() < 0.5:
            time.sleep(rng.uniform(0, self.slowness))
        for began, key, value in batch:
            is_set = cache.call("EVAL", SET_IN_TIME, 1, key, value, began, PATIENCE_US)
            self.fills += is_set
            self.given_up += 1 - is_set

    def wrong(self):
        """Every key that holds something else than SELECT returns, as sentences, and how many keys there are."""
        found, count = [], 0
        with self.env.source.connect() as source, self.env.redis.connect() as cache:
            for table in self.churn.tables:
                wanted = dict(_key_and_value(table, row) for row in source.rows(_select(table)))
                front = f"{table.db}:{table.name}:".encode()
                keys = sorted(key for key in cache.keys() if key.startswith(front))
                count += len(keys)
                for key, value in zip(keys, cache.pipeline([("GET", key) for key in keys])):
                    if value != wanted.get(key, NOBODY):
                        found.append(f"{key!r} holds {value!r}, due is {wanted.get(key, NOBODY)!r}")
        return found, count

    def require_fresh(self):
        found, count = self.wrong()
        if found:
            raise Failure(f"{len(found)} of {count} keys are stale: " + "; ".join(found[:SHOWN]))
        return count

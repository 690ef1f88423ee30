"""A read-through cache: a service that fills keys from the source when they are missing, as slowly as it may.

What it has read may be old by the time that it is written. The service keeps to a bound: what it read longer
ago than PATIENCE it does not write. Whatever stands in its keys at the end, when all second removals are
done, must be what SELECT returns.
"""
import random
import threading
import time

from . import oracle
from .items import encode_part
from .place import Failure
from .respclient import RedisError
from .sqlclient import SqlError

PATIENCE = 1.0   # seconds; far less than redelete_ms, for a machine that is busy
NOBODY = b"(no such row)"
SHOWN = 5


def _select(table):
    parts = [f"`{column}`" for column, _ in table.key]
    return f"SELECT {', '.join(parts)}, v, w, name, note FROM {table.full_name}"


def _key_and_value(table, row):
    parts = b":".join(encode_part(cell) for cell in row[:len(table.key)])
    return f"{table.db}:{table.name}:".encode() + parts, b"|".join(b"NULL" if cell is None else cell for cell in row[len(table.key):])


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
            began = time.monotonic()
            rows = source.rows(f"{_select(table)} WHERE {table.is_here(number)}")
            batch.append((began, *(_key_and_value(table, rows[0]) if rows else (key, NOBODY))))
        if rng.random() < 0.5:
            time.sleep(rng.uniform(0, self.slowness))
        for began, key, value in batch:
            if time.monotonic() - began < PATIENCE:
                cache.call("SET", key, value)
                self.fills += 1
            else:
                self.given_up += 1

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
        if self.fills == 0:  # what it filled may all have been removed since
            raise Failure("the service never filled a key, so it proves nothing")
        return count

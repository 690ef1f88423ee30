"""A service that reads while rows change: no key may go back in time, show half a row, or lose a steady row."""
import re
import threading

from .churn import is_steady
from .place import Failure
from .respclient import RedisError

VERSIONS = re.compile(rb'"v":\s*(-?\d+),\s*"w":\s*(-?\d+)')
AT_ONCE = 200
SHOWN = 5


class Poller:
    """Polls the hot rows and others of a Churn by HMGET or GET, until stop()."""

    def __init__(self, churn, redis, rng, others=300):
        self.redis = redis
        self.polls = self.seen = self.rises = 0
        self.wrong = []
        self._last = {}
        self._stop = threading.Event()
        self._error = None
        self._watched = []  # (key, is it steady, command)
        for table in churn.tables:
            numbers = set(table.hot()) | {rng.randrange(table.span) for _ in range(others)}
            for number in sorted(numbers):
                for spelling in range(table.spellings(number)):
                    key = table.redis_key(number, spelling)
                    fields = ("v", "w", table.key[0][0])
                    command = ("HMGET", key, *fields) if table.value == "hash" else ("GET", key)
                    # A row that is never moved keeps the spelling that it was loaded with.
                    self._watched.append((key, is_steady(number, churn.clients), command))
        self._thread = threading.Thread(target=self._loop, daemon=True)

    def start(self):
        self._thread.start()
        return self

    def has_seen(self):
        """Whether it proves something by now, or has failed."""
        return self._error is not None or (self.polls > 0 and self.seen > 0)

    def stop(self):
        """A Failure if anything was wrong, or if nothing was seen."""
        self._stop.set()
        self._thread.join(60)
        if self._error is not None:
            raise self._error
        if self.wrong:
            raise Failure(f"readers saw {len(self.wrong)} wrong values: " + "; ".join(self.wrong[:SHOWN]))
        if self.polls == 0 or self.seen == 0:
            raise Failure("the readers never saw a row, so they prove nothing")

    def __str__(self):
        return f"{self.polls} polls of {len(self._watched)} keys, {self.seen} rows seen, {self.rises} newer than before"

    def _loop(self):
        try:
            with self.redis.connect() as connection:
                while not self._stop.is_set():
                    for at in range(0, len(self._watched), AT_ONCE):
                        part = self._watched[at:at + AT_ONCE]
                        for (key, steady, _), reply in zip(part, connection.pipeline([command for _, _, command in part])):
                            self._judge(key, steady, reply)
                    self.polls += 1
        except BaseException as error:  # pylint: disable=broad-except
            self._error = error

    def _judge(self, key, steady, reply):
        if isinstance(reply, RedisError):
            self.wrong.append(f"{key!r}: {reply}")
            return
        if reply is None or (isinstance(reply, list) and not any(cell is not None for cell in reply)):
            if steady and key in self._last:
                self.wrong.append(f"{key!r} has gone, though its row was there all the time; its version was {self._last[key]}")
                del self._last[key]
            return
        version = self._version(key, reply)
        if version is None:
            return
        self.seen += 1
        last = self._last.get(key)
        if last is not None and version < last:
            self.wrong.append(f"{key!r} went back from version {last} to {version}")
        self.rises += last is not None and version > last
        self._last[key] = version

    def _version(self, key, reply):
        if isinstance(reply, list):
            if None in reply or reply[0] != reply[1]:
                self.wrong.append(f"{key!r} shows half a row: v, w and a key column are {reply}")
                return None
            return int(reply[0])
        found = VERSIONS.search(reply)
        if not found or found.group(1) != found.group(2):
            self.wrong.append(f"{key!r} shows half a row: {reply[:200]!r}")
            return None
        return int(found.group(1))

"""One load delivered into an empty Redis, by sluice from the log's begin to its end, and by redis-cli --pipe."""
import os
import re
import time

from harness import servers
from harness.process import wait_until
from harness.sluice import PIPELINE

CHECKPOINT = f"sluice:{{{PIPELINE}}}:checkpoint"
TICKS = os.sysconf("SC_CLK_TCK")


class Delivery:
    """ENTRY: what the configuration says of the load's table besides its name."""

    def __init__(self, side, load, entry):
        self.side = side
        self.server, self.end = side.source(load)
        self.redis = side.redis()
        self.sluice = side.sluice(self.server.port, self.redis.port, entry)
        self.memory = 0  # of Redis, that the last delivery took
        self.rows = None
        self.commands = os.path.join(self.sluice.folder, "commands")

    def write_commands(self):
        """For pipe(); and counts the rows of the load."""
        text, _, _ = self.side.call([self.side.tool("resp_dump"), self.side.place.inner(self.sluice.config_path),
                                     self.side.place.inner(self.commands), *self.side.logs(self.server)], self.sluice.environment())
        self.rows = int(text.split()[0])
        return self

    def use(self, entry):
        """Another one from now on."""
        table = self.sluice.config["tables"][0]["table"]
        self.sluice.config["tables"] = [{"table": table, **entry}]
        self.sluice.write_config()

    def empty(self):
        with self.redis.connect() as connection:
            connection.call("FLUSHALL", "SYNC")

    def pipe(self):
        self.empty()
        with open(self.commands, "rb") as stdin:
            _, cpu, wall = self.side.call([self.side.place.find("redis-cli"), "-p", str(self.redis.port), "--pipe"],
                                          {"REDISCLI_AUTH": servers.REDIS_PASSWORD}, stdin)
        return self.rows / wall, cpu / self.rows * 1e6

    def _used_memory(self):
        with self.redis.connect() as connection:
            return int(re.search(rb"used_memory:(\d+)", connection.call("INFO", "memory")).group(1))

    def deliver(self):
        """(rows/s, CPU seconds a million rows, peak memory of sluice)"""
        self.empty()
        before = self._used_memory()
        if self.sluice.config["tables"][0].get("compress") == "zstd-dict":
            self.sluice.call("train", "--table", self.sluice.config["tables"][0]["table"], status=0)
        with self.redis.connect() as connection:
            began = time.monotonic()
            self.sluice.start(ready=False)
            wait_until(lambda: f"the load to be delivered; sluice said: {self.sluice.said()[-1000:]}", 600,
                       lambda: self._is_delivered(connection), 0.01)
            wall = time.monotonic() - began
        process = self.sluice.process
        with open(f"/proc/{process.pid}/stat", encoding="ascii") as file:
            fields = file.read().rpartition(")")[2].split()
        cpu = (int(fields[11]) + int(fields[12])) / TICKS
        memory = process.peak_rss_bytes()
        self.sluice.stop()
        self.memory = self._used_memory() - before
        return self.rows / wall, cpu / self.rows * 1e6, memory

    def _is_delivered(self, connection):
        file, offset = connection.call("HMGET", CHECKPOINT, "file", "pos")
        return file is not None and (file.decode(), int(offset)) >= self.end

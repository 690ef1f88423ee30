"""Whole tables: loaded into an empty Redis, and compared with it."""
import os
import random
import re
import resource
import statistics
import threading
import time

import classic
import loads
from harness.place import Failure
from harness.process import Process
from harness.sluice import OK

UPDATES = 300  # a second are aimed at
LOOK_S = 0.02  # between looks at a peak that only grows
TICKS = os.sysconf("SC_CLK_TCK")


class Writer:
    """Updates single rows of a table, any one of them, while it is open."""

    def __init__(self, server, table):
        self._server, self._table = server, table
        self._count, self._wall, self._error = 0, 0.0, None
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._stop.set()
        self._thread.join(60)

    def rate(self):
        """Updates a second, of a writer that was left."""
        if self._error is not None or self._count == 0:
            raise Failure(f"the client beside the load updated {self._count} rows: {self._error}")
        return self._count / self._wall

    def _run(self):
        try:
            with self._server.connect() as connection:
                self._update(connection)
        except Exception as error:  # pylint: disable=broad-except  # said by rate()
            self._error = error

    def _update(self, connection):
        rng, began = random.Random(7), time.monotonic()
        while not self._stop.wait(max(0, began + self._count / UPDATES - time.monotonic())):
            connection.query(f"UPDATE bench.{self._table} SET stock = stock + 1, score = score + 0.5 "
                             f"WHERE id = {rng.randint(1, loads.ROWS[self._table])}")
            self._count += 1
        self._wall = time.monotonic() - began


def _peak(process, before):
    """What a process that may have ended has used at most."""
    try:
        return max(before, process.peak_rss_bytes())
    except (Failure, OSError):
        return before


def _command(side, sluice, *args):
    """Runs a command of SLUICE to its end: (CPU seconds, wall seconds, peak memory)."""
    before, began, memory = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic(), 0
    process = Process(side.guard, sluice.command(*args), sluice.log_path, sluice.environment())
    while process.is_running():
        memory = _peak(process, memory)
        time.sleep(LOOK_S)
    wall, after = time.monotonic() - began, resource.getrusage(resource.RUSAGE_CHILDREN)
    if process.poll() != OK:
        raise Failure(f"sluice {args[0]} ended with status {process.poll()}: {process.log()[-1500:]}")
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, wall, memory


def _medians(rows):
    return [statistics.median(column) for column in zip(*rows)]


# bootstrap


def _empty(redis):
    with redis.connect() as connection:
        connection.call("FLUSHALL", "SYNC")


def _children():
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _servers(*servers):
    """CPU seconds that SERVERS have used."""
    total = 0
    for server in servers:
        with open(f"/proc/{server.process.pid}/stat", encoding="ascii") as file:
            fields = file.read().rpartition(")")[2].split()
        total += int(fields[11]) + int(fields[12])
    return total / TICKS


def _classic(side, server, redis, sql):
    _empty(redis)
    before = _children() + _servers(server, redis)
    with Writer(server, "items") as writer:
        rows, wall = classic.load(side.place, server, redis, sql)
    cpu = _children() + _servers(server, redis) - before
    return rows / wall, writer.rate(), cpu / rows * 1e6


def _bootstrap(side, server, redis, sluice):
    _empty(redis)
    rows, before = loads.ROWS["items"], _servers(server, redis)
    with Writer(server, "items") as writer:
        cpu, wall, memory = _command(side, sluice, "bootstrap")
    total = cpu + _servers(server, redis) - before
    _require_keys(redis, "bench:items:", rows)
    return rows / wall, writer.rate(), cpu / rows * 1e6, memory, total / rows * 1e6


def _require_keys(redis, prefix, rows):
    """The first and the last row have keys, and there are no fewer keys than rows."""
    with redis.connect() as connection:
        keys = connection.call("DBSIZE")
        if keys < rows or connection.call("EXISTS", f"{prefix}1", f"{prefix}{rows}") != 2:
            raise Failure(f"{rows} rows were to be loaded, Redis has {keys} keys")


def bench_bootstrap(side):
    server, _ = side.source("rows")
    redis = side.redis()
    sluice = side.sluice(server.port, redis.port, {}, start="bootstrap")
    with server.connect() as connection:
        sql = classic.statement(connection, "bench", "items")
    pipes, loaded = [], []
    for _ in range(side.args.runs):
        pipes.append(_classic(side, server, redis, sql))
        loaded.append(_bootstrap(side, server, redis, sluice))
    side.release()
    pipe, load = _medians(pipes), _medians(loaded)
    return [("bootstrap: rows/s by mysql | redis-cli --pipe", f"{pipe[0]:,.0f}", ""),
            ("  updates a second beside it", f"{pipe[1]:,.0f}", ""),
            ("  CPU seconds a million rows, of all processes", f"{pipe[2]:.2f}", ""),
            ("bootstrap: rows/s loaded", f"{load[0]:,.0f}", ""),
            ("  updates a second beside it", f"{load[1]:,.0f}", ""),
            ("  loaded / pipe", f"{load[0] / pipe[0]:.2f}", "≥ 1"),
            ("  CPU seconds a million rows", f"{load[2]:.2f}", ""),
            ("  of all processes", f"{load[4]:.2f}", ""),
            ("  peak memory, MB", f"{load[3] / 1e6:.0f}", "")]


# reconcile


def _sent(redis):
    """Bytes that Redis has sent to all of its clients."""
    with redis.connect() as connection:
        return int(re.search(rb"total_net_output_bytes:(\d+)", connection.call("INFO", "stats")).group(1))


def _samples(path, name):
    """The values of one metric."""
    with open(path, encoding="utf-8") as file:
        return [int(value) for value in re.findall(rf"^sluice_reconcile_{name}{{.*}} (\d+)$", file.read(), re.MULTILINE)]


def _require_equal(path, rows):
    """That all was compared and nothing found: the command mends nothing here, but a drift of 0 has to be one of all rows."""
    found = {name: sum(_samples(path, name)) for name in ("rows", "drift", "unsettled")}
    if found != {"rows": rows, "drift": 0, "unsettled": 0}:
        raise Failure(f"reconcile compared {found}, due were {rows} rows and no drift")


def _reconcile(side, redis, sluice, table):
    """(rows/s, CPU seconds a million rows, bytes of Redis a row, peak memory)"""
    rows, path = loads.ROWS[table], os.path.join(sluice.folder, "metrics")
    before = _sent(redis)
    cpu, wall, memory = _command(side, sluice, "reconcile", "--table", f"bench.{table}", "--metrics", side.place.inner(path))
    sent = _sent(redis) - before
    _require_equal(path, rows)
    return rows / wall, cpu / rows * 1e6, sent / rows, memory


def bench_reconcile(side):
    server, _ = side.source("rows")
    redis = side.redis()
    sluice = side.sluice(server.port, redis.port, {}, [f"bench.{table}" for table in loads.ROWS], start="bootstrap")
    _command(side, sluice, "bootstrap")
    sluice.start()
    found = {table: [] for table in loads.ROWS}
    for _ in range(side.args.runs):
        for table, runs in found.items():
            runs.append(_reconcile(side, redis, sluice, table))
    sluice.stop()
    side.release()
    large, small = _medians(found["items"]), _medians(found["few"])
    return [("reconcile: rows/s compared, none of them drifted", f"{large[0]:,.0f}", ""),
            ("  CPU seconds a million rows", f"{large[1]:.2f}", ""),
            ("  bytes from Redis a row", f"{large[2]:,.0f}", ""),
            (f"  peak memory at {loads.ROWS['items']:,} rows, MB", f"{large[3] / 1e6:.1f}", ""),
            (f"  at {loads.ROWS['few']:,} rows", f"{small[3] / 1e6:.1f}", "")]

"""Loads and comparisons under heavy changes: small ones are cases, the same in full are modes of soak.py.

Each starts sluice and its changes on servers that are there, and ends with the oracle or a Failure. PAUSE is what each client
of the changes waits between two transactions, where the stream has to read rows again and could not follow otherwise.
"""
import json
import os
import time

from . import oracle
from .churn import Churn
from .churn_tables import USUAL
from .loading import DEFAULTS, Command, Stutter, load_states, wait_loaded
from .place import Failure
from .poller import Poller
from .process import wait_until

PARTIAL_JSON = "SET SESSION binlog_row_value_options='PARTIAL_JSON'"


def settle(env, tables, say):
    found = env.account(tables)
    say(f"{found}")
    if found.sentences:
        raise Failure("; ".join([f"{found}", *found.sentences[:8]]))


def _require_resumed(before, after):
    """Tables that were being loaded when the process was killed are gone on with, not begun anew."""
    for name, state in before.items():
        now = after.get(name)
        if state.phase != "loading" or state.rows == 0:
            continue
        if now is None or now.began != state.began or (now.phase == "loading" and now.rows < state.rows):
            raise Failure(f"the load of {name} did not go on where it was: {state.text!r} before the kill, {now and now.text!r} behind it")


def bootstrap_killed(env, rows, kills, value="hash", longest=0.6, tail=1, session=(), pause=0, config=DEFAULTS, compress=None, transform=None, parts=False,
                     prepare=lambda program, tables: None, say=lambda text: None):
    """`sluice bootstrap` of three tables is killed at random moments and called again, then `run` goes on."""
    churn = Churn(env, rows // 3, value=value, session=session, pause=pause, compress=compress, transform=transform, parts=parts)
    program = env.sluice(churn.oracle_tables, **config)
    prepare(program, churn.oracle_tables)
    churn.start()
    before, landed, tries = {}, 0, 0
    while landed < kills:
        tries += 1
        if tries > 20 * kills:
            raise Failure(f"sluice bootstrap was killed {landed} times only, all others ended before")
        command = Command(env, program, "bootstrap")
        with Stutter(command.process, env.rng):
            env.sleep(0.02, longest)
        if command.kill():
            landed += 1
            after = load_states(env)
            _require_resumed(before, after)
            before = after
            say(f"killed; the loads are at { {name: f'{state.phase} {state.rows}' for name, state in after.items()} }")
        else:
            before, longest = {}, longest * 0.6
    began = time.monotonic()
    command = Command(env, program, "bootstrap")
    with Stutter(command.process, env.rng):
        command.finish(timeout=1800)
    say(f"loaded in {time.monotonic() - began:.1f} s at the end, {landed} kills")
    program.start()
    env.sleep(tail)
    churn.stop()
    settle(env, churn.oracle_tables, say)
    say(f"{churn.transactions} transactions, {churn.refused} statements refused")
    program.stop()


def readers_beside_bootstrap(env, rows, rounds, values=("hash", "json"), session=(), pause=0, config=DEFAULTS, say=lambda text: None):
    """The first load of a daemon and loads by command beside it, while readers poll and rows change."""
    churns = [Churn(env, rows // 3 // len(values), db=f"it_{value}", value=value, session=session, pause=pause) for value in values]
    tables = [table for churn in churns for table in churn.oracle_tables]
    pollers = [Poller(churn, env.redis, env.rng).start() for churn in churns]
    for churn in churns:
        churn.start()
    program = env.sluice(tables, **config).start(ready=False)
    with Stutter(program.process, env.rng):
        wait_loaded(env, tables, timeout=1800)
        for nth in range(rounds):
            chosen = [] if nth % 2 == 0 else [part for table in env.rng.sample(tables, 2) for part in ("--table", str(table))]
            program.call("bootstrap", *chosen, status=0, timeout=1800)
            say(f"load {nth + 1} of {rounds} beside the daemon is done; {'; '.join(map(str, pollers))}")
    wait_until("the readers to see rows", 60, lambda: all(poller.has_seen() for poller in pollers))
    for churn in churns:
        churn.stop()
    for poller in pollers:
        poller.stop()
    settle(env, tables, say)
    say(f"{sum(churn.transactions for churn in churns)} transactions; {'; '.join(map(str, pollers))}")
    program.stop()


def reconcile_beside_changes(env, rows, seconds, session=(), pause=0, config=DEFAULTS, kinds=USUAL, transform=None, parts=False,
                             say=lambda text: None):
    """Nothing is wrong, so nothing may be reported, however much changes."""
    churns = [Churn(env, rows // 6, kinds=kinds, db=f"it_{value}", value=value, session=session, clients=2, pause=pause,
                    transform=transform, parts=parts)
              for value in ("hash", "json")]
    tables = [table for churn in churns for table in churn.oracle_tables]
    program = env.sluice(tables, **config).start()
    for churn in churns:
        churn.start()
    wait_loaded(env, tables, timeout=1800)
    report = os.path.join(program.folder, "drift.ndjson")
    end, runs = time.monotonic() + seconds, 0
    while runs == 0 or time.monotonic() < end:
        status, _, err = program.call("reconcile", "--report", program.place.inner(report), timeout=1800)
        lines = read_report(report)
        if status != 0 or lines:
            raise Failure(f"nothing has drifted, but reconcile ends with status {status} and reports {lines[:5]}: {err[-800:]}")
        runs += 1
    for churn in churns:
        churn.stop()
    settle(env, tables, say)
    say(f"{runs} times reconcile beside {sum(churn.transactions for churn in churns)} transactions reported nothing")
    program.stop()


def read_report(path):
    with open(path, encoding="utf-8") as file:
        return [json.loads(line) for line in file]


class Drift:
    """Corrupts Redis by hand, each key once; KINDS is what a report calls it."""
    KINDS = {"deleted": "missing", "orphan": "orphan", "same length": "different", "changed": "different", "extra field": "different",
             "lost field": "different", "no JSON": "different", "wrong type": "wrong_type", "no ttl": "no_ttl"}

    def __init__(self, env, churn, ttl_tables=()):
        self.rng = env.rng
        self.done = {}
        self.redis = env.redis
        self.free, self.orphans = {}, {}
        with env.source.connect() as connection:
            connection.query("SET time_zone='+00:00'")
            for table in churn.tables:
                keys = sorted(oracle.expected(connection, table.oracle))
                self.rng.shuffle(keys)
                taken = set(keys)
                self.free[table] = keys
                # Another spelling of a row that is there is an orphan, too, and one that SELECT finds a row for.
                self.orphans[table] = [key for number in range(table.span) for key in
                                       (table.redis_key(number, spelling) for spelling in range(table.spellings(number)))
                                       if key not in taken]
                self.rng.shuffle(self.orphans[table])
        self.ttl_tables = set(ttl_tables)

    def corrupt(self, count):
        with self.redis.connect() as connection:
            tables = list(self.free)
            for nth in range(count):
                table = tables[nth % len(tables)]
                kinds = self._kinds(table)
                kind = kinds[nth // len(tables) % len(kinds)]
                key = self.orphans[table].pop() if kind == "orphan" else self.free[table].pop()
                for command in self._commands(connection, table, kind, key):
                    connection.call(*command)
                self.done[key] = kind
        return self

    def _kinds(self, table):
        if table.value == "hash":
            kinds = ["same length", "orphan", "changed", "extra field", "lost field", "wrong type"]
        else:
            kinds = ["same length", "orphan", "changed", "no JSON", "wrong type"]
        return kinds + (["no ttl"] if table.name in self.ttl_tables else ["deleted"])

    def _commands(self, connection, table, kind, key):
        if kind == "deleted":
            return [("DEL", key)]
        if kind == "no ttl":
            return [("PERSIST", key)]
        if kind == "wrong type":
            return [("DEL", key), ("RPUSH", key, "a", "b")]
        if table.value == "hash":
            return self._of_hash(connection, kind, key)
        return self._of_json(connection, kind, key)

    @staticmethod
    def _of_hash(connection, kind, key):
        if kind == "orphan":
            return [("HSET", key, "v", "1", "w", "1")]
        if kind == "same length":
            value = connection.call("HGET", key, "v")
            return [("HSET", key, "v", _another_digit(value))]
        return [{"changed": ("HSET", key, "note", "this is not what the row says"), "extra field": ("HSET", key, "no_column", "1"),
                 "lost field": ("HDEL", key, "w")}[kind]]

    @staticmethod
    def _of_json(connection, kind, key):
        # Without KEEPTTL, but only tables without ttl get these.
        if kind == "orphan":
            return [("SET", key, '{"v":1,"w":1}')]
        value = connection.call("GET", key)
        if kind == "same length":
            before, name, rest = value.partition(b'"v":')
            return [("SET", key, before + name + _another_digit(rest[:1]) + rest[1:])]
        return [("SET", key, value[:-1] + b',"no_column":1}' if kind == "changed" else value[:-1])]

    def require_reported(self, lines):
        """LINES of a report name these keys and no others, and what is wrong with them."""
        due = {key.decode(): kind for key, kind in self.done.items()}
        reported = {}
        for line in lines:
            if line.get("key") in reported:
                raise Failure(f"{line['key']} is reported twice: {line}")
            reported[line.get("key")] = line.get("kind")
        lost = sorted(due.keys() - reported.keys())
        more = sorted(map(str, reported.keys() - due.keys()))
        wrong = [f"{key} ({due[key]}) is reported as {kind}" for key, kind in reported.items()
                 if key in due and kind != self.KINDS[due[key]]]
        if lost or more or wrong:
            raise Failure(f"of {len(due)} keys that drifted {len(lost)} are not reported: {[(key, due[key]) for key in lost[:6]]}; "
                          f"{len(more)} others are: {more[:6]}; {len(wrong)} of a wrong kind: {wrong[:6]}")


def _another_digit(value):
    return b"%d" % ((value[0] - 48 + 1) % 9 + 1) + value[1:]


def reconcile_drift(env, rows, count, daemon=True, foreign=(), config=DEFAULTS, say=lambda text: None):
    """Keys corrupted by hand are reported, these and no others, and mended."""
    churns = [Churn(env, rows // 4, db="it_hash", clients=2), Churn(env, rows // 8, db="it_json", value="json", clients=2)]
    with_ttl = Churn(env, rows // 8, kinds=("num",), db="it_ttl", prefix="short_", clients=1)
    tables = [table for churn in (*churns, with_ttl) for table in churn.oracle_tables]
    entries = [{**env.entry(table), **({"ttl": 36000} if table.db == "it_ttl" else {})} for table in tables]
    program = env.sluice(entries, **config).start()
    for churn in (*churns, with_ttl):
        churn.run(300)
    wait_loaded(env, tables)
    env.settle(tables, foreign)
    drifts = [Drift(env, churn) for churn in churns] + [Drift(env, with_ttl, ttl_tables=("short_num",))]
    if not daemon:
        program.stop()
    report = os.path.join(program.folder, "drift.ndjson")

    def reconcile(status, *args):
        _, out, err = program.call("reconcile", "--report", program.place.inner(report), *args, status=status, timeout=1800)
        say(f"reconcile {' '.join(args)}: status {status}, {(out + err).strip().splitlines()[-1:]}")
        return read_report(report)

    lines = reconcile(0)
    if lines:
        raise Failure(f"nothing has drifted yet, but reported are {lines[:5]}")
    shares = (count * 5 // 10, count * 3 // 10, count - count * 5 // 10 - count * 3 // 10)
    for drift, share in zip(drifts, shares):
        drift.corrupt(share)
        drifts[0].done.update(drift.done)
    whole = drifts[0]
    whole.require_reported(reconcile(1))
    whole.require_reported(reconcile(1))  # it only looked
    whole.require_reported(reconcile(0, "--repair"))
    lines = reconcile(0)
    if lines:
        raise Failure(f"all was mended, but reported are {lines[:5]}")
    if not daemon:
        program.start()
    env.settle(tables, foreign)
    for key, kind in whole.done.items():
        if kind == "no ttl" and env.redis_call("TTL", key) <= 0:
            raise Failure(f"{key!r} was given no time to live again")
    say(f"{len(whole.done)} keys were corrupted, reported and mended")
    program.stop()

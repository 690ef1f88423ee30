#!/usr/bin/env python3
"""Random changes for long, while sluice and Redis are killed (kill -9) at random moments.

--mode chooses other long tests: what the cases of bootstrap.py and reconcile.py do in small, or a configuration with every feature.

Redis keeps an append-only file that it synchronizes every second, as it is used in earnest: a kill may take
acknowledged writes back, checkpoint and rows together. Once a minute the changes stop, and every row of the source is compared with
Redis; the last line has the counts. A seed gives the same changes and the same moments again, though not the
same interleaving.
"""
import argparse
import os
import random
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)

from harness import scenarios  # noqa: E402  pylint: disable=wrong-import-position
from harness.env import Env  # noqa: E402  pylint: disable=wrong-import-position
from harness.features import Features  # noqa: E402  pylint: disable=wrong-import-position
from harness.guard import Guard  # noqa: E402  pylint: disable=wrong-import-position
from harness.loading import PLAIN  # noqa: E402  pylint: disable=wrong-import-position
from harness.oracle import Account  # noqa: E402  pylint: disable=wrong-import-position
from harness.place import Failure  # noqa: E402  pylint: disable=wrong-import-position
from harness.sqlclient import SqlError  # noqa: E402  pylint: disable=wrong-import-position

ROUND_SECONDS = 60
MODES = {
    "changes": "random changes while sluice and Redis are killed",
    "features": "the same with rules that use everything at once, and reconcile, bootstrap and train beside them",
    "bootstrap": "sluice bootstrap of ROWS rows, killed three times, while rows and keys change",
    "readers": "no reader sees a key go back while a daemon loads ROWS rows and loads them again",
    "drift": "reconcile finds and mends 400 keys of ROWS rows, corrupted by hand",
    "reconcile": "reconcile reports nothing for SECONDS of heavy changes",
}
# Servers whose data does not fit into the buffer pool would measure the disk.
BIG = {"innodb_buffer_pool_size": "1G"}


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--server", choices=("mariadb", "mysql"), default="mariadb")
    parser.add_argument("--redis", choices=("host", "root"), help="default: host with mariadb, root with mysql")
    parser.add_argument("--metadata", choices=("full", "minimal"), default="full", help="binlog_row_metadata")
    parser.add_argument("--image", choices=("full", "minimal", "noblob"), default="full", help="binlog_row_image")
    parser.add_argument("--binary", default=os.path.join(HERE, "../../build/release/sluice"))
    parser.add_argument("--mode", choices=tuple(MODES), default="changes", help="; ".join(f"{name}: {text}" for name, text in MODES.items()))
    parser.add_argument("--rows", type=int, default=1000000, help="of all tables, in the modes bootstrap, readers, drift and reconcile")
    parser.add_argument("--seconds", type=float, default=600)
    parser.add_argument("--sluice-kills", type=int, default=20)
    parser.add_argument("--redis-kills", type=int, default=10)
    parser.add_argument("--source-kills", type=int, default=0)
    parser.add_argument("--seed", type=int, help="default: a new one, printed")
    parser.add_argument("--keep", action="store_true", help="keep the folders")
    args = parser.parse_args()
    args.redis = args.redis or ("root" if args.server == "mysql" else "host")
    args.seed = args.seed if args.seed is not None else random.SystemRandom().getrandbits(32)
    return args


class Soak:
    def __init__(self, env, args):
        self.env = env
        self.args = args
        self.kills = {"sluice": 0, "redis": 0, "source": 0}
        self.total = Account()
        self.comparisons = 0
        env.start_source()
        env.start_redis(appendonly="yes", appendfsync="everysec")
        self.features = Features(env) if args.mode == "features" else None
        if self.features:
            self.works, self.tables = self.features.works, self.features.tables
        else:
            self._choose_changes()
        self.program = env.sluice(self.features.entries if self.features else self.tables, lease_ms=1000).start()

    def _choose_changes(self):
        env = self.env
        kinds = ["types", "small", "composite", "uniq"]
        # Rows of hundreds of kilobytes come slowly, or the binary log would fill the disk.
        self.works = [env.workload(kinds, db="it_hash", truncate=True, pause=0.002),
                      env.workload(kinds, db="it_json", value="json", truncate=True, pause=0.002),
                      env.workload(["big"], db="it_big", pause=0.2)]
        self.tables = [table for work in self.works for table in work.oracle_tables]

    def kill(self, victim):
        env = self.env
        if not self.program.process.is_running():
            raise Failure(f"sluice ended by itself with status {self.program.process.poll()}: {self.program.said()[-2000:]}")
        if victim == "sluice":
            self.program.kill()
            env.sleep(0, 0.5)
            self.program.start(ready=False)
        else:
            server = env.redis if victim == "redis" else env.source
            server.kill()
            env.sleep(0, 1)
            server.start()
        self.kills[victim] += 1

    def compare(self, elapsed):
        for work in self.works:
            work.stop()
        found = self.env.account(self.tables, self.features.foreign if self.features else ())
        self.total.add(found)
        self.comparisons += 1
        print(f"soak: {elapsed:4.0f} s, {self.transactions()} transactions, killed: sluice {self.kills['sluice']}, "
              f"Redis {self.kills['redis']}; {found}", flush=True)
        if found.sentences:
            raise Failure("; ".join(found.sentences[:20]))
        if self.features:
            print(f"soak: {self.features.require(self.env)}", flush=True)
            self.command("reconcile")  # a status of 1 would be drift
        file, _, _ = self.env.source.position()
        try:
            self.env.sql("FLUSH BINARY LOGS", f"PURGE BINARY LOGS TO '{file}'")  # keeps the disk from filling up
        except SqlError:
            pass

    def command(self, name):
        """One that has to succeed, whatever is killed behind it."""
        program = self.program
        program.wait_ready()
        if name == "train":
            print(f"soak: {self.features.train(program, self.env.rng)}", flush=True)
        else:
            table = self.env.rng.choice(self.tables)
            program.call(*(["bootstrap", "--table", str(table)] if name == "bootstrap" else [name]), status=0, timeout=600)

    def transactions(self):
        return sum(work.transactions for work in self.works)

    def summary(self):
        total, kills = self.total, self.kills
        return (f"soak: seed {self.args.seed}: {self.transactions()} transactions, killed sluice {kills['sluice']}, Redis {kills['redis']}, "
                f"the source {kills['source']} times; {total.equal + total.different} rows compared in {self.comparisons} comparisons: "
                f"{total.missing} missing, {total.extra} extra, {total.different} different")

    def run(self):
        args, began = self.args, time.monotonic()
        events = [(self.env.rng.uniform(0, args.seconds), victim)
                  for victim, count in (("sluice", args.sluice_kills), ("redis", args.redis_kills), ("source", args.source_kills))
                  for _ in range(count)]
        events += [(at, None) for at in range(ROUND_SECONDS, int(args.seconds), ROUND_SECONDS)]
        if self.features:
            events += [(self.env.rng.uniform(0, args.seconds), name) for name in ("bootstrap", "train", "reconcile") * (int(args.seconds) // 45 + 1)]
        for work in self.works:
            work.start()
        for at, victim in sorted(events, key=lambda event: event[0]):
            time.sleep(max(0, began + at - time.monotonic()))
            if victim in self.kills:
                self.kill(victim)
                continue
            if victim:
                self.command(victim)
                continue
            self.compare(time.monotonic() - began)
            for work in self.works:
                work.start()
        time.sleep(max(0, began + args.seconds - time.monotonic()))
        self.compare(time.monotonic() - began)
        self.program.stop()


def run_scenario(env, args):
    """The modes beside "changes"."""
    session = [scenarios.PARTIAL_JSON] if env.is_mysql and args.mode in ("readers", "reconcile") else []

    def say(text):
        print(f"soak: {time.monotonic() - began:4.0f} s, {text}", flush=True)

    began = time.monotonic()
    more = {"config": PLAIN, "say": say, "pause": 0 if args.image == "full" else 0.02}
    env.start_servers(**BIG)
    if args.mode == "bootstrap":
        scenarios.bootstrap_killed(env, args.rows, kills=3, longest=6, tail=10, **more)
    elif args.mode == "readers":
        scenarios.readers_beside_bootstrap(env, args.rows, rounds=4, session=session, **more)
    elif args.mode == "reconcile":
        scenarios.reconcile_beside_changes(env, args.rows, args.seconds, session=session, **more)
    else:
        scenarios.reconcile_drift(env, args.rows, 400, config=PLAIN, say=say)


def run_changes(env, args):
    soak = Soak(env, args)
    try:
        soak.run()
    finally:
        print(soak.summary(), flush=True)


def main():
    args = arguments()
    print(f"soak: seed {args.seed}, {args.mode}, {args.seconds:g} s, on {args.server}, metadata {args.metadata}, image {args.image}", flush=True)
    guard = Guard()
    env = failure = None
    try:
        env = Env(guard, args, args.seed)
        (run_changes if args.mode in ("changes", "features") else run_scenario)(env, args)
    except (Failure, OSError, SqlError) as error:
        failure = str(error)
    complaints = env.close(failure is not None) if env else []
    failure = "; ".join(part for part in (failure, *complaints) if part)
    if failure:
        print(f"soak: FAILED: {failure}")
        for folder in env.kept() if env else ():
            print(f"  kept: {folder}")
    guard.close()
    return 1 if failure else 0


if __name__ == "__main__":
    sys.exit(main())

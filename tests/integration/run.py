#!/usr/bin/env python3
"""Runs the integration cases against real servers: one line a case, one JSON file of counts.

Every case runs in a process of its own with servers of its own, so that none can disturb another. A case
that is named in pending.txt runs only when asked for by --only or --pending; it is always printed and counted
as pending, so nothing is left out unseen.
"""
import argparse
import importlib
import json
import os
import pkgutil
import random
import selectors
import signal
import sys
import time
import traceback
import zlib

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)

from harness.env import Env  # noqa: E402  pylint: disable=wrong-import-position
from harness.guard import Guard  # noqa: E402  pylint: disable=wrong-import-position
from harness.place import Failure  # noqa: E402  pylint: disable=wrong-import-position
from harness.process import PATIENCE  # noqa: E402  pylint: disable=wrong-import-position

SAID_MAX = 12000  # of what a case that failed has to say


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--server", choices=("mariadb", "mysql"), default="mariadb")
    parser.add_argument("--redis", choices=("host", "root"), help="default: host with mariadb, root with mysql")
    parser.add_argument("--metadata", choices=("full", "minimal"), default="full", help="binlog_row_metadata")
    parser.add_argument("--image", choices=("full", "minimal", "noblob"), default="full", help="binlog_row_image")
    parser.add_argument("--binary", default=os.path.join(HERE, "../../build/release/sluice"))
    parser.add_argument("--only", action="append", default=[], metavar="NAME", help="a case or a file of cases; repeatable")
    parser.add_argument("--pending", action="store_true", help="run the pending cases, too")
    parser.add_argument("--seed", type=int, help="default: a new one, printed")
    parser.add_argument("--seconds", type=float, default=3, help="how long random changes go on in a case")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--counts", metavar="FILE", help="where to write the counts as JSON")
    parser.add_argument("--keep", action="store_true", help="keep the folders of cases that passed")
    parser.add_argument("--list", action="store_true")
    parser.add_argument("--label", help="of its lines; default: SERVER/METADATA/IMAGE")
    args = parser.parse_args()
    args.label = args.label or f"{args.server}/{args.metadata}/{args.image}"
    args.redis = args.redis or ("root" if args.server == "mysql" else "host")
    args.seed = args.seed if args.seed is not None else random.SystemRandom().getrandbits(32)
    return args


def load_cases():
    """{name: function}; a name that two files use would hide one of them."""
    found = {}
    for module in sorted(pkgutil.iter_modules([os.path.join(HERE, "cases")]), key=lambda item: item.name):
        loaded = importlib.import_module("cases." + module.name)
        for name, function in vars(loaded).items():
            if name.startswith("case_") and getattr(function, "__module__", "") == loaded.__name__:
                if name in found:
                    raise SystemExit(f"run.py: {name} is in cases/{module.name}.py and in another file; rename one")
                if not hasattr(function, "servers"):
                    raise SystemExit(f"run.py: {name} in cases/{module.name}.py lacks the @case() decorator")
                function.file = module.name
                found[name] = function
    return found


def load_pending(args, cases):
    """{case: reason} of pending.txt, whose lines are: case [server]: reason"""
    pending = {}
    with open(os.path.join(HERE, "pending.txt"), encoding="utf-8") as file:
        for line in file:
            line = line.split("#", 1)[0].strip()
            if not line:
                continue
            names, _, reason = line.partition(":")
            name, _, server = names.strip().partition(" ")
            if name not in cases or not reason.strip():
                raise SystemExit(f"run.py: pending.txt names {name}, which is no case or has no reason")
            if server in ("", args.server):
                pending[name] = reason.strip()
    return pending


def _fail_when_told(number, frame):
    """The case has taken too long: it ends as a failed one does, with its logs."""
    signal.signal(number, signal.SIG_IGN)
    where = "".join(traceback.format_stack(frame, limit=5))
    raise Failure(f"was still running, at\n{where}")


def run_child(args, function):
    """In the case's own process: 0 passed, 1 failed."""
    signal.signal(signal.SIGTERM, _fail_when_told)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    guard = Guard()
    env, failure = None, None
    try:
        env = Env(guard, args, zlib.crc32(f"{args.seed}/{args.child}".encode()))
        function(env)
    except Failure as error:
        failure = str(error)
    except Exception as error:  # pylint: disable=broad-except
        failure = "".join(traceback.format_exception(error, limit=-3, chain=False)).strip()
    if env is not None:
        for complaint in env.close(failure is not None):
            failure = f"{failure or ''}{'; ' if failure else ''}{complaint}"
        if failure:
            failure += "".join(f"\n  kept: {folder}" for folder in env.kept()) + env.logs()
    guard.close()
    if failure:
        print(failure)
    return 1 if failure else 0


class Running:
    """A case in a process of its own, a fork of this one, which has everything loaded already."""

    def __init__(self, args, name, function):
        self.args = args
        self.name = name
        self.timeout = function.timeout * PATIENCE + 2 * args.seconds
        self.said = b""
        self._began = time.monotonic()
        self._told = None  # when it was told to end
        self.output, ours = os.pipe()
        sys.stdout.flush()
        self.pid = os.fork()
        if self.pid == 0:
            self._be_the_case(ours, function)
        os.close(ours)

    def _be_the_case(self, output, function):
        status = 1
        try:
            os.setpgid(0, 0)  # Ctrl-C is for the run; the guards end what is left
            os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
            os.dup2(output, 1)
            os.dup2(output, 2)
            self.args.child = self.name
            status = run_child(self.args, function)
            sys.stdout.flush()
        except BaseException:  # pylint: disable=broad-except
            os.write(2, traceback.format_exc().encode())
        finally:
            os._exit(status)

    def read(self):
        """False when it has said all."""
        data = os.read(self.output, 1 << 16)
        self.said += data
        return bool(data)

    def look_at_the_time(self):
        """It is told to end when it takes too long, and then has some more time to say where it was."""
        took = time.monotonic() - self._began
        if self._told is None and took > self.timeout:
            self._told = took
            os.kill(self.pid, signal.SIGTERM)
        elif self._told is not None and took > self._told + 120:
            self.said += f"was still running after {took:.0f} s, and did not end when told to".encode()
            os.kill(self.pid, signal.SIGKILL)
            self._told = took

    def end(self):
        """Prints its line: {"passed", "seconds", "said"}."""
        os.close(self.output)
        status = os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])
        took, args = time.monotonic() - self._began, self.args
        text = self.said.decode("utf-8", "replace").strip()
        print(f"{'ok  ' if status == 0 else 'FAIL'} {args.label} {self.name} {took:.1f}s")
        if status == 0:
            for line in text.splitlines():
                if line.startswith("note: "):
                    print("     " + line)
        else:
            text = (text or f"ended with status {status}")[:SAID_MAX]
            print("     " + text.replace("\n", "\n     "))
            print(f"     again: tests/integration/run.py --server {args.server} --metadata {args.metadata} --image {args.image} "
                  f"--binary {args.binary} --seed {args.seed} --seconds {args.seconds:g} --only {self.name}")
        sys.stdout.flush()
        return {"passed": status == 0, "seconds": round(took, 1), "said": text if status != 0 else ""}


def run_cases(args, chosen, cases):
    """{name: what end() returns}; args.jobs of them at once."""
    waiting, results = list(reversed(chosen)), {}
    with selectors.DefaultSelector() as selector:
        while waiting or selector.get_map():
            while waiting and len(selector.get_map()) < max(args.jobs, 1):
                name = waiting.pop()
                running = Running(args, name, cases[name])
                selector.register(running.output, selectors.EVENT_READ, running)
            for key, _ in selector.select(1):
                if not key.data.read():
                    selector.unregister(key.fd)
                    results[key.data.name] = key.data.end()
            for key in list(selector.get_map().values()):
                key.data.look_at_the_time()
    return results


def choose(args, cases, pending):
    chosen, waiting = [], []
    for name, function in cases.items():
        if args.server not in function.servers:
            continue
        if args.only:
            if name in args.only or name[len("case_"):] in args.only:
                chosen.append(name)
                continue
            if function.file not in args.only:
                continue
        (waiting if name in pending and not args.pending else chosen).append(name)
    known = set(cases) | {name[len("case_"):] for name in cases} | {function.file for function in cases.values()}
    unknown = [name for name in args.only if name not in known]
    if unknown:
        raise SystemExit(f"run.py: no case or file is called {', '.join(unknown)}; --list shows them")
    return chosen, waiting


def _sum_up(results):
    """Once more what failed, shortened, for who sees the last lines only."""
    for name, result in results.items():
        if not result["passed"]:
            print(f"FAIL {name} {result['seconds']}s: {result['said'].splitlines()[0][:300]}")


def main():
    args = arguments()
    cases = load_cases()
    pending = load_pending(args, cases)
    chosen, waiting = choose(args, cases, pending)
    if args.list:
        for name in chosen + waiting:
            state = f"  (pending: {pending[name]})" if name in pending else ""
            print(f"{cases[name].file}: {name}{state}")
        return 0
    if not os.access(args.binary, os.X_OK):
        raise SystemExit(f"run.py: there is no program {args.binary}; make build makes it, --binary names another")
    print(f"seed {args.seed}", flush=True)
    # Those that may take long come first, or the last ones would run alone.
    chosen.sort(key=lambda name: -cases[name].timeout)
    results = run_cases(args, chosen, cases)
    for name in waiting:
        print(f"pending {args.server} {name}: {pending[name]}")
    passed = sum(result["passed"] for result in results.values())
    counts = {"passed": passed, "failed": len(results) - passed, "pending": len(waiting), "seed": args.seed,
              "cases": results}
    _sum_up(results)
    if args.counts:
        with open(args.counts, "w", encoding="utf-8") as file:
            json.dump(counts, file, indent=1)
    print(f"{passed} passed, {counts['failed']} failed" + (f", {len(waiting)} pending" if waiting else ""))
    # A run without a single case would prove nothing.
    return 0 if results and passed == len(results) else 1


if __name__ == "__main__":
    sys.exit(main())

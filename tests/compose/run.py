#!/usr/bin/env python3
"""Does docker-compose.yml do what docs/docker.md says? Builds the image, starts MySQL, Redis and sluice as containers, makes things fail
while rows change, and compares all rows with all keys. One line a scenario; at the end nothing is left. Takes the engine
that runs here (`docker info`), or starts one of its own, as root. No image is pulled: those of MySQL and Redis are made of
the root of scripts/mysql-root."""
import argparse
import json
import os
import random
import subprocess
import sys
import time
import traceback

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "../integration"))

import images  # noqa: E402  pylint: disable=wrong-import-position
import scenarios  # noqa: E402  pylint: disable=wrong-import-position
from cluster import Cluster  # noqa: E402  pylint: disable=wrong-import-position
from engine import Engine  # noqa: E402  pylint: disable=wrong-import-position
from harness.place import Failure  # noqa: E402  pylint: disable=wrong-import-position
from harness.respclient import RedisError  # noqa: E402  pylint: disable=wrong-import-position
from harness.sqlclient import SqlError  # noqa: E402  pylint: disable=wrong-import-position


def say(text):
    print(text, flush=True)


def step(name, function, *args):
    """One line with what it returns; whether it went well, and that."""
    began = time.monotonic()
    try:
        found = function(*args)
    except (Failure, OSError, SqlError, RedisError, subprocess.SubprocessError, LookupError, ValueError, TypeError) as error:
        say(f"FAIL compose {name}: {error}, {time.monotonic() - began:.1f} s\n{traceback.format_exc()}")
        return False, None
    say(f"ok   compose {name}: {found if isinstance(found, str) and found else 'done'}, {time.monotonic() - began:.1f} s")
    return True, found


def chosen(names):
    """The scenarios called NAMES, or all; the first load is needed by the others."""
    return [scenario for scenario in scenarios.ALL if not names or scenario is scenarios.bootstrap or scenario.__name__ in names]


def run_all(engine, project, args):
    good, made = step("images", images.make, engine.environment, project)
    if not good:
        return 0, 1
    cluster = Cluster(engine, project, made, random.Random(args.seed))
    passed, failed = 1, 0
    try:
        good, _ = step("build", cluster.compose, "build", "--quiet", "sluice")
        passed, failed = passed + good, failed + (not good)
        for scenario in chosen(args.only) if good else ():
            good, _ = step(scenario.__name__, scenario, cluster)
            passed, failed = passed + good, failed + (not good)
            if not good and (scenario is scenarios.bootstrap or args.stop):
                break
        if args.keep and failed:
            input(f"DOCKER_HOST={cluster.environment.get('DOCKER_HOST', '')} project {project}; Enter ends it")
    finally:
        cluster.close()
    return passed, failed


def has_engine():
    """Whether there is nothing to install: an engine that runs, or can be started."""
    try:
        return subprocess.run(["docker", "info"], capture_output=True, check=False).returncode == 0
    except OSError:
        return False


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--seed", type=int, default=random.SystemRandom().getrandbits(31))
    parser.add_argument("--counts", metavar="FILE", help="where to write the counts as JSON")
    parser.add_argument("--only", action="append", metavar="SCENARIO", choices=[scenario.__name__ for scenario in scenarios.ALL])
    parser.add_argument("--stop", action="store_true", help="end at the first failure")
    parser.add_argument("--keep", action="store_true", help="wait for Enter behind a failure, before all is removed")
    args = parser.parse_args()
    say(f"seed {args.seed}")
    project = f"sluice-test-{os.getpid()}"
    passed, failed, engine = 0, 1, None
    try:
        if not has_engine():
            subprocess.run([os.path.join(HERE, "../../scripts/setup"), "compose"], check=True)
        engine = Engine(project)
        say(f"     {engine.said}")
        passed, failed = run_all(engine, project, args)
    except (Failure, OSError, subprocess.SubprocessError) as error:
        say(f"FAIL compose: {error}")
    except KeyboardInterrupt:
        say("interrupted")
    finally:
        if engine is not None:
            engine.close()
    if args.counts:
        with open(args.counts, "w", encoding="utf-8") as file:
            json.dump({"passed": passed, "failed": failed}, file)
    say(f"{passed} passed, {failed} failed")
    return 0 if failed == 0 and passed > 0 else 1


if __name__ == "__main__":
    sys.exit(main())

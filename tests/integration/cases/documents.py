"""Rows as documents of the server's JSON type. No such server is at hand: a small module stands for it
(tests/support/module/json_type.c), which prints documents in its own way."""
import json
import os
import subprocess

from harness.churn import Churn
from harness.env import case
from harness.oracle import Table
from harness.parts import CHURN
from harness.place import Failure
from harness.sluice import SINK_UNUSABLE

SOURCE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../support/module/json_type.c")


def _start_redis(env, **options):
    """A Redis that knows JSON.SET."""
    place = env._redis_place  # pylint: disable=protected-access
    path = os.path.join(env._folder(place, "module"), "json_type.so")  # pylint: disable=protected-access
    subprocess.run([os.environ.get("CC", "cc"), "-shared", "-fPIC", "-O1", "-o", path, SOURCE], check=True)
    os.chmod(path, 0o755)
    env.start_redis(loadmodule=place.inner(path), **options)


@case(timeout=300)
def case_documents_while_sluice_and_redis_are_killed(env):
    env.start_source()
    _start_redis(env, appendonly="yes", appendfsync="always")
    churn = Churn(env, 150, value="rejson", pause=0.002)
    tables = churn.oracle_tables
    program = env.sluice([{**env.entry(table), "ttl": 86400} for table in tables], start="bootstrap", on_gap="bootstrap",
                         lease_ms=1000).start()
    churn.start()
    for _ in range(max(3, int(env.seconds))):
        env.sleep(0.3, 1.0)
        program.kill()
        program.start(ready=False)
        env.sleep(0.1, 0.6)
        env.redis.restart(kill=True)
    program.wait_ready()
    env.sleep(0.5)
    churn.stop()
    env.settle(tables, timeout=120)
    program.call("reconcile", status=0)


@case(timeout=240)
def case_documents_that_are_parts_of_rows(env):
    env.start_source()
    _start_redis(env, appendonly="yes", appendfsync="always")
    churn = Churn(env, 150, value="rejson", pause=0.002, transform=CHURN, parts=True)
    tables = churn.oracle_tables
    program = env.sluice([{**env.entry(table), "ttl": 86400} for table in tables], start="bootstrap", on_gap="bootstrap", lease_ms=1000).start()
    churn.start()
    env.sleep(env.seconds / 2)
    program.kill()
    program.start()
    env.sleep(env.seconds / 2)
    churn.stop()
    env.settle(tables, timeout=120)
    program.call("reconcile", status=0)
    key = sorted(key for key in env.redis_call("KEYS", "it:num:*") if key.endswith(b":sum"))[0]
    env.redis_call("SET", key, "{}")
    program.call("reconcile", status=1)
    program.call("reconcile", "--repair", status=0)
    env.settle(tables)


@case()
def case_documents_are_compared_by_value(env):
    env.start_source()
    _start_redis(env)
    env.sql("CREATE DATABASE it", "CREATE TABLE it.t (id INT PRIMARY KEY, a VARCHAR(9), f DOUBLE)",
            "INSERT INTO it.t VALUES (1, 'ä', 1.5), (2, 'b', 2e30), (3, NULL, NULL)")
    program = env.sluice([{"table": "it.t", "value": "rejson"}]).start()
    env.quiesce()
    env.redis_call("JSON.SET", "it:t:1", "$", '{"id": 1, "a": "\\u00e4", "f": 15e-1}')
    program.call("reconcile", status=0)
    status, out, _ = program.call("get", "it.t", "1")
    if status != 0 or json.loads(out) != {"id": 1, "a": "ä", "f": 1.5}:
        raise Failure(f"get printed {out!r}")
    _, out, _ = program.call("explain", "it.t", "1", status=0)
    if "rejson" not in out or "differ" in out:
        raise Failure(f"explain does not take documents of one value for the same: {out}")
    env.redis_call("JSON.SET", "it:t:1", "$", '{"id": 1, "a": "x", "f": 1.5}')
    env.redis_call("JSON.SET", "it:t:2", "$", "no JSON")
    env.redis_call("DEL", "it:t:3")
    env.redis_call("HSET", "it:t:3", "a", "b")
    status, out, _ = program.call("reconcile")
    if status != 1:
        raise Failure(f"three keys drifted, and reconcile ended with status {status}: {out}")
    program.call("reconcile", "--repair", status=0)
    env.settle([Table("it", "t", "rejson")])


@case()
def case_redis_without_json_type_is_refused(env):
    env.start_servers()
    env.sql("CREATE DATABASE it", "CREATE TABLE it.t (id INT PRIMARY KEY)")
    program = env.sluice([{"table": "it.t", "value": "rejson"}]).start(ready=False)
    program.expect_exit(SINK_UNUSABLE, "does not know JSON.SET")
    status, out, _ = program.call("check")
    if status != 1 or "does not know JSON.SET" not in out:
        raise Failure(f"check ended with status {status}: {out}")

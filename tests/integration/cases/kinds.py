"""A table whose kind of value changes while sluice runs."""
import signal

from harness.env import REDELETE, case
from harness.folding import entries
from harness.oracle import Table
from harness.place import Failure
from harness.process import wait_until


def _reload(program, entry):
    before = program.said().count("msg=reloaded ")
    program.config["tables"][0] = entry
    program.write_config()
    program.process.send(signal.SIGHUP)
    wait_until(lambda: f"sluice to say reloaded; it said: {program.said()[-1500:]}", 60,
               lambda: program.said().count("msg=reloaded ") > before)


@case()
def case_kinds_that_change_by_sighup(env):
    """Rows come and go with the kind, and changes meanwhile do what the kind says."""
    env.start_servers()
    env.sql("CREATE DATABASE it", "CREATE TABLE it.t (id INT PRIMARY KEY, a INT)", "CREATE TABLE it.u (id INT PRIMARY KEY)",
            "INSERT INTO it.t VALUES (1,1),(2,2)")
    plain, stream = {"table": "it.t"}, {"table": "it.t", "value": "stream"}
    program = env.sluice([plain, {"table": "it.u"}], start="bootstrap", on_gap="bootstrap").start()
    rows, kept = [Table("it", "t"), Table("it", "u")], [Table("it", "u")]
    env.settle(rows)

    _reload(program, stream)
    wait_until("the rows to go", 60, lambda: not env.redis_call("EXISTS", "it:t:1", "it:t:2"))
    env.sql("UPDATE it.t SET a=5 WHERE id=1")
    wait_until("the change", 60, lambda: env.redis_call("EXISTS", "changes:it:t"))
    env.settle(kept, [b"changes:it:t"])
    with env.redis.connect() as redis:
        if [entry.op for entry in entries(redis, "changes:it:t")] != ["update"]:
            raise Failure(f"the stream has {entries(redis, 'changes:it:t')}")

    _reload(program, {"table": "it.t", "value": "invalidate", "redelete_ms": 200})
    env.sql("UPDATE it.t SET a=6 WHERE id=1")
    env.quiesce()
    env.redis_call("SET", "it:t:2", "another's")
    env.sql("UPDATE it.t SET a=7 WHERE id=2")
    wait_until("the key to go", 60, lambda: not env.redis_call("EXISTS", "it:t:2"))
    wait_until("the second removal", 60, lambda: env.redis_call("ZCARD", REDELETE) == 0)
    env.redis_call("SET", "it:t:2", "another's")

    _reload(program, plain)
    wait_until("the rows", 60, lambda: env.redis_call("TYPE", "it:t:2") == b"hash")
    env.sql("UPDATE it.t SET a=8 WHERE id=1")
    env.settle(rows, [b"changes:it:t"])
    program.call("reconcile", status=0)

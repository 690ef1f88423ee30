"""Rows of several keys: the function of a rule returns a table of rows by names, and each of these has a key."""
import json
import os
import signal

from harness import scenarios
from harness.env import case
from harness.loading import DEFAULTS, Command, wait_loaded
from harness.oracle import Table
from harness.parts import CHURN, OF_NOTES
from harness.place import Failure
from harness.process import wait_until

def _require_no_drift(program, *args):
    path = os.path.join(program.folder, "drift.ndjson")
    program.call("reconcile", "--report", program.place.inner(path), *args, status=0, timeout=600)
    lines = scenarios.read_report(path)
    if lines:
        raise Failure(f"nothing has drifted, but reported are {lines[:5]}")


def _dump(env):
    """Every key as Redis keeps it."""
    found = {}
    for key in env.redis_call("KEYS", "it*"):
        if env.redis_call("TYPE", key) == b"hash":
            flat = env.redis_call("HGETALL", key)
            found[key] = dict(zip(flat[::2], flat[1::2]))
        else:
            found[key] = env.redis_call("GET", key)
    return found


def _keys(env, pattern):
    return {key.decode() for key in env.redis_call("KEYS", pattern)}


def _tables(work, **changes):
    for table in work.oracle_tables:
        table.transform, table.parts = OF_NOTES, True
        for name, value in changes.items():
            setattr(table, name, value)
        yield table


ORDERS = ("function(row) if row.state == 'hidden' then return nil end return { head = { id = row.id, state = row.state }, "
          "address = row.city and { city = row.city }, [row.state or 'none'] = { is = true } } end")


def _shown_orders(cells, own):
    if cells["state"] == b"hidden":
        return None
    found = {"head": {name: own(name) for name in ("id", "state") if cells[name] is not None},
             (cells["state"] or b"none").decode(): {"is": True}}
    if cells["city"] is not None:
        found["address"] = {"city": cells["city"].decode()}
    return found


def _orders(env, names="hj", where=None, **changes):
    env.sql("CREATE DATABASE it", *[f"CREATE TABLE it.{name} (id INT PRIMARY KEY, state VARCHAR(9), city VARCHAR(20), doc JSON)" for name in names],
            *[f"INSERT INTO it.{name} VALUES (1,'new','Rome',NULL),(2,'hidden','Bern','{{}}'),(3,'done',NULL,NULL),(4,NULL,'%:{{}}',NULL)" for name in names])
    return [Table("it", name, {"h": "hash", "j": "json"}[name], transform=(ORDERS, _shown_orders), parts=True, where=where and where[0],
                  lua=where and where[1], **changes) for name in names]


@case()
def case_parts_follow_their_rows(env):
    """Each change by itself, so that a wrong one is seen before another mends it."""
    env.start_servers(binlog_row_image="FULL")
    tables = _orders(env, where=("id <> 9", "id ~= 9"))
    program = env.sluice(tables).start()
    env.settle(tables)
    if _keys(env, "it:h:1*") != {"it:h:1:head", "it:h:1:address", "it:h:1:new"}:
        raise Failure(f"row 1 has the keys {_keys(env, 'it:h:1*')}")
    for statements in (["UPDATE {} SET state='sent' WHERE id=1"], ["UPDATE {} SET city=NULL WHERE id=1"], ["UPDATE {} SET city='Rome' WHERE id=1"],
                       ["UPDATE {} SET doc='[1]' WHERE id=1"], ["UPDATE {} SET state='hidden' WHERE id=1"], ["UPDATE {} SET state='a:%{{}}' WHERE id=1"],
                       ["UPDATE {} SET state='new' WHERE id=2"], ["INSERT INTO {} VALUES (5,'x','y',NULL),(6,'hidden','y',NULL)"],
                       ["UPDATE {} SET id=9 WHERE id=5"], ["UPDATE {} SET id=5 WHERE id=9"], ["UPDATE {} SET id=id+10 ORDER BY id DESC"],
                       ["BEGIN", "UPDATE {} SET id=-1 WHERE id=11", "UPDATE {} SET id=11 WHERE id=12", "UPDATE {} SET id=12, city=NULL WHERE id=-1", "COMMIT"],
                       ["BEGIN", "DELETE FROM {} WHERE id=11", "INSERT INTO {} VALUES (11,'again',NULL,NULL)", "COMMIT"], ["DELETE FROM {} WHERE id=12"],
                       ["BEGIN", "DELETE FROM {}", "ROLLBACK"], ["UPDATE {} SET doc=JSON_SET(COALESCE(doc,'{{}}'), '$.a', 2)"],
                       ["ALTER TABLE {} MODIFY city VARCHAR(3)"], ["ALTER TABLE {} ADD more INT DEFAULT 1"], ["TRUNCATE {}"],
                       ["INSERT INTO {} (id,state,city) VALUES (1,'new','Rom'),(2,NULL,NULL)"], ["RENAME TABLE {} TO it.x", "RENAME TABLE it.x TO {}"],
                       ["DROP TABLE {}"]):
        for table in tables:
            env.sql("SET SESSION sql_mode=''", *[statement.format(table) for statement in statements])
        try:
            env.settle(tables)
        except Failure as failure:
            raise Failure(f"after {statements}: {failure}") from failure
    if _keys(env, "it:*"):
        raise Failure(f"left are {_keys(env, 'it:*')}")
    program.stop()


@case()
def case_parts_are_loaded_read_and_explained(env):
    env.start_servers(binlog_row_image="FULL")
    tables = _orders(env, index={"{table}:of:{city}": {"set": "{id}"}}, compress={"compress": "zstd", "min_bytes": 1}, ttl=36000)
    program = env.sluice(tables).start()
    env.settle(tables)
    env.sql("UPDATE it.h SET state='sent'", "UPDATE it.j SET state='sent' WHERE id > 1")
    env.settle(tables)
    streamed = _dump(env)
    program.call("bootstrap", status=0, timeout=120)
    env.settle(tables)
    if _dump(env) != streamed:
        raise Failure("a load writes other bytes than the stream")
    _require_no_drift(program)
    for name in "hj":
        _, out, _ = program.call("get", f"it.{name}", "1", "address", status=0)
        if json.loads(out) != {"city": "Rome"}:
            raise Failure(f"get prints {out}")
        program.call("get", f"it.{name}", "1", "none", status=1)
        _, _, err = program.call("get", f"it.{name}", "1", status=2)
        if "{db}:{table}:{pk}:{part}" not in err:
            raise Failure(f"get says {err}")
        _, out, _ = program.call("explain", f"it.{name}", "3", status=0)
        if f"it:{name}:3:sent" not in out or out.count("holds just that") != 2 or "parts were sampled" not in out:
            raise Failure(f"explain prints {out}")
    env.sql("UPDATE it.j SET state='hidden' WHERE id=3")
    env.settle(tables)
    _, out, _ = program.call("explain", "--json", "it.j", "1", status=0)
    found = json.loads(out)
    if [part["key"] for part in found["row"]["parts"]] != ["it:j:1:address", "it:j:1:head", "it:j:1:new"] or \
            not all(part["sinks"][0]["equal"] for part in found["row"]["parts"]) or found["memory_estimate"]["rows"] != 3 * 3:
        raise Failure(f"explain prints {out}")
    _, out, _ = program.call("explain", "it.j", "3", status=0)
    if "transform gives none, so there is no key" not in out:
        raise Failure(f"explain prints {out}")
    for key in _keys(env, "it:*"):
        if not 0 < env.redis_call("TTL", key) <= 36000:
            raise Failure(f"{key} has no time to live")
    program.stop()


@case()
def case_drifted_parts_are_reported_and_mended(env):
    env.start_servers(binlog_row_image="FULL")
    tables = _orders(env)
    program = env.sluice(tables).start()
    env.settle(tables)
    _require_no_drift(program)
    due = {}
    for name, wrong in (("h", ("HSET", "it:h:1:head", "state", "old")), ("j", ("SET", "it:j:1:head", "{}"))):
        for kind, command in (("different", wrong), ("missing", ("DEL", f"it:{name}:1:address")), ("wrong_type", ("LPUSH", f"it:{name}:3:done", "a")),
                              ("orphan", ("SET", f"it:{name}:1:old", "{}")), ("orphan", ("SET", f"it:{name}:99:head", "{}")),
                              ("orphan", ("HSET", f"it:{name}:2:head", "id", "2"))):
            if kind == "wrong_type":
                env.redis_call("DEL", command[1])
            env.redis_call(*command)
            due[command[1]] = kind
    path = os.path.join(program.folder, "drift.ndjson")
    for args, status in (((), 1), (("--repair",), 0)):
        program.call("reconcile", "--report", program.place.inner(path), *args, status=status, timeout=600)
        found = {line["key"]: line["kind"] for line in scenarios.read_report(path)}
        if found != due:
            raise Failure(f"reported are {found}, due are {due}")
    env.settle(tables)
    _require_no_drift(program)
    # What no row has goes with a load, too.
    env.redis_call("SET", "it:h:1:old", "{}")
    env.redis_call("SET", "it:j:99:head", "{}")
    env.redis_call("DEL", "it:j:1:head")
    program.call("bootstrap", status=0, timeout=120)
    env.settle(tables)
    program.stop()


@case()
def case_another_function_makes_other_parts(env):
    """By SIGHUP; then a rule without parts, and again one with."""
    env.start_servers(binlog_row_image="FULL")
    tables = _orders(env)
    program = env.sluice(tables).start()
    env.settle(tables)
    plain = [Table("it", name, value, transform=("function(row) return { id = row.id } end", lambda cells, own: {"id": own("id")}))
             for name, value in (("h", "hash"), ("j", "json"))]
    other = [Table("it", name, value, parts=True, transform=("function(row) return { [row.id] = { id = row.id }, head = { s = row.state } } end",
                                                            lambda cells, own: {cells["id"].decode(): {"id": own("id")},
                                                                                "head": {"s": cells["state"].decode()} if cells["state"] else {}}))
             for name, value in (("h", "hash"), ("j", "json"))]
    for now in (other, plain, tables):
        program.config["tables"] = [env.entry(table) for table in now]
        program.write_config()
        program.process.send(signal.SIGHUP)
        wait_until("the keys of the new function", 60, lambda: not env.account(now).sentences)  # pylint: disable=cell-var-from-loop
        env.sql("UPDATE it.h SET state='a' WHERE id=3", "DELETE FROM it.j WHERE id=4", "INSERT INTO it.j VALUES (4,'b','c',NULL)",
                "UPDATE it.h SET state='done' WHERE id=3")
        env.settle(now)
        _require_no_drift(program)
    program.stop()


@case()
def case_what_fails_has_no_parts(env):
    env.start_servers(binlog_row_image="FULL")
    env.sql("CREATE DATABASE it", "CREATE TABLE it.q (id INT PRIMARY KEY, v INT)", "INSERT INTO it.q VALUES (1,1),(2,NULL),(3,9)")
    table = Table("it", "q", "json", parts=True, transform=("function(row) return { sum = { v = row.v + 1 } } end",
                                                           lambda cells, own: cells["v"] and {"sum": {"v": int(cells["v"]) + 1}}))
    program = env.sluice([{**env.entry(table), "on_error": "quarantine"}]).start()
    env.settle([table])
    env.sql("UPDATE it.q SET v=NULL WHERE id=1", "UPDATE it.q SET v=2 WHERE id IN (2,3)")
    env.settle([table])
    env.sql("UPDATE it.q SET v=5", "UPDATE it.q SET v=NULL WHERE id=3", "DELETE FROM it.q WHERE id=3")
    env.settle([table])
    _require_no_drift(program)
    if program.said().count("it.q fails on a row") != 1:
        raise Failure(f"the quarantine is not told once: {program.said()[-1500:]}")


def _random_changes(env, kinds=("small", "composite"), **options):
    env.start_source(**options)
    env.start_redis(appendonly="yes", appendfsync="always")
    works = [env.workload(kinds, value=value, db=f"it_{value}", truncate=True, pause=0.05 if options else 0) for value in ("hash", "json")]
    packed = {"compress": "zstd", "min_bytes": 1}
    tables = [table for work in works for table in _tables(work, compress=packed if work is env.rng.choice(works) else {})]
    for work in works:
        work.run(transactions=60)
    program = env.sluice(tables, **DEFAULTS).start()
    for work in works:
        work.start()
    for nth in range(4):
        env.sleep(env.seconds / 4)
        if nth % 2 == 0:
            program.kill()
            program.start()
        else:
            env.redis.kill()
            env.redis.start()
    for work in works:
        work.stop()
    env.quiesce(timeout=180)
    env.settle(tables)
    _require_no_drift(program)
    streamed = _dump(env)
    program.call("bootstrap", status=0, timeout=120)
    env.settle(tables)
    if not streamed or _dump(env) != streamed:
        raise Failure("a load writes other bytes than the stream")


@case(timeout=240)
def case_random_changes_to_rows_with_parts_and_kills(env):
    _random_changes(env)


@case(timeout=300)
def case_rows_with_parts_in_minimal_images(env):
    """Which parts a row had cannot be known from the log: its table is loaded again, as often as it takes."""
    _random_changes(env, binlog_row_image="MINIMAL")


@case(timeout=240)
def case_rows_with_parts_are_loaded_while_they_change(env):
    """bootstrap is killed and called again, then the daemon goes on."""
    env.start_servers()
    value = env.rng.choice(["hash", "json"])
    scenarios.bootstrap_killed(env, rows=6000, kills=2, value=value, tail=env.seconds / 2, transform=CHURN, parts=True)
    _require_no_drift(env.sluices[-1])


@case(timeout=240)
def case_nothing_is_reported_of_parts_that_change(env):
    env.start_servers()
    scenarios.reconcile_beside_changes(env, rows=1200, seconds=env.seconds, transform=CHURN, parts=True)


@case()
def case_a_dictionary_is_made_of_parts(env):
    """And a comparison of what changed lately looks at all of a table whose rows have parts."""
    env.start_servers(binlog_row_image="FULL")
    env.sql("CREATE DATABASE it", "CREATE TABLE it.t (id INT PRIMARY KEY, a VARCHAR(90), b VARCHAR(90))", "CREATE TABLE it.u LIKE it.t")
    env.sql("INSERT INTO it.t VALUES " + ",".join(f"({n},'the first text of row {n}','and another, quite like others {n}')" for n in range(600)))
    function = ("function(row) return { a = { first = row.a }, b = { second = row.b } } end",
                lambda cells, own: {"a": {"first": cells["a"].decode()}, "b": {"second": cells["b"].decode()}})
    tables = [Table("it", name, "json", parts=True, transform=function, compress={"compress": "zstd-dict", "min_bytes": 8}) for name in "tu"]
    program = env.sluice(tables).start()
    env.settle(tables)
    _, out, _ = program.call("train", "--table", "it.t", "--rows", "500", "--size", "4096", status=0)
    if "500 rows sampled" not in out:
        raise Failure(f"train prints {out}")
    program.restart()
    program.call("bootstrap", "--table", "it.t", status=0, timeout=120)
    env.settle(tables)
    found = env.account(tables)
    if found.equal != 1200 or not any(found.frames):
        raise Failure(f"no value was made with the dictionary: {found}, {found.frames}")
    file, offset, _ = env.source.position()
    env.sql("UPDATE it.t SET a='other' WHERE id=1")
    env.settle(tables)
    env.redis_call("DEL", "it:t:300:b")
    env.redis_call("SET", "it:u:1:a", "{}")
    _, out, err = program.call("reconcile", "--since", f"{file}:{offset}", status=1)
    if "table it.t is compared whole: a function names the keys of its rows" not in out + err:
        raise Failure(f"reconcile says {out + err}")
    program.call("reconcile", "--repair", status=0)
    env.settle(tables)
    program.stop()


@case(timeout=240)
def case_rows_with_parts_are_held_back_by_xa(env):
    """Prepared before a load and decided in its midst: all parts of the row are written, and the old ones go."""
    env.start_servers(binlog_row_image="FULL")
    tables = _orders(env, "h")
    program = env.sluice(tables).start()
    env.settle(tables)
    env.sql("XA START 'a'", "UPDATE it.h SET state='sent', city=NULL WHERE id=1", "DELETE FROM it.h WHERE id=3", "XA END 'a'", "XA PREPARE 'a'")
    _, offset, _ = env.source.position()
    wait_until("the stream to be behind the XA PREPARE", 60, lambda: int(env.checkpoint().get("applied_pos") or 0) >= int(offset))
    env.redis_call("DEL", "it:h:1:head")
    program.kill()
    program.start()
    load = Command(env, program, "bootstrap")
    env.sleep(0.1, 1)
    env.sql("XA COMMIT 'a'")
    load.finish(timeout=120)
    wait_loaded(env, tables)
    env.settle(tables)
    _require_no_drift(program)

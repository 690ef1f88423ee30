"""Rows as a function shows them: the oracle has the same function in Python."""
import json
import os
import signal

from harness import scenarios
from harness.env import HEARTBEAT, case
from harness.oracle import Table
from harness.place import Failure
from harness.process import wait_until
from harness.sluice import BAD_CONFIG, CANNOT_CONTINUE

# What can be worked out of a row of the table "extremes", and of its neighbours that are not to be seen.
EXTREMES = """function(row)
  if row.state == 'hidden' then return nil end
  local big = row.big and (type(row.big) == 'string' and row.big or row.big + 1)
  return {
    id = row.id, big = row.big, doc = row.doc, data = row.data, price = row.price, fill = row.fill,
    name = (row.name or '?') .. '/' .. (row.state or 'none'),
    sum = (row.a or 0) + 1, twice = (row.a or 0) * 2, next = big,
    text = row.doc, active = row.state == 'active',
    nested = { list = { row.id, row.name or null, {} }, ['\\xc3\\xa4'] = { price = row.price or null } },
    size = row.data and #row.data, padded = string.format('%05d', row.id),
  }
end"""


def _wrapped(number):
    return (number + 2 ** 63) % 2 ** 64 - 2 ** 63


def _shown_extremes(cells, own):
    text = {name: None if raw is None else raw.decode("utf-8") for name, raw in cells.items() if name != "data"}
    if text["state"] == "hidden":
        return None
    a, big = int(text["a"] or 0), text["big"] and int(text["big"])
    found = {name: own(name) for name in ("id", "big", "doc", "data", "price", "fill") if cells[name] is not None}
    found.update({
        "name": f"{text['name'] or ('?' if text['name'] is None else '')}/{text['state'] or 'none'}",
        "sum": _wrapped(a + 1), "twice": _wrapped(a * 2), "active": text["state"] == "active",
        "nested": {"list": [int(text["id"]), text["name"], []], "ä": {"price": text["price"]}},
        "padded": f"{int(text['id']):05d}"})
    if big is not None:
        found["next"] = str(big) if big >= 2 ** 63 else _wrapped(big + 1)
    if text["doc"] is not None:
        found["text"] = text["doc"]
    if cells["data"] is not None:
        found["size"] = len(cells["data"])
    return found


def _extremes(value, name):
    return Table("it", name, value, transform=(" ".join(EXTREMES.split("\n")), _shown_extremes))


def _create_extremes(env):
    tables = [_extremes("hash", "h"), _extremes("json", "j")]
    env.sql("CREATE DATABASE it DEFAULT CHARACTER SET utf8mb4")
    for table in tables:
        env.sql(f"CREATE TABLE {table} (id INT PRIMARY KEY, a BIGINT, big BIGINT UNSIGNED, name VARCHAR(99), state VARCHAR(9), "
                "price DECIMAL(20,4), doc JSON, data BLOB, fill INT(7) ZEROFILL)",
                f"INSERT INTO {table} VALUES (1,9223372036854775807,18446744073709551615,'Ada ä 中 😀','active','19.9000',"
                "'{\"b\": [1, null], \"a\": \"x\"}',x'00ff',42),(2,-9223372036854775808,9223372036854775807,NULL,NULL,NULL,NULL,NULL,NULL),"
                "(3,0,9223372036854775808,'','hidden',-0.5,'[]','',7),(4,-1,0,'\\0\"\\\\','done',0,'\"text\"','abc',0)")
    return tables


def _require_no_drift(program):
    path = os.path.join(program.folder, "drift.ndjson")
    program.call("reconcile", "--report", program.place.inner(path), status=0, timeout=600)
    lines = scenarios.read_report(path)
    if lines:
        raise Failure(f"nothing has drifted, but reported are {lines[:5]}")


def _dump(env):
    """Every row's key as Redis keeps it."""
    found = {}
    for key in env.redis_call("KEYS", "it*"):
        if env.redis_call("TYPE", key) == b"hash":
            flat = env.redis_call("HGETALL", key)
            found[key] = dict(zip(flat[::2], flat[1::2]))
        else:
            found[key] = env.redis_call("GET", key)
    return found


@case()
def case_transformed_rows_are_streamed_loaded_compared_and_mended(env):
    """Extremes of numbers, texts and documents; the same bytes from the stream and from a load."""
    env.start_servers(binlog_row_image="FULL")
    tables = _create_extremes(env)
    program = env.sluice(tables).start()
    env.settle(tables)
    for table in tables:
        env.sql(f"UPDATE {table} SET a=a-1 WHERE id IN (1,4)", f"UPDATE {table} SET state='hidden' WHERE id=1",
                f"UPDATE {table} SET state=NULL, big=big-1 WHERE id=3", f"DELETE FROM {table} WHERE id=4",
                f"INSERT INTO {table} (id,state) VALUES (5,'active'),(6,'hidden')", f"UPDATE {table} SET id=7, name='moved' WHERE id=5",
                f"UPDATE {table} SET state='active' WHERE id=1", f"UPDATE {table} SET doc=JSON_SET(doc, '$.c', 1) WHERE id=1")
    env.settle(tables)
    streamed = _dump(env)
    _require_no_drift(program)
    program.call("bootstrap", status=0, timeout=120)
    env.settle(tables)
    if _dump(env) != streamed:
        raise Failure("a load writes other bytes than the stream")
    _, out, _ = program.call("get", "it.h", "7", status=0)
    if json.loads(out)["name"] != "moved/active":
        raise Failure(f"get prints {out}")
    _, out, _ = program.call("explain", "--json", "it.j", "7", status=0)
    found = json.loads(out)
    if not found["transform"] or json.loads(found["row"]["text"])["name"] != "moved/active" or not found["row"]["sinks"][0]["equal"]:
        raise Failure(f"explain prints {out}")
    _, out, _ = program.call("explain", "it.j", "6", status=0)
    if "transform gives none, so there is no key" not in out or "has no such key, as it should be" not in out:
        raise Failure(f"explain prints {out}")
    env.redis_call("HSET", "it:h:1", "sum", "0")
    env.redis_call("DEL", "it:j:7")
    env.redis_call("SET", "it:j:6", "{}")
    program.call("reconcile", status=1)
    program.call("reconcile", "--repair", status=0)
    env.settle(tables)
    program.stop()


LUA_TYPES = ("function(row) if row.c_bool == 127 then return nil end row.c_blob = nil row.c_zerofill = row.c_zerofill "
             "row.both = (row.c_varchar or '') .. '|' .. (row.c_decimal or '') row.c_varchar = nil row.c_year = row.id row['%:{}'] = {row.id} return row end")


def _shown_types(cells, own):
    if cells["c_bool"] == b"127":
        return None
    found = {name: own(name) for name in cells if name not in ("c_blob", "c_varchar", "c_zerofill", "c_year")}
    if cells["c_zerofill"] is not None:
        found["c_zerofill"] = own("c_zerofill")
    found["c_year"] = found["id"]
    found["both"] = (cells["c_varchar"] or b"").decode() + "|" + (cells["c_decimal"] or b"").decode()
    found["%:{}"] = [int(cells["id"])]
    return found


LUA_SMALL = "function(row) return row.number and row.number >= 0 and {[row.id % 2 == 0 and 'even' or 'odd'] = row.number, note = row.note} end"


def _shown_small(cells, own):
    number = cells["number"]
    if number is None or int(number) < 0:
        return None
    found = {"even" if int(cells["id"]) % 2 == 0 else "odd": int(number)}
    if cells["note"] is not None:
        found["note"] = own("note")
    return found


LUA_FILTERED = ("function(row) return {id = row.id, pair = {state = row.state or null, price = row.price or null}, "
                "big = row.big, length = row.body and #row.body or -1} end")


def _shown_filtered(cells, own):
    found = {"id": own("id"), "pair": {name: cells[name] and cells[name].decode() for name in ("price", "state")},
             "length": -1 if cells["body"] is None else len(cells["body"])}
    if cells["big"] is not None:
        found["big"] = own("big")
    return found


def _transform(tables):
    for table, transform in zip(tables, ((LUA_TYPES, _shown_types), (LUA_SMALL, _shown_small), (LUA_FILTERED, _shown_filtered))):
        table.transform = transform
    return tables


def _random_changes(env, **options):
    env.start_source(**options)
    env.start_redis(appendonly="yes", appendfsync="always")
    packed = env.rng.choice(["hash", "json", None])
    works = [env.workload(["types", "small", "filtered"], value=value, db=f"it_{value}", truncate=True, pause=0.02 if options else 0,
                          compress={"compress": "zstd", "min_bytes": 1} if value == packed else None)
             for value in ("hash", "json")]
    tables = [table for work in works for table in _transform(work.oracle_tables)]
    for work in works:
        work.run(transactions=60)
    program = env.sluice(tables).start()
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
    env.settle(tables)
    _require_no_drift(program)
    streamed = _dump(env)
    program.call("bootstrap", status=0, timeout=120)
    env.settle(tables)
    if not streamed or _dump(env) != streamed:
        raise Failure("a load writes other bytes than the stream")


@case(timeout=240)
def case_random_changes_to_transformed_rows_with_kills(env):
    _random_changes(env)


@case(timeout=240)
def case_transformed_rows_in_minimal_images(env):
    """What a function needs is not in the image: every changed row is read again."""
    _random_changes(env, binlog_row_image="MINIMAL")


LUA_CHURN = ("function(row) if row.v % 7 == 0 then return nil end row.sum = row.v + row.w row.note = nil "
             "row.parts = {name = row.name or null, doc = row.doc or null} return row end")


def _shown_churn(cells, own):
    if int(cells["v"]) % 7 == 0:
        return None
    found = {name: own(name) for name in cells if name != "note"}
    found["sum"] = int(cells["v"]) + int(cells["w"])
    found["parts"] = {name: cells[name] and cells[name].decode() for name in ("doc", "name")}
    return found


@case(timeout=240)
def case_transformed_rows_are_loaded_while_they_change(env):
    """bootstrap is killed and called again, then the daemon goes on."""
    env.start_servers()
    value = env.rng.choice(["hash", "json"])
    scenarios.bootstrap_killed(env, rows=6000, kills=2, value=value, tail=env.seconds / 2, transform=(LUA_CHURN, _shown_churn))
    _require_no_drift(env.sluices[-1])


@case()
def case_transform_that_fails_stops_or_puts_rows_into_quarantine(env):
    env.start_servers(binlog_row_image="FULL")
    env.sql("CREATE DATABASE it", *[f"CREATE TABLE it.{name} (id INT PRIMARY KEY, v INT, secret VARCHAR(20))" for name in "qs"],
            "INSERT INTO it.q VALUES (1,1,'x'),(2,NULL,'not-to-be-seen'),(3,9,NULL)")
    function = "function(row) return {v = row.v + 1} end"

    def shown(cells, own):
        del own
        return None if cells["v"] is None else {"v": int(cells["v"]) + 1}

    tables = [Table("it", "q", "json", transform=(function, shown)), Table("it", "s", transform=(function, shown))]
    entries = [{**env.entry(tables[0]), "on_error": "quarantine"}, env.entry(tables[1])]
    program = env.sluice(entries).start()
    env.settle(tables)
    env.sql("INSERT INTO it.s VALUES (1,1,'y')", "UPDATE it.q SET v=NULL WHERE id=1", "UPDATE it.q SET v=2 WHERE id IN (2,3)")
    env.settle(tables)
    if program.said().count("transform\\\" of table it.q fails") + program.said().count('transform" of table it.q fails') != 1:
        raise Failure(f"the quarantine is not told once: {program.said()[-1500:]}")
    wait_until("the heartbeat to count 2 rows in quarantine", 10,
               lambda: json.loads(env.redis_call("GET", HEARTBEAT) or "{}").get("quarantined") == 2)
    env.sql("UPDATE it.s SET v=NULL, secret='not-to-be-seen' WHERE id=1")
    program.expect_exit(CANNOT_CONTINUE, r"table it\.s fails on a row: attempt to perform arithmetic on a nil value \(field 'v'\)")
    if "not-to-be-seen" in program.said():
        raise Failure("a row's value is in the log")


@case()
def case_transform_in_a_file_beside_the_configuration(env):
    """Changed while the program runs, and to what is no Lua."""
    env.start_servers()
    env.sql("CREATE DATABASE it", "CREATE TABLE it.t (id INT PRIMARY KEY, v INT)", "INSERT INTO it.t VALUES (1,1),(2,2)")
    table = Table("it", "t", transform=("", lambda cells, own: {"id": int(cells["id"]), "twice": 2 * int(cells["v"])}))
    program = env.sluice([{"table": "it.t", "transform_file": "twice.lua"}])
    with open(os.path.join(program.folder, "twice.lua"), "w", encoding="utf-8") as file:
        file.write("-- doubles\nlocal function twice(n)\n  return 2 * n\nend\n\nreturn function(row)\n"
                   "  return { id = row.id, twice = twice(row.v) }\nend\n")
    program.start()
    env.settle([table])
    env.sql("UPDATE it.t SET v=v+1", "INSERT INTO it.t VALUES (3,3)")
    env.settle([table])
    # SIGHUP reads the file, too, and the table is loaded again.
    with open(os.path.join(program.folder, "twice.lua"), "w", encoding="utf-8") as file:
        file.write("return function(row) return row.v ~= 2 and { triple = 3 * row.v } end\n")
    table.transform = ("", lambda cells, own: None if cells["v"] == b"2" else {"triple": 3 * int(cells["v"])})
    program.process.send(signal.SIGHUP)
    wait_until("the rows of the new function", 60, lambda: not env.account([table]).sentences)
    env.sql("UPDATE it.t SET v=v+1")
    env.settle([table])
    _require_no_drift(program)
    program.stop()
    with open(os.path.join(program.folder, "twice.lua"), "w", encoding="utf-8") as file:
        file.write("return function(row)\n  return {\nend\n")
    program.start(ready=False)
    program.expect_exit(BAD_CONFIG, r"tables\[0\]\.transform_file: no Lua that returns a function: line 3: ")

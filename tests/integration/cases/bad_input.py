"""What is wrong with a configuration, or with data, is one sentence: the thing, the cause, the remedy; at the start where it can be known."""
import re

from harness.env import case
from harness.loading import DEFAULTS, require_sentence, wait_loaded
from harness.oracle import Table
from harness.place import Failure
from harness.process import wait_until
from harness.sluice import BAD_CONFIG, CANNOT_CONTINUE


def _sentences(said):
    """The errors that it logged."""
    return re.findall(r'level=error .*?msg="((?:[^"\\]|\\.)*)"', said)


def _require_refused(env, entry, *parts):
    """run and bootstrap refuse ENTRY with one sentence, check fails with it, and nothing is in Redis."""
    program = env.sluice([entry], **DEFAULTS)
    program.start(ready=False)
    program.expect_exit(BAD_CONFIG, ".", timeout=30)
    for said in (program.said(), program.call("bootstrap", status=2)[2]):
        found = _sentences(said)
        if len(found) != 1:
            raise Failure(f"{entry} should be refused by one sentence: {said}")
        require_sentence(found[0].replace('\\"', '"'), *parts)
    _, out, _ = program.call("check", status=1)
    failing = [line for line in out.splitlines() if line.startswith("fail")]
    if len(failing) != 1 or any(not re.search(part, failing[0]) for part in parts):
        raise Failure(f"sluice check of {entry} says {failing}")
    if env.redis_call("KEYS", "*"):
        raise Failure(f"{entry} was refused, but Redis has {env.redis_call('KEYS', '*')}")


@case()
def case_columns_that_are_not_there_are_refused_at_the_start(env):
    env.start_servers()
    env.sql("CREATE DATABASE it", "CREATE TABLE it.t (id INT PRIMARY KEY, v INT)", "INSERT INTO it.t VALUES (1,1)")
    for change, verb in (({"columns": ["id", "w"]}, "chooses"), ({"except": ["w"]}, "leaves out"), ({"rename": {"w": "x"}}, "renames"),
                         ({"mask": {"w": "null"}}, "masks"), ({"where": "w == 1"}, "neither a column"), ({"key": "it:{w}"}, "names the column")):
        _require_refused(env, {"table": "it.t", **change}, verb, r"it\.t", r"\bw\b")


@case()
def case_templates_that_do_not_tell_rows_apart_are_refused_at_the_start(env):
    env.start_servers()
    env.sql("CREATE DATABASE it",
            "CREATE TABLE it.t (id INT PRIMARY KEY, email VARCHAR(40) NOT NULL, maybe INT, town VARCHAR(9) NOT NULL, street VARCHAR(9) NOT NULL, "
            "UNIQUE (email(8)), UNIQUE (maybe), UNIQUE (town,street), KEY (street)"
            + (", UNIQUE ((id + 1))" if env.is_mysql else "") + ")",
            "INSERT INTO it.t VALUES (1,'ada@example.org',NULL,'x','y'),(2,'bob@example.org',NULL,'x','z')")
    for template in ("t:{street}", "t:{town}", "t:{maybe}"):
        _require_refused(env, {"table": "it.t", "key": template}, re.escape(template), r"it\.t", "unique index")
    for number, template in enumerate(("t:{email}", "t:{town}:{street}", "t:{street}:{id}")):
        env.redis_call("FLUSHALL")
        program = env.sluice([{"table": "it.t", "key": template}], **DEFAULTS)
        program.call("check", status=0)
        program.call("bootstrap", status=0)
        if len(env.redis_call("KEYS", "t:*")) != 2:
            raise Failure(f"two rows have the keys {env.redis_call('KEYS', 't:*')} by {template}, number {number}")


@case()
def case_a_later_table_whose_rows_share_keys_is_warned_of_once(env):
    """Nobody could refuse it at the start."""
    env.start_servers()
    env.sql("CREATE DATABASE it", "CREATE TABLE it.a (id INT PRIMARY KEY, n INT)")
    program = env.sluice([{"table": "it.*", "key": "{table}:{id}"}], **DEFAULTS).start()
    env.sql("CREATE TABLE it.b (id INT, n INT PRIMARY KEY)", "INSERT INTO it.b VALUES (1,1)", "INSERT INTO it.b VALUES (1,2)",
            "ALTER TABLE it.b ADD v INT", "UPDATE it.b SET v=1", "INSERT INTO it.a VALUES (1,1)")
    env.quiesce()
    said = [line for line in program.said().splitlines() if "can get the same key" in line]
    if len(said) != 1 or "level=warn" not in said[0] or "it.b" not in said[0]:
        raise Failure(f"that rows of it.b share keys is said by {said}: {program.said()[-1500:]}")
    program.stop()
    program.start(ready=False)
    program.expect_exit(BAD_CONFIG, "can get the same key")


@case()
def case_check_warns_of_values_that_run_together_and_of_keys_that_are_alike(env):
    env.start_servers()
    env.sql("CREATE DATABASE it", "CREATE TABLE it.t (a VARCHAR(9), b VARCHAR(9), PRIMARY KEY (a,b))", "CREATE TABLE it.one (id INT PRIMARY KEY)",
            "CREATE TABLE it.two (number INT PRIMARY KEY)")
    program = env.sluice([{"table": "it.t", "key": "t-{a}{b}"}, {"table": "it.one", "key": "n:{id}"}, {"table": "it.two", "key": "n:{number}"}], **DEFAULTS)
    _, out, _ = program.call("check", status=0)
    warnings = [line for line in out.splitlines() if line.startswith("warn")]
    for parts in (("it.t", "do not tell where a value ends", "t-{a}{b}"), ("tables[2].key", "it.two", "tables[1]", "it.one")):
        if len([line for line in warnings if all(part in line for part in parts)]) != 1:
            raise Failure(f"sluice check does not warn once of {parts}: {warnings}")
    program.start()
    if len([line for line in program.said().splitlines() if "tables[2].key" in line and "level=warn" in line]) != 1:
        raise Failure(f"sluice run does not warn of two entries with the same keys: {program.said()}")


@case()
def case_check_looks_for_dictionaries(env):
    env.start_servers()
    env.sql("CREATE DATABASE it", "CREATE TABLE it.t (id INT PRIMARY KEY, note VARCHAR(200))", "CREATE TABLE it.other (id INT PRIMARY KEY)",
            "INSERT INTO it.t VALUES " + ",".join(f"({number},'the customer {number} asked for delivery at {number * 77 % 1000} o clock')" for number in range(400)))
    program = env.sluice([{"table": "it.t", "value": "json", "compress": "zstd-dict"}, {"table": "it.other"}], **DEFAULTS)

    def judged(status, level):
        _, out, _ = program.call("check", status=status)
        lines = out.splitlines()
        found = [number for number, line in enumerate(lines) if line.split()[1:2] == ["dictionary"]]
        if len(found) != 1 or not lines[found[0]].startswith(level):
            raise Failure(f"the dictionary of it.t should be {level}: {out}")
        return lines[found[0]] + " " + "".join(lines[found[0] + 1:found[0] + 2])

    judged(0, "warn")
    _, out, _ = program.call("train", "--table", "it.t", "--rows", "300", "--size", "1024", status=0)
    number = re.search(r"dictionary (\d+)", out)[1]
    judged(0, "ok")
    env.redis_call("DEL", f"sluice:{{it}}:dict:{number}")
    line = judged(1, "fail")
    for part in (number, "it.t", "sluice train --table it.t", "sluice bootstrap --table it.t"):
        if part not in line:
            raise Failure(f"{part} is not in: {line}")


@case()
def case_values_that_redis_does_not_take(env):
    """Redis would end the connection at each of them: sluice asks what it takes, and names table and column."""
    env.start_source()
    env.start_redis(proto_max_bulk_len="1mb")
    env.sql("SET GLOBAL max_allowed_packet=64*1024*1024")
    env.sql("CREATE DATABASE it", "CREATE TABLE it.t (id INT PRIMARY KEY, note LONGTEXT)", "INSERT INTO it.t VALUES (1,REPEAT('x',1048576))")
    tables = [Table("it", "t")]
    program = env.sluice(tables, on_gap="stop").start()
    env.settle(tables)
    _, out, _ = program.call("check", status=0)
    if not [line for line in out.splitlines() if line.startswith("warn") and "proto-max-bulk-len is 1048576" in line]:
        raise Failure(f"sluice check does not warn of the limit: {out}")
    env.sql("INSERT INTO it.t VALUES (2,REPEAT('x',1048577))")
    program.expect_exit(CANNOT_CONTINUE, r"table it\.t, column note has 1048577 bytes, and Redis takes no more than 1048576")
    # With a filter that leaves such rows out it goes on at the same place.
    program.config["tables"][0]["where"] = "#note <= 1048576"
    program.write_config()
    program.start()
    tables[0].where, tables[0].lua = "LENGTH(note) <= 1048576", "#note <= 1048576"
    env.settle(tables)


@case()
def case_a_load_of_values_that_redis_does_not_take_fails_by_name(env):
    env.start_source()
    env.start_redis(proto_max_bulk_len="1mb")
    env.sql("SET GLOBAL max_allowed_packet=64*1024*1024")
    env.sql("CREATE DATABASE it", "CREATE TABLE it.t (id INT PRIMARY KEY, note LONGTEXT)", "CREATE TABLE it.u (id INT PRIMARY KEY)",
            "INSERT INTO it.t VALUES (1,REPEAT('x',2000000))", "INSERT INTO it.u VALUES (1)")
    program = env.sluice([Table("it", "t"), Table("it", "u")], **DEFAULTS).start()
    wait_until(lambda: f"the load of it.t to fail: {program.said()[-900:]}", 60,
               lambda: (env.redis_call("HGET", "sluice:{it}:bootstrap", "it.t") or b"").startswith(b"phase=failed"))
    wait_loaded_but(env, "it.u")
    if not re.search(r"table it\.t, column note has 2000000 bytes", program.said()):
        raise Failure(f"the value that is too long is not named: {program.said()[-1500:]}")


def wait_loaded_but(env, table):
    wait_until(f"{table} to be loaded", 60, lambda: (env.redis_call("HGET", "sluice:{it}:bootstrap", table) or b"").startswith(b"phase=done"))

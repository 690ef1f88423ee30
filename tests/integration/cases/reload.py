"""Rules that change, by SIGHUP or between two runs: tables are loaded again, and what no rule chooses any more goes or stays."""
import copy
import json
import os
import signal

from harness.churn import Churn
from harness.env import CHECKPOINT, case
from harness.loading import DEFAULTS, PLAIN, STATES, is_loaded, load_states, slowly, wait_loaded
from harness.oracle import Table
from harness.place import Failure
from harness.process import wait_until
from harness.scenarios import read_report
from harness.sluice import PIPELINE

RULES = f"sluice:{{{PIPELINE}}}:rules"


def _write(env, program, tables, **changes):
    program.config["tables"] = [env.entry(table) if isinstance(table, Table) else table for table in tables]
    program.config.update(changes)
    program.write_config()


def _reloads(program):
    return program.said().count("msg=reloaded ")


def _hup(program):
    program.process.send(signal.SIGHUP)


def _reload(env, program, tables, **changes):
    """SIGHUP with other TABLES, until they hold."""
    before = _reloads(program)
    _write(env, program, tables, **changes)
    _hup(program)
    wait_until(lambda: f"sluice to say reloaded; it said: {program.said()[-1500:]}", 60, lambda: _reloads(program) > before)


def _restart(env, program, tables, **changes):
    """The same by a stop and a start."""
    program.stop()
    _write(env, program, tables, **changes)
    program.start()


def _records(env):
    with env.redis.connect() as connection:
        return {name.decode(): value.decode() for name, value in connection.hash(RULES).items()}


def _is_settled(env, tables):
    """Everything that the rules ask for is done, as far as Redis tells."""
    records = _records(env)
    return "*" in records and all("stale=0" in records.get(str(table), "") for table in tables) and \
        (not load_states(env) or is_loaded(env))


def _wait_settled(env, tables):
    wait_until(lambda: f"the rules to be settled; they are {_records(env)}, the loads { {name: state.text for name, state in load_states(env).items()} }; "
               f"sluice said: {env.sluices[-1].said()[-1500:]}", 120, lambda: _is_settled(env, tables))


def _settle(env, program, tables, foreign=()):
    """Equal to the source, and `sluice reconcile` thinks so, too."""
    _wait_settled(env, tables)
    env.settle(tables, foreign)
    report = os.path.join(program.folder, "drift.ndjson")
    status, _, err = program.call("reconcile", "--report", program.place.inner(report), timeout=300)
    lines = read_report(report)
    if status != 0 or lines:
        raise Failure(f"reconcile ends with status {status} and reports {lines[:5]}: {err[-800:]}")


def _schema(env, rows=300):
    """Three tables of some rows each."""
    values = ",".join(f"({i},{i % 7},'text {i}',{i * 3})" for i in range(rows))
    env.sql("CREATE DATABASE it", *[statement for name in ("a", "b", "c") for statement in
                                    (f"CREATE TABLE it.{name} (id INT PRIMARY KEY, v INT, note VARCHAR(50), w INT)",
                                     f"INSERT INTO it.{name} VALUES {values}")])


def _changes(env):
    """Some on each table, with a row that goes and one that comes."""
    number = env.rng.randrange(1000, 2 ** 31)
    low = env.rng.randrange(0, 250)
    env.sql(*[statement for name in ("a", "b", "c") for statement in
              (f"UPDATE it.{name} SET v=v+1, note='changed {number}' WHERE id BETWEEN {low} AND {low + 9}",
               f"DELETE FROM it.{name} WHERE id={low + 20}", f"INSERT INTO it.{name} VALUES ({number},1,NULL,2)",
               f"UPDATE it.{name} SET id=id+{number} WHERE id={low + 30}")])


def _walk(env, change, start):
    """Every kind of change of a rule, one after the other; CHANGE brings it about."""
    env.start_servers()
    _schema(env)
    a, b, c = Table("it", "a"), Table("it", "b"), Table("it", "c", "json")
    program = env.sluice([a, b], **{**PLAIN, "start": start}).start()
    tables = [a, b]
    _settle(env, program, tables)

    def step(new, **changes):
        _changes(env)
        change(env, program, new, **changes)
        _changes(env)
        _settle(env, program, new)

    step([Table("it", "a", columns=["id", "w"]), b])
    step([Table("it", "a", columns=["id", "v", "note"]), b])
    step([Table("it", "a", key=["v", "id"]), b])
    step([Table("it", "a", "json"), b])
    step([Table("it", "a"), b])
    step([a, b, c])
    step([Table("it", "a", where="v > 3", lua="v > 3"), Table("it", "b", rename={"note": "n"}), c])
    step([Table("it", "a", compress={"compress": "zstd", "min_bytes": 1}), b, c])
    step([a, b, Table("it", "c")])
    step([b, c, a])
    return program


@case(timeout=300)
def case_rules_that_change_by_sighup(env):
    program = _walk(env, _reload, "bootstrap")
    program.stop()


@case(timeout=300)
def case_rules_that_change_by_restart(env):
    program = _walk(env, _restart, "bootstrap")
    program.stop()


@case(timeout=300)
def case_rules_that_change_where_nothing_was_loaded(env):
    """With "start": "earliest" no table has a state of a load."""
    program = _walk(env, _reload, "earliest")
    program.stop()


@case()
def case_only_what_changed_is_loaded_again(env):
    env.start_servers()
    _schema(env)
    a, b = Table("it", "a"), Table("it", "b", columns=["v", "id", "note"], rename={"v": "x", "note": "y"})
    program = env.sluice([a, b], **PLAIN).start()
    _settle(env, program, [a, b])
    before = load_states(env)
    _write(env, program, [Table("it", "a", columns=["id", "v"]), b])
    _, _, err = program.call("reconcile", status=1)
    if "it.a is filled by another entry" not in err or "it.b is filled" in err:
        raise Failure(f"reconcile does not say that the daemon has another entry of it.a: {err}")
    same = {"table": "it.b", "value": "hash", "rename": {"note": "y", "v": "x"}, "columns": ["note", "v", "id"], "on_error": "quarantine"}
    changed = Table("it", "a", columns=["id", "v"])
    _reload(env, program, [same, changed, {"table": "it.none"}], log={"level": "debug"})
    _settle(env, program, [changed, b])
    after = load_states(env)
    if after["it.b"].text != before["it.b"].text:
        raise Failure(f"it.b was loaded again, though its rule makes the same of it: {before['it.b'].text!r}, {after['it.b'].text!r}")
    if after["it.a"].text == before["it.a"].text or "tables_changed=1 " not in program.said():
        raise Failure(f"it.a was not loaded again: {after['it.a'].text!r}")
    program.restart()
    if "rules changed" in program.said():
        raise Failure("a restart with the same file loads again")


@case()
def case_table_that_is_no_longer_chosen(env):
    """Its keys stay, or go when that is wanted, then or later; chosen again it is as new."""
    env.start_servers()
    _schema(env)
    a, b, c = Table("it", "a"), Table("it", "b"), Table("it", "c")
    other = b"it:b:7:cart"
    program = env.sluice([a, b, c], **PLAIN).start()
    _settle(env, program, [a, b, c])
    env.redis_call("SET", other, "mine")
    _reload(env, program, [a, b])
    kept = {f"it:c:{row[0].decode()}".encode() for row in env.sql("SELECT id FROM it.c")} | {other}
    env.sql("UPDATE it.c SET v=99")
    _settle(env, program, [a, b], kept)
    if "stay as they are" not in program.said():
        raise Failure(f"it is not said that keys stay: {program.said()[-1500:]}")
    _reload(env, program, [a, b, Table("it", "c", "json")])
    _settle(env, program, [a, b, Table("it", "c", "json")], [other])
    _reload(env, program, [a], on_drop="remove")
    _settle(env, program, [a], [other])
    if set(_records(env)) != {"it.a", "*"} or set(load_states(env)) != {"it.a"}:
        raise Failure(f"what is known of tables that are gone stays: {_records(env)}, {load_states(env)}")
    _reload(env, program, [a, b], on_drop="keep")
    _settle(env, program, [a, b], [other])
    _restart(env, program, [b])
    kept = {f"it:a:{row[0].decode()}".encode() for row in env.sql("SELECT id FROM it.a")} | {other}
    _settle(env, program, [b], kept)
    _restart(env, program, [b], on_drop="remove")
    _settle(env, program, [b], [other])


@case()
def case_keys_that_other_tables_have_stay(env):
    """A template that several tables share, and one that looks like another table's keys."""
    env.start_servers()
    _schema(env, 50)
    env.sql("UPDATE it.b SET id=id+1000", "UPDATE it.c SET id=id+2000", "CREATE DATABASE a", "CREATE TABLE a.x (k VARCHAR(9), id INT PRIMARY KEY)",
            "INSERT INTO a.x VALUES ('c1',1),('x1',2)")
    shared = {"table": "it.?", "key": "{db}:{id}"}
    odd = {"table": "a.x", "key": "it:{k}:{id}"}
    program = env.sluice([shared, odd], **{**PLAIN, "on_drop": "remove"}).start()
    tables = [Table("it", name, key=["id"], front="it:") for name in "abc"]
    x = Table("a", "x", key=["k", "id"], front="it:")
    _settle(env, program, [*tables, x])
    _reload(env, program, [{"table": "it.c", "skip": True}, shared, odd])
    stale = {f"it:{row[0].decode()}".encode() for row in env.sql("SELECT id FROM it.c")}
    _settle(env, program, [*tables[:2], x], stale)
    env.redis_call("DEL", *stale)
    _reload(env, program, [{**shared, "value": "json"}, odd])
    tables = [Table("it", name, "json", key=["id"], front="it:") for name in "abc"]
    _settle(env, program, [*tables, x])
    own = {"table": "it.?"}
    _reload(env, program, [own, odd])
    tables = [Table("it", name) for name in "abc"]
    _settle(env, program, [*tables, x])
    _reload(env, program, [own, {"table": "a.x"}])
    _settle(env, program, [*tables, Table("a", "x")])


@case()
def case_wrong_file_is_refused_and_the_stream_goes_on(env):
    env.start_servers()
    _schema(env)
    a = Table("it", "a")
    program = env.sluice([a], **PLAIN).start()
    _settle(env, program, [a])
    wrong = [
        ({"tables": [{"table": "it.a", "key": "{id"}, {"table": "it.b", "ttl": "1d"}]}, [r"tables\[0\]\.key", r"tables\[1\]\.ttl"]),
        ({"pipeline": "other", "memory_limit": "64MiB"}, ["pipeline: it differs", "memory_limit: it differs"]),
        ({"source": {**program.config["source"], "host": "localhost"}, "start": "now"}, ["source.host: it differs", "start: it differs"]),
        ({"sinks": [{**program.config["sinks"][0], "url": "redis://127.0.0.1:1/0"}]}, [r"sinks\[0\]\.url: it differs"]),
        ({"sinks": program.config["sinks"] * 2}, ["sinks"]),
        ({"tables": [{"table": "it.b"}, {"table": "it.a", "columns": ["id", "nothing"]}]}, ["nothing"]),
        ({"tables": [{"table": "it.a", "index": {"by:{v}": "{id}"}}]}, ["by:{v}"]),
    ]
    good = copy.deepcopy(program.config)
    for changes, patterns in wrong:
        said = len(program.said())
        program.config = {**copy.deepcopy(good), **changes}
        if "tables" not in changes:
            program.config["tables"] = [{"table": "it.b"}]
        program.write_config()
        _hup(program)
        wait_until(lambda: f"a refusal; sluice said: {program.said()[said:]}", 30, lambda: "was not reloaded" in program.said()[said:])
        for pattern in patterns:
            program.wait_said(pattern, 5)
        _changes(env)
        env.settle([a])
    with open(program.config_path, "w", encoding="utf-8") as file:
        file.write("{ nonsense")
    count = program.said().count("was not reloaded")
    _hup(program)
    wait_until("a refusal", 30, lambda: program.said().count("was not reloaded") > count)
    os.unlink(program.config_path)
    _hup(program)
    wait_until("a refusal", 30, lambda: program.said().count("was not reloaded") > count + 1)
    _changes(env)
    env.settle([a])
    program.config = good
    _reload(env, program, [a, Table("it", "b")])
    _settle(env, program, [a, Table("it", "b")])
    if _reloads(program) != 1:
        raise Failure("a file that was refused was taken")
    program.stop()


@case()
def case_cache_of_an_older_version_is_not_loaded_again(env):
    """Without the hash of rules all is taken to be as the file says, and written down; what cannot be read is loaded."""
    env.start_servers()
    _schema(env)
    a, b = Table("it", "a"), Table("it", "b")
    program = env.sluice([a, b], **PLAIN).start()
    _settle(env, program, [a, b])
    program.stop()
    before = {name: state.text for name, state in load_states(env).items()}
    env.redis_call("DEL", RULES)
    program.start()
    wait_until("the rules to be written", 60, lambda: set(_records(env)) == {"it.a", "it.b", "*"})
    _settle(env, program, [a, b])
    if {name: state.text for name, state in load_states(env).items()} != before:
        raise Failure("tables were loaded again")
    program.stop()
    env.redis_call("HSET", RULES, "it.a", "nonsense", "not a table", "x", "it.gone", "more nonsense")
    env.redis_call("HSET", "it:a:999999", "id", "999999")
    program.start()
    _settle(env, program, [a, b])
    if "it.gone" in _records(env):
        raise Failure("a record that nobody can read stays")


@case()
def case_table_that_came_after_the_start_is_known(env):
    """Its first rows came by the stream alone; another kind of value must not meet its old keys."""
    env.start_servers()
    _schema(env, 20)
    program = env.sluice([{"table": "it.*"}], **PLAIN).start()
    names = ["a", "b", "c"]
    _settle(env, program, [Table("it", name) for name in names])
    env.sql("CREATE TABLE it.d (id INT PRIMARY KEY, v INT)", "INSERT INTO it.d VALUES (1,1),(2,2)",
            "CREATE TABLE it.e (id INT PRIMARY KEY, v INT)", "INSERT INTO it.e VALUES (1,1)")
    tables = [Table("it", name) for name in [*names, "d", "e"]]
    _settle(env, program, tables)
    program.stop()
    env.sql("INSERT INTO it.d VALUES (3,3)", "UPDATE it.e SET v=2")
    _write(env, program, [{"table": "it.e", "skip": True}, {"table": "it.*", "value": "json"}], on_drop="remove")
    program.start()
    _settle(env, program, [Table("it", name, "json") for name in [*names, "d"]])


VARIANTS = [
    {"value": "hash"}, {"value": "json"}, {"value": "hash", "columns": ["note", "amount", "v"]}, {"value": "hash", "compress": {"compress": "zstd", "min_bytes": 1}},
    {"value": "json", "rename": {"note": "n"}}, {"value": "hash", "front": "x"}, None,
]


def _variant(env, table):
    """Another rule for TABLE: (its oracle or None, the entry)."""
    chosen = env.rng.choice(VARIANTS)
    if chosen is None:
        return None, {"table": str(table.oracle), "skip": True}
    found = Table(table.db, table.name, chosen["value"], columns=chosen.get("columns"), rename=chosen.get("rename"), compress=chosen.get("compress"))
    if found.columns:
        found.columns = [name for name, _ in table.key] + found.columns
    entry = env.entry(found)
    if chosen.get("front"):
        found.front = f"x:{table.db}:{table.name}:"
        entry["key"] = "x:{db}:{table}:{pk}"
    return found, entry


def _random_rules(env, churn):
    while True:
        found = [_variant(env, table) for table in churn.tables]
        if any(table for table, _ in found):
            return [table for table, _ in found if table], [entry for _, entry in found]


def _reload_surely(env, program, entries):
    """Nothing tells which SIGHUP a line is about: of several on their way, the file as it is now is what the last ones bring."""
    for _ in range(4):
        _reload(env, program, entries)


def _churn_with_reloads(env, rounds, kills, config):
    """Random rules under random changes; ends with the oracle."""
    env.start_servers()
    churn = Churn(env, 1500, clients=2)
    entries = [env.entry(table) for table in churn.oracle_tables]
    program = env.sluice(entries, **{**config, "on_drop": "remove"}).start()
    churn.start()
    tables = churn.oracle_tables
    for _ in range(rounds):
        env.sleep(0, 0.8)
        tables, entries = _random_rules(env, churn)
        program.config["tables"] = entries
        program.write_config()
        if program.process.is_running() and env.rng.random() < 0.7:
            _hup(program)
        elif program.process.is_running():
            program.stop()
        if kills:
            env.sleep(0, 0.3)
            program.kill()
        if not program.process.is_running():
            program.start()
    _reload_surely(env, program, entries)
    churn.stop()
    _settle(env, program, tables)
    program.stop()
    return churn


@case(timeout=300)
def case_random_rules_under_random_changes(env):
    _churn_with_reloads(env, 6, False, DEFAULTS)


@case(timeout=300)
def case_random_rules_and_kills_under_random_changes(env):
    _churn_with_reloads(env, 8, True, slowly(4000))


@case(timeout=300)
def case_redis_is_killed_around_reloads(env):
    """Redis comes back with what it has written to disk, which is not always the last."""
    env.start_servers()
    churn = Churn(env, 1500, kinds=("num", "combo"), clients=2)
    program = env.sluice(churn.oracle_tables, **{**DEFAULTS, "on_drop": "remove"}).start()
    churn.start()
    tables = churn.oracle_tables
    for _ in range(4):
        env.sleep(0.2, 0.8)
        tables, entries = _random_rules(env, churn)
        program.config["tables"] = entries
        program.write_config()
        _hup(program)
        env.sleep(0, 0.3)
        env.redis.kill()
        env.redis.start()
    churn.stop()
    wait_until("a checkpoint", 60, lambda: env.redis_call("EXISTS", CHECKPOINT))
    _reload_surely(env, program, entries)
    _settle(env, program, tables)
    program.stop()


@case()
def case_two_sinks_take_the_same_rules(env):
    env.start_servers()
    _schema(env)
    a = Table("it", "a")
    program = env.sluice([a], **PLAIN)
    program.config["sinks"].append({**program.config["sinks"][0], "name": "second", "url": f"redis://127.0.0.1:{env.redis.port}/1"})
    program.write_config()
    program.start()
    tables = [Table("it", "a", "json"), Table("it", "b")]
    wait_loaded(env, [a])
    _write(env, program, tables)
    _hup(program)
    wait_until(lambda: f"two sinks to reload: {program.said()[-1500:]}", 60, lambda: _reloads(program) == 2)
    _changes(env)
    with env.redis.connect() as connection:
        connection.call("SELECT", 1)
        wait_until("the second sink to hold both tables", 60, lambda: {state.split()[0] for state in connection.hash(STATES).values()}
                   == {b"phase=done"} and len(connection.hash(STATES)) == 2)
        _settle(env, program, tables)
        if (connection.call("TYPE", "it:a:7"), connection.call("TYPE", "it:b:7")) != (b"string", b"hash"):
            raise Failure("the second sink has not taken the rules")
        if json.loads(connection.call("GET", "it:a:7")) != json.loads(env.redis_call("GET", "it:a:7")):
            raise Failure("the sinks differ")
    program.stop()

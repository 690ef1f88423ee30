"""Items of `index` where loads and the stream meet: rows that change in columns that no index is made of."""
import threading

from harness.env import case
from harness.loading import Stutter, slowly, wait_loaded
from harness.place import Failure
from harness.process import wait_until

ROWS = 6000
STEP = 3


def _compare(env):
    """Every row has its key, its member, and nothing else is there."""
    want_keys, want_members = {}, set()
    for number, mail, team in env.sql("SELECT id, mail, team FROM it.t"):
        if mail is not None:
            want_keys[b"mail:" + mail] = number
        if team is not None:
            want_members.add((b"team:" + team, number))
    with env.redis.connect() as connection:
        keys = connection.keys()
        mails = [key for key in keys if key.startswith(b"mail:")]
        have_keys = dict(zip(mails, connection.pipeline([("GET", key) for key in mails])))
        have_members = {(key, member) for key in keys if key.startswith(b"team:") for member in connection.call("SMEMBERS", key)}
    for what, want, have in (("keys", set(want_keys.items()), set(have_keys.items())), ("members", want_members, have_members)):
        if want != have:
            raise Failure(f"{what}: {len(want - have)} are missing, as {sorted(want - have)[:5]}; "
                          f"{len(have - want)} are too many, as {sorted(have - want)[:5]}")


class _Notes:
    """A client that changes what no index is made of, all over the table, until it is stopped."""

    def __init__(self, env, statement):
        self._env = env
        self._statement = statement
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._loop, daemon=True)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._stop.set()
        self._thread.join(60)

    def _loop(self):
        with self._env.source.connect() as connection:
            while not self._stop.is_set():
                for step in range(ROWS // STEP):
                    first = step * 2801 * STEP % ROWS
                    connection.query(self._statement.format(first=first, last=first + STEP - 1))
                    if self._stop.is_set():
                        return


def _start(env, **source):
    env.start_servers(**source)
    env.sql("CREATE DATABASE it", "CREATE TABLE it.t (id INT PRIMARY KEY, mail VARCHAR(20) UNIQUE, team INT, note INT NOT NULL DEFAULT 0)")
    for first in range(0, ROWS, 1000):
        env.sql("INSERT INTO it.t (id, mail, team) VALUES " + ",".join(
            f"({number},{'NULL' if number % 7 == 0 else repr(f'u{number}@x')},{'NULL' if number % 5 == 0 else number % 40})"
            for number in range(first, first + 1000)))
    return env.sluice([{"table": "it.t", "key": "row:{id}", "columns": ["id", "note"],
                        "index": {"mail:{mail}": "{id}", "team:{team}": {"set": "{id}"}}}], **slowly(3000))


@case(timeout=240)
def case_rows_that_change_while_they_are_loaded_get_their_items(env):
    """What the stream writes of a row takes it out of the chunk, and its items with it."""
    program = _start(env, binlog_row_image="FULL")
    with _Notes(env, "UPDATE it.t SET note=note+1 WHERE id BETWEEN {first} AND {last}"):
        program.start(ready=False)
        with Stutter(program.process, env.rng):
            wait_loaded(env, ["it.t"])
    env.quiesce(program)
    _compare(env)


@case(timeout=240)
def case_stale_items_go_while_rows_change(env):
    """More than are remembered: everything is looked at again when the rows are loaded."""
    program = _start(env, binlog_row_image="FULL")
    with env.redis.connect() as connection:
        connection.pipeline([("SET", f"mail:gone{number}", str(number)) for number in range(3000)])
        connection.pipeline([("SADD", f"team:{number % 60}", str(number + ROWS), f"x{number}") for number in range(3000)])
        connection.pipeline([("SET", f"mail:u{number}@x", "0") for number in range(0, ROWS, 3)])
    with _Notes(env, "UPDATE it.t SET mail=IF(mail LIKE 'v%', CONCAT('u', id, '@x'), CONCAT('v', id, '@x')), team=(team+1) MOD 40 "
                     "WHERE id BETWEEN {first} AND {last} AND mail IS NOT NULL"):
        program.start(ready=False)
        wait_loaded(env, ["it.t"])
    env.quiesce(program)
    _compare(env)


@case(timeout=240)
def case_rows_that_are_not_loaded_get_their_items_when_they_change(env):
    """Without a first load the cache has the rows that changed, with all their items."""
    program = _start(env, binlog_row_image="FULL")
    program.config.update(start="now")
    program.write_config()
    program.start()
    env.sql("UPDATE it.t SET note=1")
    env.quiesce(program)
    _compare(env)


def _wait_for(env, want):
    """Until Redis has these keys beside sluice's own: {front: how many}"""
    def have():
        with env.redis.connect() as connection:
            fronts = [key.split(b":")[0].decode() for key in connection.keys() if not key.startswith(b"sluice:")]
        return {front: fronts.count(front) for front in set(fronts)}

    wait_until(lambda: f"{want}; Redis has {have()}; sluice said: {env.sluices[-1].said()[-800:]}", 120, lambda: have() == want)


@case(timeout=240)
def case_an_index_comes_changes_and_goes(env):
    """A restart with another configuration: rows' keys stay where only an index comes, old items never do."""
    program = _start(env, binlog_row_image="FULL")
    mails, = env.sql("SELECT COUNT(mail) FROM it.t")[0]
    teams, = env.sql("SELECT COUNT(DISTINCT team) FROM it.t")[0]
    mails, teams = int(mails), int(teams)
    entry = program.config["tables"][0]
    both = entry.pop("index")
    for index, want in ((None, {}), (both, {"mail": mails, "team": teams}), ({"post:{mail}": "{id}"}, {"post": mails}),
                        ({"post:{mail}": {"set": "{id}"}}, {"post": mails}), (both, {"mail": mails, "team": teams}), (None, {})):
        entry.pop("index", None)
        if index:
            entry["index"] = index
        program.write_config()
        program.start()
        _wait_for(env, {"row": ROWS, **want})
        env.sql("UPDATE it.t SET note=note+1 WHERE id % 9=0")
        env.quiesce(program)
        if index is both:
            _compare(env)
        program.stop()

"""What `index` cannot work with is said before it is wrong: by `sluice check`, and at start."""
import json

from harness.env import case
from harness.place import Failure
from harness.sluice import BAD_CONFIG


def _check(program, status):
    _, out, _ = program.call("check", "--json", status=status)
    return [json.loads(line) for line in out.splitlines()]


def _expect(lines, topic, level, part):
    if not any(line["topic"] == topic and line["level"] == level and part in line["text"] for line in lines):
        raise Failure(f"check does not say {level} {topic} {part}: {lines}")


@case()
def case_check_names_indexes_that_two_rows_can_share(env):
    env.start_servers(binlog_row_image="FULL")
    env.sql("CREATE DATABASE it", "CREATE TABLE it.t (id INT PRIMARY KEY, mail VARCHAR(9) UNIQUE, name VARCHAR(9), doc JSON)")
    good = {"mail:{mail}": "{id}", "names:{name}": {"set": "{id}"}, "all": {"set": "{pk}"}, "name:{name}:{id}": "1"}
    lines = _check(env.sluice([{"table": "it.t", "index": good}]), 0)
    if any(line["topic"] == "index" for line in lines):
        raise Failure(f"check finds fault with what is unique: {lines}")
    for index, part in (({"name:{name}": "{id}"}, 'two rows of it.t can have one key by the index "name:{name}"'),
                        ({"names:{name}": {"set": "{mail}"}}, "one member of a set")):
        entries = [{"table": "it.t", "index": index}]
        _expect(_check(env.sluice(entries), 1), "index", "fail", part)
        env.sluice(entries).start(ready=False).expect_exit(BAD_CONFIG, "unique index")
    _expect(_check(env.sluice([{"table": "it.t", "index": {"mail:{mail}:{nope}": "{id}"}}]), 1), "table", "fail", "the column nope")


@case()
def case_check_and_start_tell_of_images_without_old_values(env):
    env.start_servers(binlog_row_image="MINIMAL")
    env.sql("CREATE DATABASE it", "CREATE TABLE it.t (id INT PRIMARY KEY, mail VARCHAR(9) UNIQUE)")
    program = env.sluice([{"table": "it.t", "index": {"mail:{mail}": "{id}"}}])
    _expect(_check(program, 1), "binlog_row_image", "fail", "index")
    program.start()
    program.wait_said("binlog_row_image is not FULL")
    program.stop()

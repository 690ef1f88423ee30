"""docs/quickstart.md, as it stands there: its settings, statements, configuration and commands, one after the other. What it
does with packages and systemd is for tests/package/check.py."""
import json
import os
import re
import shlex
import subprocess

from harness.env import case
from harness.place import Failure
from harness.process import wait_until
from harness.servers import REDIS_PASSWORD, SOURCE_PASSWORD, SOURCE_USER

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))
CONFIG = "/etc/sluice/shop.json"
# A machine of its own is needed for these.
ELSEWHERE = ("make", "apt", "chgrp", "chmod", "set", "systemctl", "journalctl")


def _blocks():
    """[(section, language, text)] of the page."""
    with open(os.path.join(TOP, "docs/quickstart.md"), encoding="utf-8") as file:
        text = file.read()
    found = []
    for section in re.split(r"^## ", text, flags=re.M)[1:]:
        title = section.partition("\n")[0].lstrip("0123456789. ")
        found += [(title, language, block) for language, block in re.findall(r"^```(\w*)\n(.*?)^```", section, re.S | re.M)]
    return found


def _of(blocks, section, language, env=None):
    """The blocks of a section; with ENV those that are for its server, or for both."""
    name = "MySQL" if env and env.is_mysql else "MariaDB"
    other = "MariaDB" if name == "MySQL" else "MySQL"
    found = [text for title, kind, text in blocks if (title, kind) == (section, language)
             and (env is None or not re.match(rf"(#|--) {other}\n", text))]
    if not found:
        raise Failure(f"docs/quickstart.md has no {language} in its section {section} that is for {name}")
    return found


def _settings(text):
    return dict(re.findall(r"^(\w+) = (\S+)$", text, re.M))


def _statements(texts):
    words = "\n".join(re.sub(r"^--.*$", "", text, flags=re.M) for text in texts)
    words = words.replace("choose-a-password", SOURCE_PASSWORD).replace("10.0.0.%", "127.0.0.1")
    return [statement.strip() for statement in words.split(";") if statement.strip()]


def _run(env, program, line):
    """One line of a block of the shell: its output."""
    words = shlex.split(line, comments=True)
    if words[0] == "sluice" and CONFIG in words:
        at = words.index(CONFIG)
        return program.call(words[1], *words[2:at - 1], *words[at + 1:], status=0)[1]
    if words[:3] == ["redis-cli", "-h", "cache1"]:
        return subprocess.run(["redis-cli", "-h", "127.0.0.1", "-p", str(env.redis.port), *words[3:]], capture_output=True, text=True,
                              check=True, timeout=60, env={**os.environ, "REDISCLI_AUTH": REDIS_PASSWORD}).stdout
    raise Failure(f"docs/quickstart.md has a command that this test does not know: {line}")


def _lines(blocks, section):
    return [line for text in _of(blocks, section, "sh") for line in text.splitlines() if line.split()[0] not in ELSEWHERE]


def _database(env):
    """What the page takes for granted, without the account that the harness makes."""
    env.sql(f"DROP USER '{SOURCE_USER}'@'127.0.0.1'", "CREATE DATABASE shop",
            "CREATE TABLE shop.users (id INT PRIMARY KEY, name VARCHAR(80), joined DATETIME)",
            "CREATE TABLE shop.orders (id INT PRIMARY KEY, user_id INT, status VARCHAR(20), total DECIMAL(10,2))",
            "INSERT INTO shop.users VALUES (1,'Ada','2026-01-31 08:00:00'),(2,'Zoë',NULL)",
            "INSERT INTO shop.orders VALUES (12,1,'paid','19.90'),(13,2,NULL,'0.01')")


def _config(env, blocks):
    text = re.sub(r" //.*", "", _of(blocks, "The configuration", "jsonc")[0])
    config = json.loads(text)
    config["source"].update(host="127.0.0.1", port=env.source.port)
    config["sinks"][0]["url"] = config["sinks"][0]["url"].replace("cache1:6379", f"127.0.0.1:{env.redis.port}")
    return config


def _check_settings(env, blocks):
    """The server runs with the page's settings, and shows them by the page's statement."""
    asked = _statements(_of(blocks, "What the source has to log", "sql", env)[:1])[0]
    shown = {name.decode(): value.decode() for name, value in env.sql(asked)}
    given = _settings(_of(blocks, "What the source has to log", "ini", env)[0])
    for name, value in given.items():
        if name in shown and name != "log_bin" and shown[name] != value:
            raise Failure(f"{name} is {shown[name]} where the page sets {value}")
    if shown.get("log_bin") != "ON" or not set(shown) <= {*given, "log_bin", "gtid_mode"}:
        raise Failure(f"the page's statement shows {shown}")


@case()
def case_quick_start_from_settings_to_reconcile(env):
    blocks = _blocks()
    settings = _settings(_of(blocks, "What the source has to log", "ini", env)[0])
    env.start_source(**settings)
    env.start_redis(appendonly="yes")
    _database(env)
    _check_settings(env, blocks)
    env.sql(*_statements(_of(blocks, "What the source has to log", "sql", env)))
    env.sql(*_statements(_of(blocks, "An account", "sql", env)))
    program = env.sluice([])
    program.config = _config(env, blocks)
    program.write_config()
    for section in ("Redis", "The configuration"):
        for line in _lines(blocks, section):
            said = _run(env, program, line)
            if re.search(r"^warn|^fail", said, re.M) or not said:
                raise Failure(f"{line} says: {said}")
    bootstrap, *more = reversed(_lines(blocks, "Run"))
    _run(env, program, bootstrap)
    program.start()
    wait_until("status to be 0", 30, lambda: program.call("status")[0] == 0)
    for line in more:
        _run(env, program, line)
    env.sql("UPDATE shop.users SET name='Grace' WHERE id=1", "DELETE FROM shop.orders WHERE id=13")
    wait_until("the change to be in Redis", 30, lambda: env.redis_call("HGET", "shop:users:1", "name") == b"Grace")
    for line in _lines(blocks, "Is it right?"):
        said = _run(env, program, line)
        if "Grace" not in said and "reconcile" not in line:
            raise Failure(f"{line} says: {said}")

"""Loading a table into Redis the way it is done without sluice: one SELECT that prints commands, piped into redis-cli.

    mysql -N --raw -e "SELECT CONCAT('*4\\r\\n', …) FROM t" | redis-cli --pipe

Nothing keeps what it loads equal to the table while others write; it is only what a load can be measured beside.
"""
import subprocess
import time

from harness import servers
from harness.place import Failure
from harness.sqlclient import quote


def _columns(connection, db, table):
    """[(name, is the primary key's)] in the order of the table."""
    rows = connection.query("SELECT COLUMN_NAME, COLUMN_KEY = 'PRI' FROM information_schema.COLUMNS WHERE "
                            f"TABLE_SCHEMA = {quote(db)} AND TABLE_NAME = {quote(table)} ORDER BY ORDINAL_POSITION").rows
    return [(name.decode(), is_key == b"1") for name, is_key in rows]


def _bulk(expression):
    """$LENGTH CRLF BYTES CRLF, but for the last LF."""
    return f"'\\r\\n$', LENGTH({expression}), '\\r\\n', {expression}"


def statement(connection, db, table):
    """The SELECT of DB.TABLE as HSET commands, keys and values as sluice has them (of tables without special characters
    in their keys). The client's line feed ends each command."""
    columns = _columns(connection, db, table)
    key = f"CONCAT({quote(f'{db}:{table}:')}, " + ", ':', ".join(f"`{name}`" for name, is_key in columns if is_key) + ")"
    count = " + ".join(f"2 * (`{name}` IS NOT NULL)" for name, _ in columns)
    fields = ", ".join(f"IF(`{name}` IS NULL, '', CONCAT('\\r\\n${len(name.encode())}\\r\\n{name}', {_bulk(f'`{name}`')}))" for name, _ in columns)
    return f"SELECT CONCAT('*', 2 + {count}, '\\r\\n$4\\r\\nHSET', {_bulk(key)}, {fields}, '\\r') FROM `{db}`.`{table}`"


def load(place, source, redis, sql):
    """Loads what SQL prints from SOURCE into REDIS: (rows, seconds)."""
    reader = place.command([place.find("mysql", "mariadb"), "-N", "--raw", "--quick", "--default-character-set=utf8mb4", "-h", "127.0.0.1", "-P",
                            str(source.port), "-u", "root", "-e", sql])
    writer = place.command([place.find("redis-cli"), "-p", str(redis.port), "--pipe"])
    began = time.monotonic()
    with subprocess.Popen(reader, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE) as first:
        done = subprocess.run(writer, stdin=first.stdout, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              env={"REDISCLI_AUTH": servers.REDIS_PASSWORD, "PATH": "/usr/bin:/bin"}, check=False)
        first.stdout.close()
    wall = time.monotonic() - began
    text = done.stdout.decode("utf-8", "replace")
    if first.returncode != 0 or done.returncode != 0 or "errors: 0," not in text:
        raise Failure(f"mysql | redis-cli --pipe left with {first.returncode} and {done.returncode}: {text[-500:]}")
    return int(text.rpartition("replies: ")[2].split()[0]), wall

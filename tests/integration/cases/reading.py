"""The readers of docs/reading.md, as they stand there: they know nothing of sluice but what the page says."""
import json
import os
import re
import subprocess

from harness import zstd
from harness.env import HEARTBEAT, case
from harness.loading import DEFAULTS, wait_loaded
from harness.oracle import Table
from harness.place import Failure
from harness.process import wait_until
from harness.servers import REDIS_PASSWORD
from harness.sluice import PIPELINE

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))
ROWS = 60
# The page's last function is about pipeline "shop", which nobody writes here: it has to ask the database.
ORDER = {"by order": "the database's"}

# What an application would have besides: a client of Redis, here with the two functions that are needed.
PYTHON = """
import json, socket, sys

class Client:
    def __init__(self, port, password):
        self.file = socket.create_connection(("127.0.0.1", port)).makefile("rwb")
        self.call("AUTH", password)

    def call(self, *words):
        self.file.write(b"*%d\\r\\n" % len(words) + b"".join(b"$%d\\r\\n%s\\r\\n" % (len(word.encode()), word.encode()) for word in words))
        self.file.flush()
        return self.reply()

    def reply(self):
        line = self.file.readline()
        if line[:1] == b"*":
            return [self.reply() for _ in range(int(line[1:]))]
        return self.file.read(int(line[1:]) + 2)[:-2] if line[:1] == b"$" and line[1:2] != b"-" else None

    def get(self, key):
        return self.call("GET", key)

    def hgetall(self, key):
        found = self.call("HGETALL", key)
        return dict(zip(found[::2], found[1::2]))

redis = Client(int(sys.argv[1]), sys.argv[2])
out = {}
for number in range(int(sys.argv[4])):
    out[f"j{number}"] = json.loads(plain(redis, redis.get(f"it:j:{number}"), sys.argv[3]))
    out[f"h{number}"] = {name.decode(): plain(redis, value, sys.argv[3]).decode() for name, value in redis.hgetall(f"it:h:{number}").items()}
out["fresh"] = fresh(redis, sys.argv[3])
out["by order"] = order(redis, lambda number: "the database's", 1)
print(json.dumps(out))
"""
NODE = """
class Client {
  constructor(port, password) {
    this.waiting = []; this.bytes = Buffer.alloc(0);
    this.socket = require('node:net').connect(port, '127.0.0.1');
    this.socket.on('data', (more) => { this.bytes = Buffer.concat([this.bytes, more]); this.take(); });
    this.call('AUTH', password);
  }
  call(...words) {
    this.socket.write(`*${words.length}\\r\\n` + words.map((word) => `$${Buffer.byteLength(word)}\\r\\n${word}\\r\\n`).join(''));
    return new Promise((done) => this.waiting.push(done));
  }
  take() {
    for (let found; this.waiting.length && (found = this.parse(0)); this.bytes = this.bytes.subarray(found[1])) this.waiting.shift()(found[0]);
  }
  parse(at) {
    const end = this.bytes.indexOf('\\r\\n', at);
    if (end < 0) return null;
    const kind = this.bytes[at], count = Number(this.bytes.toString('latin1', at + 1, end));
    let next = end + 2;
    if (kind === 0x24 && count >= 0) return this.bytes.length < next + count + 2 ? null : [this.bytes.subarray(next, next + count), next + count + 2];
    if (kind !== 0x2a) return [null, next];
    const items = [];
    for (let i = 0; i < count; i++) { const item = this.parse(next); if (!item) return null; items.push(item[0]); next = item[1]; }
    return [items, next];
  }
  getBuffer(key) { return this.call('GET', key); }
}

(async () => {
  const [port, password, pipeline, rows] = process.argv.slice(2);
  const redis = new Client(Number(port), password), out = {};
  for (let number = 0; number < Number(rows); number++) {
    out[`j${number}`] = JSON.parse(await plain(redis, await redis.getBuffer(`it:j:${number}`), pipeline));
    const fields = await redis.call('HGETALL', `it:h:${number}`), row = out[`h${number}`] = {};
    for (let i = 0; i < fields.length; i += 2) row[fields[i]] = (await plain(redis, fields[i + 1], pipeline)).toString();
  }
  out.fresh = await fresh(redis, pipeline);
  out['by order'] = await order(redis, (number) => "the database's", 1);
  console.log(JSON.stringify(out));
  redis.socket.end();
})();
"""


def _block(language):
    with open(os.path.join(TOP, "docs/reading.md"), encoding="utf-8") as file:
        found = re.findall(rf"^```{language}\n(.*?)^```$", file.read(), re.MULTILINE | re.DOTALL)
    if len(found) != 1:
        raise Failure(f"docs/reading.md has {len(found)} readers in {language}")
    return found[0]


def _read(env, program, command, suffix, text):
    """What a reader makes of the rows, {"j0": row, "h0": row, …}."""
    path = os.path.join(program.folder, "reader" + suffix)
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)
    done = subprocess.run([command, path, str(env.redis.port), REDIS_PASSWORD, PIPELINE, str(ROWS)], stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, timeout=120, check=False)
    if done.returncode != 0:
        raise Failure(f"the reader ends with status {done.returncode}: {done.stderr.decode()[-1500:]}")
    return json.loads(done.stdout)


def _expected(env):
    found = {}
    for number, status, note, data in env.sql("SELECT id, status, note, data FROM it.j"):
        row = {"status": status.decode(), "note": note.decode(), "data": data.decode()}
        found[f"j{int(number)}"] = {"id": int(number), **row}
        found[f"h{int(number)}"] = {"id": number.decode(), **row}
    return found


def _require_read(env, read, generations):
    tables = [Table("it", name, value, compress={"compress": "zstd-dict"}) for name, value in (("h", "hash"), ("j", "json"))]
    found = env.account(tables)
    if found.sentences or len(found.frames) != generations:
        raise Failure(f"{found}, compressed with {found.frames}; {found.sentences[:3]}")
    due, got = {**_expected(env), **ORDER, "fresh": True}, read()
    wrong = [key for key in due.keys() | got.keys() if due.get(key) != got.get(key)]
    if wrong:
        raise Failure(f"{len(wrong)} of {len(due)} rows are read wrong: {wrong[0]} as {got.get(wrong[0])}, due is {due.get(wrong[0])}")


def _documented(env, language, command, suffix, driver):
    """Values as they are, frames without a dictionary, with one, and with another, all at the same time."""
    env.start_servers()
    columns = "id INT PRIMARY KEY, status VARCHAR(40), note VARCHAR(400), data VARCHAR(200)"
    rows = ",".join(f"({number}, 'status {number % 7}', '{'it was sent to the customer ' * (number % 9)}{number}', "
                    f"'{env.rng.getrandbits(300):x}')" for number in range(3000))
    env.sql("CREATE DATABASE it", f"CREATE TABLE it.j ({columns})", "CREATE TABLE it.h LIKE it.j", f"INSERT INTO it.j VALUES {rows}",
            f"INSERT INTO it.h VALUES {rows}", f"DELETE FROM it.j WHERE id>={ROWS} AND id<2000", f"DELETE FROM it.h WHERE id>={ROWS} AND id<2000")
    program = env.sluice([{"table": "it.j", "value": "json", "compress": "zstd-dict"}, {"table": "it.h", "compress": "zstd-dict"}], **DEFAULTS)
    program.start()
    wait_loaded(env, [Table("it", "h"), Table("it", "j")])
    for number in range(2):
        for name in "hj":
            program.call("train", "--table", f"it.{name}", "--size", str(2048 + 1024 * number), status=0)
        program.restart()
        env.sql(*[f"UPDATE it.{name} SET status='changed {number}', note=CONCAT(note,' again') WHERE id%3={number}" for name in "hj"])
    env.quiesce()
    # Only what is read is looked at.
    env.sql(f"DELETE FROM it.j WHERE id>={ROWS}", f"DELETE FROM it.h WHERE id>={ROWS}")
    text = _block(language) + driver
    _require_read(env, lambda: _read(env, program, command, suffix, text), 5)
    program.stop()
    wait_until("the heartbeat to be over", 30, lambda: not env.redis_call("EXISTS", HEARTBEAT))
    if _read(env, program, command, suffix, text)["fresh"]:
        raise Failure("a cache that nobody writes is fresh to the reader")
    raw = env.redis_call("HGET", "it:h:0", "status")
    if zstd.is_frame(raw):
        raise Failure("a short value is compressed, so none is read as it is")


@case(timeout=240)
def case_the_python_reader_of_the_documentation(env):
    # Debian's own, which Debian's modules are for.
    _documented(env, "python", "/usr/bin/python3", ".py", PYTHON)


@case(timeout=240)
def case_the_node_reader_of_the_documentation(env):
    _documented(env, "js", "node", ".js", NODE)

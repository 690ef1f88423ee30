"""The chunk reader of cdc/client/ on a pipe: tool_chunk, a command a line."""
import os
import subprocess

from .place import Failure
from .servers import SOURCE_PASSWORD, SOURCE_USER


def tool_command(env, tool, argv=()):
    """Argument list and environment of a driver that talks to the source."""
    # pylint: disable=protected-access
    path = os.path.join(os.path.dirname(env._binary), "tests/support/tools", tool)
    if not os.path.exists(path):
        raise Failure(f"{path} is not built")
    given = {"SRC_PORT": str(env.source.port), "SRC_USER": SOURCE_USER, "SRC_PASSWORD": SOURCE_PASSWORD}
    return env._sluice_place.command([env._sluice_place.inner(path), *map(str, argv)]), {**os.environ, **given}


class Refused(Exception):
    """The reader's error: its status and its sentence."""

    def __init__(self, text):
        super().__init__(text)
        self.status = text.split(":", 1)[0]


class Chunk:
    def __init__(self, rows, line):
        self.rows = rows
        self.values = dict(part.split("=", 1) for part in line.split()[1:])
        self.is_last = self.values["last"] == "1"
        self.has_more = self.values["more"] == "1"
        self.after = self.values["after"]
        file, offset = self.values["high"].rsplit(":", 1)
        self.high = (file, int(offset))


class ChunkTool:
    def __init__(self, env):
        command, environment = tool_command(env, "tool_chunk")
        # pylint: disable-next=consider-using-with
        self.child = subprocess.Popen(command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        env.guard.add_process(self.child.pid)
        self.env = env

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.child.stdin.close()
        rest = self.child.stdout.read()
        self.child.stdout.close()
        status = self.child.wait(30)
        self.env.guard.drop_process(self.child.pid)
        if status != 0 or rest:
            raise Failure(f"tool_chunk ended with {status}: {rest[-500:]}")

    def send(self, line):
        self.child.stdin.write(line.encode() + b"\n")
        self.child.stdin.flush()

    def receive(self):
        """(lines before the answer, the answer)"""
        lines = []
        while True:
            line = self.child.stdout.readline().decode()
            if not line:
                raise Failure(f"tool_chunk is gone after {lines[-3:]}")
            line = line.rstrip("\n")
            if line.startswith("error "):
                raise Refused(line[len("error "):])
            if line.split(" ", 1)[0] in ("ok", "none"):
                return lines, line
            lines.append(line)

    def call(self, line):
        self.send(line)
        return self.receive()

    @staticmethod
    def _chunk(answer):
        lines, last = answer
        rows = [tuple(None if cell == "-" else bytes.fromhex(cell) for cell in line[4:].split(",")) for line in lines]
        return Chunk(rows, last)

    def open(self, table, where=None, db="it"):
        return self.call(f"open {db} {table}" + (f" {where}" if where else ""))[1]

    def read(self, rows=1000, size=1 << 20, part=0):
        """The next range, or its first part, with the end of the log as LOW."""
        self.call("low end")
        return self.range(rows, size, part)

    def range(self, rows=1000, size=1 << 20, part=0):
        return self._chunk(self.call(f"range {rows} {size} {part}"))

    def more(self):
        """The next part."""
        return self._chunk(self.call("more"))

    def parts(self, rows, part):
        """All parts of the range that begins the table."""
        self.call("first")
        parts = [self.read(rows, part=part)]
        while parts[-1].has_more:
            parts.append(self.more())
        return parts

    def keys(self, keys, lock=False):
        """KEYS: for each row a list of bytes, None for NULL and ... for what is not given."""
        self.call("low end")

        def cell(value):
            return "." if value is ... else "-" if value is None else value.hex()

        words = " ".join(",".join(map(cell, key)) for key in keys)
        return self._chunk(self.call(("lock " if lock else "keys ") + words))

    def all(self, rows, size=1 << 20, restart=None):
        """All chunks of the open table from its beginning. RESTART: (table, where) to open again between them."""
        self.call("first")
        chunks = []
        while not chunks or not chunks[-1].is_last:
            if restart and chunks:
                self.call("restart")
                self.open(*restart)
            chunks.append(self.read(rows, size))
            if len(chunks) > 100000:
                raise Failure("the chunks do not come to an end")
        return chunks

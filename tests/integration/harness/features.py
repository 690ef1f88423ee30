"""One configuration that uses everything at once, and the random changes for it."""
from . import masks, parts
from .folding import require_all

FUNCTION = ("function(row) if row.number == 3 then return nil end "
            "return { id = row.id, number = row.number, text = (row.note or '-') .. '!' } end")
EVERY_KIND = ("types", "small", "filtered", "composite", "indexed", "wanted")


def _shown(cells, own):
    """FUNCTION, as oracle.Table.transform has it."""
    if cells["number"] == b"3":
        return None
    found = {name: own(name) for name in ("id", "number") if cells[name] is not None}
    return {**found, "text": (b"-" if cells["note"] is None else cells["note"]).decode() + "!"}


class Features:
    """A database for each value; what a rule can say of rows that are kept is spread over their tables such that each meets some others."""

    def __init__(self, env):
        self.works = [env.workload(EVERY_KIND, db=f"it_{value}", value=value, truncate=True, pause=0.004) for value in ("hash", "json")]
        self.tables = [table for work in self.works for table in self._tables(work)]
        self._add_parts(env)
        streamed = env.workload(["small"], db="it_stream", value="json", pause=0.01)
        removed = env.workload(["composite"], db="it_removed", pause=0.01)
        self.works += [streamed, removed]
        self.streamed = streamed.oracle_tables
        self.entries = [env.entry(table) for table in self.tables]
        self.entries += [{"table": str(table), "value": "stream"} for table in self.streamed]
        self.entries += [{"table": str(table), "value": "invalidate", "redelete_ms": 500} for table in removed.oracle_tables]
        self.foreign = [f"changes:{table.db}:{table.name}".encode() for table in self.streamed]
        self.trained = [table for table in self.tables if table.compress.get("compress") == "zstd-dict"]

    def _add_parts(self, env):
        """Rows of several keys."""
        for value in ("hash", "json"):
            work = env.workload(["small", "composite"], db=f"it_parts_{value}", value=value, truncate=True, pause=0.01)
            for table in work.oracle_tables:
                table.transform, table.parts = parts.OF_NOTES, True
                table.compress = {"compress": "zstd-dict", "min_bytes": 8}
                self.tables.append(table)
            self.tables[-1].ttl = 36000
            self.works.append(work)

    def _tables(self, work):
        types, small, filtered, composite, indexed, wanted = tables = work.oracle_tables
        dictionary, frames = {"compress": "zstd-dict", "min_bytes": 8}, {"compress": "zstd", "compress_level": 5, "min_bytes": 40}
        types.but, types.compress = ["c_mediumblob", "c_point"], frames
        types.rename = {"c_int": "c_bigint", "c_bigint": "c_int", "id": 'the "id"'}
        types.mask = {"c_int": masks.text("none"), "c_blob": masks.DIGEST, "c_varchar": masks.last(3), "c_datetime6": masks.NOTHING}
        small.compress, small.ttl = dictionary, 36000
        if work.value == "json":
            small.transform = (FUNCTION, _shown)
        else:
            small.mask = {"number": masks.last(1)}
        filtered.columns, filtered.compress = ["id", "note", "number", "state", "body"], dictionary
        filtered.rename, filtered.mask = {"state": "s", "number": "state"}, {"body": masks.DIGEST}
        composite.ttl = 36000
        indexed.compress, indexed.but, indexed.rename = frames, ["bytes", "tag"], {"email": "owner", "owner": "email"}
        wanted.compress, wanted.ttl, wanted.mask = dictionary, 36000, {"note": masks.NOTHING}
        for table in (indexed, wanted):
            table.index = {f"{table.db}:" + template: value for template, value in table.index.items()}
        return tables

    def require(self, env):
        """What is not kept as rows; Redis may have gone back, and the stream of changes with it."""
        total, repeated = require_all(env, self.streamed, may_repeat=True)
        return f"{total} changes in streams, {repeated} repeated"

    def train(self, program, rng):
        """A dictionary of some table, as often as this is called another one."""
        table = rng.choice(self.trained)
        status, _, said = program.call("train", "--table", str(table), "--rows", "1000", "--size", "4096", timeout=300)
        return f"train {table}: status {status}" + (f", {said.strip().splitlines()[-1:]}" if status else "")

#!/usr/bin/env python3
"""check_examples.py SLUICE - every configuration that is shown can be used: the files, the ```jsonc blocks of the pages, entries
of tables in their text, the example of the manual page, and the example that each key has. A piece of a file is put into a
small one, with the files and the environment that it names."""
import json
import os
import re
import subprocess
import sys
import tempfile

from program import Program, files, line_of, read

LEAST = {"pipeline": "shop", "source": {"user": "sluice"}, "sinks": [{"url": "redis://127.0.0.1"}], "tables": [{"table": "shop.users"}, {"table": "shop.stock"}]}
# What a key's example needs beside it.
BESIDE = {
    "sinks[].tls": {"url": "rediss://127.0.0.1"},
    "source.tls.cert": {"key": "/etc/key.pem"}, "source.tls.key": {"cert": "/etc/cert.pem"},
    "sinks[].tls.cert": {"key": "/etc/key.pem"}, "sinks[].tls.key": {"cert": "/etc/cert.pem"},
    "sinks[].tls.mode": {"ca": "/etc/ca.pem"},
    "tables[].ttl_jitter": {"ttl": 86400}, "tables[].redelete_ms": {"value": "invalidate"}, "tables[].stream": {"value": "stream"},
    "tables[].maxlen": {"value": "stream"}, "tables[].compress_level": {"compress": "zstd"}, "tables[].min_bytes": {"compress": "zstd"},
    "tables[].on_error": {"where": "id > 7"},
    "http.max_lag_seconds": {"listen": "127.0.0.1:9464"},
}
SECRET = "sixteen bytes or more"


class Folder:
    """Where examples lie, with what they name."""

    def __init__(self, program, path):
        self.program, self.path = program, path
        self.errors, self.count = [], 0
        for page in files(".md"):
            for name, text in re.findall(r"^```lua\n-- (\w+\.lua)\b(.*?)^```", read(page), re.S | re.M):
                self.write(name, f"-- {text}")

    def write(self, name, text):
        with open(os.path.join(self.path, name), "w", encoding="utf-8") as file:
            file.write(text)

    def own_file(self, found):
        """A file in this folder instead of one that another machine would have."""
        name = found.group(1).replace("/", "_")
        if not os.path.exists(os.path.join(self.path, name)):
            self.write(name, SECRET)
        return f'"{self.path}/{name}"'

    def check(self, where, text):
        self.count += 1
        text = re.sub(r'"/((?:run|etc)/[\w./-]+)"', self.own_file, text)
        named = re.findall(r'"password_env"\s*:\s*"(\w+)"', text) + re.findall(r"(?<!\$)\$\{(\w+)\}", text)
        self.write("example.json", text)
        os.chmod(os.path.join(self.path, "example.json"), 0o600)
        done = subprocess.run([self.program.path, "check", "--config-only", "-c", os.path.join(self.path, "example.json")],
                              env={"PATH": os.environ["PATH"], **dict.fromkeys(named, SECRET)}, capture_output=True, text=True, check=False, timeout=60)
        if done.returncode != 0 or not done.stdout.startswith("ok "):
            self.errors.append(f"{where}: {(done.stderr or done.stdout).strip() or done.returncode}")


def without_comments(text):
    return re.sub(r'("(?:[^"\\]|\\.)*")|//[^\n]*|/\*.*?\*/', lambda found: found.group(1) or "", text, flags=re.S)


def whole(text):
    """A file of the text of a block, which may be one already, or a piece: its members without the braces, or entries of tables."""
    text = without_comments(text).strip().rstrip(",")
    if not text.startswith("{"):
        return json.dumps({**LEAST, **json.loads("{" + text + "}")})
    if re.match(r'\{\s*"table"', text):
        return json.dumps({**LEAST, "tables": json.loads(f"[{text}]")})
    return text


def check_pages(folder):
    for page in files(".md"):
        text = read(page)
        blocks = [(block.start(), block.group(1)) for block in re.finditer(r"^```jsonc\n(.*?)^```", text, re.S | re.M)]
        for line in re.finditer(r"(?<!`)`(\{\s*\"table\".*?\})`(?!`)", text, re.S):
            blocks.append((line.start(), line.group(1).replace("\n", " ")))
        for at, block in blocks:
            try:
                folder.check(f"{page}:{line_of(text, at)}", whole(block))
            except json.JSONDecodeError as error:
                folder.errors.append(f"{page}:{line_of(text, at)}: {error}")


def check_manual(folder):
    for page in files(".5", ".8"):
        for block in re.findall(r"^\.Bd [^\n]*\n(\{.*?)^\.Ed", read(page), re.S | re.M):
            folder.check(page, whole(block.replace("\\e", "\\").replace("\\&", "")))


def check_files(folder):
    for path in files(".json"):
        if not path.startswith("tests/") and re.search(r'^\s*"pipeline"\s*:', read(path), re.M) and "$schema" not in read(path):
            folder.check(path, read(path))


def put(config, path, value):
    """Sets the key at PATH, in the first entry of arrays, with what has to stand beside it or above."""
    parent = config
    names = path.split(".")
    for number, name in enumerate(names):
        above = ".".join(names[:number])
        beside = BESIDE.get(path, {}) if number == len(names) - 1 else BESIDE.get(f"{above}.{name}" if above else name, {})
        parent.update(beside)
        if number == len(names) - 1:
            parent[name] = value
        elif name.endswith("[]"):
            parent = parent[name[:-2]][0]
        else:
            parent = parent.setdefault(name, {})


def check_keys(folder):
    for key in folder.program.keys:
        if key[1] in ("object", "array of objects"):
            continue
        config = json.loads(json.dumps(LEAST))
        try:
            put(config, key[0], json.loads(key[7]))
        except json.JSONDecodeError as error:
            folder.errors.append(f"conf/keys.c, the example of {key[0]}: {error}")
            continue
        folder.check(f"conf/keys.c, the example of {key[0]}", json.dumps(config))


def main():
    with tempfile.TemporaryDirectory(prefix="sluice-examples-") as path:
        folder = Folder(Program(sys.argv[1]), path)
        for check in (check_pages, check_manual, check_files, check_keys):
            before = folder.count
            check(folder)
            if folder.count == before:
                folder.errors.append(f"{check.__name__} has found no example; mend this check")
    print("\n".join(folder.errors), file=sys.stderr)
    print(f"{folder.count} examples")
    return 1 if folder.errors else 0


if __name__ == "__main__":
    sys.exit(main())

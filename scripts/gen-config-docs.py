#!/usr/bin/env python3
"""Writes docs/configuration.md, and the table of keys in docs/man/sluice.json.5, of what the program says about its keys.

    scripts/gen-config-docs.py build/dev/sluice

conf/keys.c is where the texts stand. With --check nothing is written: the exit status is 1 when either file is not what it
would be.
"""
import os
import re
import subprocess
import sys

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..")
BEGIN = '.\\" The table of keys is made by scripts/gen-config-docs.py; do not edit it.\n'
END = '.\\" The table of keys ends here.\n'

INTRODUCTION = """\
# Configuration

<!-- Made by scripts/gen-config-docs.py of conf/keys.c; do not edit it. -->

Every key of `sluice.json`, with its type, range, default, meaning and an example. The file is JSON with comments (`//` and
`/* */`). A key that is not known, a value of the wrong type and one out of range are refused, all at once, each with its path
and what was expected; `sluice check --config-only` says whether a file can be used without asking a server.

- Any string may hold `${NAME}`, which stands for the environment variable NAME; `$${` stands for `${` itself.
- A size is a number of bytes, or one with a unit: `"64KiB"`, `"64MiB"`, `"1GiB"`.
- `tables`, `on_drop` and `log` can be changed while the daemon runs ([SIGHUP](operations.md#changing-the-configuration)); the
  others are taken over at the next start.

The least that works:

```jsonc
{
  "pipeline": "shop",
  "source": { "host": "db1", "user": "sluice", "password_env": "SLUICE_SOURCE_PASSWORD" },
  "sinks": [ { "url": "redis://cache1:6379/0" } ],
  "tables": [ { "table": "shop.users" } ]
}
```

[conf/sluice.json](../conf/sluice.json) shows every key in its place, [conf/sluice.schema.json](../conf/sluice.schema.json) is the
JSON Schema for editors.
"""


class Key:
    """One line of `sluice --describe-config`."""

    def __init__(self, line):
        (self.path, self.type, self.unit, values, self.default, choices, self.help, self.example) = line.split("\t")
        self.low, self.high = (int(number) for number in values.split(".."))
        self.choices = [choice for choice in choices.split("|") if choice]
        self.is_required = self.default == "required"
        self.is_group = self.type in ("object", "array of objects")
        self.parent, _, self.name = self.path.rpartition(".")

    def range(self):
        """What values it takes, in words; empty where all of the type are fine."""
        if self.choices:
            return "one of " + ", ".join(self.choices)
        if self.type == "integer":
            return f"{self.low} to {self.high}"
        if self.type == "size":
            return f"{size(self.low)} to {size(self.high)}"
        counted = {"array of strings": "names", "object of any names": "members", "string": "bytes"}
        least = f"{self.low} to " if self.low > 1 else "at most "
        return f"{least}{self.high} {counted[self.type]}" if self.high > 0 and self.type in counted else ""


def size(number):
    """12 is 12, 65536 is 64KiB."""
    for unit in ("", "KiB", "MiB", "GiB"):
        if number % 1024 != 0 or number == 0:
            return f"{number}{unit}"
        number //= 1024
    return f"{number}TiB"


def code(text):
    return f"`{text}`"


def facts(key):
    """The line of an entry that says what it takes."""
    unit = key.unit if key.unit and key.type != "size" else ""
    words = [key.type[0].upper() + key.type[1:] + (f", {unit}" if unit else "")]
    if key.choices:
        words[0] = "One of " + ", ".join(code(choice) for choice in key.choices)
    elif key.range():
        words[0] += f", {key.range()}"
    if key.is_required:
        words.append("Required")
    elif key.default:
        words.append(f"Default: {code(key.default)}")
    return ". ".join(words) + "."


def markdown(text):
    """What is in quotes or braces, these at most three deep, stands so in the file."""
    flat = r"\{[^{}]*\}"
    nested = rf"\{{(?:[^{{}}]|{flat})*\}}"
    return re.sub(rf'"[^"]+"|\{{(?:[^{{}}]|{nested})*\}}', lambda found: code(found.group()), text).replace("<", "&lt;")


def entry(key):
    return f"### `{key.path}`\n\n{markdown(key.help)}\n\n{facts(key)} Example: `\"{key.name}\": {key.example}`\n"


def group(key):
    text = f"## `{key.path}`\n\n{markdown(key.help)}"
    if key.type == "array of objects":
        text += f" An array of {key.low} to {key.high} objects."
    return text + (" Required.\n" if key.is_required else "\n")


def page(keys):
    parts = [INTRODUCTION]
    parents = [("", None)] + [(key.path + ("[]" if key.type == "array of objects" else ""), key) for key in keys if key.is_group]
    for parent, key in parents:
        parts.append(group(key) if key else "## The pipeline\n")
        parts += [entry(child) for child in keys if child.parent == parent and not child.is_group]
    return "\n".join(parts)


def roff(text):
    return text.replace("\\", "\\e").replace("...", "\\&...") or "\\&"


def table(keys):
    """The keys at a glance, for the manual page."""
    lines = [BEGIN.rstrip("\n"), '.Bl -column "snapshot.max_threads_running" "{db}:{table}:{pk}" "0 to 9007199254740992"',
             ".It Sy key Ta Sy default Ta Sy values"]
    for key in keys:
        values = key.range() if key.type in ("integer", "size") else "string" if key.choices else key.type.replace(" of any names", "")
        if not key.is_group:
            lines.append(f".It {key.path} Ta {roff(key.default)} Ta {values}")
    return "\n".join(lines) + "\n.El\n" + END


def manual(path, keys):
    with open(path, encoding="utf-8") as file:
        text = file.read()
    if BEGIN not in text or END not in text:
        raise SystemExit(f"{path}: the lines around the table of keys are gone")
    before, _, rest = text.partition(BEGIN)
    return before + table(keys) + rest.partition(END)[2]


def main():
    words = [word for word in sys.argv[1:] if word != "--check"]
    if len(words) != 1:
        raise SystemExit(__doc__)
    said = subprocess.run([os.path.realpath(words[0]), "--describe-config"], capture_output=True, text=True, check=True, timeout=60).stdout
    keys = [Key(line) for line in said.splitlines()]
    os.chdir(ROOT)
    wanted = {"docs/configuration.md": page(keys), "docs/man/sluice.json.5": manual("docs/man/sluice.json.5", keys)}
    stale = []
    for path, text in wanted.items():
        if "--check" in sys.argv:
            with open(path, encoding="utf-8") as file:
                stale += [path] if file.read() != text else []
        else:
            with open(path, "w", encoding="utf-8") as file:
                file.write(text)
    for path in stale:
        print(f"{path} is not what conf/keys.c says: scripts/gen-config-docs.py {words[0]} writes it anew", file=sys.stderr)
    return 1 if stale else 0


if __name__ == "__main__":
    sys.exit(main())

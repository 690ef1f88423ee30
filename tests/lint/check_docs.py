#!/usr/bin/env python3
"""check_docs.py SLUICE - the manual pages have every command, option, exit status, environment variable and configuration
key with its choices and default that the program has, and none that it has not."""
import glob
import os
import re
import subprocess
import sys

ROOT = os.path.normpath(os.path.join(os.path.dirname(os.path.abspath(__file__)), "../.."))
OPTION = re.compile(r"(?:^|(?<=[\s\[(]))--?[a-z][a-z-]*", re.M)
errors = []


def read(path):
    with open(os.path.join(ROOT, path), encoding="utf-8") as file:
        return file.read()


def same(where, program, manual, what):
    """Both are sets."""
    errors.extend(f"{where}: {what} {item} is missing" for item in sorted(program - manual))
    errors.extend(f"{where}: {what} {item} is there, but not in the program" for item in sorted(manual - program))


def call(sluice, *words):
    return subprocess.run([sluice, *words], capture_output=True, text=True, check=True, timeout=60).stdout


class Page:
    """A manual page; its sections are lists of lines."""

    def __init__(self, path):
        self.name = os.path.basename(path)
        self.sections, section = {}, []
        for line in read(path).split("\n"):
            if line.startswith(".Sh "):
                section = self.sections.setdefault(line[4:], [])
            else:
                section.append(line)

    def section(self, name):
        if not self.sections.get(name):
            errors.append(f"{self.name}: there is no section {name}")
        return self.sections.get(name, [])

    def text(self):
        return "\n".join(line for lines in self.sections.values() for line in lines)

    def synopsis(self):
        """{option: whether a word belongs to it}; "-" alone, the end of options, is none."""
        found = {}
        for dashes, word, argument in re.findall(r"\bFl (-?)([a-z][a-z-]*)( Ar)?", "\n".join(self.section("SYNOPSIS"))):
            found[f"-{dashes}{word}"] = bool(argument)
        return found

    def options(self):
        found = {}
        for line in self.section("DESCRIPTION") + self.sections.get("COMMANDS", []):
            item = re.match(r"\.It Fl (-?)([a-z][a-z-]*)( Ar)?", line)
            if item:
                found[f"-{item[1]}{item[2]}"] = bool(item[3])
        return found

    def items(self, section):
        return [line[4:] for line in self.section(section) if line.startswith(".It ")]


def options_of(text):
    """{option: whether a word belongs to it} of the list of options of a --help text."""
    found = {}
    for option, word in re.findall(r"^  (--?[a-z][a-z-]*)( [A-Z][A-Z.]*)?", text, re.M):
        found[option] = bool(word)
    return found


def statuses_of(text):
    """The numbers behind "Exit status:" of a --help text."""
    return set(re.findall(r"\b(\d) ", text.partition("Exit status:")[2]))


def described(options):
    return {f"{option} WORD" if word else option for option, word in options.items()}


def check_command(sluice, command):
    said = call(sluice, command, "--help")
    page = Page(f"docs/man/sluice-{command}.8")
    listed = options_of(said)
    if not re.search(rf"^\.Dt SLUICE-{command.upper()} 8$", read(f"docs/man/{page.name}"), re.M):
        errors.append(f"{page.name}: .Dt names another page")
    same(f"sluice {command} --help, its list", set(OPTION.findall(said.partition("\n\n")[0])), set(listed) | {"-c"}, "option")
    listed["-c"] = True
    same(f"{page.name}, DESCRIPTION", described(listed), described(page.options()), "option")
    same(f"{page.name}, SYNOPSIS", described(listed), described(page.synopsis()), "option")
    same(f"{page.name}, EXIT STATUS", statuses_of(said), set(page.items("EXIT STATUS")), "status")
    for section in ("FILES", "EXAMPLES", "SEE ALSO"):
        page.section(section)
    return statuses_of(said)


def check_overview(said):
    """The names of all commands."""
    page = Page("docs/man/sluice.8")
    commands = set(re.findall(r"^  ([a-z]+) ", said.partition("Commands:\n")[2].partition("\n\n")[0], re.M))
    if len(commands) < 5:
        errors.append("sluice --help names no commands")
    same("sluice.8, COMMANDS", commands, {item[10:-2] for item in page.items("COMMANDS") if item.startswith("Xr sluice-")}, "command")
    pages = {os.path.basename(path)[7:-2] for path in glob.glob(os.path.join(ROOT, "docs/man/sluice-*.8"))}
    same("docs/man", commands, pages, "page of command")
    same("README.md, its table", commands, set(re.findall(r"^\| `sluice ([a-z]+)", read("README.md"), re.M)), "command")
    same("sluice.8", described(options_of(said)), described(page.options()), "option")
    same("sluice.8, EXIT STATUS", statuses_of(said), set(page.items("EXIT STATUS")), "status")
    return commands


def check_statuses(statuses):
    """The README's table may leave a status out, but names none that the command does not have."""
    for command, row in re.findall(r"^\| `sluice ([a-z]+)[^|]*(?:\\\|[^|]*)*`.*\|([^|]*)\|$", read("README.md"), re.M):
        for status in sorted(set(re.findall(r"\b(\d)\b", row)) - statuses.get(command, set())):
            errors.append(f"README.md: sluice {command} has no exit status {status}")
    same("sluice --help", set().union(*statuses.values()), set("012345"), "status")


def check_environment():
    used = set()
    for folder in ("cdc", "filters", "sinks", "conf", "cmd"):
        for path in glob.glob(os.path.join(ROOT, folder, "**/*.c"), recursive=True):
            used.update(re.findall(r'\bgetenv\("(\w+)"\)', read(path)))
    if not used:
        errors.append("no file of the program calls getenv(\"…\"); mend this check")
    overview, commands = set(), set()
    for path in sorted(glob.glob(os.path.join(ROOT, "docs/man/sluice*.8"))):
        page = Page(path)
        items = page.items("ENVIRONMENT") if "ENVIRONMENT" in page.sections else []
        (overview if page.name == "sluice.8" else commands).update(re.findall(r"\b[A-Z][A-Z_]+\b", " ".join(items)))
    same("the pages of commands, ENVIRONMENT", used, commands, "variable")
    same("sluice.8, ENVIRONMENT", used, overview, "variable")


def check_key(fields, item):
    """One key with its lines of sluice.json.5."""
    path, _, _, _, default, choices = fields[:6]
    text = "\n".join(item)
    if default == "required" and not re.search("^Required", text, re.M):
        errors.append(f"sluice.json.5: {path} does not say that it is required")
    if default not in ("", "required") and f".Ql {default}" not in text:
        errors.append(f"sluice.json.5: {path} lacks its default {default}")
    for choice in filter(None, choices.split("|")):
        if not re.search(rf"^\.Ql {re.escape(choice)}( |$)", text, re.M):
            errors.append(f"sluice.json.5: {path} lacks its choice {choice}")


def check_keys(sluice):
    rows = [line.split("\t") for line in call(sluice, "--describe-config").splitlines()]
    if len(rows) < 20:
        errors.append("sluice --describe-config names no keys")
    items, item = {}, []
    for line in read("docs/man/sluice.json.5").split("\n"):
        if line.startswith(".It Ic "):
            item = items.setdefault(line[7:], [])
        elif line.startswith(".El"):
            item = []
        else:
            item.append(line)
    same("sluice.json.5", {row[0] for row in rows}, set(items), "key")
    for row in rows:
        check_key(row, items.get(row[0], []))


def main():
    sluice = os.path.realpath(sys.argv[1])
    commands = check_overview(call(sluice, "--help"))
    statuses = {command: check_command(sluice, command) for command in sorted(commands)}
    check_statuses(statuses)
    check_environment()
    check_keys(sluice)
    print("\n".join(errors), file=sys.stderr)
    return 1 if errors else 0


if __name__ == "__main__":
    sys.exit(main())

#!/usr/bin/env python3
"""check_docs.py SLUICE - the manual pages have every command, option, exit status, environment variable and configuration
key with its choices and default that the program has, and none that it has not."""
import os
import re
import sys

from program import OPTION, Program, arguments, files, read

errors = []


def same(where, program, manual, what):
    """Both are sets."""
    errors.extend(f"{where}: {what} {item} is missing" for item in sorted(program - manual))
    errors.extend(f"{where}: {what} {item} is there, but not in the program" for item in sorted(manual - program))


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


def statuses_of(text):
    """The numbers behind "Exit status:" of a --help text."""
    return set(re.findall(r"\b(\d) ", text.partition("Exit status:")[2]))


def described(options):
    return {f"{option} WORD" if word else option for option, word in options.items()}


def check_command(said, command):
    page = Page(f"docs/man/sluice-{command}.8")
    listed = arguments(said)
    if not re.search(rf"^\.Dt SLUICE-{command.upper()} 8$", read(f"docs/man/{page.name}"), re.M):
        errors.append(f"{page.name}: .Dt names another page")
    same(f"sluice {command} --help, its list", set(OPTION.findall(said.partition("\n\n")[0])), set(listed) | {"-c"}, "option")
    listed["-c"] = "FILE"
    same(f"{page.name}, DESCRIPTION", described(listed), described(page.options()), "option")
    same(f"{page.name}, SYNOPSIS", described(listed), described(page.synopsis()), "option")
    same(f"{page.name}, EXIT STATUS", statuses_of(said), set(page.items("EXIT STATUS")), "status")
    for section in ("FILES", "EXAMPLES", "SEE ALSO"):
        page.section(section)
    return statuses_of(said)


def check_overview(program):
    page, commands = Page("docs/man/sluice.8"), set(program.commands)
    same("sluice.8, COMMANDS", commands, {item[10:-2] for item in page.items("COMMANDS") if item.startswith("Xr sluice-")}, "command")
    same("docs/man", commands, {os.path.basename(path)[7:-2] for path in files(".8") if "/sluice-" in path}, "page of command")
    same("README.md, its table", commands, set(re.findall(r"^\| `sluice ([a-z]+)", read("README.md"), re.M)), "command")
    same("sluice.8", described(arguments(program.help)), described(page.options()), "option")
    same("sluice.8, EXIT STATUS", statuses_of(program.help), set(page.items("EXIT STATUS")), "status")


def check_references():
    """The pages that pages name are there."""
    pages = set(files(".5", ".8"))
    for path in sorted(pages):
        for name, number in re.findall(r"^\.Xr (sluice[\w.-]*) (\d)", read(path), re.M):
            if f"docs/man/{name}.{number}" not in pages:
                errors.append(f"{path}: there is no page {name}({number})")


def check_statuses(statuses):
    """The README's table may leave a status out, but names none that the command does not have."""
    for command, row in re.findall(r"^\| `sluice ([a-z]+)[^|]*(?:\\\|[^|]*)*`.*\|([^|]*)\|$", read("README.md"), re.M):
        for status in sorted(set(re.findall(r"\b(\d)\b", row)) - statuses.get(command, set())):
            errors.append(f"README.md: sluice {command} has no exit status {status}")
    same("sluice --help", set().union(*statuses.values()), set("012345"), "status")


def check_environment():
    used = {name for path in files(".c") if not path.startswith("tests/") for name in re.findall(r'\bgetenv\("(\w+)"\)', read(path))}
    if not used:
        errors.append("no file of the program calls getenv(\"…\"); mend this check")
    overview, commands = set(), set()
    for path in files(".8"):
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


def check_keys(rows):
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
    program = Program(sys.argv[1])
    check_overview(program)
    check_statuses({command: check_command(said, command) for command, said in program.helps.items()})
    check_references()
    check_environment()
    check_keys(program.keys)
    print("\n".join(errors), file=sys.stderr)
    return 1 if errors else 0


if __name__ == "__main__":
    sys.exit(main())

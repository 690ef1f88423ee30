#!/usr/bin/env python3
"""check_mentions.py SLUICE - what the pages, units and scripts say of the program is there: commands that they call and their
options, keys of the configuration by their path, exit statuses, and environment variables of the project's scripts, of which
each is also explained."""
import re
import sys

from program import Program, files, line_of, read

PAGES = (".md", ".5", ".8", ".service.in")
# In a line of words: the command, and the words up to what ends it for a shell. A service may have the program's name.
CALL = re.compile(r"(?:^|[\s`(/\"])(?<!exec )(?<!run )sluice (?!sluice )([a-z]+)\b((?:[^\n|;&`#)]|\)(?=\S))*)")
OPTION = re.compile(r"(?:^|(?<=[\s\[(]))--?[a-z][a-z-]*(?![\w.])")
VARIABLE = re.compile(r"\bSLUICE_[A-Z][A-Z_]*[A-Z]\b")
SCRIPTS = ("/run", "/check", "/lint", "/setup", "/demo", "/root-build", "/mysql-root")
errors = []


def complain(path, text, at, what):
    errors.append(f"{path}:{line_of(text, at)}: {what}")


def code_of(path, text):
    """[(offset, text)]: what stands there to be run, without comments of the shell; of units, what they start. Blocks of text or
    no language are what programs print, but for the lines of a crontab."""
    if path.endswith(".md"):
        blocks = [(found.start(2), re.sub(r" # .*", lambda comment: " " * len(comment.group()), found.group(2)))
                  for found in re.finditer(r"^```(\w*)\n(.*?)^```", text, re.S | re.M) if found.group(1) not in ("", "text")]
        blocks += [(found.start(1), found.group(1)) for found in re.finditer(r"^[\d*]\S*(?: +[\d*/,-]+){4} +\w+ +(sluice .*)$", text, re.M)]
        rest = re.sub(r"^```.*?^```", lambda found: re.sub(r"[^\n]", " ", found.group()), text, flags=re.S | re.M)
        return blocks + [(found.start(1), found.group(1)) for found in re.finditer(r"(?<!`)`((?:[A-Z_]+=\S+ |\$ )*sluice [^`]+)`(?!`)", rest)]
    if path.endswith((".5", ".8")):
        return [(found.start(1), found.group(1)) for found in re.finditer(r"^\.Dl (.*)$", text, re.M)]
    return [(found.start(), found.group()) for found in re.finditer(r"^Exec.*$", text, re.M)]


def check_calls(program, path, text):
    count = 0
    for at, code in code_of(path, text):
        for call in CALL.finditer(code.replace("\\\n", "  ")):
            command, words = call.groups()
            count += 1
            if command not in program.commands:
                complain(path, text, at + call.start(1), f"sluice has no command {command}")
                continue
            for option in sorted(set(OPTION.findall(words)) - program.options(command)):
                complain(path, text, at + call.start(2), f"sluice {command} has no option {option}")
    return count


def check_keys(program, path, text):
    """Dotted paths in code whose first name is a group of keys."""
    known = {key[0].replace("[]", "") for key in program.keys}
    groups = {key[0].split("[")[0] for key in program.keys if key[1] in ("object", "array of objects") and "." not in key[0]}
    count = 0
    for found in re.finditer(r"`((%s)(?:\[\d*\])?(?:\.[a-z_]+(?:\[\])?)+)`" % "|".join(sorted(groups)), text):
        count += 1
        if re.sub(r"\[\d*\]", "", found.group(1)) not in known:
            complain(path, text, found.start(), f"the configuration has no key {found.group(1)}")
    return count


def check_statuses(path, text):
    for found in re.finditer(r"(?<![\w-])status (\d+)\b", text):
        if found.group(1) not in ("0", "1", "2", "3", "4", "5"):
            complain(path, text, found.start(), f"sluice has no exit status {found.group(1)}")


def check_variables():
    """Variables that scripts read are explained on a page or at the head of a script, and none is that nothing reads."""
    scripts = [path for path in files(".py", ".sh", *SCRIPTS) if path.startswith(("scripts/", "tests/", ".ci/")) and not path.startswith("tests/lint/")]
    used, heads, there = set(), set(), set()
    for path in scripts:
        text = read(path)
        there.update(VARIABLE.findall(text))
        used.update(VARIABLE.findall("\n".join(re.findall(r"environ[^\n]*|\$\{?SLUICE_\w+", text))))
        heads.update(VARIABLE.findall(re.match(r'(?:#.*\n)*(?:"""[^"]*""")?', text).group()))
    named = {name for path in files(".md") for name in VARIABLE.findall(read(path))}
    for path in files(".json", ".in", ".cmake", ".txt", ".yml", "Makefile", "test_config_schema.c"):
        there.update(VARIABLE.findall(read(path)))
    errors.extend(f"no page explains the variable {name}, which a script reads" for name in sorted(used - named - heads))
    errors.extend(f"a page names the variable {name}, which nothing has" for name in sorted(named - there))
    return len(used)


def main():
    program = Program(sys.argv[1])
    calls = keys = 0
    for path in files(*PAGES):
        if path.startswith("tests/"):
            continue
        text = read(path)
        calls += check_calls(program, path, text)
        keys += check_keys(program, path, text)
        check_statuses(path, text)
    if calls < 50 or keys < 10 or check_variables() == 0:
        errors.append(f"only {calls} calls and {keys} keys were found; mend this check")
    print("\n".join(errors), file=sys.stderr)
    print(f"{calls} calls, {keys} keys")
    return 1 if errors else 0


if __name__ == "__main__":
    sys.exit(main())

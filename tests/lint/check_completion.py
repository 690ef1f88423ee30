#!/usr/bin/env python3
"""check_completion.py SLUICE - bash completes the commands and options that the program has, all and no others, and both shells
complete the names of files where an option takes one."""
import os
import re
import subprocess
import sys

from program import OPTION, ROOT, Program, arguments, read

SCRIPT = """
. "$1"; shift
complete_words() { COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); COMPREPLY=(); _sluice "$1" 2>/dev/null; echo "${COMPREPLY[*]}"; }
complete_words "$1" ""
for command in "${@:2}"; do complete_words "$1" "$command" -; done
"""


def completed(program):
    """What bash offers as the first word, and behind each command for a dash."""
    done = subprocess.run(["bash", "-c", SCRIPT, "complete", os.path.join(ROOT, "dist/sluice.bash"), program.path, *program.commands],
                          capture_output=True, text=True, check=True, timeout=60)
    return [set(line.split()) for line in done.stdout.split("\n")[:-1]]


def same(where, wanted, got):
    return [f"{where}: {word} is missing" for word in sorted(wanted - got)] + [f"{where}: {word} is offered, but not there" for word in sorted(got - wanted)]


def main():
    program = Program(sys.argv[1])
    first, *behind = completed(program)
    errors = same("bash, sluice", {*program.commands, "--help", "--version"}, first)
    for command, words in zip(program.commands, behind, strict=True):
        errors += same(f"bash, sluice {command}", set(OPTION.findall(program.helps[command])), words)
    take_files = {option for said in program.helps.values() for option, word in arguments(said).items() if word.rstrip(".") in ("FILE", "BINLOG")}
    for path in ("dist/sluice.bash", "dist/sluice.zsh"):
        listed = re.search(r"^ *(-c ?\|[^)]*)\)", read(path), re.M)
        errors += same(f"{path}, names of files", take_files, set(re.split(r" ?\| ?", listed.group(1))) if listed else set())
    print("\n".join(errors), file=sys.stderr)
    return 1 if errors else 0


if __name__ == "__main__":
    sys.exit(main())

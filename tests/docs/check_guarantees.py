#!/usr/bin/env python3
"""Fails when the crash matrix of docs/guarantees.md names a case or a unit test that is not there, or one that is left out of the
runs as pending, when a line of it names none and does not say "by design", or when a case of moments.py is in no line."""
import glob
import os
import re
import sys

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")


def read(path):
    with open(os.path.join(ROOT, path), encoding="utf-8") as file:
        return file.read()


def rows(page):
    """(line number, last column) of the tables of the matrix."""
    begin = page.index("## Crash matrix\n")
    end = page.find("\n## ", begin + 1)
    first = page.count("\n", 0, begin) + 1
    for number, line in enumerate(page[begin:end].splitlines()):
        if line.startswith("|") and not line.startswith("|---") and not line.rstrip().endswith("| shown by |"):
            yield first + number, line.strip().strip("|").rsplit("|", 1)[1].strip()


def cases():
    found = {}
    for path in glob.glob(os.path.join(ROOT, "tests/integration/cases/*.py")):
        for name in re.findall(r"^def (case_\w+)", read(os.path.relpath(path, ROOT)), re.M):
            found[name] = os.path.basename(path)
    return found


def has_unit(name, behaviour):
    path = f"tests/unit/test_{name}.c"
    return os.path.exists(os.path.join(ROOT, path)) and re.search(rf"\b{behaviour}\(void \*\*", read(path)) is not None


def main():
    page, known, wrong, named = read("docs/guarantees.md"), cases(), [], set()
    pending = set(re.findall(r"case_\w+", read("tests/integration/pending.txt")))
    count = 0
    for number, shown in rows(page):
        count += 1
        tests = re.findall(r"`([^`]+)`", shown)
        if not tests and "by design" not in shown:
            wrong.append(f"docs/guarantees.md:{number}: names no test, and does not say that none is needed")
        for test in tests:
            unit, _, behaviour = test.rpartition(": ")
            if unit and not has_unit(unit, behaviour):
                wrong.append(f"docs/guarantees.md:{number}: there is no unit test {test}")
            elif not unit and test not in known:
                wrong.append(f"docs/guarantees.md:{number}: there is no case {test}")
            elif test in pending:
                wrong.append(f"docs/guarantees.md:{number}: {test} is pending")
            named.add(test)
    wrong += [f"docs/guarantees.md: the crash matrix does not name {name}" for name, file in sorted(known.items())
              if file == "moments.py" and name not in named]
    if count < 30:
        wrong.append(f"only {count} lines of the crash matrix were found: mend tests/docs/check_guarantees.py")
    for line in wrong:
        print(line)
    if wrong:
        sys.exit(1)
    print(f"{count} lines, {len(named)} tests")


if __name__ == "__main__":
    main()

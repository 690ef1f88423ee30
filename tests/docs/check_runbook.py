#!/usr/bin/env python3
"""Fails when docs/runbook.md lacks a sentence of the program, has one that the program does not say, has one twice,
or lacks the heading that an alert leads to.

The sentences of the page are the lines of its ```text blocks, with "…" where the program puts in names and numbers.
What is no sentence for an operator is named, with the reason, in silent.py.
"""
import collections
import os
import re
import sys

import sentences
import silent

PAGE = os.path.join(sentences.ROOT, "docs", "runbook.md")
ALERTS = os.path.join(sentences.ROOT, "observe", "alerts.yml")


def of_page(text):
    """(line number, sentence) of the blocks."""
    found = []
    for block in re.finditer(r"^```text\n(.*?)^```$", text, re.S | re.M):
        first = text.count("\n", 0, block.start(1)) + 1
        found += [(first + number, line) for number, line in enumerate(block.group(1).splitlines()) if line.strip()]
    return found


def kebab(name):
    return re.sub(r"(?<!^)([A-Z])", r"-\1", name).lower()


def anchors(text):
    return {re.sub(r"[^\w\- ]", "", title.strip().lower()).replace(" ", "-") for title in re.findall(r"^#+ (.*)$", text, re.M)}


def alerts():
    if not os.path.exists(ALERTS):
        return []
    with open(ALERTS, encoding="utf-8") as file:
        return re.findall(r"^\s*- alert: (\w+)\s*$", file.read(), re.M)


def compare(said, page, names):
    """What is wrong with the page's TEXT; SAID are the program's sentences, NAMES those of alerts."""
    shown, every = collections.OrderedDict(), {sentence.text for sentence in said}
    for sentence in said:
        if silent.reason(sentence) is None:
            shown.setdefault(sentence.text, sentence)
    written = collections.Counter(line for _, line in of_page(page))
    wrong = [f"{one.path}:{one.line}: docs/runbook.md does not have: {text}" for text, one in shown.items() if text not in written]
    wrong += [f"docs/runbook.md:{number}: the program does not say: {line}" for number, line in of_page(page) if line not in every]
    wrong += [f"docs/runbook.md: {count} times: {line}" for line, count in written.items() if count > 1]
    wrong += [f"docs/runbook.md: no heading #alert-{kebab(name)} for the alert {name}" for name in names if f"alert-{kebab(name)}" not in anchors(page)]
    return wrong, len(shown)


def unused():
    """Exceptions of silent.py that except nothing: what they were made for is gone."""
    said = list(sentences.of_program())
    wrong = [f"tests/docs/silent.py: no literal in {path}" for path in silent.FILES if not any(one.path == path for one in said)]
    wrong += [f"tests/docs/silent.py: no call of {call}" for call in silent.CALLS if not any(one.call == call for one in said)]
    for place in silent.PLACES:
        if not any(silent.fits(place, one) for one in said):
            wrong.append(f"tests/docs/silent.py: nothing fits {place[:4]}")
    return wrong


def main():
    with open(PAGE, encoding="utf-8") as file:
        page = file.read()
    wrong, count = compare(list(sentences.of_program()), page, alerts())
    wrong += unused()
    if count < 400:
        wrong.append(f"only {count} sentences were found in the program: mend tests/docs/sentences.py")
    for line in wrong:
        print(line)
    if wrong:
        sys.exit("the runbook and the program differ: put the sentence, with what it means and what to do, into the entry "
                 "where it belongs; what nobody sees into tests/docs/silent.py, with the reason")
    print(f"{count} sentences, {len(alerts())} alerts")


if __name__ == "__main__":
    main()

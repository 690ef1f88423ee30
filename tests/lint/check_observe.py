#!/usr/bin/env python3
"""Compares observe/ with docs/metrics.md: alert rules and dashboard ask for nothing that no page shows.

Every metric and label in an expression is documented; every alert is documented, tested, and names its heading in the runbook.
"""
import json
import os
import re
import sys

os.chdir(os.path.join(os.path.dirname(os.path.abspath(__file__)), "../.."))

PAGE = "docs/metrics.md"
RULES = "observe/alerts.yml"
RULE_TESTS = "observe/alerts.test.yml"
BOARD = "observe/grafana/dashboards/sluice.json"
RUNBOOK = "docs/runbook.md"
COMMON_LABELS = {"pipeline", "sink", "instance", "job"}
PARTS = ("_bucket", "_sum", "_count")
errors = []


def read(path):
    with open(path, encoding="utf-8") as file:
        return file.read()


def documented_metrics(text):
    """{name: (type, labels)}; of what is written to a file, which Prometheus has, too, the type is None."""
    found = {}
    for line in text.splitlines():
        row = re.match(r"\| `(sluice_\w+)` \|(.*)\|$", line)
        if row:
            cells = [cell.strip() for cell in row.group(2).split("|")]
            kind = cells.pop(0) if cells[0] in ("gauge", "counter", "histogram") else None
            found[row.group(1)] = (kind, set(re.findall(r"`(\w+)`", cells[0])))
    return found


def check_expression(where, expression, metrics):
    for name, selector in re.findall(r"\b(sluice_\w+)(\{[^}]*\})?", expression):
        base = next((name[:-len(part)] for part in PARTS if name.endswith(part) and name not in metrics), name)
        kind, labels = metrics.get(base, ("", set()))
        if base not in metrics or (base != name) != (kind == "histogram"):
            errors.append(f"{where}: {PAGE} has no metric {name}")
            continue
        for label in re.findall(r"(\w+)\s*[=!]~?", selector):
            if label not in labels | COMMON_LABELS:
                errors.append(f"{where}: {PAGE} knows no label {label} of {name}")


def rules(text):
    """[(name, expression, runbook)], by the layout that this file keeps to."""
    found = []
    for block in re.split(r"^ {6}- alert: ", text, flags=re.M)[1:]:
        expression = re.search(r"^ {8}expr: (.*(?:\n {10}.*)*)", block, re.M)
        runbook = re.search(r"^ {10}runbook: (.*)$", block, re.M)
        found.append((block.split("\n")[0], expression.group(1) if expression else "", runbook.group(1) if runbook else ""))
    return found


def kebab(name):
    return re.sub(r"(?<!^)(?=[A-Z])", "-", name).lower()


def anchors(text):
    headings = {re.sub(r"[^\w\- ]", "", title.strip().lower()).replace(" ", "-") for title in re.findall(r"^#+ (.*)$", text, re.M)}
    return headings | set(re.findall(r'<a (?:id|name)="([^"]+)"', text))


def check_rules(metrics, page):
    found = rules(read(RULES))
    names = {name for name, _, _ in found}
    tested = set(re.findall(r'alertname(?:="|: )(\w+)', read(RULE_TESTS)))
    documented = set(re.findall(r"^\| `(Sluice\w+)` \|", page, re.M))
    known_anchors = anchors(read(RUNBOOK))
    for name, expression, runbook in found:
        check_expression(f"{RULES}, {name}", expression, metrics)
        anchor = f"alert-{kebab(name)}"
        if runbook != f"{RUNBOOK}#{anchor}":
            errors.append(f"{RULES}, {name}: runbook is not {RUNBOOK}#{anchor}")
        if anchor not in known_anchors:
            errors.append(f"{RUNBOOK} has no heading #{anchor}")
    for what, other in ((RULE_TESTS, tested), (PAGE, documented)):
        errors.extend(f"{what} lacks the alert {name}" for name in sorted(names - other))
        errors.extend(f"{what} has an alert {name}, which {RULES} has not" for name in sorted(other - names))
    return len(found)


def expressions(value):
    """All values of "expr" in a JSON document."""
    if isinstance(value, dict):
        for name, item in value.items():
            if name in ("expr", "definition"):
                yield item
            else:
                yield from expressions(item)
    elif isinstance(value, list):
        for item in value:
            yield from expressions(item)


def check_board(metrics):
    board = json.loads(read(BOARD))
    asked = list(expressions(board))
    for expression in asked:
        check_expression(BOARD, expression, metrics)
    numbers = [panel["id"] for panel in board["panels"]]
    if len(numbers) != len(set(numbers)):
        errors.append(f"{BOARD}: two panels have the same id")
    for panel in board["panels"]:
        if panel["type"] != "row" and not panel.get("targets"):
            errors.append(f"{BOARD}: panel {panel['title']} asks for nothing")
    return len(asked)


def main():
    page = read(PAGE)
    metrics = documented_metrics(page)
    rule_count, asked = check_rules(metrics, page), check_board(metrics)
    # A layout that this check does not read any more must not look like one without errors.
    if len(metrics) < 30 or rule_count < 10 or asked < 30:
        errors.append(f"only {len(metrics)} metrics, {rule_count} rules and {asked} expressions were found: mend this check")
    print("\n".join(errors) or f"{len(metrics)} metrics, {rule_count} rules, {asked} expressions")
    return 1 if errors else 0


if __name__ == "__main__":
    sys.exit(main())

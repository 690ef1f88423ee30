#!/bin/sh
# check_readme.sh - fails when the documentation names what is not there: a file or heading behind a link, a file
# in backticks, a configuration key in a ```jsonc block that conf/keys.c does not know or refuses, or a path of
# somebody's machine.
set -eu
cd "$(dirname "$0")/../.."
exec python3 - "$@" <<'PYTHON'
import glob
import os
import re
import sys

PAGES = sorted({"README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "CHANGELOG.md", "SECURITY.md",
                *(page for page in glob.glob("**/*.md", recursive=True) if not page.startswith("build/"))})
FOLDERS = r"(?:cdc|filters|sinks|conf|cmd|tests|docs|scripts|cmake|observe|\.ci)/"
# Placeholders of ours. Shell patterns are none: they must find something.
PLACEHOLDER = re.compile(r"NAME|CASE|…|<")
MACHINE_PATH = re.compile(r"(?<![\w.~-])/(?:work|root|home|tmp|mnt)(?:/|\b)")
JSON_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|//[^\n]*|/\*.*?\*/|[{}\[\]:,]|[^\s{}\[\]:,"/]+', re.S)
errors = []


def complain(page, line, text):
    errors.append(f"{page}:{line}: {text}")


def line_of(text, at):
    return text.count("\n", 0, at) + 1


def known_keys():
    """{path: whether the version refuses it} of conf/keys.c."""
    with open("conf/keys.c", encoding="utf-8") as file:
        rows = re.findall(r'\{\.path = "([^"]+)",([^{}]*)', file.read())
    return {path: "SL_CONF_UNAVAILABLE" in rest for path, rest in rows}


def known_maps():
    with open("conf/keys.c", encoding="utf-8") as file:
        return re.findall(r'\{\.path = "([^"]+)", \.type = SL_CONF_MAP', file.read())


def refused_words():
    """{name of a list of choices: words that this version refuses}, by path."""
    with open("conf/keys.c", encoding="utf-8") as file:
        text = file.read()
    lists = {name: set(re.findall(r'\.name = "([^"]+)", \.instead', body))
             for name, body in re.findall(r"struct sl_conf_choice (\w+)\[\] = \{(.*?)\n\};", text, re.S)}
    return {path: lists[name] for path, name in re.findall(r'\{\.path = "([^"]+)",[^{}]*?\.choices = (\w+)', text)}


def json_members(text):
    """(path, offset, value or None) of every member of a jsonc text; arrays of objects are "name[]"."""
    found, stack, key = [], [], None
    tokens = [(m.group(), m.start()) for m in JSON_TOKEN.finditer(text) if not m.group().startswith(("//", "/*"))]
    if not tokens or tokens[0][0] != "{":
        stack.append(("{", ""))  # a piece of a file: its members without the braces
    for number, (token, at) in enumerate(tokens):
        following = tokens[number + 1][0] if number + 1 < len(tokens) else ""
        if token in "{[":
            path = (stack[-1][1] if stack else "") if key is None else key
            if token == "[":
                path += "[]"
            stack.append((token, path))
            key = None
        elif token in "}]":
            if not stack:
                raise ValueError(f"an unexpected {token}")
            stack.pop()
            key = None
        elif token == ",":
            key = None
        elif token.startswith('"') and following == ":":
            parent = stack[-1][1]
            key = f"{parent}.{token[1:-1]}" if parent else token[1:-1]
            value = tokens[number + 2] if number + 2 < len(tokens) else ("", 0)
            found.append((key, at, value[0][1:-1] if value[0].startswith('"') else None))
    return found


def is_of_map(path, maps):
    """True for names that the user chooses, and what stands below them."""
    return any(path.startswith(f"{name}.") for name in maps)


def check_config(page, text, keys, refused):
    maps = known_maps()
    for block in re.finditer(r"^```jsonc\n(.*?)^```", text, re.S | re.M):
        try:
            members = json_members(block.group(1))
        except (ValueError, IndexError) as error:
            complain(page, line_of(text, block.start()), f"the configuration cannot be read: {error}")
            continue
        for path, at, value in members:
            line = line_of(text, block.start(1) + at)
            if is_of_map(path, maps):
                continue
            if path not in keys:
                complain(page, line, f"conf/keys.c knows no key {path}")
            elif keys[path]:
                complain(page, line, f"this version refuses the key {path}")
            if value in refused.get(path, ()):
                complain(page, line, f'this version refuses "{value}" for {path}')


def headings(page):
    """The anchors of a page, as the usual renderers make them."""
    with open(page, encoding="utf-8") as file:
        text = re.sub(r"^```.*?^```", "", file.read(), flags=re.S | re.M)
    return {re.sub(r"[^\w\- ]", "", title.strip().lower()).replace(" ", "-") for title in re.findall(r"^#+ (.*)$", text, re.M)}


def check_links(page, text):
    for link in re.finditer(r"\]\(([^)\s]+)\)", text):
        target, _, anchor = link.group(1).partition("#")
        line = line_of(text, link.start())
        if re.match(r"[a-z]+:", target):
            continue
        path = os.path.normpath(os.path.join(os.path.dirname(page), target)) if target else page
        if path.startswith("..") or os.path.isabs(path):
            complain(page, line, f"{link.group(1)} leads out of the repository")
        elif not os.path.exists(path):
            complain(page, line, f"there is no file {path}")
        elif anchor and anchor not in headings(path):
            complain(page, line, f"{path} has no heading #{anchor}")


def check_files(page, text):
    for named in re.finditer(r"`(" + FOLDERS + r"[^`\s]*)`", text):
        path = named.group(1)
        if not PLACEHOLDER.search(path) and not glob.glob(path):
            complain(page, line_of(text, named.start()), f"there is no file {path}")


def main():
    keys, refused = known_keys(), refused_words()
    if len(keys) < 20 or not refused:
        sys.exit("check_readme: conf/keys.c does not look as expected; mend this check")
    blocks = 0
    for page in PAGES:
        if not os.path.exists(page):
            complain(page, 1, "there is no such page")
            continue
        with open(page, encoding="utf-8") as file:
            text = file.read()
        blocks += text.count("```jsonc")
        check_links(page, text)
        check_files(page, text)
        check_config(page, text, keys, refused)
        for found in MACHINE_PATH.finditer(text):
            complain(page, line_of(text, found.start()), f"{found.group()} is a path of somebody's machine")
    if blocks == 0:
        complain("README.md", 1, "no page has a configuration in a ```jsonc block")
    print("\n".join(errors), file=sys.stderr)
    sys.exit(1 if errors else 0)


main()
PYTHON

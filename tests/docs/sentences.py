"""The sentences that the program can say, as they stand in its C files.

A sentence is a string literal of three words or more. What printf puts into it is shown as "…", names of two
parts ("shop.users", "db1:3306") as one of them.
"""
import collections
import glob
import os
import re

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
FOLDERS = ("cdc", "conf", "filters", "sinks", "cmd")

TOKEN = re.compile(r"""/\*.*?\*/ | ^[ \t]*\#(?:[^\n\\]|\\.)* | "(?:\\.|[^"\\])*" | '(?:\\.|[^'\\])*' | [A-Za-z_]\w* | \S""",
                   re.S | re.X | re.M)
NAME = re.compile(r"[A-Za-z_]\w*$")
KEYWORDS = {"if", "for", "while", "switch", "return", "sizeof"}
CONVERSION = re.compile(r"%[-+ #0]*(?:\*|\d+)?(?:\.(?:\*|\d+))?(?:hh|h|ll|l|z|j|t)?[diouxXscpfFeEgGaA]")
ESCAPE = re.compile(r"\\(x[0-9a-fA-F]+|[0-7]{1,3}|.)", re.S)
PLAIN = {"n": "\n", "t": "\t", "r": "\r"}

# path, line, the call that it is an argument of ("" for tables and return values), what precedes it in that
# call, and the sentence.
Sentence = collections.namedtuple("Sentence", "path line call before text")


def tokens(source):
    """(token, offset) without comments and directives."""
    found = []
    for match in TOKEN.finditer(source):
        token = match.group()
        if not token.startswith("/*") and not token.lstrip().startswith("#"):
            found.append((token, match.start()))
    return found


def is_string(token):
    return token.startswith('"')


def joined(items, at):
    """What adjacent literals make, and the index behind them; a macro between them is "…"."""
    text = items[at][0][1:-1]
    at += 1
    while at < len(items):
        token = items[at][0]
        following = items[at + 1][0] if at + 1 < len(items) else ""
        if is_string(token):
            text += token[1:-1]
        elif token.startswith("PRI") and text.endswith("%"):
            text = text[:-1] + "…"
        elif NAME.match(token) and is_string(following):
            text += "…"
        else:
            break
        at += 1
    return text, at


def plain(text):
    """TEXT as the program prints it, with "…" for what changes."""
    text = CONVERSION.sub("…", text).replace("%%", "%")
    text = ESCAPE.sub(lambda found: PLAIN.get(found.group(1), found.group(1)), text)
    text = re.sub(r"…(?:[.:]?…)+", "…", text)
    return re.sub(r"\s+", " ", text).strip()


def words(text):
    return len([word for word in text.split() if re.search(r"[A-Za-z]{2}", word)])


def of_file(path):
    with open(os.path.join(ROOT, path), encoding="utf-8") as file:
        source = file.read()
    items, calls, at = tokens(source), [], 0
    while at < len(items):
        token, offset = items[at]
        if token == "(":
            name = items[at - 1][0] if at else ""
            calls.append((name if NAME.match(name) and name not in KEYWORDS else "", at + 1))
        elif token == ")" and calls:
            calls.pop()
        if not is_string(token):
            at += 1
            continue
        text, behind = joined(items, at)
        call, begin = next(((name, first) for name, first in reversed(calls) if name), ("", at))
        before = "".join(f"{item} " for item, _ in items[begin:at])
        if words(plain(text)) >= 3:
            yield Sentence(path, source.count("\n", 0, offset) + 1, call, before, plain(text))
        at = behind


def of_program():
    for folder in FOLDERS:
        for path in sorted(glob.glob(os.path.join(ROOT, folder, "**", "*.c"), recursive=True)):
            yield from of_file(os.path.relpath(path, ROOT))

"""What the checks of this folder share: the checkout's files, and what the program says about itself."""
import os
import re
import subprocess

ROOT = os.path.normpath(os.path.join(os.path.dirname(os.path.abspath(__file__)), "../.."))
OPTION = re.compile(r"(?:^|(?<=[\s\[(]))--?[a-z][a-z-]*", re.M)
LEFT_OUT = {"build", ".git", "corpus", "__pycache__"}


def read(path):
    with open(os.path.join(ROOT, path), encoding="utf-8") as file:
        return file.read()


def files(*endings):
    """Paths of the checkout that end so, the first folder's name with a / before it; without what was built."""
    found = []
    for folder, folders, names in os.walk(ROOT):
        folders[:] = sorted(name for name in folders if name not in LEFT_OUT)
        found += [os.path.relpath(os.path.join(folder, name), ROOT) for name in names]
    return sorted(path for path in found if f"/{path}".endswith(endings))


class Program:
    def __init__(self, path):
        self.path = os.path.realpath(path)
        self.help = self.call("--help")
        self.commands = re.findall(r"^  ([a-z]+) ", self.help.partition("Commands:\n")[2].partition("\n\n")[0], re.M)
        self.helps = {command: self.call(command, "--help") for command in self.commands}
        self.keys = [line.split("\t") for line in self.call("--describe-config").splitlines()]
        if len(self.commands) < 5 or len(self.keys) < 20:
            raise SystemExit(f"{path} names {len(self.commands)} commands and {len(self.keys)} keys; mend this check")

    def call(self, *words):
        return subprocess.run([self.path, *words], capture_output=True, text=True, check=True, timeout=60).stdout

    def options(self, command):
        return set(OPTION.findall(self.helps[command])) | {"--help", "-h"}


def arguments(text):
    """{option: the word that belongs to it, "" when none does} of the list of options of a --help text."""
    return {option: word.strip() for option, word in re.findall(r"^  (--?[a-z][a-z-]*)( [A-Z][A-Z.]*)?", text, re.M)}


def line_of(text, at):
    return text.count("\n", 0, at) + 1

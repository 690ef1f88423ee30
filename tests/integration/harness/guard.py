"""Ends processes and removes folders when the test that made them is gone, however it went.

PR_SET_PDEATHSIG does not do for this: the kernel clears it when a server changes its user. The guard
reads lines from a pipe whose other end only the test holds; the end of the pipe is the test's end.

    +p PID START   a process to end (START: its start time, so that a reused PID is spared)
    -p PID         it has been reaped
    +d PATH        a folder to remove
    -d PATH        keep it (or it is gone already)
"""
import os
import shutil
import signal
import subprocess
import sys


def start_time(pid):
    """The process's start in clock ticks since boot, or None when it is gone."""
    try:
        with open(f"/proc/{pid}/stat", "rb") as file:
            return int(file.read().rpartition(b")")[2].split()[19])
    except (OSError, IndexError, ValueError):
        return None


class Guard:
    """The test's end of the pipe."""

    def __init__(self):
        self._child = subprocess.Popen([sys.executable, "-ISB", os.path.abspath(__file__)], stdin=subprocess.PIPE,
                                       start_new_session=True)

    def _tell(self, line):
        self._child.stdin.write(line.encode() + b"\n")
        self._child.stdin.flush()

    def add_process(self, pid):
        self._tell(f"+p {pid} {start_time(pid)}")

    def drop_process(self, pid):
        self._tell(f"-p {pid}")

    def add_folder(self, path):
        self._tell(f"+d {path}")

    def drop_folder(self, path):
        self._tell(f"-d {path}")

    def close(self):
        self._child.stdin.close()
        self._child.wait()


def main():
    processes, folders = {}, set()
    for line in sys.stdin:
        verb, _, rest = line.rstrip("\n").partition(" ")
        if verb == "+p":
            pid, start = rest.split()
            processes[int(pid)] = start
        elif verb == "-p":
            processes.pop(int(rest), None)
        elif verb == "+d":
            folders.add(rest)
        elif verb == "-d":
            folders.discard(rest)
    for pid, start in processes.items():
        if str(start_time(pid)) == start:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
    for path in folders:
        shutil.rmtree(path, ignore_errors=True)


if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    main()

"""Runs the program under test: writes its configuration, starts it, reads what it says."""
import json
import os
import re
import subprocess
import threading

from .place import Failure
from .process import PATIENCE, Process, wait_until
from .servers import REDIS_PASSWORD, SOURCE_PASSWORD, SOURCE_USER

READY = re.compile(r"\bready\b")
SANITIZER = re.compile(r"ERROR: (Address|Leak)Sanitizer|WARNING: ThreadSanitizer|runtime error: |FATAL: ThreadSanitizer")
PIPELINE = "it"

OK, BAD_CONFIG, SOURCE_UNUSABLE, SINK_UNUSABLE, CANNOT_CONTINUE = 0, 2, 3, 4, 5


class Sluice:
    """One configuration of the program; several processes may run of it, one after the other."""
    count = 0

    def __init__(self, guard, place, binary, folder, config):
        Sluice.count += 1
        self.guard = guard
        self.place = place
        self.binary = place.inner(binary)
        self.folder = folder
        self.config = config
        self.number = Sluice.count
        self.process = None
        self.start_offset = 0
        self.log_path = os.path.join(folder, f"sluice-{self.number}.log")
        self.config_path = os.path.join(folder, f"sluice-{self.number}.json")
        self.other_logs = []  # of its commands that ran in the background
        self.write_config()

    def write_config(self):
        with open(self.config_path, "w", encoding="utf-8") as file:
            json.dump(self.config, file, indent=1)

    def environment(self):
        options = "halt_on_error=1:exitcode=99:abort_on_error=0"
        return {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C.UTF-8", "HOME": "/tmp",
                "SLUICE_SOURCE_PASSWORD": SOURCE_PASSWORD, "SLUICE_REDIS_PASSWORD": REDIS_PASSWORD,
                "ASAN_OPTIONS": options, "UBSAN_OPTIONS": options + ":print_stacktrace=1",
                "TSAN_OPTIONS": "halt_on_error=0:exitcode=99"}

    def command(self, *args):
        """`sluice COMMAND -c FILE …` as an argument list."""
        name, *rest = args
        return self.place.command([self.binary, name, "-c", self.place.inner(self.config_path), *rest])

    # run

    def start(self, ready=True, timeout=60):
        """Starts `sluice run`; with READY waits until it streams."""
        self.start_offset = os.path.getsize(self.log_path) if os.path.exists(self.log_path) else 0
        self.process = Process(self.guard, self.command("run"), self.log_path, self.environment())
        if ready:
            self.wait_ready(timeout)
        return self

    def wait_ready(self, timeout=60):
        def check():
            if not self.process.is_running():
                raise Failure(f"sluice run ended with status {self.process.poll()} before it was ready: {self.said()[-2000:]}")
            return self.ready_said()

        wait_until(lambda: f"sluice's ready line; it said: {self.said()[-1500:]}", timeout, check)

    def said(self):
        """What the last process has written."""
        if not os.path.exists(self.log_path):
            return ""
        with open(self.log_path, "rb") as file:
            file.seek(self.start_offset)
            return file.read().decode("utf-8", "replace")

    def ready_said(self, offset=0):
        """Whether the last process has said that it streams, behind OFFSET of what it said."""
        return READY.search(self.said()[offset:]) is not None

    def wait_said(self, pattern, timeout=60):
        return wait_until(lambda: f"sluice to say /{pattern}/; it said: {self.said()[-1500:]}", timeout,
                          lambda: re.search(pattern, self.said(), re.IGNORECASE))

    def stop(self, timeout=60):
        """SIGTERM; it must leave with status 0."""
        if self.process is None or not self.process.is_running():
            raise Failure(f"sluice run was no longer running, its status {self.process and self.process.poll()}: {self.said()[-2000:]}")
        status = self.process.stop(timeout)
        if status != OK:
            raise Failure(f"sluice run left with status {status} when asked to stop: {self.said()[-2000:]}")

    def kill(self):
        self.process.kill()

    def restart(self, kill=False):
        if kill:
            self.kill()
        else:
            self.stop()
        return self.start()

    def expect_exit(self, status, pattern, timeout=60):
        """The process ends by itself with STATUS and a sentence that PATTERN finds."""
        got = self.process.wait(timeout)
        if got != status:
            raise Failure(f"sluice run ended with status {got}, due was {status}: {self.said()[-2000:]}")
        if not re.search(pattern, self.said(), re.IGNORECASE):
            raise Failure(f"sluice run ended with status {got}, but does not say /{pattern}/: {self.said()[-2000:]}")

    # one-shot commands

    def call(self, *args, timeout=120, status=None):
        """Runs `sluice ARGS…` to its end: (status, stdout, stderr)."""
        try:
            done = subprocess.run(self.command(*args), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                  stderr=subprocess.PIPE, env=self.environment(), timeout=timeout * PATIENCE, check=False)
        except subprocess.TimeoutExpired:
            raise Failure(f"sluice {' '.join(args)} was still running after {timeout * PATIENCE} s") from None
        out, err = done.stdout.decode("utf-8", "replace"), done.stderr.decode("utf-8", "replace")
        with open(self.log_path, "a", encoding="utf-8") as log:
            log.write(f"--- sluice {' '.join(args)}: status {done.returncode}\n{out[-100000:]}{err}")
        if status is not None and done.returncode != status:
            raise Failure(f"sluice {' '.join(args)} ended with status {done.returncode}, due was {status}: {err[-1500:]}{out[-500:]}")
        return done.returncode, out, err

    def logs(self):
        """The files that it and its commands have written to."""
        return [self.log_path, *self.other_logs]

    # what must hold after every test

    def complaints(self):
        """Sanitizer reports and passwords in anything that it wrote."""
        text = ""
        for path in self.logs():
            if os.path.exists(path):
                with open(path, "rb") as file:
                    text += file.read().decode("utf-8", "replace")
        found = []
        report = SANITIZER.search(text)
        if report:
            found.append("sanitizer report: " + text[report.start():report.start() + 1500])
        for name, password in (("source", SOURCE_PASSWORD), ("Redis", REDIS_PASSWORD)):
            if password in text:
                found.append(f"the {name} password is in sluice's output")
        return found


def make_config(source_port, redis_port, tables, **changes):
    """A configuration; CHANGES replace top-level keys, a dict is merged into one, None removes one."""
    config = {
        "pipeline": PIPELINE,
        "start": "earliest",
        "source": {"host": "127.0.0.1", "port": source_port, "user": SOURCE_USER,
                   "password_env": "SLUICE_SOURCE_PASSWORD"},
        "sinks": [{"name": "main", "url": f"redis://127.0.0.1:{redis_port}/0", "password_env": "SLUICE_REDIS_PASSWORD"}],
        "tables": tables,
        "on_gap": "stop",
    }
    for key, value in changes.items():
        if value is None:
            config.pop(key, None)
        elif isinstance(value, dict) and isinstance(config.get(key), dict):
            config[key] = {**config[key], **value}
        else:
            config[key] = value
    return config

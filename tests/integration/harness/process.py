"""A child process that is started, stopped, killed and paused, and never outlives the test."""
import os
import signal
import subprocess
import time

from .place import Failure

# Limits in this harness say when something hangs, on a machine that has nothing else to do. One that is busy is
# slower by some factor, and a limit that is too long costs nothing where nothing hangs.
PATIENCE = 4


class Process:
    def __init__(self, guard, argv, log_path, env=None):
        self.guard = guard
        self.argv = argv
        self.log_path = log_path
        with open(log_path, "ab") as log:
            self.child = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=env,
                                          start_new_session=True, close_fds=True)
        guard.add_process(self.child.pid)

    @property
    def pid(self):
        return self.child.pid

    def poll(self):
        status = self.child.poll()
        if status is not None:
            self.guard.drop_process(self.child.pid)
        return status

    def is_running(self):
        return self.poll() is None

    def wait(self, timeout):
        """The exit status, or a Failure after TIMEOUT seconds, and PATIENCE."""
        try:
            status = self.child.wait(timeout * PATIENCE)
        except subprocess.TimeoutExpired:
            raise Failure(f"{os.path.basename(self.argv[0])} (pid {self.pid}) was still running after {timeout * PATIENCE} s; "
                          f"log: {self.log_path}") from None
        self.guard.drop_process(self.child.pid)
        return status

    def send(self, number):
        if self.is_running():
            os.kill(self.child.pid, number)

    def stop(self, timeout=60, number=signal.SIGTERM):
        self.send(signal.SIGCONT)
        self.send(number)
        return self.wait(timeout)

    def kill(self):
        self.send(signal.SIGKILL)
        return self.wait(30)

    def pause(self):
        self.send(signal.SIGSTOP)

    def resume(self):
        self.send(signal.SIGCONT)

    def rss_bytes(self):
        """Resident memory now."""
        return self._status("VmRSS")

    def peak_rss_bytes(self):
        return self._status("VmHWM")

    def _status(self, name):
        with open(f"/proc/{self.pid}/status", encoding="ascii", errors="replace") as file:
            for line in file:
                if line.startswith(name + ":"):
                    return int(line.split()[1]) * 1024
        raise Failure(f"pid {self.pid} has no {name}: it has ended")

    def log(self):
        with open(self.log_path, "rb") as file:
            return file.read().decode("utf-8", "replace")


def wait_until(what, timeout, check, interval=0.05):
    """Calls CHECK until it returns something true, and returns that. WHAT is said when it does not; it may
    be a function, which is asked then."""
    timeout *= PATIENCE
    end = time.monotonic() + timeout
    while True:
        result = check()
        if result:
            return result
        if time.monotonic() > end:
            raise Failure(f"waited {timeout} s for {what() if callable(what) else what}")
        time.sleep(interval)

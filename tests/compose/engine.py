"""A container engine for the tests: the one that runs, or one of our own, in a folder that goes with it.

The file is also the program of the keeper: a process that finds or starts the engine, says so in one line of JSON, and when
its standard input ends (however the test ended) removes every container, network, volume and image of the project and what it
has started itself. The engine of our own lives in name spaces of processes and mounts that end with the keeper; it
changes no packet filter, and listens to a socket in its folder only.
"""
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
START_SECONDS = 60
LABEL = "sluice.test"


class Engine:
    """The test's end of the keeper."""

    def __init__(self, project):
        self._keeper = subprocess.Popen([sys.executable, os.path.abspath(__file__), project], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, start_new_session=True)
        line = self._keeper.stdout.readline()
        found = json.loads(line) if line else {"error": "the keeper of the engine ended"}
        if "error" in found:
            self.close()
            raise OSError(found["error"])
        self.environment = {**os.environ, **found["environment"]}
        self.said = found["said"]

    def close(self):
        """Returns when nothing is left."""
        self._keeper.stdin.close()
        self._keeper.wait()


def call(argv, environment=None, check=True):
    done = subprocess.run(argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False,
                          env=environment, text=True)
    if check and done.returncode != 0:
        raise OSError(f"{' '.join(argv)} ended with {done.returncode}: {(done.stderr + done.stdout)[-2000:]}")
    return done.stdout


def answers(environment):
    try:
        return call(["docker", "info", "--format", "{{.ServerVersion}}"], environment).strip()
    except OSError:
        return ""


def remove_project(project, environment):
    """All that has the project's label or name; what is not there is no error."""
    def remove(what, listing, *options):
        found = call(["docker", *listing], environment, check=False).split()
        if found:
            call(["docker", *what, *options, *found], environment, check=False)

    own = f"label=com.docker.compose.project={project}"
    remove(["rm"], ["ps", "-aq", "--filter", own], "--force", "--volumes")
    remove(["volume", "rm"], ["volume", "ls", "-q", "--filter", own])
    remove(["network", "rm"], ["network", "ls", "-q", "--filter", own])
    # What first stages of builds have left has neither name nor label, but stands on the root that was imported.
    root = call(["docker", "images", "-q", "--no-trunc", f"{project}-root"], environment, check=False).strip()
    unnamed = call(["docker", "images", "-q", "--no-trunc", "--filter", "dangling=true"], environment, check=False).split()
    left = [image for image in unnamed
            if root and root in call(["docker", "history", "-q", "--no-trunc", image], environment, check=False).split()]
    if left:
        call(["docker", "rmi", "--force", *left], environment, check=False)
    call(["docker", "image", "prune", "--force", "--filter", f"label={LABEL}={project}"], environment, check=False)
    remove(["rmi"], ["images", "-q", "--filter", f"reference={project}-*"], "--force")


class OwnEngine:
    def __init__(self, project):
        self.project = project
        # Not the folder for temporary files: images take gigabytes, and names of sockets are short.
        self.folder = tempfile.mkdtemp(prefix="sluice-engine-", dir="/var/tmp")
        self.environment = {**os.environ, "DOCKER_HOST": f"unix://{self.folder}/socket"}
        for name in ("DOCKER_CONTEXT", "DOCKER_TLS_VERIFY", "DOCKER_CERT_PATH"):
            self.environment.pop(name, None)
        self.process = None

    def start(self):
        arguments = ["dockerd", f"--host=unix://{self.folder}/socket", f"--data-root={self.folder}/data", f"--exec-root={self.folder}/exec",
                     f"--pidfile={self.folder}/pid", "--bridge=none", "--iptables=false", "--ip6tables=false", "--ip-forward=false",
                     f"--containerd-namespace={self.project}", f"--containerd-plugins-namespace={self.project}-plugins"]
        with open(f"{self.folder}/log", "wb") as log:
            # All that runs in it ends with the first process in there, and that with this one.
            self.process = subprocess.Popen(["setpriv", "--pdeathsig", "KILL", "unshare", "--pid", "--mount", "--mount-proc", "--fork",
                                             "--kill-child", *arguments], stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                            env={**self.environment, "PATH": os.environ.get("PATH", "") + ":/usr/sbin:/sbin"})
        end = time.monotonic() + START_SECONDS
        while not answers(self.environment):
            if self.process.poll() is not None or time.monotonic() > end:
                with open(f"{self.folder}/log", encoding="utf-8", errors="replace") as log:
                    raise OSError(f"dockerd does not start: {log.read()[-2000:]}")
            time.sleep(0.2)

    def _stop(self):
        """SIGTERM is for dockerd, the child of unshare, which leaves with it."""
        with open(f"/proc/{self.process.pid}/task/{self.process.pid}/children", encoding="ascii") as file:
            children = [int(pid) for pid in file.read().split()]
        for pid in children:
            os.kill(pid, signal.SIGTERM)
        try:
            self.process.wait(30)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def close(self):
        if self.process is not None and self.process.poll() is None:
            self._stop()
        shutil.rmtree(self.folder, ignore_errors=True)


def keep(project):
    own, environment = None, dict(os.environ)
    try:
        version = answers(environment)
        if version:
            said, changes = f"engine {version}, which runs here", {}
        else:
            own = OwnEngine(project)
            own.start()
            environment = own.environment
            said, changes = f"engine {answers(environment)} of its own", {"DOCKER_HOST": environment["DOCKER_HOST"]}
        print(json.dumps({"environment": changes, "said": said}), flush=True)
        sys.stdin.read()
        remove_project(project, environment)
    except OSError as error:
        print(json.dumps({"error": str(error)}), flush=True)
    finally:
        if own is not None:
            own.close()


if __name__ == "__main__":
    # Handlers and not SIG_IGN, which would be handed on to what runs in the engine.
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda *_: None)
    keep(sys.argv[1])

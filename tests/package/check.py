#!/usr/bin/env python3
"""Is the Debian package right? Installs it in a clean Debian root, runs it there under systemd against a real MariaDB and
Redis, and removes it again. One line a case; needs root. The clean root is made once, in ${SLUICE_CLEAN_ROOT:-/var/tmp/sluice-bookworm}."""
import argparse
import glob
import json
import os
import pty
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import traceback

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "../integration"))

from harness.env import Env  # noqa: E402  pylint: disable=wrong-import-position
from harness.guard import Guard  # noqa: E402  pylint: disable=wrong-import-position
from harness.place import Failure  # noqa: E402  pylint: disable=wrong-import-position
from harness.process import wait_until  # noqa: E402  pylint: disable=wrong-import-position
from harness.servers import REDIS_PASSWORD, SOURCE_PASSWORD  # noqa: E402  pylint: disable=wrong-import-position
from harness.sluice import make_config  # noqa: E402  pylint: disable=wrong-import-position

CLEAN = os.environ.get("SLUICE_CLEAN_ROOT", "/var/tmp/sluice-bookworm")
# What apt and systemd write anywhere, and the user that the package leaves, as Debian's policy wants.
LEFT = ("/var/log/", "/var/lib/dpkg/", "/var/lib/apt/", "/var/cache/", "/var/lib/systemd/", "/etc/passwd", "/etc/group", "/etc/shadow",
        "/etc/gshadow", "/etc/subuid", "/etc/subgid", "/etc/ld.so.cache", "/etc/machine-id", "/run/", "/tmp/", "/var/tmp/", "/dev/", "/etc/.pwd.lock",
        "/root/", "/package/")
EXPOSURE = "30"  # at most 3.0, as systemd-analyze counts it


def run(argv, status=0, **more):
    done = subprocess.run(argv, capture_output=True, text=True, check=False, timeout=600, **more)
    if status is not None and done.returncode != status:
        raise Failure(f"{' '.join(argv)} ended with {done.returncode}: {(done.stdout + done.stderr)[-3000:]}")
    return done.stdout


def make_clean_root():
    stamp = os.path.join(CLEAN, "var/lib/sluice-clean-root")
    if os.path.exists(stamp):
        return
    shutil.rmtree(CLEAN, ignore_errors=True)
    run(["debootstrap", "--variant=minbase", "--include=systemd,systemd-sysv", "bookworm", CLEAN, "http://deb.debian.org/debian"],
        env={**os.environ, "PATH": os.environ.get("PATH", "") + ":/usr/sbin:/sbin"})
    with open(stamp, "w", encoding="utf-8"):
        pass


class Package:
    """A copy of the clean root that the package is tried in."""

    def __init__(self, guard, deb):
        make_clean_root()
        self.root = tempfile.mkdtemp(prefix="sluice-package-", dir=os.path.dirname(CLEAN))
        guard.add_folder(self.root)
        run(["cp", "-a", CLEAN + "/.", self.root])
        os.mkdir(self.root + "/package")
        self.deb = shutil.copy(deb, self.root + "/package/")
        with open(self.root + "/usr/sbin/policy-rc.d", "w", encoding="utf-8") as file:
            file.write("#!/bin/sh\nexit 101\n")
        os.chmod(self.root + "/usr/sbin/policy-rc.d", 0o755)
        shutil.copy("/etc/resolv.conf", self.root + "/etc/resolv.conf")
        proxies = {name: os.environ[name] for name in ("http_proxy", "https_proxy") if name in os.environ}
        self.environment = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C.UTF-8", "DEBIAN_FRONTEND": "noninteractive", **proxies}

    def inside(self, *argv, status=0):
        return run(["/usr/sbin/chroot", self.root, *argv], status, env=self.environment)

    def files(self):
        found = set()
        for folder, _, names in os.walk(self.root):
            found.update(os.path.join(folder, name)[len(self.root):] for name in names)
        return {path for path in found if not path.startswith(LEFT)}

    def write(self, path, text, mode=0o640):
        with open(self.root + path, "w", encoding="utf-8") as file:
            file.write(text)
        os.chmod(self.root + path, mode)
        os.chown(self.root + path, 0, self.group())

    def group(self):
        with open(self.root + "/etc/group", encoding="utf-8") as file:
            return next(int(line.split(":")[2]) for line in file if line.startswith("sluice:"))


class Machine:
    """The root, booted."""

    def __init__(self, guard, package):
        self.package = package
        self.said = b""
        self.terminal, console = pty.openpty()
        self.process = subprocess.Popen(
            ["unshare", "--pid", "--mount", "--uts", "--ipc", "--cgroup", "--fork", "--kill-child", os.path.join(HERE, "boot.sh"),
             package.root, os.ttyname(console)], stdin=subprocess.DEVNULL, stdout=console, stderr=console)
        guard.add_process(self.process.pid)
        os.close(console)
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()
        wait_until(lambda: f"systemd to boot; it said: {self.said[-2000:]}", 60, self._is_up)

    def _read(self):
        try:
            while True:
                self.said += os.read(self.terminal, 65536)
        except OSError:
            pass

    def _first(self):
        with open(f"/proc/{self.process.pid}/task/{self.process.pid}/children", encoding="ascii") as file:
            return file.read().split()[:1]

    def _is_up(self):
        if self.process.poll() is not None:
            raise Failure(f"the root does not boot: {self.said[-2000:]}")
        return self._first() and self.call("systemctl", "is-system-running", status=None).strip() in ("running", "degraded")

    def call(self, *argv, status=0):
        return run(["nsenter", "-t", *self._first(), "--mount", "--pid", "--uts", "--ipc", "--cgroup", "--root", "--wd", *argv], status,
                   env=self.package.environment)

    def stop(self):
        self.process.kill()  # unshare takes the whole namespace with it
        self.process.wait()


class Cases:
    def __init__(self, env, package):
        self.env = env
        self.package = package
        self.before = None
        self.machine = None

    def config(self):
        config = make_config(self.env.source.port, self.env.redis.port, [{"table": "shop.users"}], pipeline="shop", lease_ms=3000)
        return json.dumps(config, indent=1)

    def case_lintian_finds_nothing(self):
        said = run(["lintian", "--fail-on", "error,warning", "--allow-root", self.package.deb])
        if said.strip():
            raise Failure(said)

    def case_it_installs(self):
        self.package.inside("apt-get", "-q", "-y", "update")
        self.before = self.package.files()
        deb = "/package/" + os.path.basename(self.package.deb)
        self.package.inside("apt-get", "-q", "-y", "--no-install-recommends", "install", deb)
        self.package.inside("dpkg", "-i", deb)  # a second time: an upgrade
        self.package.inside("getent", "passwd", "sluice")
        mode = os.stat(self.package.root + "/etc/sluice")
        if mode.st_mode & 0o7777 != 0o750 or mode.st_gid != self.package.group():
            raise Failure(f"/etc/sluice has mode {mode.st_mode:o} and group {mode.st_gid}")
        if not self.package.inside("sluice", "--version").startswith("sluice "):
            raise Failure("sluice --version says nothing of sluice")

    def case_the_manual_has_a_page_for_each_command(self):
        commands = re.findall(r"^  ([a-z]+) ", self.package.inside("sluice", "--help").partition("Commands:\n")[2].partition("\n\n")[0], re.M)
        if len(commands) < 5:
            raise Failure(f"sluice --help names the commands {commands}")
        for page, number in [("sluice", 8), ("sluice.json", 5), *((f"sluice-{command}", 8) for command in commands)]:
            said = run(["mman", "-M", self.package.root + "/usr/share/man", "-T", "utf8", str(number), page], env={**os.environ, "MANPAGER": "cat"})
            if f"{page.upper()}({number})" not in said.partition("\n")[0]:
                raise Failure(f"man {number} {page} shows {said[:200]!r}")

    def case_the_units_are_right(self):
        units = sorted(os.path.basename(path) for path in glob.glob(self.package.root + "/lib/systemd/system/sluice*"))
        if len(units) != 5:
            raise Failure(f"the package has the units {units}")
        for unit in units:
            name = unit.replace("@", "@shop")
            said = self.package.inside("systemd-analyze", "verify", "--man=no", f"/lib/systemd/system/{unit}", status=None)
            if "sluice" in said:
                raise Failure(f"{name}: {said}")
        for unit in (name for name in units if name.endswith(".service")):
            said = self.package.inside("systemd-analyze", "security", "--offline=true", f"--threshold={EXPOSURE}", f"/lib/systemd/system/{unit}")
            print(f"     {unit}: {said.strip().splitlines()[-1]}", flush=True)

    def case_check_finds_nothing_wrong(self):
        self.env.sql("CREATE DATABASE shop", "CREATE TABLE shop.users (id INT PRIMARY KEY, name VARCHAR(80))",
                     "INSERT INTO shop.users VALUES (1, 'Ada'), (2, 'Grace')")
        self.package.write("/etc/sluice/shop.json", self.config())
        self.package.write("/etc/sluice/shop.env", f"SLUICE_SOURCE_PASSWORD={SOURCE_PASSWORD}\nSLUICE_REDIS_PASSWORD={REDIS_PASSWORD}\n", 0o600)
        self.package.inside("env", f"SLUICE_SOURCE_PASSWORD={SOURCE_PASSWORD}", f"SLUICE_REDIS_PASSWORD={REDIS_PASSWORD}",
                            "setpriv", "--reuid=sluice", "--regid=sluice", "--clear-groups", "sluice", "check", "-c", "/etc/sluice/shop.json")

    def case_it_runs_under_systemd(self):
        self.machine = Machine(self.env.guard, self.package)
        call = self.machine.call
        call("systemctl", "start", "sluice@shop.service", status=None)
        if call("systemctl", "is-active", "sluice@shop.service", status=None).strip() != "active":
            raise Failure(call("journalctl", "-u", "sluice@shop", "--no-pager", status=None))
        wait_until("the rows to be in Redis", 30, lambda: self.env.redis_call("HGET", "shop:users:2", "name") == b"Grace")
        wait_until("the ready line in the journal", 30,
                   lambda: "msg=ready" in call("journalctl", "-u", "sluice@shop", "-p", "info", "--no-pager", status=None))
        self.env.sql("INSERT INTO shop.users VALUES (3, 'Zoë')")
        wait_until("a change to be in Redis", 30, lambda: self.env.redis_call("HGET", "shop:users:3", "name") == "Zoë".encode())
        call("systemctl", "kill", "--signal=KILL", "sluice@shop.service")
        wait_until("systemd to start it again", 60, lambda: call("systemctl", "show", "-p", "NRestarts", "--value", "sluice@shop.service").strip() == "1")
        self.env.sql("DELETE FROM shop.users WHERE id = 3")
        wait_until("the change behind the kill", 60, lambda: self.env.redis_call("EXISTS", "shop:users:3") == 0)
        call("systemctl", "start", "sluice-reconcile@shop.service")
        call("systemctl", "start", "sluice-reconcile@shop.timer")
        said = call("journalctl", "-u", "sluice-reconcile@shop", "--no-pager")
        if not re.search(r" shop\.users +2 +2 +0 ", said):
            raise Failure(f"2 rows, 2 keys and no drift were expected: {said}")
        errors = call("journalctl", "-u", "sluice@shop", "-p", "err", "--no-pager", "-o", "cat", status=None)
        if "level=" in errors.replace("level=error", ""):
            raise Failure(f"the journal takes for errors: {errors}")

    def case_bash_completes(self):
        script = (". /usr/share/bash-completion/completions/sluice; COMP_WORDS=(sluice re); COMP_CWORD=1; _sluice sluice; echo ${COMPREPLY[*]}; "
                  "COMP_WORDS=(sluice reconcile --rep); COMP_CWORD=2; _sluice sluice; echo ${COMPREPLY[*]}")
        said = self.machine.call("bash", "-c", script).split("\n")
        if said[:2] != ["reconcile", "--repair --report"]:
            raise Failure(f"completed {said}")

    def case_the_quick_start_under_systemd(self):
        """The configuration and the lines for the shell of docs/quickstart.md, but for what it needs other packages for."""
        with open(os.path.join(HERE, "../../docs/quickstart.md"), encoding="utf-8") as file:
            page = file.read().partition("\n## 5. ")[2]
        blocks = {kind: re.findall(rf"^```{kind}\n(.*?)^```", page, re.S | re.M) for kind in ("jsonc", "ini", "sh")}
        self.machine.call("systemctl", "stop", "sluice@shop.service")
        self.env.redis_call("FLUSHALL")
        self.env.sql("CREATE TABLE shop.orders (id INT PRIMARY KEY, total DECIMAL(10,2))", "INSERT INTO shop.orders VALUES (12, '19.90')")
        config = blocks["jsonc"][0].replace('"host": "db1"', f'"host": "127.0.0.1", "port": {self.env.source.port}')
        secrets = blocks["ini"][0].replace("choose-a-password", SOURCE_PASSWORD).replace("REDIS_PASSWORD=", f"REDIS_PASSWORD={REDIS_PASSWORD}")
        for path, text in (("shop.json", config.replace("cache1:6379", f"127.0.0.1:{self.env.redis.port}")), ("shop.env", secrets)):
            with open(f"{self.package.root}/etc/sluice/{path}", "w", encoding="utf-8") as file:
                file.write(text)
            os.chown(file.name, 0, 0)
        lines = [line for block in blocks["sh"] for line in block.splitlines() if not line.startswith("redis-cli ")]
        if len(lines) < 10:
            raise Failure(f"the page has only {lines}")
        patient = [f"timeout 60 sh -c 'until {line}; do sleep 0.2; done'" if line.startswith("sluice status") else line for line in lines]
        said = self.machine.call("bash", "-exc", "\n".join(patient))
        if not re.search(r"^shop\.users +2 +2 +0 ", said, re.M) or not re.search(r"^shop\.orders +1 +1 +0 ", said, re.M):
            raise Failure(f"reconcile should have found 2 users, an order and no drift: {said[-3000:]}")

    def case_it_goes_away(self):
        self.machine.call("apt-get", "-q", "-y", "remove", "sluice")
        if self.machine.call("systemctl", "is-active", "sluice@shop.service", status=None).strip() == "active":
            raise Failure("the daemon runs behind the removal")
        self.machine.stop()
        self.machine = None
        if not os.path.exists(self.package.root + "/etc/sluice/shop.json"):
            raise Failure("the removal took the configuration")
        self.package.inside("apt-get", "-q", "-y", "purge", "sluice")
        self.package.inside("apt-get", "-q", "-y", "--purge", "autoremove")
        left = sorted(self.package.files() - self.before)
        if left:
            raise Failure(f"behind a purge there are {left[:20]}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--deb", default=next(iter(glob.glob(os.path.join(HERE, "../../build/release/sluice_*.deb"))), None))
    parser.add_argument("--counts", metavar="FILE", help="where to write the counts as JSON")
    args = parser.parse_args()
    if args.deb is None:
        raise SystemExit("there is no package; make package makes it")
    env_args = argparse.Namespace(server="mariadb", redis="host", metadata="full", image="full", binary="sluice", seconds=1, keep=False)
    guard, passed, failed = Guard(), 0, 0
    env = Env(guard, env_args, 0)
    cases = None
    try:
        env.start_servers()
        cases = Cases(env, Package(guard, args.deb))
        for name in [name for name in vars(Cases) if name.startswith("case_")]:
            try:
                getattr(cases, name)()
                passed += 1
                print(f"ok   package {name}", flush=True)
            except (Failure, OSError, subprocess.SubprocessError, AttributeError, TypeError):
                failed += 1
                print(f"FAIL package {name}\n{traceback.format_exc()}", flush=True)
    finally:
        if cases is not None and cases.machine is not None:
            cases.machine.stop()
        env.close(failed > 0)
        guard.close()
    if args.counts:
        with open(args.counts, "w", encoding="utf-8") as file:
            json.dump({"passed": passed, "failed": failed}, file)
    print(f"{passed} passed, {failed} failed")
    return 0 if failed == 0 and passed > 0 else 1


if __name__ == "__main__":
    sys.exit(main())

"""Where programs run: on the host, or in the Debian unstable root of scripts/mysql-root."""
import os
import random
import shutil
import socket
import tempfile

DEFAULT_ROOT = "/var/tmp/sluice-sid"
CHROOT = "/usr/sbin/chroot"  # not on the path of plain users of Debian


class Failure(Exception):
    """A test's expectation did not hold; the message says which."""


_reserved = []  # what keeps other cases from this process's ports


def _reserve(port):
    """Takes an abstract name for PORT, which the kernel gives back when this process ends; False when another has it."""
    name = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    try:
        name.bind(f"\0sluice-port-{port}")
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", port))
    except OSError:
        name.close()
        return False
    _reserved.append(name)
    return True


def free_port():
    """A loopback port below the range for outgoing connections, so that a restarted server finds it free. It is this
    process's until it ends: of cases that run at once none takes it before its server, or while that is down."""
    for _ in range(1000):
        port = random.SystemRandom().randrange(15000, 32000)
        if _reserve(port):
            return port
    raise Failure("no free loopback port between 15000 and 32000")


class Host:
    name = "host"
    temp = os.environ.get("TMPDIR", "/tmp")

    def inner(self, path):
        """PATH as programs at this place see it."""
        return path

    def command(self, argv, user=None):
        del user
        return list(argv)

    def owner(self, user):
        """The uid and gid of USER here, or None when files need no other owner."""
        del user
        return None

    def find(self, *names):
        """The path of the first program of NAMES that is installed."""
        path = os.environ.get("PATH", "") + ":/usr/local/sbin:/usr/sbin:/sbin"
        for name in names:
            found = shutil.which(name, path=path)
            if found:
                return found
        raise Failure(f"{names[0]} is not installed; make setup installs it")

    def folder(self, label):
        return tempfile.mkdtemp(prefix=f"sluice-{label}-", dir=self.temp)


class Root(Host):
    """Entered with chroot by root, and with a user namespace by everybody else."""
    name = "root"

    def __init__(self, path=None):
        self.path = os.path.realpath(path or os.environ.get("SLUICE_MYSQL_ROOT", DEFAULT_ROOT))
        self.temp = os.path.join(self.path, "tmp")
        if not os.path.exists(os.path.join(self.path, "usr/sbin/mysqld")):
            raise Failure(f"{self.path} holds no MySQL server; scripts/mysql-root makes it")

    def holds(self, path):
        return os.path.realpath(path).startswith(self.path + "/")

    def inner(self, path):
        return os.path.realpath(path)[len(self.path):]

    def command(self, argv, user=None):
        if os.geteuid() != 0:
            return ["unshare", "--map-root-user", CHROOT, self.path, *argv]
        return [CHROOT, *([f"--userspec={user}:{user}"] if user else []), self.path, *argv]

    def owner(self, user):
        if user is None or os.geteuid() != 0:
            return None
        with open(os.path.join(self.path, "etc/passwd"), encoding="utf-8") as file:
            for line in file:
                fields = line.split(":")
                if fields[0] == user:
                    return int(fields[2]), int(fields[3])
        raise Failure(f"{self.path} has no user {user}; scripts/mysql-root makes it")

    def find(self, *names):
        for name in names:
            for folder in ("usr/sbin", "usr/bin"):
                path = os.path.join(self.path, folder, name)
                if os.path.exists(path):
                    return "/" + os.path.join(folder, name)
        raise Failure(f"{self.path} lacks {names[0]}; scripts/mysql-root installs it")

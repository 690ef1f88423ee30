"""A real Prometheus, of the root of scripts/mysql-root, that scrapes daemons and judges by the rules of observe/."""
import json
import os
import re
import shutil
import subprocess
import urllib.error
import urllib.parse
import urllib.request

from .place import Failure, Root
from .process import wait_until
from .servers import Server

OBSERVE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../../observe")


def promtool(*args, text=None):
    """Runs promtool, which must find nothing to say against its input."""
    root = Root()
    done = subprocess.run(root.command([root.find("promtool"), *args]), input=text, capture_output=True, text=True, check=False,
                          env={**os.environ, "TMPDIR": "/tmp"})
    if done.returncode != 0:
        raise Failure(f"promtool {' '.join(args)}: {done.stdout}{done.stderr}")
    return done.stdout + done.stderr


class Prometheus(Server):
    label = "Prometheus"

    def __init__(self, guard, folder, ports):
        """PORTS are those of the daemons' pages. Rules wait for a second where they would for minutes ("for: 1s"), and are
        judged each second; all else of observe/ is as it is."""
        super().__init__(guard, Root(), folder)
        with open(os.path.join(OBSERVE, "alerts.yml"), encoding="utf-8") as file:
            rules = file.read()
        with open(os.path.join(OBSERVE, "prometheus.yml"), encoding="utf-8") as file:
            config = file.read()
        targets = ", ".join(f'"127.0.0.1:{port}"' for port in ports)
        config, replaced = re.subn(r"(?ms)^    dns_sd_configs:\n.*\Z", f"    static_configs: [{{targets: [{targets}]}}]\n", config)
        if replaced != 1:
            raise Failure("observe/prometheus.yml finds its targets in another way: mend harness/prometheus.py")
        self._write("alerts.yml", re.sub(r"(?m)^( +for:) \S+$", r"\1 1s", rules))
        self._write("prometheus.yml", config.replace("interval: 5s", "interval: 1s"))

    def _write(self, name, text):
        with open(os.path.join(self.folder, name), "w", encoding="utf-8") as file:
            file.write(text)

    def command(self):
        folder = self.place.inner(self.folder)
        return self.place.command([self.place.find("prometheus"), f"--config.file={folder}/prometheus.yml",
                                   f"--storage.tsdb.path={folder}/data", f"--web.listen-address=127.0.0.1:{self.port}",
                                   "--log.level=warn"])

    def _ask(self, path):
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=5) as reply:
            return json.loads(reply.read())["data"]

    def answers(self):
        try:
            return bool(self._ask("/api/v1/query?query=up")["result"])
        except (OSError, urllib.error.URLError, ValueError):
            return False

    def firing(self):
        """The names of the alerts that fire now."""
        return {alert["labels"]["alertname"] for alert in self._ask("/api/v1/alerts")["alerts"] if alert["state"] == "firing"}

    def query(self, expression):
        """[(labels, value)]"""
        found = self._ask("/api/v1/query?" + urllib.parse.urlencode({"query": expression}))["result"]
        return [(item["metric"], float(item["value"][1])) for item in found]

    def wait_firing(self, *names, timeout=60):
        wait_until(lambda: f"the alerts {names} to fire; there are {self.firing()}", timeout, lambda: set(names) <= self.firing())


def copy_observe(folder):
    """observe/ in FOLDER of the root, for promtool; its path there."""
    path = os.path.join(folder, "observe")
    shutil.copytree(OBSERVE, path)
    return Root().inner(path)

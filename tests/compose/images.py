"""The images that the tests run: stand-ins for those of MySQL, Redis and Prometheus, the smallest system, and a system with a
toolchain, all of the root that scripts/mysql-root has made, which is unpacked once."""
import os
import subprocess

from harness.place import DEFAULT_ROOT, Failure

HERE = os.path.dirname(os.path.abspath(__file__))
TARGETS = ("toolchain", "mysql", "redis", "prometheus", "system")
# Others use these folders of the root while it is read.
WITHOUT = (
    "./tmp/*", "./var/tmp/*", "./proc/*", "./sys/*", "./dev/*", "./run/*", "./var/lib/mysql/*",
    "./var/cache/apt/*.bin", "./var/cache/apt/archives/*.deb")


def _import_root(environment, name):
    root = os.environ.get("SLUICE_MYSQL_ROOT", DEFAULT_ROOT)
    if not os.path.exists(f"{root}/var/lib/sluice-root"):
        raise Failure(f"{root} is not there; scripts/mysql-root makes it")
    pack = ["tar", "--create", "--one-file-system", "--numeric-owner", *(f"--exclude={path}" for path in WITHOUT), "-C", root, "."]
    with subprocess.Popen(pack, stdout=subprocess.PIPE) as packer:
        done = subprocess.run(["docker", "import", "-", name], stdin=packer.stdout, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
                              env=environment, check=False)
    if packer.returncode != 0 or done.returncode != 0:
        raise Failure(f"importing {root} failed: {done.stderr.decode('utf-8', 'replace')[-1000:]}")


def make(environment, project):
    """Returns the environment of docker-compose.yml that names them."""
    environment = {**environment, "DOCKER_BUILDKIT": "0"}
    _import_root(environment, f"{project}-root")
    for target in TARGETS:
        done = subprocess.run(["docker", "build", "--quiet", "--network=host", "--target", target, "--tag", f"{project}-{target}",
                               "--label", f"sluice.test={project}", "--build-arg", f"ROOT={project}-root", f"{HERE}/images"],
                              env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
        if done.returncode != 0:
            raise Failure(f"building the image {target} failed: {done.stdout.decode('utf-8', 'replace')[-2000:]}")
    return {"MYSQL_IMAGE": f"{project}-mysql", "REDIS_IMAGE": f"{project}-redis", "PROMETHEUS_IMAGE": f"{project}-prometheus",
            "SLUICE_BASE_IMAGE": f"{project}-system", "SLUICE_BUILD_IMAGE": f"{project}-toolchain", "SLUICE_IMAGE": f"{project}-sluice",
            "SLUICE_TEST_LABEL": project, "DOCKER_BUILDKIT": "0", "COMPOSE_DOCKER_CLI_BUILD": "0"}

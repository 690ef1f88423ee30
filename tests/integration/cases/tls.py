"""Encrypted connections to both servers: certificates that are right, and ones that must be refused."""
import os
import shutil
import subprocess

from harness.env import case
from harness.oracle import Table
from harness.place import Failure, free_port
from harness.servers import SOURCE_USER
from harness.sluice import SINK_UNUSABLE, SOURCE_UNUSABLE

TABLE = Table("it", "t")


def openssl(*argv):
    done = subprocess.run([shutil.which("openssl") or "openssl", *argv], capture_output=True, check=False)
    if done.returncode != 0:
        raise Failure(f"openssl {argv[0]} failed: {done.stderr.decode(errors='replace')}")


def certificates(folder, label, address):
    """An authority of its own and a certificate for ADDRESS: (authority, certificate, key)."""
    ca, ca_key, cert, key, request, names = (os.path.join(folder, f"{label}-{part}") for part in
                                             ("ca.pem", "ca-key.pem", "cert.pem", "key.pem", "request.pem", "names"))
    openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", f"/CN=authority {label}",
            "-keyout", ca_key, "-out", ca)
    openssl("req", "-newkey", "rsa:2048", "-nodes", "-subj", f"/CN={address}", "-keyout", key, "-out", request)
    with open(names, "w", encoding="ascii") as file:
        file.write(f"subjectAltName=IP:{address}\n")
    openssl("x509", "-req", "-in", request, "-CA", ca, "-CAkey", ca_key, "-CAcreateserial", "-days", "2",
            "-extfile", names, "-out", cert)
    for path in (ca, cert, key):
        os.chmod(path, 0o644)
    return ca, cert, key


def folder_of(env, place):
    path = place.folder("it-tls")
    os.chmod(path, 0o755)
    env.guard.add_folder(path)
    env.folders.append(path)
    return path


def redis_with(env, certificate):
    """A Redis that speaks TLS with CERTIFICATE; the harness goes on by plain TCP. Its TLS port."""
    # pylint: disable=protected-access
    place = env._redis_place
    ca, cert, key = (place.inner(path) for path in certificate)
    port = free_port()
    env.start_redis(**{"tls-port": port, "tls-cert-file": cert, "tls-key-file": key, "tls-ca-cert-file": ca,
                       "tls-auth-clients": "no"})
    return port


def sink(env, port, **tls):
    return [{"name": "main", "url": f"rediss://127.0.0.1:{port}/0", "password_env": "SLUICE_REDIS_PASSWORD", "tls": tls}]


def make_table(env):
    env.sql("CREATE DATABASE it", "CREATE TABLE it.t (id INT PRIMARY KEY, a VARCHAR(20))", "INSERT INTO it.t VALUES (1, 'one')")


@case()
def case_redis_by_tls(env):
    folder = folder_of(env, env._redis_place)  # pylint: disable=protected-access
    right, other, elsewhere = (certificates(folder, label, address) for label, address in
                               (("right", "127.0.0.1"), ("other", "127.0.0.1"), ("elsewhere", "127.0.0.9")))
    inner = env._redis_place.inner  # pylint: disable=protected-access
    env.start_source()
    make_table(env)
    port = redis_with(env, right)
    program = env.sluice([TABLE], sinks=sink(env, port, mode="verify_identity", ca=inner(right[0]))).start()
    env.sql("INSERT INTO it.t VALUES (2, 'two')")
    env.settle([TABLE])
    program.stop()
    refused = env.sluice([TABLE], sinks=sink(env, port, mode="verify_ca", ca=inner(other[0]))).start(ready=False)
    refused.expect_exit(SINK_UNUSABLE, r"certificate")
    env.redis.stop()
    port = redis_with(env, elsewhere)
    refused = env.sluice([TABLE], sinks=sink(env, port, mode="verify_identity", ca=inner(elsewhere[0]))).start(ready=False)
    refused.expect_exit(SINK_UNUSABLE, r"certificate")
    # The last server started: the first one, which env.redis names, is gone.
    program = env.sluice([TABLE], sinks=sink(env, port, mode="verify_ca", ca=inner(elsewhere[0]))).start()
    env.redis = env.everything[-1]
    env.settle([TABLE])
    program.stop()


@case()
def case_source_by_tls(env):
    # pylint: disable=protected-access
    folder = folder_of(env, env._source_place)
    right, other = (certificates(folder, label, "127.0.0.1") for label in ("right", "other"))
    ca, cert, key = (env._source_place.inner(path) for path in right)
    env.start_servers(ssl_ca=ca, ssl_cert=cert, ssl_key=key)
    make_table(env)
    env.sql(f"ALTER USER '{SOURCE_USER}'@'127.0.0.1' REQUIRE SSL")
    inner = env._sluice_place.inner
    refused = env.sluice([TABLE], source={"tls": {"mode": "disabled"}}).start(ready=False)
    refused.expect_exit(SOURCE_UNUSABLE, r"denied|TLS|SSL|secure")
    refused = env.sluice([TABLE], source={"tls": {"mode": "verify_ca", "ca": inner(other[0])}}).start(ready=False)
    refused.expect_exit(SOURCE_UNUSABLE, r"certificate|TLS|SSL")
    for mode in ("required", "verify_ca", "verify_identity"):
        tls = {"mode": mode, "ca": inner(right[0])} if mode != "required" else {"mode": mode}
        program = env.sluice([TABLE], source={"tls": tls}).start()
        env.sql(f"REPLACE INTO it.t VALUES (3, '{mode}')")
        env.settle([TABLE], program=program)
        program.stop()

"""Random changes while things fail: those of harness/churn.py in tables of their own, by processes, and of the sample database."""
import threading
import time

from harness.churn import HARMLESS, LOST, Churn
from harness.sqlclient import SqlError, quote

ROWS = 400
NAMES = ["Ada", "Grace", "Zoë", "O'Hara", "山田", "😀", ""]


class Shopper(threading.Thread):
    """Customers and orders come, change and go, on one connection."""

    def __init__(self, cluster, seed_rng):
        super().__init__(daemon=True)
        self.cluster = cluster
        self.rng = seed_rng
        self.transactions = 0
        self.error = None
        self._over = threading.Event()

    def _statement(self):
        rng = self.rng
        one = rng.randint(1, 7000)
        return rng.choice((
            f"INSERT INTO shop.users (name, email) VALUES ({quote(rng.choice(NAMES))}, NULL)",
            f"UPDATE shop.users SET credit = credit + {rng.randint(1, 99)}, name = {quote(rng.choice(NAMES))} WHERE id = {one % 2100 + 1}",
            f"DELETE FROM shop.users WHERE id = {one % 2100 + 1}",
            f"INSERT INTO shop.orders (user_id, status, total, note) VALUES ({one}, 'draft', {one}, {quote(rng.choice(NAMES))})",
            f"UPDATE shop.orders SET status = 'paid', total = total + 0.01 WHERE id BETWEEN {one} AND {one + rng.randint(0, 9)}",
            f"DELETE FROM shop.orders WHERE id = {one}"))

    def _change(self, connection):
        for statement in ("BEGIN", *(self._statement() for _ in range(self.rng.randint(1, 4))), "COMMIT"):
            try:
                connection.query(statement)
            except SqlError as error:
                if error.code not in HARMLESS:
                    raise
        self.transactions += 1

    def run(self):
        connection = None
        while not self._over.wait(0.02):
            try:
                if connection is None:
                    connection = self.cluster.source.connect()
                    connection.query("SET SESSION innodb_lock_wait_timeout=2")
                self._change(connection)
            except OSError:
                connection = None
                time.sleep(0.1)
            except SqlError as error:
                connection = None
                if error.code not in LOST | {1040}:
                    self.error = error
                    return

    def end(self):
        self._over.set()
        self.join()
        if self.error:
            raise self.error


class Traffic:
    """The tables, made once, and changes between start() and stop()."""

    def __init__(self, cluster):
        self.cluster = cluster
        self.churn = Churn(cluster, ROWS, db="shop", prefix="churn_", clients=2, pause=0.01, load=False)
        self.churn.tolerated = set(LOST)
        self.last = 0  # transactions between the last start() and stop()
        self._shopper = None
        with cluster.source.connect() as connection:
            connection.query("SET SESSION cte_max_recursion_depth=1000000")
            for table in self.churn.tables:
                table.load(connection)  # in the binary log: a second server is to have them, too

    def start(self):
        self._shopper = Shopper(self.cluster, type(self.cluster.rng)(self.cluster.rng.getrandbits(48)))
        self._shopper.start()
        self.churn.start()
        return self

    def stop(self):
        before = self.churn.transactions
        shopper, self._shopper = self._shopper, None
        try:
            self.churn.stop()
        finally:
            if shopper is not None:
                shopper.end()
        self.last = self.churn.transactions - before + (shopper.transactions if shopper else 0)

    def __enter__(self):
        return self.start()

    def __exit__(self, kind, *_):
        if kind is None:
            self.stop()
            return
        try:
            self.stop()
        except Exception as error:  # pylint: disable=broad-except
            print(f"     and the changes: {error}", flush=True)  # the first failure is what counts

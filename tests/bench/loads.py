"""What is in the binary logs that tests/bench/run reads. The same statements run on both servers, on a table of
numbers, so that both have the same rows. Making them takes a minute."""
import random

VERSION = 5  # of all below: a change of it makes the logs anew

# 242 bytes a row image in the log; an update has two.
TABLE = """CREATE TABLE bench.items (id BIGINT PRIMARY KEY, owner INT NOT NULL, stock INT UNSIGNED NOT NULL,
  price DECIMAL(12,2) NOT NULL, changed DATETIME NOT NULL, name VARCHAR(40) NOT NULL, email VARCHAR(80),
  note TEXT NOT NULL, score DOUBLE NOT NULL, state TINYINT NOT NULL)"""
INSERT = """INSERT INTO bench.items SELECT n, n * 7919 % 1000003, n % 100000, n * 37 % 1000000000 / 100,
  '2024-01-01' + INTERVAL n SECOND, CONCAT('item number ', n), CONCAT('user', n, '@mail.example.org'),
  LEFT(REPEAT(SHA2(n, 256), 3), 148), n * 1000 / 7, n % 5 FROM bench.numbers WHERE n > {} AND n <= {}"""
UPDATE = """UPDATE bench.items SET stock = stock + 1, price = price + 0.25, changed = changed + INTERVAL 1 DAY,
  score = score / 3 WHERE id > {} AND id <= {}"""
DELETE = "DELETE FROM bench.items WHERE id > {} AND id <= {}"

CHANGES = {"small": (12000, 7000, 1000), "items": (700000, 450000, 100000)}  # inserts, updates, deletes
ROWS = {"items": 350000, "few": 10000}  # of the load "rows", whose log holds none of them
HOT_UPDATES = 1000000
HOT_KEYS = 100

# Ten rows a transaction: of one statement each, or of statements of ten. The first has two events a row in the log,
# so that what an event costs counts for more than what a row does.
HEAT = {
    "hot": f"""CREATE PROCEDURE bench.heat(IN transactions INT) BEGIN
  DECLARE i INT DEFAULT 0; DECLARE k INT;
  WHILE i < transactions DO
    SET k = 0;
    START TRANSACTION;
    WHILE k < 10 DO
      UPDATE bench.items SET stock = stock + 1, score = score + 0.5 WHERE id = 1 + (i * 7 + k * 13) % {HOT_KEYS};
      SET k = k + 1;
    END WHILE;
    COMMIT;
    SET i = i + 1;
  END WHILE; END""",
    "hot10": f"""CREATE PROCEDURE bench.heat(IN transactions INT) BEGIN
  DECLARE i INT DEFAULT 0; DECLARE low INT;
  WHILE i < transactions DO
    SET low = i * 7 % ({HOT_KEYS} DIV 10) * 10;
    UPDATE bench.items SET stock = stock + 1, score = score + 0.5 WHERE id > low AND id <= low + 10;
    SET i = i + 1;
  END WHILE; END""",
}


# Orders as a shop has them: names of few kinds, numbers of many, and texts that people wrote in other words each time. The
# primes make neighbours different.
ORDERS = 200000
ORDERS_TABLE = """CREATE TABLE bench.items (id BIGINT PRIMARY KEY, customer_id INT NOT NULL, status VARCHAR(20) NOT NULL,
  currency CHAR(3) NOT NULL, total DECIMAL(12,2) NOT NULL, created_at DATETIME NOT NULL, updated_at DATETIME NOT NULL,
  customer_name VARCHAR(60) NOT NULL, email VARCHAR(80) NOT NULL, phone VARCHAR(24), street VARCHAR(80) NOT NULL,
  postcode VARCHAR(12) NOT NULL, city VARCHAR(40) NOT NULL, country CHAR(2) NOT NULL, shipping_method VARCHAR(30) NOT NULL,
  payment_method VARCHAR(30) NOT NULL, tracking_number VARCHAR(40), tracking_url VARCHAR(120), note VARCHAR(255))"""


def _one_of(prime, *words):
    return f"ELT(1 + n * {prime} % {len(words)}, {', '.join(repr(word) for word in words)})"


_FIRST = _one_of(7919, "Anna", "Bruno", "Carla", "David", "Elif", "Farid", "Greta", "Hugo", "Ines", "Jonas", "Katja", "Lukas", "Mia")
_LAST = _one_of(104729, "Adler", "Bergmann", "Costa", "Dubois", "Eriksen", "Fischer", "Garcia", "Horvath", "Ivanova", "Jansen",
                "Kowalski", "Lindgren", "Moreau", "Novak", "Olsen", "Petrov", "Rossi")
ORDERS_INSERT = f"""INSERT INTO bench.items SELECT n, n * 7919 % 50021, {_one_of(31, "new", "paid", "packed", "shipped", "delivered", "returned")},
  {_one_of(11, "EUR", "EUR", "USD", "GBP")}, n * 7907 % 100003 / 100 + 4.99, '2025-01-01' + INTERVAL n * 61 SECOND,
  '2025-01-02' + INTERVAL n * 67 SECOND, CONCAT({_FIRST}, ' ', {_LAST}),
  LOWER(CONCAT({_FIRST}, '.', {_LAST}, n * 7919 % 50021, {_one_of(13, "@example.com", "@mail.example.org", "@example.net")})),
  IF(n % 3 = 0, NULL, CONCAT('+49 ', 30 + n % 60, ' ', 1000000 + n * 7901 % 8999999)),
  CONCAT({_one_of(17, "Main Street", "Station Road", "Church Lane", "Park Avenue", "Mill Road", "High Street", "Harbour Street")}, ' ', 1 + n * 29 % 210),
  LPAD(n * 7883 % 99991, 5, '0'),
  {_one_of(19, "Berlin", "Hamburg", "Wien", "Praha", "Warszawa", "Amsterdam", "Lyon", "Milano", "Porto", "Uppsala")},
  {_one_of(19, "DE", "DE", "AT", "CZ", "PL", "NL", "FR", "IT", "PT", "SE")},
  {_one_of(23, "standard", "express", "pick-up point", "freight")}, {_one_of(37, "credit card", "invoice", "direct debit", "wallet")},
  CONCAT('1Z', LPAD(n * 104729 % 9999999967, 10, '0')), CONCAT('https://track.example.com/parcels/1Z', LPAD(n * 104729 % 9999999967, 10, '0')),
  IF(n % 5 < 2, NULL, CONCAT({_one_of(41, "Please leave it with the neighbour at number", "Deliver after six, ring twice at number",
                                      "This is a gift, no invoice please; room", "Call before you come, the gate code is", "As agreed with Ms Weber, order")},
  ' ', 1 + n * 7877 % 9973)) FROM bench.numbers WHERE n > {{}} AND n <= {{}}"""
ORDERS_UPDATE = """UPDATE bench.items SET status = 'delivered', updated_at = updated_at + INTERVAL 3 DAY WHERE id > {} AND id <= {}"""


# Accounts as an application has them, 200 to 400 bytes as JSON. "people-1000" are a thousand of them.
PEOPLE = "people"
PEOPLE_TABLE = """CREATE TABLE bench.items (id BIGINT PRIMARY KEY, email VARCHAR(80) NOT NULL, first_name VARCHAR(40) NOT NULL,
  last_name VARCHAR(40) NOT NULL, phone VARCHAR(24), street VARCHAR(80) NOT NULL, postcode VARCHAR(12) NOT NULL, city VARCHAR(40) NOT NULL,
  country CHAR(2) NOT NULL, status VARCHAR(12) NOT NULL, plan VARCHAR(12) NOT NULL, created_at DATETIME NOT NULL, last_login DATETIME,
  newsletter TINYINT NOT NULL, balance DECIMAL(10,2) NOT NULL)"""
PEOPLE_INSERT = f"""INSERT INTO bench.items SELECT n,
  LOWER(CONCAT({_FIRST}, '.', {_LAST}, n * 7919 % 1000003, {_one_of(13, "@example.com", "@mail.example.org", "@example.net")})),
  {_FIRST}, {_LAST}, IF(n % 3 = 0, NULL, CONCAT('+49 ', 30 + n % 60, ' ', 1000000 + n * 7901 % 8999999)),
  CONCAT({_one_of(17, "Main Street", "Station Road", "Church Lane", "Park Avenue", "Mill Road", "High Street", "Harbour Street")}, ' ', 1 + n * 29 % 210),
  LPAD(n * 7883 % 99991, 5, '0'),
  {_one_of(19, "Berlin", "Hamburg", "Wien", "Praha", "Warszawa", "Amsterdam", "Lyon", "Milano", "Porto", "Uppsala")},
  {_one_of(19, "DE", "DE", "AT", "CZ", "PL", "NL", "FR", "IT", "PT", "SE")},
  {_one_of(31, "active", "active", "active", "invited", "suspended", "closed")}, {_one_of(37, "free", "free", "basic", "team", "business")},
  '2020-01-01' + INTERVAL n * 61 SECOND, IF(n % 7 = 0, NULL, '2025-01-02' + INTERVAL n * 7907 % 20000000 SECOND), n % 2,
  n * 7907 % 100003 / 100 FROM bench.numbers WHERE n > {{}} AND n <= {{}}"""


def _people(connection, rows):
    connection.query(PEOPLE_TABLE)
    for low in range(0, rows, 100):
        connection.query(PEOPLE_INSERT.format(low, min(low + 100, rows)))


def _orders(connection):
    """Every order comes, and every second one changes later."""
    for low in range(0, ORDERS, 100):
        connection.query(ORDERS_INSERT.format(low, low + 100))
        if low % 200 == 0:
            connection.query(ORDERS_UPDATE.format(low // 2, low // 2 + 100))


def _numbers(connection, count):
    connection.query("CREATE TABLE bench.numbers (n INT PRIMARY KEY)")
    connection.query("INSERT INTO bench.numbers VALUES (1)")
    have = 1
    while have < count:
        connection.query(f"INSERT INTO bench.numbers SELECT n + {have} FROM bench.numbers WHERE n + {have} <= {count}")
        have = min(2 * have, count)


class _Changes:
    """Transactions of one to three rounds of an insert, an update of any rows and a delete of the oldest ones."""

    def __init__(self, connection, load):
        self.connection = connection
        self.inserts, self.updates, self.deletes = CHANGES[load]
        self.rng = random.Random(7)
        self.top = self.gone = self.updated = 0

    def _run(self, statement, low, count):
        if count > 0:
            self.connection.query(statement.format(low, low + count))

    def _round(self):
        count = min(self.rng.choice((1, 8, 40, 120)), self.inserts - self.top)
        self._run(INSERT, self.top, count)
        self.top += count
        due = self.top * self.updates // self.inserts - self.updated
        count = min(due, self.top - self.gone)
        self._run(UPDATE, self.rng.randint(self.gone, self.top - count), count)
        self.updated += count
        count = self.top * self.deletes // self.inserts - self.gone
        self._run(DELETE, self.gone, count)
        self.gone += count

    def make(self):
        while self.top < self.inserts:
            self.connection.query("START TRANSACTION")
            for _ in range(self.rng.randint(1, 3)):
                self._round()
            self.connection.query("COMMIT")


def _hot(connection, load):
    connection.query(INSERT.format(0, HOT_KEYS))
    connection.query("SET sql_log_bin = 0")
    connection.query(HEAT[load])
    connection.query("SET sql_log_bin = 1")
    connection.query(f"CALL bench.heat({HOT_UPDATES // 10})")


def _clock(connection):
    connection.query("CREATE TABLE bench.clock (id INT PRIMARY KEY, tick BIGINT NOT NULL, name VARCHAR(40) NOT NULL)")
    connection.query("INSERT INTO bench.clock VALUES (1, 0, 'the clock')")


def _rows(connection):
    for table, rows in ROWS.items():
        connection.query(TABLE.replace("bench.items", f"bench.{table}"))
        for low in range(0, rows, 10000):
            connection.query(INSERT.replace("bench.items", f"bench.{table}").format(low, low + 10000))


def make(connection, load):
    """Fills the server's binary log: "items" and "small" alike, "hot" and "hot10" (few keys), "clock" (one row to be updated).
    "orders" is what a shop has, "people-N" N accounts. "rows" fills tables instead, and the log is free for what others write while they are read."""
    connection.query("SET SESSION sql_mode = ''")
    connection.query("SET sql_log_bin = 0")
    connection.query("CREATE DATABASE bench")
    connection.query("USE bench")
    name, _, rows = load.partition("-")
    count = {"rows": max(ROWS.values()), "orders": ORDERS, PEOPLE: int(rows or 0)}.get(name) or CHANGES.get(load, [HOT_KEYS])[0]
    _numbers(connection, count)
    if load == "rows":
        _rows(connection)
        return
    connection.query("SET sql_log_bin = 1")
    if load == "clock":
        _clock(connection)
        return
    if load == "orders":
        connection.query(ORDERS_TABLE)
        _orders(connection)
        return
    if name == PEOPLE:
        _people(connection, int(rows))
        return
    connection.query(TABLE)
    if load in HEAT:
        _hot(connection, load)
    else:
        _Changes(connection, load).make()

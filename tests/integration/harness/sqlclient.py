"""A small client of the MySQL protocol: text results as the raw bytes that the server sends.

It shares no code with the client libraries that sluice uses, which is what makes it a witness. It logs in with
an empty password, which needs no exchange under either server's default plugin, or with
mysql_native_password. Source: "Client/Server Protocol" of the MySQL internals manual.
"""
import hashlib
import socket
import struct

CLIENT_LONG_PASSWORD = 1
CLIENT_FOUND_ROWS = 2
CLIENT_CONNECT_WITH_DB = 8
CLIENT_PROTOCOL_41 = 0x200
CLIENT_TRANSACTIONS = 0x2000
CLIENT_SECURE_CONNECTION = 0x8000
CLIENT_PLUGIN_AUTH = 0x80000
UTF8MB4_GENERAL_CI = 45
PACKET_MAX = 0xFFFFFF


class SqlError(Exception):
    """The server's answer to a statement that failed."""

    def __init__(self, code, message, statement=""):
        super().__init__(f"{code}: {message}" + (f" in: {statement}" if statement else ""))
        self.code = code


class Column:
    def __init__(self, name, charset, kind, flags):
        self.name = name
        self.charset = charset
        self.kind = kind
        self.flags = flags


class Result:
    def __init__(self, columns, rows, affected=0):
        self.columns = columns
        self.rows = rows
        self.affected = affected

    def dicts(self):
        names = [column.name for column in self.columns]
        return [dict(zip(names, row)) for row in self.rows]


def quote(value):
    """VALUE as a literal: str as utf8mb4 text, bytes as binary, None as NULL."""
    if value is None:
        return "NULL"
    if isinstance(value, bytes):
        return f"x'{value.hex()}'"
    if isinstance(value, str):
        return f"_utf8mb4 x'{value.encode().hex()}'" if value else "''"
    return str(value)


def _lenenc(data, at):
    first = data[at]
    if first < 0xFB:
        return first, at + 1
    width = {0xFC: 2, 0xFD: 3, 0xFE: 8}[first]
    return int.from_bytes(data[at + 1:at + 1 + width], "little"), at + 1 + width


def _lenenc_text(data, at):
    size, at = _lenenc(data, at)
    return data[at:at + size], at + size


def _native_token(password, salt):
    if not password:
        return b""
    once = hashlib.sha1(password.encode()).digest()
    mask = hashlib.sha1(salt + hashlib.sha1(once).digest()).digest()
    return bytes(a ^ b for a, b in zip(once, mask))


class Connection:
    def __init__(self, port, user="root", password="", host="127.0.0.1", timeout=120):
        self._socket = socket.create_connection((host, port), timeout=timeout)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._file = self._socket.makefile("rb", 1 << 16)
        self._sequence = 0
        try:
            self._log_in(user, password)
            self.query("SET NAMES utf8mb4")
        except BaseException:
            self.close()
            raise

    def close(self):
        self._file.close()
        self._socket.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def query(self, sql):
        """Runs one statement (str or bytes) and returns its Result."""
        statement = sql.encode() if isinstance(sql, str) else sql
        self._sequence = 0
        self._send(b"\x03" + statement)
        try:
            return self._read_result()
        except SqlError as error:
            shown = statement[:200].decode("utf-8", "replace")
            raise SqlError(error.code, error.args[0].split(": ", 1)[1], shown) from None

    def pipeline(self, statements):
        """Sends STATEMENTS at once; a Result or a SqlError for each. Those behind an error are run, too."""
        packets = [b"\x03" + (sql.encode() if isinstance(sql, str) else sql) for sql in statements]
        self._socket.sendall(b"".join(len(packet).to_bytes(3, "little") + b"\0" + packet for packet in packets))
        answers = []
        for statement in statements:
            try:
                answers.append(self._read_result())
            except SqlError as error:
                answers.append(SqlError(error.code, error.args[0].split(": ", 1)[1], statement[:200]))
        return answers

    def rows(self, sql):
        return self.query(sql).rows

    def value(self, sql):
        """The first column of the first row as text."""
        value = self.query(sql).rows[0][0]
        return None if value is None else value.decode()

    def _read(self, size):
        data = self._file.read(size)
        if len(data) != size:
            raise ConnectionError("the server closed the connection")
        return data

    def _receive(self):
        parts = []
        while True:
            header = self._read(4)
            size = int.from_bytes(header[:3], "little")
            self._sequence = (header[3] + 1) & 0xFF
            parts.append(self._read(size))
            if size < PACKET_MAX:
                return parts[0] if len(parts) == 1 else b"".join(parts)

    def _send(self, payload):
        at = 0
        while True:
            part = payload[at:at + PACKET_MAX]
            self._socket.sendall(len(part).to_bytes(3, "little") + bytes([self._sequence]) + part)
            self._sequence = (self._sequence + 1) & 0xFF
            at += len(part)
            if len(part) < PACKET_MAX:
                return

    @staticmethod
    def _raise_if_error(packet):
        if packet[:1] == b"\xff":
            code = struct.unpack_from("<H", packet, 1)[0]
            message = packet[3:]
            if message[:1] == b"#":
                message = message[6:]
            raise SqlError(code, message.decode("utf-8", "replace"))

    def _log_in(self, user, password):
        greeting = self._receive()
        self._raise_if_error(greeting)
        end = greeting.index(b"\0", 1)
        self.server_version = greeting[1:end].decode()
        at = end + 1 + 4
        salt = greeting[at:at + 8]
        at += 8 + 1 + 2 + 1 + 2 + 2 + 1 + 10
        salt += greeting[at:at + 12]
        flags = (CLIENT_LONG_PASSWORD | CLIENT_PROTOCOL_41 | CLIENT_TRANSACTIONS | CLIENT_SECURE_CONNECTION |
                 CLIENT_PLUGIN_AUTH | CLIENT_FOUND_ROWS)
        token = _native_token(password, salt)
        self._send(struct.pack("<IIB23x", flags, 1 << 30, UTF8MB4_GENERAL_CI) + user.encode() + b"\0" +
                   bytes([len(token)]) + token + b"mysql_native_password\0")
        answer = self._receive()
        while answer[:1] == b"\xfe":
            end = answer.index(b"\0", 1)
            plugin, salt = answer[1:end].decode(), answer[end + 1:].rstrip(b"\0")
            if plugin == "mysql_native_password":
                self._send(_native_token(password, salt))
            elif not password:
                self._send(b"\0" if plugin == "caching_sha2_password" else b"")
            else:
                raise SqlError(0, f"this client cannot log in with a password through {plugin}")
            answer = self._receive()
        self._raise_if_error(answer)

    def _read_result(self):
        head = self._receive()
        self._raise_if_error(head)
        if head[:1] == b"\0":
            return Result([], [], _lenenc(head, 1)[0])
        columns = [self._column() for _ in range(_lenenc(head, 0)[0])]
        self._receive()  # EOF
        rows = []
        while True:
            packet = self._receive()
            if packet[:1] == b"\xfe" and len(packet) < 9:
                return Result(columns, rows)
            self._raise_if_error(packet)
            rows.append(self._row(packet, len(columns)))

    def _column(self):
        packet = self._receive()
        at = 0
        for _ in range(4):  # catalog, schema, table, original table
            _, at = _lenenc_text(packet, at)
        name, at = _lenenc_text(packet, at)
        _, at = _lenenc_text(packet, at)
        _, at = _lenenc(packet, at)
        charset, _, kind, flags = struct.unpack_from("<HIBH", packet, at)
        return Column(name.decode(), charset, kind, flags)

    @staticmethod
    def _row(packet, count):
        values, at = [], 0
        for _ in range(count):
            if packet[at] == 0xFB:
                values.append(None)
                at += 1
            else:
                value, at = _lenenc_text(packet, at)
                values.append(value)
        return tuple(values)

"""A small Redis client: RESP2, bytes in and out, pipelines."""
import socket


class RedisError(Exception):
    """An error reply."""


class Redis:
    def __init__(self, port, password=None, host="127.0.0.1", timeout=120):
        self._socket = socket.create_connection((host, port), timeout=timeout)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._file = self._socket.makefile("rb", 1 << 16)
        if password:
            self.call("AUTH", password)

    def close(self):
        self._file.close()
        self._socket.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    @staticmethod
    def _encode(args):
        parts = [b"*%d\r\n" % len(args)]
        for arg in args:
            data = arg if isinstance(arg, bytes) else str(arg).encode()
            parts.append(b"$%d\r\n%s\r\n" % (len(data), data))
        return b"".join(parts)

    def call(self, *args):
        """Sends one command; an error reply is raised."""
        reply = self.pipeline([args])[0]
        if isinstance(reply, RedisError):
            raise reply
        return reply

    def pipeline(self, commands):
        """Sends COMMANDS at once; error replies are among the results."""
        self._socket.sendall(b"".join(map(self._encode, commands)))
        return [self._reply() for _ in commands]

    def _reply(self):
        line = self._file.readline()
        if not line.endswith(b"\r\n"):
            raise ConnectionError("Redis closed the connection")
        kind, rest = line[:1], line[1:-2]
        if kind == b"+":
            return rest
        if kind == b"-":
            return RedisError(rest.decode())
        if kind == b":":
            return int(rest)
        size = int(rest)
        if size < 0:
            return None
        if kind == b"$":
            return self._file.read(size + 2)[:-2]
        if kind == b"*":
            return [self._reply() for _ in range(size)]
        raise ConnectionError(f"unknown reply type {kind!r}")

    def monitor(self):
        """Makes Redis tell every command from now on; returns a generator of what it tells."""
        self.call("MONITOR")
        return iter(self._reply, None)

    def keys(self):
        """Every key of the database."""
        found, cursor = set(), b"0"
        while True:
            cursor, batch = self.call("SCAN", cursor, "COUNT", 1000)
            found.update(batch)
            if cursor == b"0":
                return found

    def hash(self, key):
        flat = self.call("HGETALL", key)
        return dict(zip(flat[::2], flat[1::2]))

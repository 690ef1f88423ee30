"""A connection that takes its time: what comes in on a port of its own goes out to another port DELAY seconds later."""
import queue
import socket
import threading
import time


class SlowLink:
    """Bytes keep their order, and nothing is lost. DELAY may be changed at any time, for what comes in from then on."""

    def __init__(self, port, delay):
        self.delay = delay
        self._to = port
        self._server = socket.create_server(("127.0.0.1", 0))
        self.port = self._server.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                client, _ = self._server.accept()
                server = socket.create_connection(("127.0.0.1", self._to))
            except OSError:
                return
            for source, sink in ((client, server), (server, client)):
                parts = queue.Queue()
                threading.Thread(target=self._read, args=(source, parts, source is client), daemon=True).start()
                threading.Thread(target=self._write, args=(sink, parts), daemon=True).start()

    def _read(self, source, parts, is_slow):
        try:
            while data := source.recv(1 << 16):
                parts.put((time.monotonic() + (self.delay if is_slow else 0), data))
        except OSError:
            pass
        parts.put((0, b""))

    @staticmethod
    def _write(sink, parts):
        try:
            while True:
                due, data = parts.get()
                time.sleep(max(0, due - time.monotonic()))
                if not data:
                    sink.shutdown(socket.SHUT_WR)
                    return
                sink.sendall(data)
        except OSError:
            pass

    def close(self):
        self._server.close()

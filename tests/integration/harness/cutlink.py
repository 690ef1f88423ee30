"""A connection to Redis that breaks at a chosen moment of a transaction."""
import socket
import threading

EXEC = b"*1\r\n$4\r\nEXEC\r\n"


class CutLink:
    """Passes on what comes in on a port of its own, until the EXEC of the transaction that MARK occurs in has come.

    Then either the connection breaks before this EXEC goes out, or it goes out and no reply to it comes back: the
    connection stays, silent, until cut().
    """

    def __init__(self, port):
        self._to = port
        self._mark = None
        self._keeps_exec = False
        self._pairs = []
        self.happened = threading.Event()
        self._server = socket.create_server(("127.0.0.1", 0))
        self.port = self._server.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def break_before_exec(self, mark):
        self._arm(mark, True)

    def be_silent_behind_exec(self, mark):
        self._arm(mark, False)

    def cut(self):
        """Ends every connection that there is; new ones pass."""
        for pair in self._pairs:
            for one in pair:
                try:
                    one.shutdown(socket.SHUT_RDWR)
                except OSError:
                    pass
        self._pairs = []

    def close(self):
        self._server.close()
        self.cut()

    def _arm(self, mark, keeps_exec):
        self.happened.clear()
        self._keeps_exec = keeps_exec
        self._mark = mark

    def _accept(self):
        while True:
            try:
                client, _ = self._server.accept()
                server = socket.create_connection(("127.0.0.1", self._to))
            except OSError:
                return
            self._pairs.append((client, server))
            silence = threading.Event()
            threading.Thread(target=self._requests, args=(client, server, silence), daemon=True).start()
            threading.Thread(target=self._replies, args=(server, client, silence), daemon=True).start()

    def _requests(self, client, server, silence):
        tail, is_marked = b"", False
        try:
            while data := client.recv(1 << 16):
                seen = tail + data
                marked = seen.find(self._mark) if self._mark and not is_marked else 0
                is_marked = is_marked or (self._mark is not None and marked >= 0)
                at = seen.find(EXEC, max(marked, 0)) if is_marked else -1
                if at >= 0:
                    self._mark = None
                    if self._keeps_exec:
                        server.sendall(data[:max(0, at + len(EXEC) - 1 - len(tail))])
                        self.happened.set()
                        self.cut()
                        return
                    silence.set()
                    server.sendall(data)
                    self.happened.set()
                    is_marked = False
                else:
                    server.sendall(data)
                tail = seen[-max(len(EXEC), len(self._mark or b"")):]
            server.shutdown(socket.SHUT_WR)
        except OSError:
            pass

    @staticmethod
    def _replies(server, client, silence):
        try:
            while data := server.recv(1 << 16):
                if not silence.is_set():
                    client.sendall(data)
            client.shutdown(socket.SHUT_WR)
        except OSError:
            pass

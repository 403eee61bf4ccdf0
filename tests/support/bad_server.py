"""A server that accepts connections and then does anything but what a server should."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable
from types import TracebackType

Answer = Callable[[socket.socket], None]


class BadServer:
    """
    Listens on a free port of 127.0.0.1; each connection is handed to *answer* in a thread, after
    the request's header was read. ``heard`` counts connections, ``requests`` are their headers.
    """

    def __init__(self, answer: Answer) -> None:
        self._answer = answer
        self._open: list[socket.socket] = []
        self.requests: list[bytes] = []
        self.heard = threading.Semaphore(0)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self._thread = threading.Thread(target=self._accept, daemon=True)

    def __enter__(self) -> BadServer:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join(10)
        for connection in self._open:
            connection.close()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self._open.append(connection)
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        try:
            head = b""
            while b"\r\n\r\n" not in head:
                part = connection.recv(65_536)
                if not part:
                    return
                head += part
            self.requests.append(head)
            self.heard.release()
            self._answer(connection)
        except OSError:
            return


def reset(connection: socket.socket) -> None:
    """Break the connection so that the other side gets an error."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    connection.close()


def says(data: bytes, *, and_then: Answer = socket.socket.close) -> Answer:
    """Answer with *data* as it is, then hang up, or what *and_then* does."""

    def answer(connection: socket.socket) -> None:
        connection.sendall(data)
        and_then(connection)

    return answer


def endless(connection: socket.socket) -> None:
    """An answer that never ends."""
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n")
    while True:
        connection.sendall(b" " * 65_536)


def silent(connection: socket.socket) -> None:
    """No answer, and no end: a half-open connection looks so."""

"""What clients find at a NodeManager's web address: its pages, or something that stands in the way."""

from __future__ import annotations

import socket
import threading
from typing import Optional

TIMEOUT_S = 30.0
ANSWERS = {
    "rubbish": b"\x16\x03\x01\x00\x02no web server\r\n\r\n",
    "portal": (b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 26\r\n\r\n"
               b"<html>Please log in</html>"),
}


class WebFront:
    """Listens at HOST:PORT and hands connections on to 127.0.0.1:PORT, or what `become` says.

    `pages`: that. `closed`: nobody listens. `silent`: takes connections and never answers.
    `rubbish`: bytes that are no HTTP. `portal`: an HTTP answer of another server.
    `connections` counts those that were taken, whatever became of them.
    """

    def __init__(self, host: str, port: int, mode: str = "pages") -> None:
        self.connections = 0
        self._address = (host, port)
        self._listener: Optional[socket.socket] = None
        self._open: list[socket.socket] = []
        self.become(mode)

    @property
    def port(self) -> int:
        assert self._listener is not None
        return int(self._listener.getsockname()[1])

    def become(self, mode: str) -> None:
        self.close()
        if mode != "closed":
            self._listener = socket.create_server(self._address)
            threading.Thread(target=self._accept, args=(self._listener, mode), daemon=True).start()

    def close(self) -> None:
        """Ends listening and every connection."""
        for taken in [self._listener, *self._open]:
            if taken is not None:
                try:
                    taken.shutdown(socket.SHUT_RDWR)
                except OSError:
                    pass  # the other side was quicker
                taken.close()
        self._listener = None
        self._open = []

    def _accept(self, listener: socket.socket, mode: str) -> None:
        while True:
            try:
                client, _ = listener.accept()
            except OSError:
                return  # closed
            self.connections += 1
            self._open.append(client)
            threading.Thread(target=self._serve, args=(client, mode), daemon=True).start()

    def _serve(self, client: socket.socket, mode: str) -> None:
        if mode == "silent":
            return
        with client:
            if mode in ANSWERS:
                client.recv(65536)
                client.sendall(ANSWERS[mode])
                return
            try:
                page = socket.create_connection(("127.0.0.1", self._address[1]), TIMEOUT_S)
            except OSError:
                return  # its NodeManager is down
            with page:
                back = threading.Thread(target=pump, args=(page, client), daemon=True)
                back.start()
                pump(client, page)
                back.join(TIMEOUT_S)


def pump(source: socket.socket, sink: socket.socket) -> None:
    """Until either side ends."""
    try:
        while data := source.recv(65536):
            sink.sendall(data)
        sink.shutdown(socket.SHUT_WR)
    except OSError:
        pass

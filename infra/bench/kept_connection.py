"""A load generator's connection to a server: as little work a request as HTTP allows.

Generator and server share the processors, so what a request costs here is missing there.
"""

import re
from collections.abc import Mapping
from urllib.parse import urlsplit

from gevent import socket

_LENGTH = re.compile(rb"\r\ncontent-length:[ \t]*(\d+)", re.IGNORECASE)
_CLOSE = re.compile(rb"\r\nconnection:[ \t]*close", re.IGNORECASE)
_END_OF_HEAD = b"\r\n\r\n"
_READ_BYTES = 65_536


class KeptConnection:
    """Send requests to one address, one after the other; opened anew where the server closes it."""

    def __init__(
        self, url: str, path: str, headers: Mapping[str, str], timeout_seconds: float
    ) -> None:
        parts = urlsplit(url)
        self._address = (parts.hostname or "", parts.port or 80)
        self._timeout_seconds = timeout_seconds
        lines = {"Host": parts.netloc, "User-Agent": "parley-bench", "Accept": "*/*", **headers}
        written = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
        self._head = f"POST {path} HTTP/1.1\r\n{written}Content-Length: ".encode()
        self._socket: socket.socket | None = None

    def post(self, body: bytes) -> tuple[int, bytes]:
        """Return status and body of the answer; raise OSError if there is none that is whole."""
        request = b"%s%d\r\n\r\n%s" % (self._head, len(body), body)
        try:
            if self._socket is not None:
                try:
                    return self._exchange(self._socket, request)
                except ConnectionError:  # the server has ended an idle connection
                    self.close()
            return self._exchange(self._open(), request)
        except OSError:
            self.close()
            raise

    def close(self) -> None:
        """Close the connection, if it is open."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def _open(self) -> socket.socket:
        self._socket = opened = socket.create_connection(self._address, self._timeout_seconds)
        opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return opened

    def _exchange(self, connection: socket.socket, request: bytes) -> tuple[int, bytes]:
        connection.sendall(request)
        received = _read(connection)
        while (end := received.find(_END_OF_HEAD)) < 0:
            received += _read(connection)
        head, start = received[:end], end + len(_END_OF_HEAD)
        length = _LENGTH.search(head)
        if length is None:
            raise OSError("an answer does not say how long it is")
        whole = start + int(length[1])
        while len(received) < whole:
            received += _read(connection)
        if _CLOSE.search(head):
            self.close()
        return int(head[9:12]), received[start:whole]


def _read(connection: socket.socket) -> bytes:
    part: bytes = connection.recv(_READ_BYTES)
    if not part:
        raise ConnectionResetError("the server has closed the connection")
    return part

"""gunicorn's response with less work for each: the same bytes, sent in one piece where they can be.

Nothing here imports Flask: gunicorn's parent process imports its worker class, and with it this.
"""

import time
from collections.abc import Sequence
from typing import Any

from gunicorn.http.wsgi import Response
from gunicorn.util import http_date

_MAX_VALID = 1_024
_LENGTH_OR_HOP = frozenset(
    (
        *("content-length", "connection", "keep-alive", "proxy-authenticate", "te", "trailers"),
        *("proxy-authorization", "transfer-encoding", "upgrade", "server", "date"),
    )
)


class Dates:
    """The Date header, written once a second."""

    def __init__(self) -> None:
        self._second, self._line = 0, ""

    def line(self) -> str:
        """Return the header's line now."""
        second = int(time.time())
        if second != self._second:
            self._line = f"Date: {http_date(second)}\r\n"
            self._second = second
        return self._line


_dates = Dates()
_valid: set[tuple[str, str]] = set()


class GatewayResponse(Response):  # type: ignore[misc]  # gunicorn is untyped
    """A response to one request."""

    headers_sent: bool

    def process_headers(self, headers: Sequence[tuple[str, str]]) -> None:
        """Take headers; those that gunicorn found valid before are not checked again."""
        for header in headers:
            if header in _valid:
                self.headers.append(header)
                continue
            super().process_headers((header,))
            if header[0].lower() not in _LENGTH_OR_HOP and self.headers[-1:] == [header]:
                if len(_valid) >= _MAX_VALID:
                    _valid.clear()
                _valid.add(header)

    def default_headers(self) -> list[str]:
        """Return the lines that every response begins with."""
        if self.upgrade or self.chunked:
            lines: list[str] = super().default_headers()
            return lines
        version, connection = self.req.version, "close" if self.should_close() else "keep-alive"
        return [
            f"HTTP/{version[0]}.{version[1]} {self.status}\r\nServer: {self.version}\r\n",
            _dates.line(),
            f"Connection: {connection}\r\n",
        ]

    def write(self, part: bytes) -> None:
        """Send a part of the body, the head before it; both in one piece if that is all."""
        if self.headers_sent or self._omits_body or self.response_length != len(part):
            super().write(part)
            return
        self.headers_sent, self.sent = True, len(part)
        lines = [f"{name}: {value}\r\n" for name, value in self.headers]
        head = "".join((*self.default_headers(), *lines, "\r\n"))
        send_all(self.sock, head.encode("latin-1") + part)


def send_all(connection: Any, data: bytes) -> None:
    """Send all data; at once if there is room, as there nearly always is."""
    sent = connection.send(data)
    if sent < len(data):
        connection.sendall(data[sent:])

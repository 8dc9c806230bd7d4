"""HTTP as the commands, probes and test clients need it: one request, or a kept connection."""

import contextlib
import http.client
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

import msgspec

HTTP_ERRORS = (OSError, http.client.HTTPException)
_NO_HEADERS: Mapping[str, str] = {}


@dataclass(frozen=True, slots=True)
class HttpResponse:
    """What came back for one request; header names are case-insensitive."""

    status: int
    body: bytes
    headers: http.client.HTTPMessage

    def json_object(self) -> dict[str, object] | None:
        """Return the body as a JSON object, None if it is something else."""
        try:
            found = msgspec.json.decode(self.body)
        except msgspec.DecodeError:
            return None
        return found if isinstance(found, dict) else None


class HttpConnection:
    """A connection to one server, opened at the first request and kept until closed."""

    def __init__(self, url: str, timeout_seconds: float) -> None:
        self._connection = connection_to(url, timeout_seconds)
        self._prefix = urlsplit(url).path.rstrip("/")

    def request(
        self,
        method: str,
        path: str,
        body: bytes | None = None,
        headers: Mapping[str, str] = _NO_HEADERS,
    ) -> HttpResponse:
        """Send one request; raise one of HTTP_ERRORS if the connection fails."""
        self._connection.request(method, self._prefix + path, body, dict(headers))
        response = self._connection.getresponse()
        return HttpResponse(response.status, response.read(), response.headers)

    def close(self) -> None:
        """Drop the connection."""
        self._connection.close()


_KINDS = {"https": http.client.HTTPSConnection}


def connection_to(url: str, timeout_seconds: float) -> http.client.HTTPConnection:
    """Return a connection to a server, which opens with its first request."""
    address = urlsplit(url)
    kind = _KINDS.get(address.scheme, http.client.HTTPConnection)
    return kind(address.netloc, timeout=timeout_seconds)


def is_http_url(text: str) -> bool:
    """Tell whether a text is an address that a connection can be made to."""
    try:
        address = urlsplit(text)
        port_fits = address.port != 0  # ValueError if it is no port
        host = (address.hostname or "").encode("idna")
    except ValueError:
        return False
    if address.scheme not in ("http", "https") or not host or "@" in address.netloc:
        return False
    return port_fits and address.path.isascii() and text.isprintable() and " " not in text


def get(
    url: str, path: str, timeout_seconds: float, headers: Mapping[str, str] = _NO_HEADERS
) -> HttpResponse:
    """Send one GET; raise one of HTTP_ERRORS if nothing answers."""
    with contextlib.closing(HttpConnection(url, timeout_seconds)) as connection:
        return connection.request("GET", path, headers=headers)


def post_json(
    url: str,
    path: str,
    value: object,
    timeout_seconds: float,
    headers: Mapping[str, str] = _NO_HEADERS,
) -> HttpResponse:
    """Send one POST with a JSON body; raise one of HTTP_ERRORS if nothing answers."""
    headers = {"Content-Type": "application/json", **headers}
    with contextlib.closing(HttpConnection(url, timeout_seconds)) as connection:
        return connection.request("POST", path, msgspec.json.encode(value), headers)

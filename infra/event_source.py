"""Server-sent events as a terminal reads them."""

import http.client
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlsplit

import msgspec

from infra.http_client import HTTP_ERRORS, connection_to
from shared.errors import GatewayUnavailable

# A gateway says something at least every 15 s.
_SILENCE_SECONDS = 40.0
_EVENTS = "text/event-stream"


@dataclass(frozen=True, slots=True)
class ServerEvent:
    """One event; `data` is what its JSON says."""

    name: str
    data: Any
    id: str | None = None


class StreamBroken(Exception):
    """Say that a stream ended in the middle, or that nothing answered."""


class EventSource:
    """One request whose response is a stream of events. A context manager.

    Raises StreamBroken if nothing answers. `status` is the response's; a response that is no
    stream is in `problem`.
    """

    def __init__(
        self,
        url: str,
        method: str,
        path: str,
        value: object = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        self._connection = connection_to(url, _SILENCE_SECONDS)
        sent = {"Accept": _EVENTS, **(headers or {})}
        body = None
        if value is not None:
            sent["Content-Type"], body = "application/json", msgspec.json.encode(value)
        try:
            prefix = urlsplit(url).path.rstrip("/")
            self._connection.request(method, prefix + path, body, sent)
            self._response = self._connection.getresponse()
        except HTTP_ERRORS as error:
            self._connection.close()
            raise StreamBroken(str(error)) from error
        self.status = self._response.status
        self.is_stream = _EVENTS in (self._response.getheader("Content-Type") or "")

    def problem(self) -> dict[str, Any]:
        """Return the JSON object of a response that is no stream, empty if it has none."""
        try:
            found = msgspec.json.decode(self._response.read())
        except (*HTTP_ERRORS, msgspec.DecodeError):
            return {}
        return found if isinstance(found, dict) else {}

    def events(self) -> Iterator[ServerEvent]:
        """Yield each event as it comes; raise StreamBroken if the connection breaks.

        Raises GatewayUnavailable if it is no stream of a gateway.
        """
        try:
            yield from read_events(self._lines())
        except HTTP_ERRORS as error:
            raise StreamBroken(str(error)) from error
        except (msgspec.DecodeError, UnicodeDecodeError):
            raise GatewayUnavailable("What answers there is not a Parley gateway.") from None

    def close(self) -> None:
        """Drop the connection; a reader in another thread ends."""
        connection, self._connection = self._connection, _NO_CONNECTION
        connection.close()

    def _lines(self) -> Iterator[bytes]:
        while line := self._response.readline():
            yield line

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()


_NO_CONNECTION = http.client.HTTPConnection("localhost")


def read_events(lines: Iterator[bytes]) -> Iterator[ServerEvent]:
    """Yield the events in the lines of a stream; comments and half an event are passed over."""
    name, event_id, data = "message", None, b""
    for line in lines:
        field, _, value = line.rstrip(b"\r\n").partition(b":")
        value = value.removeprefix(b" ")
        if field == b"event":
            name = value.decode()
        elif field == b"id":
            event_id = value.decode()
        elif field == b"data":
            data += value
        elif not line.strip():
            if data:
                yield ServerEvent(name, msgspec.json.decode(data), event_id)
            name, data = "message", b""

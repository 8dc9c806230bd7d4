"""Sends one event to the webhook's address."""

import contextlib
import http.client
import socket
import threading
from collections.abc import Callable, Iterator, Mapping
from urllib.parse import urlsplit

from gateway.webhook.signature import signed_headers, signing_key
from shared.clock import Clock
from shared.errors import DeliveryFailed

TIMEOUT_SECONDS = 5.0
_CONNECTIONS = {"http": http.client.HTTPConnection, "https": http.client.HTTPSConnection}

Deliver = Callable[[str, bytes], None]
"""Send an event (id, body); raise DeliveryFailed with the reason."""


class HttpDelivery:
    """POST to one address; a redirection is not followed, and counts as a refusal."""

    def __init__(
        self, url: str, secret: str, clock: Clock, timeout_seconds: float = TIMEOUT_SECONDS
    ) -> None:
        address = urlsplit(url)
        self._connection = _CONNECTIONS[address.scheme]
        self._host = address.netloc
        self._target = (address.path or "/") + (f"?{address.query}" if address.query else "")
        self._key = signing_key(secret)
        self._clock = clock
        self._timeout_seconds = timeout_seconds

    def __call__(self, event_id: str, body: bytes) -> None:
        """Send one event; any answer but 2xx is a failure."""
        headers = {
            "Content-Type": "application/json",
            "User-Agent": "Parley-Webhook",
            **signed_headers(self._key, event_id, self._clock.now(), body),
        }
        try:
            status = self._post(body, headers)
        except (OSError, http.client.HTTPException) as error:
            raise DeliveryFailed(str(error) or type(error).__name__) from error
        if not 200 <= status < 300:
            raise DeliveryFailed(f"it answered {status}")

    def _post(self, body: bytes, headers: Mapping[str, str]) -> int:
        connection: http.client.HTTPConnection = self._connection(
            self._host, timeout=self._timeout_seconds
        )
        with contextlib.closing(connection), _cut_off(connection, self._timeout_seconds):
            connection.request("POST", self._target, body, dict(headers))
            return connection.getresponse().status  # the body is of no interest


@contextlib.contextmanager
def _cut_off(connection: http.client.HTTPConnection, seconds: float) -> Iterator[None]:
    """End an exchange that takes too long in all, however steadily the other side sends."""

    def cut() -> None:
        if connection.sock is not None:
            with contextlib.suppress(OSError):
                connection.sock.shutdown(socket.SHUT_RDWR)

    timer = threading.Timer(seconds, cut)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()

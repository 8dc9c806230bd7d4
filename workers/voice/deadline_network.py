"""Network for an HTTP client whose time limits are points in time, not lengths of waits.

A client's read time-out begins anew with each byte: a server that sends one now and then holds its
thread for ever. Here a time-out that httpcore passes on is a point in time on the clock, so that
every wait of a call ends by it: to look up a name, connect, shake hands, send, and read.
"""

import ipaddress
import math
import queue
import socket
import threading
from collections.abc import Iterable
from ssl import SSLContext
from typing import Any

import httpcore

from shared.clock import Clock

_WRITE_BYTES = 16_384
Options = Iterable[httpcore.SOCKET_OPTION] | None


class DeadlineStream(httpcore.NetworkStream):
    """A connection. A read also ends after `stall_seconds` without a byte."""

    def __init__(self, inner: httpcore.NetworkStream, clock: Clock, stall_seconds: float) -> None:
        self._inner = inner
        self._clock = clock
        self._stall_seconds = stall_seconds
        self._hurried_until = math.inf

    def hurry(self, due_at: float) -> None:
        """Have the reads of this response end sooner than its request said."""
        self._hurried_until = due_at

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """Read what has come, by a point in time."""
        left = min(_due(timeout), self._hurried_until) - self._clock.monotonic()
        if left <= 0:
            raise httpcore.ReadTimeout
        return self._inner.read(max_bytes, min(left, self._stall_seconds))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """Write all, by a point in time."""
        self._hurried_until = math.inf
        for start in range(0, len(buffer), _WRITE_BYTES):
            left = _due(timeout) - self._clock.monotonic()
            if left <= 0:
                raise httpcore.WriteTimeout
            left = min(left, self._stall_seconds)
            self._inner.write(buffer[start : start + _WRITE_BYTES], left)

    def close(self) -> None:
        """Close the connection."""
        self._inner.close()

    def start_tls(
        self,
        ssl_context: SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore.NetworkStream:
        """Shake hands, by a point in time."""
        left = min(_due(timeout) - self._clock.monotonic(), self._stall_seconds)
        if left <= 0:
            raise httpcore.ConnectTimeout
        inner = self._inner.start_tls(ssl_context, server_hostname, left)
        return DeadlineStream(inner, self._clock, self._stall_seconds)

    def get_extra_info(self, info: str) -> Any:
        """Return what the connection tells of itself."""
        return self._inner.get_extra_info(info)


class DeadlineNetwork(httpcore.NetworkBackend):
    """Connect to servers; names of hosts are looked up in a thread, which cannot be ended."""

    def __init__(self, clock: Clock, stall_seconds: float, connect_seconds: float) -> None:
        self._inner = httpcore.SyncBackend()
        self._clock = clock
        self._stall_seconds = stall_seconds
        self._connect_seconds = connect_seconds

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Options = None,
    ) -> httpcore.NetworkStream:
        """Try a host's addresses in turn, by a point in time, each for a while at most."""
        due_at = _due(timeout)
        fault: Exception = httpcore.ConnectError("the host has no address")
        for address in _addresses(host, port, due_at - self._clock.monotonic()):
            left = min(due_at - self._clock.monotonic(), self._connect_seconds)
            if left <= 0:
                break
            try:
                inner = self._inner.connect_tcp(address, port, left, local_address, socket_options)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                fault = error
            else:
                return DeadlineStream(inner, self._clock, self._stall_seconds)
        raise fault


def _due(timeout: float | None) -> float:
    return math.inf if timeout is None else timeout


def _addresses(host: str, port: int, seconds: float) -> list[str]:
    """Return a host's addresses, which the system's resolver may take any time to find."""
    try:
        return [str(ipaddress.ip_address(host))]
    except ValueError:
        pass
    found: queue.SimpleQueue[list[str] | OSError] = queue.SimpleQueue()
    threading.Thread(target=_look_up, args=(host, port, found), daemon=True).start()
    try:
        addresses = found.get(timeout=max(0.0, seconds))
    except queue.Empty:
        raise httpcore.ConnectTimeout from None
    if isinstance(addresses, OSError):
        raise httpcore.ConnectError(f"host not found: {host}") from addresses
    return addresses


def _look_up(host: str, port: int, found: "queue.SimpleQueue[list[str] | OSError]") -> None:
    try:
        rows = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except OSError as fault:
        found.put(fault)
    else:
        found.put([str(row[4][0]) for row in rows])

"""A TCP link to a local port that can go silent, as one does behind a firewall that forgot it."""

import socket
import threading
from collections.abc import Callable
from contextlib import suppress
from types import TracebackType
from typing import Self

_CHUNK_BYTES = 65_536


class SilentLink:
    """Carry connections to a port; a context manager.

    `silence` ends all traffic of the connections that are there and of those that are accepted
    until `restore`, for ever: what they hold is never passed on, and none of them is closed.
    """

    def __init__(self, target_port: int) -> None:
        self._target_port = target_port
        self._server = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._server.getsockname()[1]
        self._closing = threading.Event()
        self._silenced = threading.Event()
        self._sockets: list[socket.socket] = [self._server]
        self._threads: list[threading.Thread] = []

    def silence(self) -> None:
        """Carry nothing more on any connection that there is now or that comes until `restore`."""
        self._silenced.set()

    def restore(self) -> None:
        """Carry connections that come from now on."""
        self._silenced = threading.Event()

    def _accept(self) -> None:
        with suppress(OSError):  # closed
            while True:
                near, _ = self._server.accept()
                far = socket.create_connection(("127.0.0.1", self._target_port))
                self._sockets += (near, far)
                for source, target in ((near, far), (far, near)):
                    self._spawn(_carry, source, target, self._silenced, self._closing)

    def _spawn(self, run: Callable[..., None], *arguments: object) -> None:
        thread = threading.Thread(target=run, args=arguments, daemon=True)
        self._threads.append(thread)
        thread.start()

    def __enter__(self) -> Self:
        self._spawn(self._accept)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._closing.set()
        for end in self._sockets:
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join(timeout=5)
        for end in self._sockets:
            end.close()


def _carry(
    source: socket.socket,
    target: socket.socket,
    silenced: threading.Event,
    closing: threading.Event,
) -> None:
    with suppress(OSError):
        while chunk := source.recv(_CHUNK_BYTES):
            if silenced.is_set():
                closing.wait()
                return
            target.sendall(chunk)
    if not silenced.is_set():
        with suppress(OSError):
            target.shutdown(socket.SHUT_RDWR)

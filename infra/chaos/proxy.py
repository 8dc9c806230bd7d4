"""A proxy between the services, for network faults: cut, hang, refuse, slow."""

import asyncio
import contextlib
import socket
import struct
import threading
from collections.abc import Callable, Mapping
from types import TracebackType
from typing import Literal, Self

_CHUNK_BYTES = 65_536
_HOST = "127.0.0.1"
_NONE: Mapping[str, int] = {}

Mode = Literal["open", "hang", "refuse"]


class ProxiedLink:
    """One link, as of a service to Redis; all its methods run in the proxy's own thread."""

    def __init__(self, far_port: int) -> None:
        self._far_port = far_port
        self._mode: Mode = "open"
        self._delay_seconds = 0.0
        self._flowing = asyncio.Event()
        self._flowing.set()
        self._writers: set[asyncio.StreamWriter] = set()

    def change(self, mode: Mode, delay_seconds: float = 0.0) -> None:
        """Let everything through, hold everything back, or accept no connection."""
        self._mode, self._delay_seconds = mode, delay_seconds
        if mode == "hang":
            self._flowing.clear()
        else:
            self._flowing.set()
        if mode == "refuse":
            self.cut()

    def cut(self) -> None:
        """Reset every connection."""
        for writer in list(self._writers):
            _reset(writer)

    async def carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Carry one connection until either side ends it."""
        if self._mode == "refuse":
            _reset(writer)
            return
        self._writers.add(writer)
        try:
            far_reader, far_writer = await asyncio.open_connection(_HOST, self._far_port)
        except OSError:
            self._drop(writer)
            return
        self._writers.add(far_writer)
        there = asyncio.create_task(self._pump(reader, far_writer))
        back = asyncio.create_task(self._pump(far_reader, writer))
        await asyncio.wait((there, back), return_when=asyncio.FIRST_COMPLETED)
        self._drop(writer)
        self._drop(far_writer)
        await asyncio.gather(there, back, return_exceptions=True)

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            while chunk := await reader.read(_CHUNK_BYTES):
                if self._delay_seconds:
                    await asyncio.sleep(self._delay_seconds)
                await self._flowing.wait()
                writer.write(chunk)
                await writer.drain()

    def _drop(self, writer: asyncio.StreamWriter) -> None:
        self._writers.discard(writer)
        writer.transport.abort()


def _reset(writer: asyncio.StreamWriter) -> None:
    """Reset a connection instead of closing it."""
    line = writer.get_extra_info("socket")
    with contextlib.suppress(OSError):
        line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


class Proxy:
    """A listening port for each link, all served by one thread; a context manager.

    All lead to Redis, except those that `far_ports` names.
    """

    def __init__(
        self, ports: Mapping[str, int], redis_port: int, far_ports: Mapping[str, int] = _NONE
    ) -> None:
        self._ports = ports
        self._redis_port = redis_port
        self._far_ports = far_ports
        self._links: dict[str, ProxiedLink] = {}
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="proxy", daemon=True)

    def open(self, name: str) -> None:
        """Let everything through again."""
        self._soon(lambda: self._links[name].change("open"))

    def cut(self, name: str) -> None:
        """Reset the connections that exist now."""
        self._soon(self._links[name].cut)

    def hang(self, name: str) -> None:
        """Hold everything back until opened; connections stay."""
        self._soon(lambda: self._links[name].change("hang"))

    def refuse(self, name: str) -> None:
        """Reset all connections and accept none until opened."""
        self._soon(lambda: self._links[name].change("refuse"))

    def slow(self, name: str, delay_seconds: float) -> None:
        """Carry each chunk that much later, until opened."""
        self._soon(lambda: self._links[name].change("open", delay_seconds))

    def __enter__(self) -> Self:
        self._thread.start()
        asyncio.run_coroutine_threadsafe(self._listen(), self._loop).result(timeout=10)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        asyncio.run_coroutine_threadsafe(self._close(), self._loop).result(timeout=10)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    async def _listen(self) -> None:
        self._servers = []
        for name, port in self._ports.items():
            far_port = self._far_ports.get(name, self._redis_port)
            link = self._links[name] = ProxiedLink(far_port)
            self._servers.append(await asyncio.start_server(link.carry, _HOST, port))

    async def _close(self) -> None:
        for server in self._servers:
            server.close()
        for link in self._links.values():
            link.change("refuse")
        own = asyncio.current_task()
        carrying = [task for task in asyncio.all_tasks() if task is not own]
        await asyncio.wait(carrying, timeout=2) if carrying else None

    def _soon(self, call: Callable[[], None]) -> None:
        self._loop.call_soon_threadsafe(call)

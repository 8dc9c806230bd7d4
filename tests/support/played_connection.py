"""gunicorn's worker over a connection that a test plays: what it sends, byte for byte."""

from typing import Any

from flask import Flask
from gunicorn import http
from gunicorn.config import Config
from gunicorn.glogging import Logger

from gateway.gunicorn_worker import GatewayWorker
from gateway.http_requests import KnownRequestParser
from gateway.known_heads import KnownHeads
from gateway.refusal_replay import REFUSALS
from gateway.turns import Turns

LISTENER = ("127.0.0.1", 8000)


class PlayedSocket:
    """Holds what a client has sent, and keeps what it is answered."""

    def __init__(self, sent: bytes) -> None:
        self._sent = sent
        self.answered = b""

    def recv(self, size: int) -> bytes:
        part, self._sent = self._sent[:size], self._sent[size:]
        return part

    def sendall(self, part: bytes) -> None:
        self.answered += part

    def send(self, part: bytes) -> int:
        self.sendall(part)
        return len(part)

    def setblocking(self, flag: int) -> None:
        """Never wait."""

    def settimeout(self, seconds: float | None) -> None:
        """Never wait."""

    def gettimeout(self) -> None:
        """Never wait."""

    def close(self) -> None:
        """Keep what was answered."""

    def shutdown(self, how: int) -> None:
        """Keep what was answered."""

    def fileno(self) -> int:
        """Have no descriptor: nothing is to be watched."""
        return -1


class PlayedListener:
    """Says where it listens."""

    def getsockname(self) -> tuple[str, int]:
        return LISTENER


class PlayedWorker(GatewayWorker):
    """A worker without process and event loop, which serves one request after the other."""

    def __init__(self, app: Flask) -> None:
        self.cfg = Config()
        self.cfg.set("forwarded_allow_ips", "")
        self.log = Logger(self.cfg)
        self._app, self.wsgi = app, self._ask
        self.alive, self.nr, self.max_requests = True, 0, 1_000_000
        self.body_timeout_seconds = 10.0
        self.turns, self.heads = Turns(), KnownHeads()
        self.refusals = app.extensions[REFUSALS]
        self._refused_in_a_row = 0
        self.asked_app = 0

    def _ask(self, environ: Any, start_response: Any) -> Any:
        self.asked_app += 1
        return self._app(environ, start_response)

    def parsed(self, sent: bytes) -> Any:
        """Return a request as gunicorn reads it."""
        return next(http.get_parser(self.cfg, PlayedSocket(sent), ("127.0.0.1", 50_000)))

    def handled(self, sent: bytes) -> bytes:
        """Return all that is answered on a connection, from its beginning to its end."""
        connection = PlayedSocket(sent)
        self.handle(PlayedListener(), connection, ("127.0.0.1", 50_000))
        return connection.answered

    def serve(self, sent: bytes, peer: str = "127.0.0.1") -> list[bytes]:
        """Return the answer to each request of a connection."""
        connection, answers = PlayedSocket(sent), list[bytes]()
        parser: Any = KnownRequestParser(self.cfg, connection, (peer, 50_000), self.heads)
        while True:
            before = len(connection.answered)
            try:
                request = next(parser)
                self.handle_request(LISTENER, request, connection, (peer, 50_000))
            except (StopIteration, http.errors.NoMoreData):
                ended = connection.answered[before:]
                return [*answers, ended] if ended else answers
            answers.append(connection.answered[before:])

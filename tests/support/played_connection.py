"""gunicorn's worker over a connection that a test plays: what it sends, byte for byte."""

from typing import Any

from flask import Flask
from gunicorn import http
from gunicorn.config import Config
from gunicorn.glogging import Logger

from gateway.gathering_pause import GatheringPause
from gateway.gunicorn_worker import GatewayWorker
from gateway.head_deadlines import HeadDeadlines
from gateway.known_heads import KnownHead, KnownHeads
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
        self.deadlines = HeadDeadlines(self.cfg.keepalive, runs=False)
        self.pause = GatheringPause(self.turns)
        self.asked_app = 0
        self._answers = list[bytes]()

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
        connection, address = PlayedSocket(sent), (peer, 50_000)
        self._answers = answers = list[bytes]()
        requests: Any = self.requests_of(connection, address)
        ends = (StopIteration, http.errors.NoMoreData)
        while True:
            try:
                request = next(requests)
            except ends:
                return answers
            before = len(connection.answered)
            try:
                self.handle_request(LISTENER, request, connection, address)
            except ends:
                ended = connection.answered[before:]
                return [*answers, ended] if ended else answers
            answers.append(connection.answered[before:])

    def _refuse_known(self, client: Any, addr: Any, known: KnownHead) -> bool:
        before = len(client.answered)
        is_refused = super()._refuse_known(client, addr, known)
        if is_refused:
            self._answers.append(client.answered[before:])
        return is_refused

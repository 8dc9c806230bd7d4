"""gunicorn's worker, with a time for bodies and errors in the form of all others.

Its parent process imports this, and must not import Flask: gevent patches what a worker imports.
"""

import contextlib
import logging
import socket
import time
from typing import Any

import gevent
import msgspec
from gunicorn.http import errors
from gunicorn.http.body import Body
from gunicorn.workers.ggevent import GeventWorker

from gateway.problem_kind import ProblemKind, describe
from gateway.refusal_replay import REFUSAL, REFUSALS, RefusalReplay
from gateway.settings import GatewaySettings
from gateway.turns import Turns
from shared.errors import BodyTooSlow
from shared.settings import load

logger = logging.getLogger(__name__)

_SEND_SECONDS = 30.0
_LINGER_SECONDS = 1.0
_MAX_LINGER_BYTES = 1024 * 1024
_READ_BYTES = 64 * 1024
_HTTP_1_1 = (1, 1)
_REFUSALS_IN_A_ROW = 16

_MALFORMED = ProblemKind("malformed-request", 400, "This is not a valid HTTP request")
_INTERNAL = ProblemKind("internal-error", 500, "Something went wrong here")
_FAULTS: tuple[tuple[type[Exception], ProblemKind, str], ...] = (
    (
        errors.LimitRequestLine,
        ProblemKind("address-too-long", 414, "The address is too long"),
        "The request line is longer than is taken.",
    ),
    (
        errors.LimitRequestHeaders,
        ProblemKind("headers-too-large", 431, "The headers are too large"),
        "There are more headers, or longer ones, than are taken.",
    ),
    (
        errors.ExpectationFailed,
        ProblemKind("expectation-failed", 417, "The expectation cannot be met"),
        "Of Expect, only 100-continue is understood.",
    ),
    (
        errors.UnsupportedTransferCoding,
        ProblemKind("unsupported-transfer-coding", 501, "This transfer coding is not known"),
        "Of Transfer-Encoding, only chunked is understood.",
    ),
    (errors.InvalidHTTPVersion, _MALFORMED, "HTTP/1.0 and HTTP/1.1 are spoken."),
    (errors.InvalidRequestMethod, _MALFORMED, "The method is none."),
    (errors.InvalidRequestLine, _MALFORMED, "The request line is not valid."),
    (errors.ParseException, _MALFORMED, "A header or the body's framing is not valid."),
)


class TimedBody(Body):  # type: ignore[misc]  # gunicorn is untyped
    """A request's body that must come within a time, whatever the pauses in it."""

    def __init__(self, request: Any, seconds: float) -> None:
        super().__init__(request.body.reader)
        self._request = request
        self._seconds = seconds
        self._deadline: float | None = None

    def end_connection(self) -> None:
        """Let the connection end with the answer to this request."""
        self._request.force_close()

    def _read_reader(self, size: int) -> bytes:
        now = time.monotonic()
        if self._deadline is None:
            self._deadline = now + self._seconds
        with gevent.Timeout(max(self._deadline - now, 0.0), BodyTooSlow("the body is too slow")):
            part: bytes = super()._read_reader(size)
        return part


class GatewayWorker(GeventWorker):  # type: ignore[misc]  # gunicorn is untyped
    """Cut off who sends slowly or does not read, and answer what is no HTTP with a problem.

    Headers must come within gunicorn's `keepalive`, a body within PARLEY_BODY_TIMEOUT_SECONDS.
    """

    def init_process(self) -> None:
        """Read the setting once, and serve."""
        self.body_timeout_seconds = load(GatewaySettings).body_timeout_seconds
        self.turns = Turns()
        super().init_process()

    def load_wsgi(self) -> None:
        """Load the app, and what repeats its refusals."""
        super().load_wsgi()
        self.refusals: RefusalReplay = self.wsgi.extensions[REFUSALS]
        self._refused_in_a_row = 0

    def handle_request(self, listener_name: Any, req: Any, sock: Any, addr: Any) -> Any:
        """Serve one request whose body must come, and whose answer must be read, in time."""
        sock.settimeout(max(_SEND_SECONDS, self.body_timeout_seconds))
        if self.alive and self._refuse_again(req, sock, addr):
            return True  # gunicorn reads the body away, within the time for the next headers
        if self.turns.take() and self.alive and self._refuse_again(req, sock, addr, waited=True):
            return True
        req.body = TimedBody(req, self.body_timeout_seconds)
        try:
            return super().handle_request(listener_name, req, sock, addr)
        except StopIteration:  # the connection ends with this answer
            if _has_unread_body(req.body):
                _linger(sock)
            raise

    def _refuse_again(self, request: Any, sock: Any, address: Any, *, waited: bool = False) -> bool:
        """Answer a request as one of its form was refused a moment ago, if it would be now."""
        answer = self.refusals.answer(
            request, address[0], is_behind=self.turns.is_behind, has_waited=waited
        )
        if answer is None:
            return False
        sock.sendall(answer)
        self._refused_in_a_row += 1
        if self._refused_in_a_row == _REFUSALS_IN_A_ROW:
            self._refused_in_a_row = 0
            gevent.sleep(0)  # replies go out between what a client sends without waiting
        return True

    def keep_refusal(self, request: Any, environ: Any, response: Any) -> None:
        """Keep what the app refused, if the connection outlasts it."""
        refusal = environ.get(REFUSAL)
        if refusal is None or request.version != _HTTP_1_1 or response.should_close():
            return
        lines = (f"{name}: {value}\r\n" for name, value in response.headers)
        head = "".join((*response.default_headers(), *lines, "\r\n"))
        self.refusals.keep(request, environ["REMOTE_ADDR"], refusal, head)

    def handle_error(self, req: Any, client: Any, addr: Any, exc: BaseException) -> None:
        """Answer what gunicorn cannot parse; what was sent is neither shown nor logged."""
        if isinstance(exc, BodyTooSlow):
            return  # the rest of a body that was answered already
        for fault, kind, detail in _FAULTS:
            if isinstance(exc, fault):
                logger.warning("a request was refused: %s", kind.name)
                _send_problem(client, kind, detail)
                _linger(client)
                return
        logger.error("a request failed outside the app", exc_info=exc)
        _send_problem(client, _INTERNAL, "The fault is in the gateway and has been logged.")


def _has_unread_body(body: TimedBody) -> bool:
    """Tell whether some of a body may still come; of a chunked one it is not known."""
    return bool(body.failed or getattr(body.reader, "length", 1))


def _send_problem(client: socket.socket, kind: ProblemKind, detail: str) -> None:
    body = msgspec.json.encode(describe(kind, detail))
    head = (
        f"HTTP/1.1 {kind.status} {kind.title}\r\nConnection: close\r\n"
        f"Content-Type: application/problem+json\r\nContent-Length: {len(body)}\r\n"
        "X-Content-Type-Options: nosniff\r\nCache-Control: no-store\r\n\r\n"
    )
    with contextlib.suppress(OSError), gevent.Timeout(_LINGER_SECONDS, False):
        client.sendall(head.encode() + body)


def _linger(client: socket.socket) -> None:
    """Read what the client still sends, within bounds.

    A connection that is closed before is reset, and the client may lose the answer with it.
    """
    with contextlib.suppress(OSError), gevent.Timeout(_LINGER_SECONDS, False):
        client.shutdown(socket.SHUT_WR)
        left = _MAX_LINGER_BYTES
        while left > 0 and (part := client.recv(_READ_BYTES)):
            left -= len(part)

"""gunicorn's worker, with a time for bodies and errors in the form of all others.

Its parent process imports this, and must not import Flask: gevent patches what a worker imports.
"""

import contextlib
import errno
import logging
import socket
from datetime import UTC, datetime
from functools import partial
from typing import Any

import gevent
from gunicorn import util
from gunicorn.http import errors, wsgi
from gunicorn.workers.ggevent import GeventWorker

from gateway.gathering_pause import GatheringPause
from gateway.head_deadlines import HeadDeadlines
from gateway.http_faults import INTERNAL, describe_fault, linger, send_problem
from gateway.http_requests import KnownRequestParser, TimedBody, WholeBody, has_unread_body
from gateway.http_response import GatewayResponse, send_all
from gateway.known_heads import KnownHead, KnownHeads
from gateway.refusal_replay import REFUSAL, REFUSALS, RefusalReplay
from gateway.settings import GatewaySettings
from gateway.turns import Turns
from shared.errors import BodyTooSlow
from shared.settings import load

logger = logging.getLogger(__name__)

_SEND_SECONDS = 30.0
_HTTP_1_1 = (1, 1)
_REFUSALS_IN_A_ROW = 16
_BY_THE_CLIENT = frozenset((errno.EPIPE, errno.ECONNRESET, errno.ENOTCONN))
# What of a WSGI environment the next request with the same head does not share.
_OF_ONE_REQUEST = frozenset(
    (
        *("wsgi.input", "wsgi.early_hints", "gunicorn.socket"),
        *("CONTENT_LENGTH", "REMOTE_ADDR", "REMOTE_PORT"),
    )
)


class GatewayWorker(GeventWorker):  # type: ignore[misc]  # gunicorn is untyped
    """Cut off who sends slowly or does not read, and answer what is no HTTP with a problem.

    Headers must come within gunicorn's `keepalive`, a body within PARLEY_BODY_TIMEOUT_SECONDS.
    """

    alive: bool

    def init_process(self) -> None:
        """Read the setting once, and serve."""
        self.body_timeout_seconds = load(GatewaySettings).body_timeout_seconds
        self.turns, self.heads = Turns(), KnownHeads()
        self.deadlines = HeadDeadlines(self.cfg.keepalive)
        self.pause = GatheringPause(self.turns)
        super().init_process()

    def load_wsgi(self) -> None:
        """Load the app, and what repeats its refusals."""
        super().load_wsgi()
        self.refusals: RefusalReplay = self.wsgi.extensions[REFUSALS]
        self._refused_in_a_row = 0

    def handle(self, listener: Any, client: Any, addr: Any) -> None:
        """Serve a connection."""
        if not self._is_plain():
            super().handle(listener, client, addr)
            return
        client.setblocking(1)
        request = None
        try:
            requests = self.requests_of(client, addr)
            listener_name = listener.getsockname()
            while (request := self._next(requests, client)) is not None:
                self.handle_request(listener_name, request, client, addr)
        except (StopIteration, errors.NoMoreData):
            pass  # the client has closed it, or the last answer did
        except OSError as fault:
            if fault.errno not in _BY_THE_CLIENT:
                self.log.exception("Socket error processing request.")
        except BaseException as fault:  # noqa: BLE001 - answered and logged
            self.handle_error(request, client, addr, fault)
        finally:
            util.close(client)

    def _is_plain(self) -> bool:
        """Tell whether no option of gunicorn's asks for more, or less, than kept HTTP/1."""
        cfg = self.cfg
        foreign = cfg.is_ssl or cfg.forwarded_allow_ips or cfg.protocol != "http"
        is_off = cfg.http2_cleartext == cfg.proxy_protocol == "off"
        return bool(cfg.keepalive) and is_off and not foreign

    def requests_of(self, client: Any, addr: Any) -> KnownRequestParser:
        """Return the requests of a connection but for those that are refused as others were."""
        refuse = partial(self._refuse_known, client, addr)
        return KnownRequestParser(self.cfg, client, addr, self.heads, refuse)

    def _refuse_known(self, client: Any, addr: Any, known: KnownHead) -> bool:
        """Refuse a request of a known head as one of its form was, if it would be refused now."""
        if not self.alive:
            return False
        answer = self.refusals.answer_known(known, addr[0], is_behind=self.turns.is_behind)
        if answer is None:
            return False
        self._send_refusal(client, answer)
        self.deadlines.begin(client)
        return True

    def _next(self, requests: KnownRequestParser, client: Any) -> Any:
        """Return the next request; None if its head does not come in time."""
        client.settimeout(None)
        self.deadlines.begin(client)
        try:
            request = next(requests)
        except BaseException:
            if self.deadlines.end(client):
                raise
            return None
        return request if self.deadlines.end(client) else None

    def handle_request(self, listener_name: Any, req: Any, sock: Any, addr: Any) -> Any:
        """Serve one request whose body must come, and whose answer must be read, in time."""
        sock.settimeout(max(_SEND_SECONDS, self.body_timeout_seconds))
        is_whole = type(req.body) is WholeBody  # then it was asked about before
        if self.alive and not is_whole and self._refuse_again(req, sock, addr):
            return True  # gunicorn reads the body away, within the time for the next headers
        if self.turns.take() and self.alive and self._refuse_again(req, sock, addr, waited=True):
            return True
        if not is_whole:
            req.body = TimedBody(req, self.body_timeout_seconds)
        try:
            self._serve(listener_name, req, sock, addr)
        except (gevent.GreenletExit, SystemExit):
            raise StopIteration from None
        except StopIteration:  # the connection ends with this answer
            if has_unread_body(req.body):
                linger(sock)
            raise
        return True

    def _serve(self, listener_name: Any, request: Any, sock: Any, address: Any) -> None:
        """Let the app answer; raise StopIteration if the connection ends with that."""
        response, environ = self._begin(listener_name, request, sock, address)
        self._count()
        if not (self.alive and self.cfg.keepalive):
            # gunicorn would go on serving it, and cut it off in the middle of a request in the end.
            request.force_close()
        try:
            self._answer(request, response, environ)
        except OSError:
            raise
        except Exception:
            if not response.headers_sent:
                raise
            self.log.exception("Error handling request")
            with contextlib.suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)
            raise StopIteration from None
        self.keep_refusal(request, environ, response)
        if response.should_close():
            raise StopIteration

    def _count(self) -> None:
        """Count a request; the process ends after the last of those that it is to serve."""
        self.nr += 1
        if self.nr >= self.max_requests and self.alive:
            self.log.info("Autorestarting worker after current request.")
            self.alive = False

    def _begin(self, listener_name: Any, request: Any, sock: Any, address: Any) -> Any:
        """Return a response to be written and the request's environment."""
        known = getattr(request, "known", None)
        if known is None or not known.environ:
            response, environ = wsgi.create(
                request, sock, address, listener_name, self.cfg, response_class=GatewayResponse
            )
            environ["wsgi.multithread"] = True
            if known is not None:
                known.environ = {
                    name: value for name, value in environ.items() if name not in _OF_ONE_REQUEST
                }
            return response, environ
        environ = {
            **known.environ,
            "wsgi.input": request.body,
            "gunicorn.socket": sock,
            "REMOTE_ADDR": address[0],
            "REMOTE_PORT": str(address[1]),
        }
        for own in known.own:
            environ[own.variable] = request.headers[own.at][1]
        return GatewayResponse(request, sock, self.cfg), environ

    def _answer(self, request: Any, response: Any, environ: Any) -> None:
        began = datetime.now(UTC)
        parts = self.wsgi(environ, response.start_response)
        try:
            for part in parts:
                response.write(part)
            response.close()
        finally:
            self.log.access(response, request, environ, datetime.now(UTC) - began)
            if hasattr(parts, "close"):
                parts.close()

    def _refuse_again(self, request: Any, sock: Any, address: Any, *, waited: bool = False) -> bool:
        """Answer a request as one of its form was refused a moment ago, if it would be now."""
        answer = self.refusals.answer(
            request, address[0], is_behind=self.turns.is_behind, has_waited=waited
        )
        if answer is None:
            return False
        self._send_refusal(sock, answer)
        return True

    def _send_refusal(self, sock: Any, answer: bytes) -> None:
        send_all(sock, answer)
        self.pause.after_refusal()
        self._refused_in_a_row += 1
        if self._refused_in_a_row == _REFUSALS_IN_A_ROW:
            self._refused_in_a_row = 0
            gevent.sleep(0)  # replies go out between what a client sends without waiting

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
        problem = describe_fault(exc)
        if problem is None:
            logger.error("a request failed outside the app", exc_info=exc)
            send_problem(client, INTERNAL, "The fault is in the gateway and has been logged.")
            return
        logger.warning("a request was refused: %s", problem[0].name)
        send_problem(client, *problem)
        linger(client)

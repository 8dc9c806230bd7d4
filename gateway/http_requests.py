"""Requests on a connection, as gunicorn parses them: those of a known form without its parser.

Nothing here imports Flask: gunicorn's parent process imports its worker class, and with it this.
"""

import io
import time
from collections.abc import Callable
from typing import Any

import gevent
from gunicorn.http.body import Body, LengthReader
from gunicorn.http.message import Request
from gunicorn.http.parser import RequestParser

from gateway.known_heads import FoundHead, KnownHead, KnownHeads
from shared.errors import BodyTooSlow


class WholeBody(io.BytesIO):
    """A body that came together with its head: nothing is left to be waited for."""

    request: "GatewayRequest"

    def end_connection(self) -> None:
        """Let the connection end with the answer to this request."""
        self.request.force_close()


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


def has_unread_body(body: WholeBody | TimedBody) -> bool:
    """Tell whether some of a body may still come; of a chunked one it is not known."""
    if isinstance(body, WholeBody):
        return False
    return bool(body.failed or getattr(body.reader, "length", 1))


class GatewayRequest(Request):  # type: ignore[misc]  # gunicorn is untyped
    """A request that may say which known head it has."""

    known: KnownHead | None = None

    def should_close(self) -> bool:
        """Tell whether the connection ends with the answer."""
        if self.known is None:
            return bool(super().should_close())
        return bool(self.must_close) or self.known.closes


class KnownRequestParser(RequestParser):  # type: ignore[misc]  # gunicorn is untyped
    """Read the requests of one connection.

    Those of a known head that have come as a whole are shown to `answer` first: whether it has sent
    all that there is to say to them. What it answers is not returned.
    """

    mesg_class = GatewayRequest
    mesg: GatewayRequest | None

    def __init__(
        self,
        cfg: Any,
        connection: Any,
        peer: Any,
        heads: KnownHeads,
        answer: Callable[[KnownHead], bool] = lambda _head: False,
    ) -> None:
        super().__init__(cfg, connection, peer)
        self._heads = heads
        self._answer = answer

    def finish_body(self, *args: Any, **options: Any) -> bool:
        """Read away what is left of the request before; tell whether that was possible."""
        if self.mesg is not None and type(self.mesg.body) is WholeBody:
            return True
        return bool(super().finish_body(*args, **options))

    def __next__(self) -> GatewayRequest:
        """Return the next request; raise StopIteration after the last, or gunicorn's errors."""
        if self.mesg is not None and (self.mesg.should_close() or not self.finish_body()):
            raise StopIteration
        self.mesg = None
        while True:
            received: bytes = self.unreader.read()
            if not received:
                raise StopIteration
            found = self._heads.find(received)
            if found is None:
                self.unreader.unread(received)
                self.mesg = super().__next__()
                self.mesg.known = self._heads.keep(received, self.mesg)
                return self.mesg
            if not self._is_answered(found, received):
                self.mesg = self._again(found, received)
                return self.mesg

    next = __next__

    def _is_answered(self, found: FoundHead, received: bytes) -> bool:
        """Tell whether a request that has come as a whole was answered; what follows it is left."""
        end = found.body_at + found.length
        if len(received) < end or not self._answer(found.known):
            return False
        if len(received) > end:
            self.unreader.unread(received[end:])
        return True

    def _again(self, found: FoundHead, received: bytes) -> GatewayRequest:
        """Make a request from a known head."""
        known = found.known
        request: GatewayRequest = GatewayRequest.__new__(GatewayRequest)
        sender = {"peer_addr": self.source_addr, "remote_addr": self.source_addr}
        request.__dict__.update(known.fields, **sender)
        request.known = known
        request.unreader = self.unreader
        if known.own:
            request.headers = known.fields["headers"].copy()
            for own, value in zip(known.own, found.values, strict=True):
                request.headers[own.at] = (own.name, value)
        request.body = self._body(request, found.length, received[found.body_at :])
        return request

    def _body(self, request: GatewayRequest, length: int, rest: bytes) -> Any:
        if len(rest) < length:
            self.unreader.unread(rest)
            return Body(LengthReader(self.unreader, length))
        if len(rest) > length:
            self.unreader.unread(rest[length:])
        body = WholeBody(rest[:length])
        body.request = request
        return body

"""Whole connections: what gunicorn's own worker answers to the same bytes, always."""

import re
from collections.abc import Iterator, Sequence

import pytest
from flask import Flask, Response, request
from gunicorn.config import Config
from gunicorn.glogging import Logger
from gunicorn.workers.ggevent import GeventWorker
from hypothesis import given
from hypothesis import strategies as st

from tests.support.gateway_harness import GatewayHarness
from tests.support.played_connection import PlayedListener, PlayedSocket, PlayedWorker

LINES = (
    b"GET /seen HTTP/1.1",
    b"GET /seen?a=b HTTP/1.0",
    b"POST /seen HTTP/1.1",
    b"POST /unread HTTP/1.1",
    b"HEAD /seen HTTP/1.1",
    b"GET /parts HTTP/1.1",
    b"GET /parts HTTP/1.0",
    b"GET /empty HTTP/1.1",
    b"GET /unchanged HTTP/1.1",
    b"OPTIONS * HTTP/1.1",
)
HEADERS = (
    b"Host: localhost",
    b"Content-Length: 5\r\nX-A: 1",
    b"content-length: 05",
    b"Transfer-Encoding: chunked",
    b"Connection: close",
    b"Connection: keep-alive",
    b"Expect: 100-continue",
    b"Authorization: Bearer one",
    b"authorization: Bearer two",
    b"Cookie: a=b",
)
BODIES = (b"", b"hello", b"5\r\nhello\r\n0\r\n\r\n")
PEER = ("127.0.0.1", 50_000)
_NO_HTTP = re.compile(rb"HTTP/1\.1 400 (?s:.*)")
_DATE = re.compile(rb"Date: [^\r]*")


class StockWorker(GeventWorker):  # type: ignore[misc]  # gunicorn is untyped
    """gunicorn's own, without process and event loop."""

    def __init__(self, app: Flask) -> None:
        self.cfg = Config()
        self.cfg.set("forwarded_allow_ips", "")
        self.log, self.wsgi = Logger(self.cfg), app
        self.alive, self.nr, self.max_requests = True, 0, 1_000_000

    def handled(self, sent: bytes) -> bytes:
        connection = PlayedSocket(sent)
        self.handle(PlayedListener(), connection, PEER)
        return connection.answered


@pytest.fixture(scope="module")
def app() -> Flask:
    seen = Flask("seen")
    seen.extensions.update(GatewayHarness().app.extensions)

    @seen.route("/seen", methods=["GET", "POST"])
    def see() -> Response:
        own = ("wsgi.", "werkzeug.", "gunicorn.")
        told = {name: value for name, value in request.environ.items() if not name.startswith(own)}
        return Response(repr((sorted(told.items()), request.get_data())))

    @seen.post("/unread")
    def leave() -> Response:
        return Response("left")

    @seen.get("/parts")
    def part() -> Response:
        parts: Iterator[str] = iter(("one", "", "two"))
        return Response(parts)

    @seen.get("/empty")
    def empty() -> Response:
        return Response(status=204)

    @seen.get("/unchanged")
    def unchanged() -> Response:
        return Response(status=304, headers={"ETag": '"1"'})

    return seen


def compared(answered: bytes) -> bytes:
    """Return an answer without the time, and without the words for what is no HTTP."""
    return _DATE.sub(b"", _NO_HTTP.sub(b"400", answered))


def requests() -> st.SearchStrategy[bytes]:
    def written(line: bytes, headers: Sequence[bytes], body: bytes) -> bytes:
        return b"\r\n".join((line, *headers, b"", body))

    headers = st.lists(st.sampled_from(HEADERS), max_size=3)
    return st.builds(written, st.sampled_from(LINES), headers, st.sampled_from(BODIES))


@given(
    st.lists(st.lists(requests(), min_size=1, max_size=4), min_size=1, max_size=4),
    st.integers(3, 12),
    st.sampled_from((0, 5)),
)
def test_a_connection_is_answered_as_by_gunicorn_itself(
    app: Flask, connections: list[list[bytes]], max_requests: int, keepalive: int
) -> None:
    own, stock = PlayedWorker(app), StockWorker(app)
    for worker in (own, stock):
        worker.max_requests = max_requests
        worker.cfg.set("keepalive", keepalive)
    for sent in (b"".join(each) for _ in range(2) for each in connections):
        assert compared(own.handled(sent)) == compared(stock.handled(sent))
        assert own.alive == stock.alive

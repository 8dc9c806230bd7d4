"""Requests of a known head: what gunicorn's own parser makes of the same bytes, always."""

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Any

import pytest
from flask import Flask, Response, request
from gunicorn.config import Config
from gunicorn.http.errors import NoMoreData, ParseException
from gunicorn.http.parser import RequestParser
from hypothesis import given
from hypothesis import strategies as st

from gateway.http_requests import GatewayRequest, KnownRequestParser, WholeBody
from gateway.http_response import GatewayResponse
from gateway.known_heads import MAX_HEAD_BYTES, MAX_HEADS, KnownHeads
from tests.support.gateway_harness import GatewayHarness
from tests.support.played_connection import PlayedWorker

PEER = ("127.0.0.1", 50_000)
LINES = (
    b"POST /chat HTTP/1.1",
    b"POST /chat?a=b HTTP/1.0",
    b"GET /healthz HTTP/1.1",
    b"\r\nGET / HTTP/1.1",
    b"get / HTTP/1.1",
    b"GET /",
)
HEADERS = (
    b"Host: localhost",
    b"Host: shop.example",
    b"Content-Length: 0",
    b"Content-Length: 5",
    b"content-length: 12",
    b"Content-Length: 007",
    b"Content-Length:3",
    b"Content-Length: ",
    b"Content-Length: 5 ",
    b"Content-Length: x",
    b"Content-Length: -1",
    b"X-Content-Length: 9",
    b"Transfer-Encoding: chunked",
    b"Connection: close",
    b"Expect: 100-continue",
    b"X-Request-Id: 7f3a",
    b"x-request-id: another, and a longer one",
    b"X-Request-Id:  two blanks",
    b"X-Request-Id: blank after ",
    b"X-Request-Id: ",
    b"X-Request-Id: nul\0",
    b"X-Request-Id: n\xc3\xa4me",
    b"X_Request_Id: 1",
    b"Traceparent: 00-aa-bb-01",
    b"traceparent: 00-cc-dd-00",
    b"traceparent:",
    b'Idempotency-Key: "k"',
    b"X-Forwarded-For: 10.0.0.1, 10.0.0.2",
    b"X_Odd: 1",
    b"Bad header",
    b" folded: 1",
)
BODIES = (
    b"",
    b"hello",
    b"hello world!",
    b"5\r\nhello\r\n0\r\n\r\n",
    b"\r\n\r\n",
    b"GET / HTTP/1.1",
)


class Pieces:
    """A connection on which bytes come in pieces."""

    def __init__(self, pieces: Sequence[bytes]) -> None:
        self._pieces: Iterator[bytes] = iter(pieces)

    def recv(self, _size: int) -> bytes:
        return next(self._pieces, b"")


@pytest.fixture(scope="module")
def cfg() -> Any:
    config = Config()
    config.set("forwarded_allow_ips", "")
    return config


def heads_and_bodies() -> st.SearchStrategy[bytes]:
    def written(line: bytes, headers: list[bytes], body: bytes) -> bytes:
        return b"\r\n".join((line, *headers, b"", body))

    headers = st.lists(st.sampled_from(HEADERS), max_size=4)
    return st.builds(written, st.sampled_from(LINES), headers, st.sampled_from(BODIES))


def read_all(parser: Any) -> list[object]:
    """Return what is seen of each request, and how the connection ends."""
    seen: list[object] = []
    while True:
        try:
            each = next(parser)
        except StopIteration:
            return [*seen, "end"]
        except (ParseException, NoMoreData) as fault:
            return [*seen, type(fault)]
        seen.append(facts(each))


def facts(each: Any) -> tuple[object, ...]:
    try:
        body = each.body.read()
    except (ParseException, NoMoreData) as fault:
        body = type(fault)
    head = (each.method, each.uri, each.path, each.query, each.version, tuple(each.headers))
    return (*head, each.should_close(), each.remote_addr, each.scheme, body)


def cut(sent: bytes, places: Sequence[int]) -> list[bytes]:
    edges = sorted({0, len(sent), *(place % (len(sent) + 1) for place in places)})
    return [sent[start:end] for start, end in pairwise(edges)]


@given(
    st.lists(st.lists(heads_and_bodies(), min_size=1, max_size=3), min_size=1, max_size=6),
    st.lists(st.integers(0, 2_000), max_size=4),
    st.sampled_from(("drop", "refuse", "dangerous")),
)
def test_a_connection_is_read_as_by_gunicorn_itself(
    cfg: Any, connections: list[list[bytes]], places: list[int], header_map: str
) -> None:
    heads = KnownHeads()
    cfg.set("header_map", header_map)
    for sent in (each for _ in range(2) for each in connections):
        pieces = cut(b"".join(sent), places)
        ours = read_all(KnownRequestParser(cfg, Pieces(pieces), PEER, heads))
        assert ours == read_all(RequestParser(cfg, Pieces(pieces), PEER))


def test_a_head_with_another_length_is_known(cfg: Any) -> None:
    heads = KnownHeads()
    first = b"POST /chat HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello"
    second = first.replace(b": 5", b": 12").replace(b"hello", b"hello world!")
    one, other = (
        next(KnownRequestParser(cfg, Pieces([sent]), PEER, heads)) for sent in (first, second)
    )
    assert type(one.body) is not WholeBody
    assert type(other.body) is WholeBody
    assert other.body.read() == b"hello world!"
    assert (other.headers[1], one.headers[1]) == (("CONTENT-LENGTH", "12"), ("CONTENT-LENGTH", "5"))


def test_an_empty_length_is_not_the_known_one_without_its_digits(cfg: Any) -> None:
    heads = KnownHeads()
    good = b"POST /chat HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello"
    next(KnownRequestParser(cfg, Pieces([good]), PEER, heads))
    assert heads.find(good) is not None
    assert heads.find(good.replace(b": 5", b": ")) is None


OWN = b"GET / HTTP/1.1\r\nX-Request-Id: %s\r\nHost: a\r\ntraceparent: %s\r\n\r\n"


def test_a_head_with_another_name_of_its_request_is_known(cfg: Any) -> None:
    heads = KnownHeads()
    for one, other in ((b"a", b"00-1-2-01"), (b"bb", b"00-3-4-00")):
        sent = OWN % (one, other)
        read = next(KnownRequestParser(cfg, Pieces([sent]), PEER, heads))
        assert read.headers == next(RequestParser(cfg, Pieces([sent]), PEER)).headers
    assert heads.find(OWN % (b"c", b"d")) is not None


@pytest.mark.parametrize(
    ("one", "other"),
    [(b"", b"a"), (b"a", b""), (b" a", b"b"), (b"a", b"b "), (b"a\0", b"b"), (b"a", b"\xe4")],
)
def test_what_the_parser_would_read_in_another_way_is_not_known(
    cfg: Any, one: bytes, other: bytes
) -> None:
    heads = KnownHeads()
    next(KnownRequestParser(cfg, Pieces([OWN % (b"a", b"b")]), PEER, heads))
    assert heads.find(OWN % (one, other)) is None


def test_no_head_is_kept_where_short_headers_alone_are_taken(cfg: Any) -> None:
    heads, sent = KnownHeads(), OWN % (b"a", b"b")
    request = next(RequestParser(cfg, Pieces([sent]), PEER))
    request.limit_request_field_size = 60
    assert heads.keep(sent, request) is None


def test_a_head_that_ends_elsewhere_for_the_parser_is_not_kept(cfg: Any) -> None:
    heads, head = KnownHeads(), b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"
    request = next(RequestParser(cfg, Pieces([head + head]), PEER))
    by_line_feeds = head.replace(b"\r\n\r\n", b"\n\n") + head + b"  "
    assert request.unreader.buf.getvalue() == head
    assert heads.keep(by_line_feeds, request) is None
    assert heads.keep(head + head, request) is not None


def test_known_heads_are_bounded_in_size_and_number(cfg: Any) -> None:
    heads = KnownHeads()

    def sent(name: str) -> bytes:
        return f"GET / HTTP/1.1\r\nHost: {name}\r\n\r\n".encode()

    for number in range(MAX_HEADS + 1):
        next(KnownRequestParser(cfg, Pieces([sent(str(number))]), PEER, heads))
    assert heads.find(sent("0")) is None
    assert heads.find(sent(str(MAX_HEADS))) is not None
    long = sent("x" * MAX_HEAD_BYTES)
    next(KnownRequestParser(cfg, Pieces([long]), PEER, heads))
    assert heads.find(long) is None


@pytest.fixture
def worker() -> PlayedWorker:
    harness = GatewayHarness()
    harness.answer_at_once()
    return PlayedWorker(harness.app)


def test_the_app_sees_the_same_environment_of_a_known_head() -> None:
    app, seen = Flask("seen"), list[dict[str, object]]()
    app.extensions.update(GatewayHarness().app.extensions)

    @app.post("/seen/<path:rest>")
    def see(rest: str) -> Response:
        body = request.get_data()
        own = ("wsgi.input", "wsgi.early_hints", "gunicorn.socket", "werkzeug.request")
        told = {name: value for name, value in request.environ.items() if name not in own}
        seen.append({**told, "rest": rest, "body": body})
        request.environ["wsgi.url_scheme"] = "https"  # what one request changes is its own
        return Response("seen")

    head = b"POST /seen/a%20b?x=1 HTTP/1.1\r\nHost: localhost:8000\r\nX-Twice: 1\r\nX-Twice: 2\r\n"
    one, other = (head + b"X-Request-Id: %s\r\nContent-Length: " % name for name in (b"a", b"bc"))
    sent = one + b"2\r\n\r\nhi" + other + b"3\r\n\r\nyou"
    PlayedWorker(app).serve(sent)
    first, second = seen
    assert (first.pop("body"), second.pop("body")) == (b"hi", b"you")
    assert (first.pop("CONTENT_LENGTH"), second.pop("CONTENT_LENGTH")) == ("2", "3")
    assert (first.pop("HTTP_X_REQUEST_ID"), second.pop("HTTP_X_REQUEST_ID")) == ("a", "bc")
    assert first == second
    assert second["wsgi.url_scheme"] == "http"
    assert second["HTTP_X_TWICE"] == "1,2"


def test_a_closed_connection_is_told_of_each_time(worker: PlayedWorker) -> None:
    sent = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
    for _ in range(2):
        (answer,) = worker.serve(sent * 2)
        assert b"\r\nConnection: close\r\n" in answer


def test_a_stopping_worker_ends_the_connection_of_a_known_head(worker: PlayedWorker) -> None:
    sent = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"
    assert len(worker.serve(sent * 2)) == 2
    worker.alive = False
    (answer,) = worker.serve(sent * 2)
    assert b"\r\nConnection: close\r\n" in answer
    worker.alive = True
    assert len(worker.serve(sent * 2)) == 2


def test_the_last_request_that_a_process_serves_ends_its_connection(worker: PlayedWorker) -> None:
    sent = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"
    worker.max_requests = 3
    answered = worker.handled(sent * 5)
    assert answered.count(b"HTTP/1.1 200 ") == 3
    assert answered.count(b"\r\nConnection: close\r\n") == 1
    assert not worker.alive


def test_no_connection_is_kept_where_gunicorn_is_told_so(worker: PlayedWorker) -> None:
    sent = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"
    assert worker.handled(sent * 2).count(b"\r\nConnection: keep-alive\r\n") == 2
    worker.cfg.set("keepalive", 0)
    answered = worker.handled(sent * 2)
    assert answered.count(b"HTTP/1.1 200 ") == 1
    assert answered.count(b"\r\nConnection: close\r\n") == 1


def test_a_header_that_the_app_may_not_send_is_no_fault_of_the_client() -> None:
    app = Flask("seen")
    app.extensions.update(GatewayHarness().app.extensions)

    @app.get("/seen")
    def see() -> Response:
        response = Response("seen")
        response.headers.add_header("X-Bad\x7f", "name")
        return response

    answered = PlayedWorker(app).handled(b"GET /seen HTTP/1.1\r\nHost: localhost\r\n\r\n")
    assert answered.startswith(b"HTTP/1.1 500 ")
    assert b"internal-error" in answered


def test_an_answer_is_the_same_in_every_byte_whoever_sends_it(cfg: Any) -> None:
    class Wire:
        sent = b""

        def sendall(self, part: bytes) -> None:
            self.sent += part

        def send(self, part: bytes) -> int:
            self.sent += part[:100]
            return len(part[:100])

    def answered(kind: Any, parts: Sequence[bytes], headers: list[tuple[str, str]]) -> list[bytes]:
        sent = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"
        wire, asked = (
            Wire(),
            GatewayRequest(cfg, RequestParser(cfg, Pieces([sent]), PEER).unreader, PEER),
        )
        response = kind(asked, wire, cfg)
        response.start_response("200 OK", headers)
        for part in parts:
            response.write(part)
        response.close()
        return [line for line in wire.sent.split(b"\r\n") if not line.startswith(b"Date: ")]

    from gunicorn.http.wsgi import Response as GunicornResponse

    long = b"x" * 200
    for parts, headers in (
        ([long], [("Content-Length", "200"), ("X-A", "b")]),
        ([long[:50], long[50:]], [("Content-Length", "200"), ("X-A", " b ")]),
        ([long, b"more"], [("Content-Length", "200"), ("Connection", "close")]),
        ([b"", b"a", b"b"], [("X-A", "b")]),
        ([b""], [("Content-Length", "0")]),
        ([], [("Content-Length", "0"), ("X-A", "b")]),
    ):
        for _ in range(2):
            assert answered(GatewayResponse, parts, headers) == answered(
                GunicornResponse, parts, headers
            )

"""Clients that send slowly, too much, or no HTTP at all, to a gateway as gunicorn runs it."""

import json
import socket
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import pytest

from tests.e2e.gateway_process import Gateway, Worker
from tests.support.processes import RedisServer

HEADER_SECONDS = 5  # gunicorn's keepalive
BODY_SECONDS = 2
HEAD = b"POST /chat HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
SECRET = b"Bearer parley-secret-4711"


@pytest.fixture(scope="module")
def gateway(
    redis_server: RedisServer, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Gateway]:
    folder = tmp_path_factory.mktemp("hostile")
    settings = {"PARLEY_BODY_TIMEOUT_SECONDS": str(BODY_SECONDS)}
    with Gateway(redis_server.url, folder, **settings) as running:
        yield running


def connect(gateway: Gateway) -> socket.socket:
    connection = socket.create_connection(("127.0.0.1", gateway.port), timeout=30)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return connection


def read_all(connection: socket.socket) -> bytes:
    """Return what comes until the end of the connection."""
    answer = b""
    with suppress(ConnectionResetError):
        while part := connection.recv(65536):
            answer += part
    return answer


def exchange(gateway: Gateway, sent: bytes) -> tuple[int, dict[str, str], dict[str, object]]:
    """Send bytes on a connection of their own; return status, headers and problem."""
    with connect(gateway) as connection:
        with suppress(BrokenPipeError, ConnectionResetError):
            connection.sendall(sent)
        head, _, body = read_all(connection).partition(b"\r\n\r\n")
    status, *lines = head.decode().split("\r\n")
    headers = dict(line.lower().split(": ", 1) for line in lines)
    return int(status.split()[1]), headers, json.loads(body)


def drip(gateway: Gateway, start: bytes, seconds: float) -> tuple[float, bytes]:
    """Send a byte ten times a second; return when the connection ended and what was answered."""
    began = time.monotonic()
    with connect(gateway) as connection:
        connection.sendall(start)
        connection.settimeout(0.1)
        answer = b""
        while time.monotonic() - began < seconds:
            try:
                part = connection.recv(65536)
            except TimeoutError:
                with suppress(OSError):
                    connection.sendall(b"a")
            except ConnectionResetError:
                break
            else:
                if not part:
                    break
                answer += part
        return time.monotonic() - began, answer


SLOW = {
    "headers": HEAD + b"X-A: ",
    "request line": b"GET /",
    "body": HEAD + b"Content-Length: 9999\r\n\r\n",
    "chunks": HEAD + b"Transfer-Encoding: chunked\r\n\r\nff00\r\n",
    "unread body": b"POST /nowhere HTTP/1.1\r\nHost: x\r\nContent-Length: 9999\r\n\r\n",
}


def test_who_sends_slowly_is_cut_off_and_hurts_nobody(
    gateway: Gateway, redis_server: RedisServer
) -> None:
    limit = HEADER_SECONDS + BODY_SECONDS + 5
    with ThreadPoolExecutor(100) as clients, Worker(redis_server.url):
        slow = {
            name: [clients.submit(drip, gateway, start, limit) for _ in range(20)]
            for name, start in SLOW.items()
        }
        time.sleep(0.5)
        asked = time.monotonic()
        answered = [gateway.ask(f"message {number}").status_code for number in range(20)]
        waited = time.monotonic() - asked
        ended = {name: [one.result() for one in ones] for name, ones in slow.items()}

    assert answered == [200] * 20
    assert waited < limit / 2
    assert max(seconds for ones in ended.values() for seconds, _ in ones) < limit
    for name in ("body", "chunks"):
        assert all(answer.startswith(b"HTTP/1.1 408") for _, answer in ended[name])


CHUNKED = HEAD + b"Transfer-Encoding: chunked\r\n\r\n"
BODY = b'{"message":"Hello"}'


@pytest.mark.parametrize(
    ("sent", "status", "kind"),
    [
        (b"GET /" + b"a" * 10_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n", 414, "address-too-long"),
        (HEAD + b"X-A: " + b"a" * 200_000 + b"\r\n\r\n", 431, "headers-too-large"),
        (HEAD + b"X-A: a\r\n" * 500 + b"\r\n", 431, "headers-too-large"),
        (HEAD + b"Authorization: " + SECRET + b"\0\r\n\r\n", 400, "malformed-request"),
        (HEAD + b"No colon here\r\n\r\n", 400, "malformed-request"),
        (HEAD + b"Content-Length: 5, 6\r\n\r\n", 400, "malformed-request"),
        (HEAD + b"Content-Length: -1\r\n\r\n", 400, "malformed-request"),
        (
            HEAD + b"Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n",
            400,
            "malformed-request",
        ),
        (HEAD + b"Transfer-Encoding: bogus\r\n\r\n", 501, "unsupported-transfer-coding"),
        (HEAD + b"Expect: 200-ok\r\n\r\n", 417, "expectation-failed"),
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", 400, "malformed-request"),
        (b"GET / HTTP/9.9\r\n\r\n", 400, "malformed-request"),
        (HEAD + b"Content-Length: 9000000\r\n\r\n" + b"a" * 900_000, 413, "body-too-large"),
        (
            CHUNKED + b"10000\r\n" + b"a" * 65536 + b"\r\n1000\r\n" + b"a" * 4096,
            413,
            "body-too-large",
        ),
        (CHUNKED + b"zz\r\n" + BODY + b"\r\n0\r\n\r\n", 400, "invalid-request"),
        (CHUNKED + b"5\r\n" + BODY + b"\r\n0\r\n\r\n", 400, "invalid-request"),
    ],
)
def test_what_cannot_be_taken_is_told_in_one_problem(
    gateway: Gateway, sent: bytes, status: int, kind: str
) -> None:
    found, headers, problem = exchange(gateway, sent)
    assert (found, problem["type"]) == (status, f"urn:parley:problem:{kind}")
    assert headers["content-type"] == "application/problem+json"
    assert headers["connection"] == "close"
    assert SECRET.decode() not in str(problem) + gateway.log()
    assert "Traceback" not in gateway.log()


def test_whole_chunks_are_a_body(gateway: Gateway, redis_server: RedisServer) -> None:
    chunks = b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in (BODY[:7], BODY[7:]))
    with Worker(redis_server.url):
        status, _, reply = exchange(
            gateway,
            CHUNKED.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n") + chunks + b"0\r\n\r\n",
        )
    assert (status, reply["response"]) == (200, "Hello")


def test_a_body_that_ends_before_its_length_is_no_fault_of_the_gateway(gateway: Gateway) -> None:
    with connect(gateway) as connection:
        connection.sendall(HEAD + b"Content-Length: 99\r\n\r\n" + BODY)
        connection.shutdown(socket.SHUT_WR)
        answer = read_all(connection)
    assert answer.startswith(b"HTTP/1.1 400")
    assert b"The body ends after 19 of 99 bytes." in answer
    assert "Traceback" not in gateway.log()

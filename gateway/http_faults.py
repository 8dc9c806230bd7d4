"""Answers to what is no HTTP, or cannot be served as such: problems like all others.

Nothing here imports Flask: gunicorn's parent process imports its worker class, and with it this.
"""

import contextlib
import socket

import gevent
import msgspec
from gunicorn.http import errors

from gateway.problem_kind import ProblemKind, describe

_LINGER_SECONDS = 1.0
_MAX_LINGER_BYTES = 1024 * 1024
_READ_BYTES = 64 * 1024

# gunicorn derives these from ParseException, though no client is to blame.
_OWN_FAULTS = (
    errors.InvalidResponseHeader,
    errors.InvalidResponseHeaderName,
    errors.ConfigurationProblem,
)
INTERNAL = ProblemKind("internal-error", 500, "Something went wrong here")
_MALFORMED = ProblemKind("malformed-request", 400, "This is not a valid HTTP request")
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


def describe_fault(fault: BaseException) -> tuple[ProblemKind, str] | None:
    """Return the problem that stands for what gunicorn's parser raises, None for anything else."""
    if isinstance(fault, _OWN_FAULTS):
        return None
    for kind_of_fault, kind, detail in _FAULTS:
        if isinstance(fault, kind_of_fault):
            return kind, detail
    return None


def send_problem(client: socket.socket, kind: ProblemKind, detail: str) -> None:
    """Answer outside of the app; the connection ends with it."""
    body = msgspec.json.encode(describe(kind, detail))
    head = (
        f"HTTP/1.1 {kind.status} {kind.title}\r\nConnection: close\r\n"
        f"Content-Type: application/problem+json\r\nContent-Length: {len(body)}\r\n"
        "X-Content-Type-Options: nosniff\r\nCache-Control: no-store\r\n\r\n"
    )
    with contextlib.suppress(OSError), gevent.Timeout(_LINGER_SECONDS, False):
        client.sendall(head.encode() + body)


def linger(client: socket.socket) -> None:
    """Read what the client still sends, within bounds.

    A connection that is closed before is reset, and the client may lose the answer with it.
    """
    with contextlib.suppress(OSError), gevent.Timeout(_LINGER_SECONDS, False):
        client.shutdown(socket.SHUT_WR)
        left = _MAX_LINGER_BYTES
        while left > 0 and (part := client.recv(_READ_BYTES)):
            left -= len(part)

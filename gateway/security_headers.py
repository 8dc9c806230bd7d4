"""Headers that tell browsers what an answer may do: nothing, unless it is a page of ours."""

from collections.abc import Iterable
from typing import Any
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from flask import Flask, Response

_EVERY_ANSWER = [
    ("X-Content-Type-Options", "nosniff"),
    ("X-Frame-Options", "DENY"),
    ("Referrer-Policy", "no-referrer"),
    # Of requests without CORS alone: who is allowed by PARLEY_CORS_ORIGINS may read all the same.
    ("Cross-Origin-Resource-Policy", "same-origin"),
]
_DATA_POLICY = ("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
_NO_STORE = ("Cache-Control", "no-store")
_STRICT_TRANSPORT = ("Strict-Transport-Security", "max-age=31536000")
_PAGE = (
    ("Cross-Origin-Opener-Policy", "same-origin"),
    (
        "Permissions-Policy",
        "camera=(), microphone=(), geolocation=(), payment=(), usb=(), serial=(), "
        "display-capture=(), browsing-topics=()",
    ),
)


def register(app: Flask) -> None:
    """Put the headers on every answer, errors included; a page brings its own policy.

    Below Flask, where nothing checks these constants again for each answer.
    """
    app.wsgi_app = _restricted(app.wsgi_app)  # type: ignore[method-assign, assignment]


def _restricted(inner: WSGIApplication) -> WSGIApplication:
    def outer(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        def start(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Any:
            is_secure = environ["wsgi.url_scheme"] == "https"
            return start_response(status, headers + _added(headers, is_secure), exc_info)

        return inner(environ, start)

    return outer


def _added(headers: list[tuple[str, str]], is_secure: bool) -> list[tuple[str, str]]:
    names = [name for name, _ in headers]
    added = [header for header in _EVERY_ANSWER if header[0] not in names]
    if _DATA_POLICY[0] not in names:
        added.append(_DATA_POLICY)
    if _NO_STORE[0] not in names:
        added.append(_NO_STORE)
    if is_secure:
        added.append(_STRICT_TRANSPORT)
    return added


def restrict_page(response: Response, policy: str) -> None:
    """Give a page the policy that lets its own style and script run, and no powers."""
    response.headers["Content-Security-Policy"] = policy
    for name, value in _PAGE:
        response.headers[name] = value

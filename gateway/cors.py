"""Cross-origin requests (CORS): what browsers hear of who may call."""

import re

from flask import Flask, Response, request
from werkzeug.datastructures import Headers

from gateway.cors_policy import CorsPolicy

_TOKEN = re.compile(r"[a-z0-9!#$%&'*+.^_`|~-]{1,64}\Z")

_METHODS = "GET, HEAD, POST, DELETE"
_REQUEST_HEADERS = (
    *("accept", "authorization", "cache-control", "content-encoding", "content-type"),
    *("idempotency-key", "last-event-id", "prefer", "x-api-key"),
)
_MAX_MORE_HEADERS = 32
_EXPOSED = "Location, Retry-After, Preference-Applied, RateLimit, RateLimit-Policy, X-Request-Id"
_MAX_AGE_SECONDS = "7200"  # the longest that Chromium keeps a preflight's answer


def register(app: Flask, policy: CorsPolicy) -> None:
    """Answer preflights, and mark every response for the origins that may read it.

    Must come before authentication: a preflight never carries a key.
    """
    if policy == CorsPolicy():
        return

    @app.before_request
    def answer_preflight() -> Response | None:
        origin = request.headers.get("Origin")
        asked = request.method == "OPTIONS" and "Access-Control-Request-Method" in request.headers
        if not asked or origin is None or not policy.allows(origin):
            return None
        return Response(status=204, headers=_preflight_headers(request.headers))

    @app.after_request
    def mark(response: Response) -> Response:
        origin = request.headers.get("Origin")
        if not policy.anyone:
            response.vary.add("Origin")
        if origin is not None and policy.allows(origin):
            _allow(response.headers, "*" if policy.anyone else origin)
        return response


def _allow(headers: Headers, origin: str) -> None:
    headers["Access-Control-Allow-Origin"] = origin
    headers["Access-Control-Expose-Headers"] = _EXPOSED
    if origin != "*":
        headers["Access-Control-Allow-Credentials"] = "true"


def _preflight_headers(asked: Headers) -> dict[str, str]:
    allowed = {
        "Access-Control-Allow-Methods": _METHODS,
        "Access-Control-Allow-Headers": _allowed_headers(
            asked.get("Access-Control-Request-Headers", "")
        ),
        "Access-Control-Max-Age": _MAX_AGE_SECONDS,
        "Vary": "Access-Control-Request-Headers",
    }
    if asked.get("Access-Control-Request-Private-Network") == "true":
        allowed["Access-Control-Allow-Private-Network"] = "true"
    return allowed


def _allowed_headers(asked: str) -> str:
    """List the headers that mean something here, and what else a client's library adds.

    An `openai` client sends a dozen of its own; none that is unknown has any effect.
    """
    named = [name.strip().lower() for name in asked.split(",")]
    more = [name for name in named if name not in _REQUEST_HEADERS and _TOKEN.match(name)]
    return ", ".join((*_REQUEST_HEADERS, *more[:_MAX_MORE_HEADERS]))

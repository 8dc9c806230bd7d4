"""Cross-origin requests (CORS): which pages on other origins may call, and what browsers hear."""

import re
from dataclasses import dataclass

from flask import Flask, Response, request
from werkzeug.datastructures import Headers

_ORIGIN = re.compile(r"([a-z][a-z0-9+.-]*)://(\*\.)?([a-z0-9._-]+|\[[0-9a-f:.]+\])(:[0-9]{1,5})?\Z")
_DEFAULT_PORTS = {"http": ":80", "https": ":443"}
_TOKEN = re.compile(r"[a-z0-9!#$%&'*+.^_`|~-]{1,64}\Z")

_METHODS = "GET, HEAD, POST, DELETE"
_REQUEST_HEADERS = (
    *("accept", "authorization", "cache-control", "content-encoding", "content-type"),
    *("idempotency-key", "last-event-id", "prefer", "x-api-key"),
)
_MAX_MORE_HEADERS = 32
_EXPOSED = "Location, Retry-After, Preference-Applied, RateLimit, RateLimit-Policy, X-Request-Id"
_MAX_AGE_SECONDS = "7200"  # the longest that Chromium keeps a preflight's answer


@dataclass(frozen=True, slots=True)
class CorsPolicy:
    """The origins whose pages may call; `wildcards` are scheme, domain and port of `*.domain`."""

    anyone: bool = False
    origins: frozenset[str] = frozenset()
    wildcards: tuple[tuple[str, str, str], ...] = ()

    def allows(self, origin: str) -> bool:
        """Tell whether the pages of an origin may call."""
        return self.anyone or origin in self.origins or self._matches_wildcard(origin)

    def _matches_wildcard(self, origin: str) -> bool:
        found = _ORIGIN.match(origin)
        return found is not None and any(
            found[1] == scheme and found[3].endswith(f".{domain}") and (found[4] or "") == port
            for scheme, domain, port in self.wildcards
        )


def read_cors_origins(text: str) -> CorsPolicy:
    """Return the policy that a list of origins says, separated by commas or blanks.

    Raises ValueError with the part that is no origin.
    """
    parts = text.replace(",", " ").split()
    if "*" in parts:
        if set(parts) != {"*"}:
            raise ValueError("* stands for every origin and must stand alone")
        return CorsPolicy(anyone=True)
    origins, wildcards = set(), []
    for part in parts:
        scheme, wildcard, host, port = _read_origin(part)
        if wildcard:
            wildcards.append((scheme, host, port))
        else:
            origins.add(f"{scheme}://{host}{port}")
    return CorsPolicy(origins=frozenset(origins), wildcards=tuple(wildcards))


def _read_origin(part: str) -> tuple[str, bool, str, str]:
    found = _ORIGIN.match(part.lower().removesuffix("/"))
    if found is None:
        raise ValueError(
            f"{part!r} is no origin; write scheme and host as in https://shop.example, "
            "with the port if there is one and without a path"
        )
    port = found[4] or ""
    return found[1], bool(found[2]), found[3], "" if port == _DEFAULT_PORTS.get(found[1]) else port


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

"""Let a request in, or refuse it: who sends it, and may they?"""

from collections.abc import Mapping
from functools import partial
from typing import Any

from flask import Flask, g, request

from gateway import rate_limits
from gateway.authentication import Authenticator
from gateway.caller import ANYONE, Caller
from gateway.own_host import require_own_host
from gateway.queue.rate_limiter import RateLimiter
from gateway.rate_limits import RateLimits
from gateway.scopes import WITHOUT_REDIS, may_call, wanted_scopes
from shared.api_keys import Scope, show_scopes
from shared.errors import ScopeMissing, Unauthenticated

_BEARER = "bearer "


def register(
    app: Flask,
    authenticator: Authenticator,
    limits: RateLimits,
    limiter: RateLimiter,
    *,
    local_only: bool,
) -> None:
    """Ask before every request but those for open endpoints, and charge it.

    What no route serves is left to be answered so; a preflight carries no key. `local_only`: who
    needs no key is on this machine, or a trusted proxy.
    """

    @app.before_request
    def check_access() -> None:
        endpoint = request.endpoint
        wanted = None if endpoint is None else wanted_scopes(endpoint)
        if endpoint is None or wanted is None or request.method == "OPTIONS":
            return
        key = _sent_key(request.environ)
        try:
            caller = authenticator.identify(key, outlast_outage=endpoint in WITHOUT_REDIS)
        except Unauthenticated:
            rate_limits.charge_stranger(limits, limiter)
            raise
        rate_limits.charge_request(limits, limiter, caller)
        g.check_caller = partial(authenticator.identify_again, key, caller)
        if caller is not ANYONE:
            _require(caller, endpoint, wanted)
            g.caller = caller
        elif local_only and not limits.proxies.is_peer(request.environ):
            require_own_host(request.environ)


def _require(caller: Caller, endpoint: str, wanted: frozenset[Scope]) -> None:
    if wanted.isdisjoint(caller.scopes):
        names = show_scopes(wanted).split(",")
        needed = " or ".join(names)
        raise ScopeMissing(f"This needs a key with the scope {needed}.", " ".join(names))
    if not may_call(endpoint, caller.tenant):
        raise ScopeMissing("This needs a key of the default tenant.", "")


def _sent_key(environ: Mapping[str, Any]) -> str | None:
    """Return the key of a request's headers; other kinds of Authorization may be a proxy's."""
    authorization: str = environ.get("HTTP_AUTHORIZATION", "")
    if authorization[: len(_BEARER)].lower() == _BEARER:
        return authorization[len(_BEARER) :].strip()
    return environ.get("HTTP_X_API_KEY")

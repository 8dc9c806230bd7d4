"""Which buckets a request is charged to, and what its client is told of them."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from flask import Flask, Response, g, has_request_context, request

from gateway.caller import Caller
from gateway.client_address import TrustedProxies
from gateway.problems import refusal
from gateway.queue.rate_limiter import Bucket, BucketState, Charge, RateLimiter
from gateway.scopes import WITHOUT_REDIS
from shared.errors import QueueUnavailable, RateLimited
from shared.rate_limits import RateLimit

# Their tokens are taken in the call that queues the message.
QUEUEING_ENDPOINTS = frozenset(("chat", "v1_chat_completions", "v1_responses"))


@dataclass(frozen=True, slots=True)
class RateLimits:
    """The limit of each key and of each address without one; and of an address whatever its key."""

    usual: RateLimit | None = None
    per_address: RateLimit | None = None
    proxies: TrustedProxies = field(default_factory=TrustedProxies)

    def buckets(self, caller: Caller, environ: Mapping[str, Any]) -> tuple[Bucket, ...]:
        """Return the buckets that a request is charged to."""
        if caller.key_id is None:
            return self.address_bucket(environ)
        limit = caller.rate_limit or self.usual
        own = (Bucket("key", caller.key_id, limit),) if limit else ()
        return (*own, *self.address_bucket(environ)) if self.per_address else own

    def address_bucket(self, environ: Mapping[str, Any]) -> tuple[Bucket, ...]:
        """Return the bucket of a request's address, if addresses are limited."""
        limit = self.per_address or self.usual
        if limit is None:
            return ()
        return (Bucket("address", self.proxies.client_address(environ), limit),)


def charge_request(limits: RateLimits, limiter: RateLimiter, caller: Caller) -> None:
    """Charge the current request, at once or with its message; raise RateLimited."""
    buckets = limits.buckets(caller, request.environ)
    if not buckets:
        return
    g.charge = charge = Charge(buckets)
    if request.endpoint in QUEUEING_ENDPOINTS:
        return
    try:
        _take(limiter, charge)
    except QueueUnavailable:
        if request.endpoint not in WITHOUT_REDIS:
            raise


def charge_stranger(limits: RateLimits, limiter: RateLimiter) -> None:
    """Charge the address of a request whose key is missing or wrong; raise RateLimited."""
    buckets = limits.address_bucket(request.environ)
    if buckets:
        g.charge = charge = Charge(buckets)
        _take(limiter, charge)


def take_pending_charge() -> Charge | None:
    """Return what the current request still has to be charged, once."""
    charge: Charge | None = g.get("charge") if has_request_context() else None
    if charge is None or charge.is_taken:
        return None
    charge.is_taken = True
    return charge


def _take(limiter: RateLimiter, charge: Charge) -> None:
    charge.is_taken = True
    limiter.take(charge)


def register(app: Flask, limiter: RateLimiter) -> None:
    """Charge what has queued no message after all, and tell clients of their limits."""

    @app.after_request
    def tell_limits(response: Response) -> Response:
        charge: Charge | None = g.get("charge")
        if charge is None:
            return response
        if take_pending_charge():
            response = _charge_late(limiter, charge, response)
        if charge.states:
            response.headers["RateLimit-Policy"] = ", ".join(map(_policy, charge.states))
            response.headers["RateLimit"] = ", ".join(map(_state, charge.states))
        return response


def _charge_late(limiter: RateLimiter, charge: Charge, response: Response) -> Response:
    """Charge a request that was answered without the queue: its body was not valid, for example."""
    try:
        limiter.take(charge)
    except RateLimited as error:
        return refusal(error)
    except QueueUnavailable:
        pass
    return response


def _policy(state: BucketState) -> str:
    limit = state.bucket.limit
    return f'"{state.bucket.kind}";q={limit.burst};w={max(1, math.ceil(limit.fill_seconds))}'


def _state(state: BucketState) -> str:
    return f'"{state.bucket.kind}";r={state.tokens};t={math.ceil(state.full_in_seconds)}'

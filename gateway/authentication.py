"""Find out who sends a request, by the API key that it carries."""

from collections.abc import Mapping
from dataclasses import dataclass

from gateway.caller import ANYONE, Caller
from shared.api_keys import ApiKey, KeyStore, digest_of
from shared.clock import Clock
from shared.counts import day_of
from shared.errors import QueueUnavailable, Unauthenticated
from shared.rate_limits import read_rate_limit

# A revoked key is refused after both of these at the latest.
CACHE_SECONDS = 4.0
REFRESH_SECONDS = 1.0  # while one request looks a key up again, others use what is known of it
MAX_CACHED_KEYS = 4_096


@dataclass(slots=True)
class _Cached:
    caller: Caller
    expires_at: float | None
    fresh_until: float


class Authenticator:
    """Turn keys into callers.

    Keys are asked for if there is any, or if `always` says so; otherwise everybody is ANYONE.
    Keys are compared by their SHA-256: what a comparison's time tells of it is of no use. Only keys
    that exist are remembered, so no stranger fills the memory.
    """

    def __init__(
        self, store: KeyStore, given: Mapping[str, ApiKey], clock: Clock, *, always: bool = False
    ) -> None:
        self._store = store
        self._given = {digest: _caller(key) for digest, key in given.items()}
        self._clock = clock
        self._always = always or bool(given)
        self._has_keys: bool | None = None
        self._has_keys_until = 0.0
        self._cache: dict[str, _Cached] = {}

    def identify(self, key: str | None, *, outlast_outage: bool = False) -> Caller:
        """Return who sends a key; raise Unauthenticated, or QueueUnavailable if none can tell.

        `outlast_outage`: while none can tell, a key that was good remains so.
        """
        if not self._always and not self._are_keys_asked_for():
            return ANYONE
        if not key:
            raise Unauthenticated("Send an API key: `Authorization: Bearer <key>` or `X-API-Key`.")
        digest = digest_of(key)
        return self._given.get(digest) or self._find(digest, outlast_outage)

    def identify_again(self, key: str | None, caller: Caller) -> None:
        """Check that a key is still this caller's; raise what `identify` raises."""
        if self.identify(key) != caller:
            raise Unauthenticated("This API key has changed.", is_wrong=True)

    def _are_keys_asked_for(self) -> bool:
        now = self._clock.monotonic()
        if self._has_keys is not None and now < self._has_keys_until:
            return self._has_keys  # without Redis nothing of anyone's can be had either
        self._has_keys_until = now + REFRESH_SECONDS
        try:
            self._has_keys = self._store.has_keys()
        except QueueUnavailable:
            if self._has_keys is None:
                raise
            return self._has_keys  # without Redis nothing of anyone's can be had either
        self._has_keys_until = self._clock.monotonic() + CACHE_SECONDS
        return self._has_keys

    def _find(self, digest: str, outlast_outage: bool) -> Caller:
        cached, now = self._cache.get(digest), self._clock.monotonic()
        if cached is None or now >= cached.fresh_until:
            if cached:
                cached.fresh_until = now + REFRESH_SECONDS
            try:
                cached = self._look_up(digest)
            except QueueUnavailable:
                if cached is None or not outlast_outage:
                    raise
        if cached.expires_at is not None and cached.expires_at <= self._clock.now():
            raise Unauthenticated("This API key has expired.", is_wrong=True)
        return cached.caller

    def _look_up(self, digest: str) -> _Cached:
        key = self._store.find(digest, day_of(self._clock.now()))
        self._cache.pop(digest, None)
        if key is None:
            raise Unauthenticated("This API key is not known, or was revoked.", is_wrong=True)
        found = _Cached(_caller(key), key.expires_at, self._clock.monotonic() + CACHE_SECONDS)
        while len(self._cache) >= MAX_CACHED_KEYS:
            self._cache.pop(next(iter(self._cache)), None)
        self._cache[digest] = found
        return found


def _caller(key: ApiKey) -> Caller:
    limit = read_rate_limit(key.rate_limit) if key.rate_limit else None
    return Caller(key.tenant, key.scopes, key.id, limit)

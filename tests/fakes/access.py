"""Who may call the gateway and how often, held in memory and set by a test."""

from collections.abc import Sequence
from dataclasses import replace

from gateway.queue.rate_limiter import Charge, rate_limited
from shared.api_keys import ApiKey
from shared.errors import QueueUnavailable


class FakeKeyStore:
    """Hold API keys in memory."""

    def __init__(self) -> None:
        self.held: dict[str, ApiKey] = {}
        self.available = True
        self.looked_up = 0

    def create(self, digest: str, key: ApiKey) -> None:
        self._require_availability()
        self.held[digest] = key

    def find(self, digest: str, day: str) -> ApiKey | None:
        self._require_availability()
        self.looked_up += 1
        if digest in self.held:
            self.held[digest] = replace(self.held[digest], last_used=day)
        return self.held.get(digest)

    def all_keys(self) -> Sequence[ApiKey]:
        self._require_availability()
        return sorted(self.held.values(), key=lambda key: (key.created_at, key.id))

    def has_keys(self) -> bool:
        self._require_availability()
        return bool(self.held)

    def revoke(self, key_id: str) -> bool:
        self._require_availability()
        found = [digest for digest, key in self.held.items() if key.id == key_id]
        for digest in found:
            del self.held[digest]
        return bool(found)

    def _require_availability(self) -> None:
        if not self.available:
            raise QueueUnavailable("switched off by a test")


class FakeRateLimiter:
    """Take tokens from buckets that never fill again."""

    def __init__(self) -> None:
        self.taken: dict[str, int] = {}
        self.available = True

    def take(self, charge: Charge) -> None:
        if not self.available:
            raise QueueUnavailable("switched off by a test")
        names = [bucket.arguments[0] for bucket in charge.buckets]
        enough = all(
            self.taken.get(name, 0) < bucket.limit.burst
            for name, bucket in zip(names, charge.buckets, strict=True)
        )
        for name in names if enough else ():
            self.taken[name] = self.taken.get(name, 0) + 1
        charge.record(
            [
                (bucket.limit.burst - self.taken.get(name, 0), 1_500)
                for name, bucket in zip(names, charge.buckets, strict=True)
            ]
        )
        if not enough:
            raise rate_limited(1_500)


def let_in() -> None:
    """Let a stream's client in, whoever it is."""

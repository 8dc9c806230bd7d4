"""The planted bug: a queue that acknowledges early. The campaign must find it."""

import contextlib
from collections.abc import Iterator, Sequence
from typing import Any

from shared.jobs import ChatJob
from workers.consumer.chat_result import ChatResult
from workers.consumer.lease_queue import (
    ClaimResult,
    Completion,
    CompletionVerdict,
    Lease,
    LeasedJob,
)
from workers.consumer.redis_inference_queue import RedisInferenceQueue

PLANTED_BUG = "PARLEY_CHAOS_PLANTED_BUG"  # the environment variable that turns it on


class ForgetfulQueue(RedisInferenceQueue):
    """Give up the lease of a message when it is taken, not when it has ended."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._taken: dict[bytes, bytes] = {}

    def lease(self, limit: int, *, holds_others: bool = False) -> list[Lease]:
        """Take messages and acknowledge them at once."""
        leases = super().lease(limit, holds_others=holds_others)
        self._taken |= {lease.token: lease.raw for lease in leases}
        self._give_up([lease.token for lease in leases])
        return leases

    def claim(self, jobs: Sequence[LeasedJob[ChatJob]]) -> list[ClaimResult]:
        """Claim as if this worker had the leases."""
        with self._pretending([leased.lease.token for leased in jobs]):
            return super().claim(jobs)

    def complete(
        self, completions: Sequence[Completion[ChatJob, ChatResult]]
    ) -> list[CompletionVerdict]:
        """Complete as if this worker had the leases."""
        with self._pretending([completion.lease.token for completion in completions]):
            return super().complete(completions)

    @contextlib.contextmanager
    def _pretending(self, tokens: Sequence[bytes]) -> Iterator[None]:
        leased: dict[Any, Any] = {
            token: self._taken[token] for token in tokens if token in self._taken
        }
        if leased:
            self._redis.hset(self._lease_key, mapping=leased)
        try:
            yield
        finally:
            self._give_up(tokens)

    def _give_up(self, tokens: Sequence[bytes]) -> None:
        if tokens:
            self._redis.hdel(self._lease_key, *tokens)

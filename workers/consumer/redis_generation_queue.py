"""The queue of replies that are to be put into words, and the way of these to who waits."""

from collections.abc import Callable
from typing import Literal, cast

import msgspec
import redis

from shared import keys, tenants
from shared.connection import queue_errors
from shared.counts import day_of
from shared.jobs import ChatJob, Translation
from shared.message_headers import with_translation
from workers.consumer.context import WorkerContext
from workers.consumer.lease_queue import Lease, QueuePolicy
from workers.consumer.redis_inference_queue import RedisInferenceQueue
from workers.consumer.retry_policy import RetryPolicy

ShowVerdict = Literal["shown", "lost", "ended", "person"]
_TOKENS_TTL_SECONDS = 2 * 86_400


class RedisGenerationQueue(RedisInferenceQueue):
    """A queue of chat jobs that carry their result, and lack a language model's words."""

    def __init__(
        self,
        client: "redis.Redis",
        context: WorkerContext,
        policy: QueuePolicy,
        follow_up: Callable[[], None] = lambda: None,
        retry: RetryPolicy | None = None,
    ) -> None:
        super().__init__(client, context, policy, keys.GENERATION, follow_up, retry)
        self._show = self._script("show_text.lua")

    def show(
        self, lease: Lease, job_id: str, conversation_id: str, known: str, text: str
    ) -> ShowVerdict:
        """Show a further part of a reply to who follows it; `known` is what was shown before.

        Tried until it succeeds or the worker stops; then it raises QueueUnavailable.
        """
        args = [self._policy.result_ttl_seconds, lease.token, job_id, conversation_id]
        verdict: bytes = self._retry.until_stopped(
            self._show, keys=[self._lease_key], args=[*args, len(known.encode()), text]
        )
        return cast("ShowVerdict", verdict.decode())

    def return_translated(self, lease: Lease, job: ChatJob, translation: Translation) -> bool:
        """Put a job back to where it is decided, with what it says in English.

        False: its lease is lost, or the message would be too long. Tried as `show` is.
        """
        try:
            message = with_translation(lease.raw, job, translation)
        except (msgspec.DecodeError, ValueError, RecursionError):  # only its known fields were read
            message = None
        if message is None:
            return False
        args = [lease.token, tenants.tenant_of(job.conversation_id), message]
        returned: int = self._retry.until_stopped(
            self._give_back, keys=[self._lease_key, keys.INFERENCE], args=args
        )
        return returned == 1

    def use_tokens(self, _lease: Lease, tenant: str, tokens: int) -> None:
        """Add to what a tenant has used today; raise QueueUnavailable."""
        key = keys.tokens_used(day_of(self._clock.now()))
        with queue_errors():
            self._redis.hincrby(key, tenant, tokens)
            self._redis.expire(key, _TOKENS_TTL_SECONDS)

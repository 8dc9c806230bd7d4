"""The queue of tone tasks in Redis."""

from collections.abc import Sequence
from typing import cast

import msgspec
import redis

from shared import keys
from shared.errors import QueueUnavailable
from shared.jobs import Tone, ToneJob
from shared.results import celery_result, encode_failure
from workers.consumer.context import WorkerContext
from workers.consumer.lease_queue import Completion, CompletionVerdict, QueuePolicy
from workers.consumer.redis_lease_queue import RedisLeaseQueue, encode_dead_letter
from workers.consumer.retry_policy import RetryPolicy

_encode = msgspec.json.Encoder().encode


class RedisSentimentQueue(RedisLeaseQueue[ToneJob, Tone]):
    """The queue of tone tasks in Redis."""

    def __init__(
        self,
        client: "redis.Redis",
        context: WorkerContext,
        policy: QueuePolicy,
        retry: RetryPolicy | None = None,
    ) -> None:
        super().__init__(client, keys.SENTIMENT, context, policy, retry)
        self._complete = self._script("complete_tones.lua")

    def answers_waiting(self) -> int:
        """Return how many messages wait for an inference worker, beside their tone tasks.

        0 if their tone tasks are left due until they were read, and while Redis is down.
        """
        call = self._redis.execute_command
        try:
            if self._retry.once(call, "EXISTS", keys.TONES_SHARED):
                return 0
            return int(self._retry.once(call, "LLEN", keys.INFERENCE))
        except QueueUnavailable:
            return 0

    def complete(self, completions: Sequence[Completion[ToneJob, Tone]]) -> list[CompletionVerdict]:
        """Store the tones and send them to the workers that wait, in one atomic step."""
        policy = self._policy
        args: list[bytes | str | int] = [
            *(policy.tone_ttl_seconds, policy.dead_letters, policy.result_ttl_seconds)
        ]
        for completion in completions:
            tone = _encode(completion.result) if completion.result else b""
            letter = encode_dead_letter(completion.dead_letter)
            args += [
                completion.lease.token,
                completion.job.job_id if completion.job else "",
                tone,
                letter,
                completion.task_id or "",
                _result(completion, tone),
            ]
        verdicts = self._retry.until_stopped(
            self._complete, keys=[self._lease_key, keys.DEAD_LETTERS], args=args
        )
        return [cast("CompletionVerdict", verdict.decode()) for verdict in verdicts]


def _result(completion: Completion[ToneJob, Tone], tone: bytes) -> bytes:
    """Return what a Celery client may wait for; nothing of a tone that the gateway asked for."""
    if completion.task_id is None or (completion.job and not completion.job.wants_result):
        return b""
    body = encode_failure(completion.failure) if completion.failure else tone
    return celery_result(completion.task_id, completion.state, body, completion.done_at)

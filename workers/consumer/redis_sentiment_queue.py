"""The queue of tone tasks in Redis."""

from collections.abc import Sequence
from typing import cast

import msgspec

from shared import keys
from shared.errors import QueueUnavailable
from shared.jobs import Tone, ToneJob
from workers.consumer.context import WorkerContext
from workers.consumer.lease_queue import Completion, CompletionVerdict, QueuePolicy
from workers.consumer.redis_lease_queue import RedisLeaseQueue, encode_dead_letter

_encode = msgspec.json.Encoder().encode


class RedisSentimentQueue(RedisLeaseQueue[ToneJob, Tone]):
    """The queue of tone tasks in Redis."""

    def __init__(self, url: str, context: WorkerContext, policy: QueuePolicy) -> None:
        super().__init__(url, keys.SENTIMENT, context, policy)
        self._complete = self._script("complete_tones.lua")

    def answers_waiting(self) -> int:
        """Return how many messages wait for an inference worker; 0 while Redis is down."""
        try:
            return int(self._retry.once(self._redis.execute_command, "LLEN", keys.INFERENCE))
        except QueueUnavailable:
            return 0

    def complete(self, completions: Sequence[Completion[ToneJob, Tone]]) -> list[CompletionVerdict]:
        """Store the tones and send them to the workers that wait, in one atomic step."""
        args: list[bytes | str | int] = [self._policy.tone_ttl_seconds, self._policy.dead_letters]
        for completion in completions:
            tone = _encode(completion.result) if completion.result else b""
            letter = encode_dead_letter(completion.dead_letter)
            args += [
                completion.lease.token,
                completion.job.job_id if completion.job else "",
                tone,
                letter,
            ]
        verdicts = self._retry.until_stopped(
            self._complete, keys=[self._lease_key, keys.DEAD_LETTERS], args=args
        )
        return [cast("CompletionVerdict", verdict.decode()) for verdict in verdicts]

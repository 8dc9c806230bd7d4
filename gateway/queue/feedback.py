"""Keeps what persons say of replies: the interface, and its adapter to Redis."""

from typing import Protocol

import msgspec
import redis

from shared import keys
from shared.clock import Clock
from shared.connection import queue_errors
from shared.counts import BAD_SCORES, day_of
from shared.feedback import Feedback
from shared.scripts import register_script

_encode = msgspec.json.Encoder().encode


class FeedbackBox(Protocol):
    """Take feedback; raises QueueUnavailable."""

    def put(self, job_id: str, score: int, comment: str | None) -> bool:
        """Keep feedback in place of earlier feedback on this job; False if it has no reply."""


class RedisFeedbackBox:
    """Keep it with the conversation, and count it."""

    def __init__(self, client: "redis.Redis", clock: Clock) -> None:
        self._clock = clock
        self._rate = register_script(client, "rate.lua")

    def put(self, job_id: str, score: int, comment: str | None) -> bool:
        """Keep and count it in one step."""
        now = self._clock.now()
        day = day_of(now)
        feedback = _encode(Feedback(score, comment, now, day)).removesuffix(b'null,"kind":null}')
        args = (job_id, score, int(score in BAD_SCORES), feedback, now, day)
        with queue_errors():
            return bool(self._rate(keys=(keys.result(job_id),), args=args))

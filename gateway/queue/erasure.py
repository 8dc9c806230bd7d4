"""Erases conversations and users from Redis, with what other keys have of them."""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Sequence

import redis

from gateway.queue.job_canceller import encode_cancelled
from gateway.queue.publisher import EnqueueLimits
from gateway.queue.traces import Erased, Traces
from gateway.queue.unanswered import Unanswered, find_unanswered, take_off
from shared.clock import Clock
from shared.connection import queue_errors
from shared.jobs import ChatJob
from shared.results import Failure, encode_failure
from shared.scripts import register_script

CONVERSATIONS_A_CALL = 100  # no call of the script holds Redis up for long
_LOOKS = 3  # for messages on their way: one that goes back is missed by a look
_REASON = "The conversation was erased."


class RedisErasure:
    """Delete keys in steps that are whole; end unfinished jobs, so that nothing comes back."""

    def __init__(self, client: "redis.Redis", clock: Clock, limits: EnqueueLimits) -> None:
        self._client = client
        self._clock = clock
        self._limits = limits
        self._erase = register_script(client, "erase.lua")
        self._erase_user = register_script(client, "erase_user.lua")
        self.traces = Traces(client, register_script(client, "replace_follow_ups.lua"))

    def erase_conversation(self, conversation_id: str) -> Erased:
        """Erase a conversation and return what went; raise QueueUnavailable."""

        def is_of_it(job: ChatJob) -> bool:
            return job.conversation_id == conversation_id

        with queue_errors():
            unanswered = self._erase_unanswered(is_of_it)
            jobs = self._erase_one(conversation_id, ()) | unanswered.keys()
            return self._drop_traces(Erased({conversation_id}, jobs))

    def erase_user(self, user_id: str) -> Erased:
        """Erase a user and each of their conversations; raise QueueUnavailable."""
        with queue_errors():
            # First: one that is answered meanwhile has its conversation known by then.
            unanswered = self._erase_unanswered(lambda job: job.user_id == user_id)
            conversations, jobs = set(unanswered.values()), set(unanswered)
            for erased, their_jobs in self._erase_conversations(user_id):
                conversations |= erased
                jobs |= their_jobs
            return self._drop_traces(Erased(conversations, jobs, user_id))

    def _erase_conversations(self, user_id: str) -> Iterator[tuple[set[str], set[str]]]:
        while True:
            arguments = (user_id, CONVERSATIONS_A_CALL, *self._ends())
            erased, jobs = self._erase_user(keys=(), args=arguments)
            yield _decode(erased), _decode(jobs)
            if len(erased) < CONVERSATIONS_A_CALL:
                return

    def _erase_unanswered(self, is_wanted: Callable[[ChatJob], bool]) -> dict[str, str]:
        """Erase the conversations of unanswered messages; return those of all their jobs."""
        known: dict[str, str] = {}
        for _ in range(_LOOKS):
            found = list(find_unanswered(self._client, is_wanted, self._clock.now()))
            fresh = [each for each in found if each.job.id not in known]
            if not fresh:
                break
            for conversation_id, jobs in _by_conversation(fresh).items():
                erased = self._erase_one(conversation_id, jobs) | set(jobs)
                known |= dict.fromkeys(erased, conversation_id)
            self._take_off(fresh)
        return known

    def _erase_one(self, conversation_id: str, unclaimed: Sequence[str]) -> set[str]:
        arguments = (conversation_id, *self._ends(), *unclaimed)
        return _decode(self._erase(keys=(), args=arguments))

    def _take_off(self, messages: Sequence[Unanswered]) -> None:
        """Take messages off their queues, but those with follow-ups: a worker has to see these."""
        for each in messages:
            if each.queue is not None and not each.job.follow_ups:
                take_off(self._client, each.queue, each.raw)

    def _ends(self) -> tuple[bytes, bytes, int]:
        ends = encode_cancelled(_REASON, self._clock.now())
        return (*ends, self._limits.job_ttl_seconds)

    def _drop_traces(self, erased: Erased) -> Erased:
        ended = encode_failure(Failure("cancelled", _REASON))
        self.traces.drop(erased, ended, self._clock.now())
        return erased


def _by_conversation(messages: Sequence[Unanswered]) -> dict[str, list[str]]:
    jobs: defaultdict[str, list[str]] = defaultdict(list)
    for each in messages:
        jobs[each.job.conversation_id].append(each.job.id)
    return jobs


def _decode(ids: Collection[bytes]) -> set[str]:
    return {each.decode() for each in ids}

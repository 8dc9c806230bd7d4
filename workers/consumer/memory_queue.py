"""The queues in memory; for tests, under the same contract as those in Redis."""

from collections import deque
from collections.abc import Callable, Mapping, Sequence

from shared import keys
from shared.clock import Clock
from shared.jobs import UNKNOWN_TONE, ChatJob, Tone
from shared.results import celery_result, encode_notification, read_celery_result
from shared.wire import encode_tone
from workers.consumer.lease_queue import (
    EXPIRY_GRACE_SECONDS,
    Arrival,
    ClaimResult,
    Completion,
    CompletionVerdict,
    QueueLimits,
    Reclaimed,
    ToneCompletion,
)
from workers.consumer.memory_lease import MemoryBroker, MemoryLeaseQueue


class MemoryInferenceQueue(MemoryLeaseQueue):
    """The queue of chat jobs in memory."""

    def __init__(
        self, broker: MemoryBroker, worker_id: str, clock: Clock, limits: QueueLimits
    ) -> None:
        super().__init__(broker, keys.INFERENCE, worker_id, clock, limits)

    def reclaim_dead(self) -> Reclaimed:
        """Return what dead workers held, and parked jobs whose time is over, to the queue."""
        reclaimed = super().reclaim_dead()
        over_since = self._clock.now() - EXPIRY_GRACE_SECONDS
        overdue = sorted(
            (at, place) for place, at in self.broker.parked.items() if at <= over_since
        )
        for _, (conversation, job_id) in reversed(overdue):
            del self.broker.parked[conversation, job_id]
            waiting = self.broker.waiting[conversation]
            parked = next(one for one in waiting if one[0] == job_id)
            waiting.remove(parked)
            self.broker.queues[keys.INFERENCE].append(parked[1])
        return reclaimed

    def start(self, arrivals: Sequence[Arrival]) -> list[ClaimResult]:
        """Judge each arrival in order."""
        return [self._start(arrival) for arrival in arrivals]

    def tones(self, job_ids: Sequence[str]) -> Mapping[str, Tone]:
        """Return the tones that are there, or can't come; note the wish for the others."""
        if not self._sentiment_lives():
            return {job_id: self.broker.tones.get(job_id, UNKNOWN_TONE) for job_id in job_ids}
        found = {job_id: self.broker.tones[job_id] for job_id in job_ids if self._has_tone(job_id)}
        for job_id in set(job_ids) - set(found):
            self.broker.tone_wishes[job_id] = self._worker_id
        return found

    def subscribe_tones(self, on_tone: Callable[[str, Tone], None]) -> Callable[[], None]:
        """Call back whenever a wished tone is completed."""
        self.broker.tone_listeners[self._worker_id] = on_tone
        return lambda: self.broker.tone_listeners.pop(self._worker_id, None) and None

    def complete(self, completions: Sequence[Completion]) -> list[CompletionVerdict]:
        """Apply each job's effects exactly once."""
        return [self._complete(completion) for completion in completions]

    def _sentiment_lives(self) -> bool:
        return any(
            queue == keys.SENTIMENT and not self._is_dead(worker_id)
            for worker_id, queue in self.broker.workers.items()
        )

    def _has_tone(self, job_id: str) -> bool:
        return job_id in self.broker.tones

    def _start(self, arrival: Arrival) -> ClaimResult:
        job = arrival.job
        if arrival.token not in self._held():
            return ClaimResult("parked")
        if job.id in self.broker.results:
            record = read_celery_result(self.broker.results[job.id])
            return ClaimResult("cancelled" if record.state in ("cancelled", "expired") else "ended")
        if arrival.external and job.id not in self.broker.tone_queued:
            self.broker.tone_queued.add(job.id)
            self.broker.queues[keys.SENTIMENT].appendleft(encode_tone(job))
        if self.broker.lanes.setdefault(job.conversation_id, job.id) != job.id:
            self._park(arrival.token, job)
            return ClaimResult("parked")
        self.broker.states[job.id] = "started"
        return ClaimResult("run", frozenset(self.broker.phrases.get(job.conversation_id, [])))

    def _park(self, token: bytes, job: ChatJob) -> None:
        raw = self._held().pop(token)
        place = job.conversation_id, job.id
        if place not in self.broker.parked:
            waiting = self.broker.waiting.setdefault(job.conversation_id, deque())
            waiting.append((job.id, raw))
        self.broker.parked[place] = job.expires_at or float("inf")
        self.broker.states[job.id] = "queued"

    def _complete(self, completion: Completion) -> CompletionVerdict:
        if not self._give_up(completion.token):
            return "lost"
        job_id = completion.job_id
        ended = job_id in self.broker.results
        if not ended:
            self._apply(completion)
        self._release(completion.conversation_id, job_id)
        return "duplicate" if ended else "applied"

    def _apply(self, completion: Completion) -> None:
        broker, job_id = self.broker, completion.job_id
        if completion.dead_letter:
            broker.dead_letters.insert(0, completion.dead_letter)
        if job_id:
            state, body = completion.state, completion.body
            broker.results[job_id] = celery_result(job_id, state, body, completion.done_at)
            broker.states.pop(job_id, None)
            if completion.gateway:
                line = encode_notification(job_id, state, body)
                broker.announced.setdefault(completion.gateway, []).append(line)
        if completion.conversation_id and completion.turns:
            conversation = completion.conversation_id
            broker.turns.setdefault(conversation, []).extend(completion.turns)
            del broker.turns[conversation][: -self._limits.turns]
            broker.phrases.setdefault(conversation, []).extend(completion.phrases)

    def _release(self, conversation: str | None, job_id: str | None) -> None:
        broker = self.broker
        if conversation is None or broker.lanes.get(conversation, job_id) != job_id:
            return
        broker.lanes.pop(conversation, None)
        waiting = broker.waiting.get(conversation)
        if waiting:
            next_id, raw = waiting.popleft()
            del broker.parked[conversation, next_id]
            broker.lanes[conversation] = next_id
            broker.queues[keys.INFERENCE].append(raw)


class MemorySentimentQueue(MemoryLeaseQueue):
    """The queue of tone tasks in memory."""

    def __init__(
        self, broker: MemoryBroker, worker_id: str, clock: Clock, limits: QueueLimits
    ) -> None:
        super().__init__(broker, keys.SENTIMENT, worker_id, clock, limits)

    def complete(self, completions: Sequence[ToneCompletion]) -> list[CompletionVerdict]:
        """Store the tones and tell the workers that wait for them."""
        return [self._complete(completion) for completion in completions]

    def _complete(self, completion: ToneCompletion) -> CompletionVerdict:
        if not self._give_up(completion.token):
            return "lost"
        if completion.dead_letter:
            self.broker.dead_letters.insert(0, completion.dead_letter)
        if completion.job_id and completion.tone:
            self._store(completion.job_id, completion.tone)
        return "applied"

    def _store(self, job_id: str, tone: Tone) -> None:
        self.broker.tones[job_id] = tone
        worker_id = self.broker.tone_wishes.pop(job_id, None)
        listener = self.broker.tone_listeners.get(worker_id) if worker_id else None
        if listener:
            listener(job_id, tone)

"""The same queue in this process's memory: the fake that tests use, under the same contract."""

from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from shared import keys
from shared.clock import Clock
from shared.jobs import UNKNOWN_TONE, ChatJob, Tone, Turn, WorkerStatus
from shared.outcomes import announcement, celery_result, read_celery_result
from shared.wire import encode_tone, peek_id
from workers.drain.port import (
    OVERDUE_GRACE_SECONDS,
    SUSPECT,
    Arrival,
    Completion,
    CompletionVerdict,
    DeadLetter,
    Lease,
    QueueLimits,
    Reclaimed,
    Start,
    ToneCompletion,
)


@dataclass
class MemoryBroker:
    """What Redis would hold. The head of a queue is its right end, as there."""

    queues: dict[str, deque[bytes]] = field(
        default_factory=lambda: {keys.INFERENCE: deque(), keys.SENTIMENT: deque()}
    )
    leases: dict[str, dict[bytes, bytes]] = field(default_factory=dict)
    beats: dict[str, float] = field(default_factory=dict)
    workers: dict[str, str] = field(default_factory=dict)
    lanes: dict[str, str] = field(default_factory=dict)
    waiting: dict[str, deque[tuple[str, bytes]]] = field(default_factory=dict)
    parked: dict[tuple[str, str], float] = field(default_factory=dict)
    states: dict[str, str] = field(default_factory=dict)
    tone_queued: set[str] = field(default_factory=set)
    results: dict[str, bytes] = field(default_factory=dict)
    turns: dict[str, list[Turn]] = field(default_factory=dict)
    phrases: dict[str, list[str]] = field(default_factory=dict)
    tones: dict[str, Tone] = field(default_factory=dict)
    tone_wishes: dict[str, str] = field(default_factory=dict)
    tone_listeners: dict[str, Callable[[str, Tone], None]] = field(default_factory=dict)
    dead_letters: list[DeadLetter] = field(default_factory=list)
    suspects: dict[str, deque[bytes]] = field(
        default_factory=lambda: {queue: deque() for queue in keys.QUEUES}
    )
    alone: dict[str, bytes] = field(default_factory=dict)
    redelivered: dict[str, int] = field(default_factory=dict)
    announced: dict[str, list[bytes]] = field(default_factory=dict)
    next_token: int = 0


class MemoryLeaseQueue:
    """One worker's view of one queue in memory."""

    def __init__(
        self, broker: MemoryBroker, queue: str, worker_id: str, clock: Clock, limits: QueueLimits
    ) -> None:
        self.broker = broker
        self._queue = queue
        self._worker_id = worker_id
        self._clock = clock
        self._limits = limits

    def wait(self, timeout_seconds: float) -> None:
        """Return at once: nothing else runs in this process."""

    def lease(self, limit: int) -> list[Lease]:
        """Take up to `limit` messages from the head, oldest first."""
        source, suspects = self.broker.queues[self._queue], self.broker.suspects[self._queue]
        if suspects:
            return [] if self._held() else [self._record(suspects.pop(), alone=True)]
        if self.broker.alone.get(self._worker_id) in self._held():
            return []
        return [self._record(source.pop()) for _ in range(min(limit, len(source)))]

    def beat(self, status: WorkerStatus) -> None:
        """Note the time."""
        self.broker.beats[self._worker_id] = self._clock.now()
        self.broker.workers[self._worker_id] = self._queue

    def reclaim_dead(self) -> Reclaimed:
        """Return what workers without a fresh heartbeat held."""
        returned, over_limit = 0, []
        for worker_id, queue in list(self.broker.workers.items()):
            if worker_id != self._worker_id and self._is_dead(worker_id):
                put_back, over = self._take_from(worker_id, queue, self._limits.deliveries)
                returned += put_back
                over_limit += over
        return Reclaimed(returned, tuple(over_limit))

    def hand_back(self) -> int:
        """Return all that this worker holds, uncounted."""
        returned, _ = self._take_from(self._worker_id, self._queue, 0)
        self.broker.beats.pop(self._worker_id, None)
        self.broker.workers.pop(self._worker_id, None)
        return returned

    def _held(self) -> dict[bytes, bytes]:
        return self.broker.leases.setdefault(self._worker_id, {})

    def _record(self, raw: bytes, *, alone: bool = False) -> Lease:
        self.broker.next_token += 1
        token = str(self.broker.next_token).encode()
        self._held()[token] = raw
        if alone:
            self.broker.alone[self._worker_id] = token
        return Lease(token, raw)

    def _is_dead(self, worker_id: str) -> bool:
        age = self._clock.now() - self.broker.beats.get(worker_id, float("-inf"))
        return age >= self._limits.heartbeat_ttl_seconds

    def _take_from(self, worker_id: str, queue: str, limit: int) -> tuple[int, list[Lease]]:
        held = self.broker.leases.pop(worker_id, {})
        left = dict[bytes, bytes]()
        over_limit = []
        for token in sorted(held, key=int, reverse=True):
            raw = held[token]
            delivery = self._deliveries(raw) + 1 if limit else 0
            if delivery > limit and queue != self._queue:
                left[token] = raw
                continue
            if limit:
                self._count_delivery(raw)
            if delivery > limit:
                over_limit.append(self._record(raw))
            elif delivery >= SUSPECT:
                self.broker.suspects[queue].append(raw)
            else:
                self.broker.queues[queue].append(raw)
        if left:
            self.broker.leases[worker_id] = left
        return len(held) - len(over_limit) - len(left), over_limit

    def _deliveries(self, raw: bytes) -> int:
        return self.broker.redelivered.get(_name(raw), 0) + 1

    def _count_delivery(self, raw: bytes) -> None:
        self.broker.redelivered[_name(raw)] = self._deliveries(raw)

    def _give_up(self, token: bytes) -> bool:
        return self._held().pop(token, None) is not None


class MemoryInferenceQueue(MemoryLeaseQueue):
    """The queue of chat jobs in memory."""

    def __init__(
        self, broker: MemoryBroker, worker_id: str, clock: Clock, limits: QueueLimits
    ) -> None:
        super().__init__(broker, keys.INFERENCE, worker_id, clock, limits)

    def reclaim_dead(self) -> Reclaimed:
        """Return what dead workers held, and parked jobs whose time is over, to the queue."""
        reclaimed = super().reclaim_dead()
        over_since = self._clock.now() - OVERDUE_GRACE_SECONDS
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

    def start(self, arrivals: Sequence[Arrival]) -> list[Start]:
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

    def _start(self, arrival: Arrival) -> Start:
        job = arrival.job
        if arrival.token not in self._held():
            return Start("parked")
        if job.id in self.broker.results:
            record = read_celery_result(self.broker.results[job.id])
            return Start("cancelled" if record.state in ("cancelled", "expired") else "ended")
        if arrival.foreign and job.id not in self.broker.tone_queued:
            self.broker.tone_queued.add(job.id)
            self.broker.queues[keys.SENTIMENT].appendleft(encode_tone(job))
        if self.broker.lanes.setdefault(job.conversation_id, job.id) != job.id:
            self._park(arrival.token, job)
            return Start("parked")
        self.broker.states[job.id] = "started"
        return Start("go", frozenset(self.broker.phrases.get(job.conversation_id, [])))

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
                line = announcement(job_id, state, body)
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


def _name(raw: bytes) -> str:
    return peek_id(raw) or raw.decode(errors="replace")

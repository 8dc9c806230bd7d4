"""Step 2: decode, drop what has ended, tokenise. Runs while the engine is busy."""

import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from shared import keys
from shared.clock import Clock
from shared.errors import MalformedMessage
from shared.jobs import ChatJob, JobState
from shared.results import Failure, encode_failure
from shared.wire import decode, decode_job, is_from_gateway, peek_id
from workers.consumer.counters import Counters
from workers.consumer.jobs import PreparedJob
from workers.consumer.lease_queue import Arrival, Completion, DeadLetter, InferenceQueue, Lease
from workers.consumer.retry_policy import RetryPolicy
from workers.consumer.task_events import EventKind, TaskEvent, TaskEvents
from workers.preprocessing.preprocessor import Prepared


@dataclass(frozen=True, slots=True)
class DropPolicy:
    """Says which jobs nobody wants any more."""

    is_revoked: Callable[[str], bool]
    clock: Clock

    def drop_reason(self, task_id: str, expires_at: float | None) -> Failure | None:
        """Return how a job has ended already, or None while it is wanted."""
        if self.is_revoked(task_id):
            return Failure("cancelled", "The job was cancelled.")
        if expires_at is not None and expires_at <= self.clock.now():
            return Failure("expired", "The job's time ran out before a worker reached it.")
        return None


class Reader(Protocol):
    """Makes token ids of messages."""

    def prepare(self, messages: Sequence[str]) -> list[Prepared]:
        """Return one `Prepared` a message, in order."""


class ChatPreparer:
    """Make works of leased `chat.infer` messages; end at once those that need no engine."""

    def __init__(
        self,
        queue: InferenceQueue,
        preprocessor: Reader,
        judge: DropPolicy,
        events: TaskEvents,
        counters: Counters,
        retry_policy: RetryPolicy,
    ) -> None:
        self._queue = queue
        self._preprocessor = preprocessor
        self._judge = judge
        self._events = events
        self._counters = counters
        self._retry_policy = retry_policy

    def prepare(self, leases: Sequence[Lease]) -> list[PreparedJob[ChatJob]]:
        """Return works in order of arrival; every other lease is ended here, with its reason."""
        leased_at = self._judge.clock.monotonic()
        ended: list[Completion] = []
        arrivals: list[tuple[Arrival, Lease]] = []
        for lease in leases:
            arrival = self._decode(lease, ended)
            if arrival:
                arrivals.append((arrival, lease))
        works = self._start(arrivals, ended, leased_at)
        self._end(ended)
        return works

    def dead_letter(self, lease: Lease, reason: str, trace: str | None = None) -> None:
        """Answer a message that cannot be run with an error, and keep it as a dead letter."""
        self._end([self._dead(lease, reason, trace)])

    def _decode(self, lease: Lease, ended: list[Completion]) -> Arrival | None:
        now = self._judge.clock.now()
        try:
            task = decode(lease.raw)
            job = decode_job(task, received_at=now)
        except MalformedMessage as fault:
            ended.append(self._dead(lease, str(fault)))
            return None
        self._events.emit([TaskEvent("received", job.id, keys.INFER_TASK, now)])
        failure = self._judge.drop_reason(job.id, job.expires_at)
        if failure:
            ended.append(self._failed(lease, job, failure))
            return None
        return Arrival(lease.token, job, external=not is_from_gateway(task))

    def _start(
        self,
        arrivals: Sequence[tuple[Arrival, Lease]],
        ended: list[Completion],
        leased_at: float,
    ) -> list[PreparedJob[ChatJob]]:
        starts = self._retry_policy.retry_until_stopped(
            lambda: self._queue.start([arrival for arrival, _ in arrivals])
        )
        going: list[tuple[Arrival, Lease, frozenset[str]]] = []
        again: list[Completion] = []
        for (arrival, lease), start in zip(arrivals, starts, strict=True):
            if start.verdict == "run":
                going.append((arrival, lease, start.phrases))
            elif start.verdict in ("ended", "cancelled"):
                failure = Failure("cancelled", "The job was cancelled.")
                end = self._failed(lease, arrival.job, failure)
                (ended if start.verdict == "cancelled" else again).append(end)
        if again:  # their ends were told when they were stored
            self._retry_policy.retry_until_stopped(lambda: self._queue.complete(again))
        return self._tokenise(going, ended, leased_at)

    def _tokenise(
        self,
        going: Sequence[tuple[Arrival, Lease, frozenset[str]]],
        ended: list[Completion],
        leased_at: float,
    ) -> list[PreparedJob[ChatJob]]:
        works = []
        clock = self._judge.clock
        for (arrival, lease, phrases), prepared in zip(
            going, self._prepare_texts([a.job.message for a, _, _ in going]), strict=True
        ):
            if isinstance(prepared, str):
                ended.append(self._dead(lease, "the message cannot be prepared", prepared))
                continue
            works.append(
                PreparedJob(
                    token=lease.token,
                    raw=lease.raw,
                    job=arrival.job,
                    text=prepared.text,
                    ids=prepared.ids,
                    truncated=prepared.truncated,
                    leased_at=leased_at,
                    prepared_at=clock.monotonic(),
                    queued_seconds=max(0.0, clock.now() - arrival.job.accepted_at),
                    phrases=phrases,
                )
            )
        return works

    def _prepare_texts(self, texts: Sequence[str]) -> list[Prepared | str]:
        return prepare_texts(self._preprocessor, texts)

    def _end(self, ended: Sequence[Completion]) -> None:
        if not ended:
            return
        self._retry_policy.retry_until_stopped(lambda: self._queue.complete(ended))
        at = self._judge.clock.now()
        self._events.emit(
            TaskEvent(_event_kind(end.state), end.job_id, keys.INFER_TASK, at, fault=end.state)
            for end in ended
            if end.job_id
        )
        self._counters.add(
            ended_early=len(ended), dead_letters=sum(1 for end in ended if end.dead_letter)
        )

    def _failed(self, lease: Lease, job: ChatJob, failure: Failure) -> Completion:
        return Completion(
            token=lease.token,
            job_id=job.id,
            state=failure.state,
            body=encode_failure(failure),
            done_at=self._judge.clock.now(),
            conversation_id=job.conversation_id,
            gateway=job.gateway,
        )

    def _dead(self, lease: Lease, reason: str, trace: str | None = None) -> Completion:
        now = self._judge.clock.now()
        job_id, job = peek_id(lease.raw), read_job(lease.raw, now)
        return Completion(
            token=lease.token,
            job_id=job_id,
            state="failed",
            body=encode_failure(Failure("failed", reason)),
            done_at=now,
            conversation_id=job.conversation_id if job else None,
            gateway=job.gateway if job else None,
            dead_letter=DeadLetter(
                job_id, keys.INFER_TASK, keys.INFERENCE, reason, now, lease.raw, trace
            ),
        )


def prepare_texts(preprocessor: Reader, texts: Sequence[str]) -> list[Prepared | str]:
    """Prepare all texts at once; where that fails, one by one, with the traceback of the faulty."""
    try:
        return list(preprocessor.prepare(texts))
    except Exception:  # noqa: BLE001 - one text must not take the others down
        return [_prepare_text(preprocessor, text) for text in texts]


def _prepare_text(preprocessor: Reader, text: str) -> Prepared | str:
    try:
        return preprocessor.prepare([text])[0]
    except Exception:  # noqa: BLE001 - the poison message, alone: its traceback is kept
        return traceback.format_exc()


def read_job(raw: bytes, now: float) -> ChatJob | None:
    """Read the chat job of a message that may be faulty."""
    try:
        return decode_job(decode(raw), received_at=now)
    except MalformedMessage:
        return None


def _event_kind(state: JobState) -> EventKind:
    return "failed" if state == "failed" else "revoked"

"""Records the messages of a worker as spans, one a message and one a batch."""

import logging
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from typing import Annotated, Any

import msgspec

from shared import tenants
from shared.clock import Clock
from shared.errors import QueueUnavailable
from shared.jobs import ChatJob
from shared.task_fields import END_OF_TIME
from shared.task_message import peek_headers, peek_id
from shared.tracing import names
from shared.tracing.context import TraceContext, context_of
from shared.tracing.tracer import Attributes, Span, Tracer
from workers.consumer.jobs import BatchResult, PreparedJob
from workers.consumer.lease_queue import Completion, CompletionVerdict, Job, JobT, Lease, LeasedJob
from workers.consumer.message_span import MessageSpan
from workers.consumer.traced_ends import attributes_of, error_of, outcome_of
from workers.consumer.traces import Deliveries, EndBatch

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class TracedWorker:
    """What all spans of a worker say of it."""

    id: str
    queue: str
    encoder: str

    @property
    def attributes(self) -> Mapping[str, str]:
        """Return it as attributes."""
        return {
            names.WORKER: self.id,
            names.DESTINATION: self.queue,
            names.ENCODER: self.encoder,
        }


class RecordedTraces:
    """Record messages; see `Traces`."""

    def __init__(self, tracer: Tracer, worker: TracedWorker, clock: Clock) -> None:
        self._tracer = tracer
        self._worker = worker
        self._clock = clock
        self._attributes = {
            **worker.attributes,
            names.MESSAGING_SYSTEM: "celery",
            names.OPERATION: "process",
        }

    def receive(
        self, leased: Sequence[LeasedJob[JobT]], deliveries: Deliveries
    ) -> Sequence[LeasedJob[JobT]]:
        """Begin a span for each message that its trace, or the sampler, wants recorded."""
        monotonic, now = self._clock.monotonic(), self._clock.now()
        received = [self._receive(each, monotonic, now) for each in leased]
        recorded = [(each, span) for each, span in received if span]
        if recorded:
            counts = _count(deliveries, [each.job.task_id for each, _ in recorded])
            for (_, span), count in zip(recorded, counts, strict=True):
                span.annotate({names.DELIVERY: count})
        return [each for each, _ in received]

    def receive_faulty(self, lease: Lease) -> Lease:
        """Begin a span for a message of which only the headers may be readable."""
        parent, task_id = context_of(peek_headers(lease.raw)), peek_id(lease.raw)
        if parent is not None and not parent.sampled:
            return lease
        span = self._begin(parent, task_id, self._clock.now())
        if not span.context.sampled:
            return lease
        monotonic = self._clock.monotonic()
        zero = self._clock.now() - monotonic
        return replace(lease, span=MessageSpan(span, monotonic, zero, _no_wait))

    def prepared(self, jobs: Sequence[PreparedJob[Any]]) -> None:
        """Record how long it took to read and tokenise them."""
        for job in jobs:
            if span := job.lease.span:
                span.stage(names.PREPARE, job.prepared_at, {names.TOKENS: job.tokens})

    def begin_batch(
        self, jobs: Sequence[PreparedJob[Any]], engine: str, tokens: int, padded_tokens: int
    ) -> EndBatch:
        """Begin a trace of the batch, linked with the messages in it that are recorded."""
        spans = [job.lease.span for job in jobs if job.lease.span]
        if not spans:
            return _ignore
        attributes: Attributes = {
            **self._worker.attributes,
            names.ENGINE_NAME: engine,
            names.BATCH_COUNT: len(jobs),
            names.TOKENS: tokens,
            names.PADDED_TOKENS: padded_tokens,
        }
        links = [span.context for span in spans]
        name, now = f"{names.BATCH} {self._worker.queue}", self._clock.now()
        batch = self._tracer.begin_recorded(name, attributes, at=now, links=links)
        for span in spans:
            span.link(batch.context)
        return partial(self._end_batch, batch)

    def ran(self, batches: Sequence[BatchResult[Any]]) -> None:
        """Record the wait for the engine and its run."""
        for batch in batches:
            for job in batch.jobs:
                if span := job.lease.span:
                    span.stage(names.ENGINE_WAIT, batch.started_at)
                    span.stage(names.ENGINE, batch.ended_at)

    def drafted(self, leases: Sequence[Lease]) -> None:
        """Record how long it took to find their results."""
        self._stage(leases, names.COMPOSE)

    def toned(self, leases: Sequence[Lease]) -> None:
        """Record how long they waited for the tone."""
        self._stage(leases, names.TONE_WAIT)

    def handed_over(self, leases: Sequence[Lease]) -> None:
        """End the spans here; those of who goes on belong to the same traces."""
        self._stage(leases, names.HAND_OVER)
        now = self._clock.monotonic()
        for lease in leases:
            if lease.span:
                lease.span.end(now, {names.OUTCOME: "handed_over"})

    def completed(
        self,
        ends: Sequence[tuple[Completion[Any, Any], CompletionVerdict]],
        began_at: float,
    ) -> None:
        """Record how long it took to store the ends, and end the spans."""
        now = self._clock.monotonic()
        for completion, verdict in ends:
            if span := completion.lease.span:
                span.skip(began_at)
                span.stage(names.COMPLETE, now)
                error = error_of(completion) if verdict == "applied" else None
                outcome = outcome_of(completion) if verdict == "applied" else verdict
                span.end(now, {names.OUTCOME: outcome, **attributes_of(completion.result)}, error)
                if error:
                    self._log_error(completion, outcome, span.context)

    def close(self) -> None:
        """Send what waits."""
        self._tracer.close()

    def _receive(
        self, leased: LeasedJob[JobT], monotonic: float, now: float
    ) -> tuple[LeasedJob[JobT], Span | None]:
        job, parent = leased.job, leased.job.trace
        if parent is not None and not parent.sampled:
            return leased, None
        span = self._begin(parent, job.task_id, now, job.task)
        if parent is None:  # the tone task and a second look go on from here
            job = job.traced(span.context)
        if not span.context.sampled:
            return LeasedJob(leased.lease, job), None
        wait = partial(self._record_wait, parent, _queued_at(job), now)
        recorded = MessageSpan(span, monotonic, now - monotonic, wait)
        return LeasedJob(replace(leased.lease, span=recorded), job), span

    def _begin(
        self, parent: TraceContext | None, task_id: str | None, now: float, task: str = ""
    ) -> Span:
        attributes: dict[str, str | int | float | bool] = dict(self._attributes)
        if task_id:
            attributes[names.MESSAGE_ID] = tenants.local(task_id)
            attributes[names.TENANT] = tenants.tenant_of(task_id)
        if task:
            attributes[names.TASK] = task
        name = f"{names.PROCESS} {self._worker.queue}"
        return self._tracer.begin(name, "consumer", parent, attributes, at=now)

    def _record_wait(
        self, parent: TraceContext | None, queued_at: float | None, leased_at: float
    ) -> None:
        """Record the time on the queue: beside the span of this worker, not within it."""
        if parent is not None and queued_at is not None and queued_at < leased_at:
            name = f"{names.QUEUE} {self._worker.queue}"
            self._tracer.begin(name, "internal", parent, {}, at=queued_at).end(leased_at)

    def _stage(self, leases: Sequence[Lease], name: str) -> None:
        now = self._clock.monotonic()
        for lease in leases:
            if lease.span:
                lease.span.stage(name, now)

    def _end_batch(self, batch: Span, faults: int) -> None:
        if faults:
            batch.annotate({names.FAULTS: faults})
            batch.fail("engine", "the engine failed with messages of this batch")
        batch.end(self._clock.now())

    def _log_error(
        self, completion: Completion[Any, Any], outcome: str, trace: TraceContext
    ) -> None:
        job = tenants.shown(completion.task_id or "")
        _log.info("message %s: %s", job, outcome, extra={"trace_id": trace.trace_id})


class _HandedOver(msgspec.Struct):
    handed_at: Annotated[float, msgspec.Meta(ge=0, lt=END_OF_TIME)]


def _queued_at(job: Job) -> float | None:
    """Return when a message came onto the queue that it was taken from."""
    carried = (job.draft or job.first_look) if isinstance(job, ChatJob) else None
    if carried is None:
        return job.accepted_at
    with suppress(msgspec.DecodeError):  # anybody can write the header
        return msgspec.json.decode(carried, type=_HandedOver).handed_at
    return job.accepted_at


def _count(
    deliveries: Callable[[Sequence[str]], Sequence[int]], ids: Sequence[str]
) -> Sequence[int]:
    try:
        return deliveries(ids)
    except QueueUnavailable:
        return [1] * len(ids)


def _no_wait() -> None:
    return


def _ignore(_faults: int) -> None:
    return

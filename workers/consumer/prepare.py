"""Step 2: decode, claim, tokenise. Runs while the engine is busy."""

import logging
import traceback
from collections.abc import Sequence
from dataclasses import replace
from typing import Generic

from shared.errors import MalformedMessage
from shared.results import Failure
from shared.task_message import peek_id
from workers.consumer.commit import Committer
from workers.consumer.context import WorkerContext
from workers.consumer.jobs import PreparedJob
from workers.consumer.lease_queue import (
    ClaimedJob,
    ClaimResult,
    Completion,
    DeadLetter,
    DeadLetterReason,
    JobT,
    Lease,
    LeasedJob,
    LeaseQueue,
    ResultT,
)
from workers.consumer.role import Role
from workers.consumer.task_events import TaskEvent
from workers.preprocessing.preprocessor import Prepared

_log = logging.getLogger(__name__)
_CANCELLED = Failure("cancelled", "The job was cancelled.")
_TOO_MANY = Failure("failed", "Too many messages with an eta or countdown wait already.")
_EXPIRED = Failure("expired", "The job's time ran out before a worker reached it.")


class Preparer(Generic[JobT, ResultT]):
    """Make leased messages ready for the engine; end those that need none."""

    def __init__(
        self,
        context: WorkerContext,
        role: Role[JobT, ResultT],
        queue: LeaseQueue[JobT, ResultT],
        committer: Committer[JobT, ResultT],
    ) -> None:
        self._context = context
        self._role = role
        self._queue = queue
        self._committer = committer

    def prepare(self, leases: Sequence[Lease]) -> list[PreparedJob[JobT]]:
        """Return prepared jobs in order of arrival; every other lease ends here."""
        leased_at = self._context.clock.monotonic()
        decoded, malformed = self._decode(leases)
        wanted, unwanted = self._drop_unwanted(self._own(decoded))
        claimed, ended = self._claim(wanted)
        prepared, unreadable = self._read(claimed, leased_at)
        self._committer.commit([*malformed, *unwanted, *ended, *unreadable])
        return prepared

    def dead_letter(self, leases: Sequence[Lease], reason: str) -> None:
        """End messages that must not run with an error, and keep them as dead letters."""
        self._committer.commit([self._undelivered(lease, reason) for lease in leases])

    def _decode(
        self, leases: Sequence[Lease]
    ) -> tuple[Sequence[LeasedJob[JobT]], list[Completion[JobT, ResultT]]]:
        now, traces = self._context.clock.now(), self._context.traces
        decoded, malformed = [], []
        for lease in leases:
            try:
                decoded.append(LeasedJob(lease, self._role.decode(lease.raw, now)))
            except MalformedMessage as fault:
                faulty = traces.receive_faulty(lease)
                malformed.append(self._dead(faulty, None, "malformed", str(fault)))
        self._context.events.emit(
            TaskEvent("received", leased.job.task_id, leased.job.task, now) for leased in decoded
        )
        return traces.receive(decoded, self._queue.deliveries), malformed

    def _own(self, decoded: Sequence[LeasedJob[JobT]]) -> Sequence[LeasedJob[JobT]]:
        """Return what this role can work on; give the rest back."""
        is_for_others = self._role.is_for_others
        others = [each for each in decoded if is_for_others and is_for_others(each.job)]
        if not others:
            return decoded
        returned = self._queue.give_back(others)
        _log.warning("%d messages went back to the queue: another version wrote them", returned)
        return [each for each in decoded if each not in others]

    def _drop_unwanted(
        self, decoded: Sequence[LeasedJob[JobT]]
    ) -> tuple[list[LeasedJob[JobT]], list[Completion[JobT, ResultT]]]:
        wanted, unwanted = [], []
        for leased in decoded:
            failure = self._drop_reason(leased.job)
            if failure:
                unwanted.append(self._failed(leased, failure))
            else:
                wanted.append(leased)
        return wanted, unwanted

    def _claim(
        self, wanted: Sequence[LeasedJob[JobT]]
    ) -> tuple[list[ClaimedJob[JobT]], list[Completion[JobT, ResultT]]]:
        claims = list(zip(wanted, self._queue.claim(wanted), strict=True))
        ended = [
            replace(self._failed(leased, _CANCELLED), already_ended=claim.verdict == "ended")
            for leased, claim in claims
            if claim.verdict in ("ended", "cancelled")
        ]
        ended += [self._failed(leased, _TOO_MANY) for leased, each in claims if _is_refused(each)]
        if _log.isEnabledFor(logging.DEBUG) and claims:
            verdicts = (f"{leased.job.task_id}={claim.verdict}" for leased, claim in claims)
            _log.debug("claim: %s %s", self._role.task, " ".join(verdicts))
        return [ClaimedJob(*each) for each in claims if each[1].verdict == "run"], ended

    def _read(
        self, claimed: Sequence[ClaimedJob[JobT]], leased_at: float
    ) -> tuple[list[PreparedJob[JobT]], list[Completion[JobT, ResultT]]]:
        readings = self._passages(claimed)
        now = self._context.clock.monotonic()
        prepared, unreadable = [], []
        for each, passages in zip(claimed, readings, strict=True):
            lease, job = each.leased.lease, each.job
            if isinstance(passages, str):
                reason = "the message cannot be prepared"
                unreadable.append(self._dead(lease, job, "unprepared", reason, passages))
            else:
                prepared.append(PreparedJob(lease, job, each.claim, passages, leased_at, now))
        self._context.traces.prepared(prepared)
        return prepared, unreadable

    def _passages(
        self, claimed: Sequence[ClaimedJob[JobT]]
    ) -> Sequence[tuple[Prepared, ...] | str]:
        """Prepare all at once; if that fails, one by one, with the traceback of a faulty one."""
        try:
            return self._role.prepare(claimed)
        except Exception:  # noqa: BLE001 - one text must not fail the others
            if len(claimed) == 1:
                return [traceback.format_exc()]
        return [self._passages([each])[0] for each in claimed]

    def _drop_reason(self, job: JobT) -> Failure | None:
        if self._context.is_revoked(job.task_id):
            return _CANCELLED
        if job.expires_at is not None and job.expires_at <= self._context.clock.now():
            return _EXPIRED
        return None

    def _failed(self, leased: LeasedJob[JobT], failure: Failure) -> Completion[JobT, ResultT]:
        return Completion(
            lease=leased.lease,
            job=leased.job,
            task_id=leased.job.task_id,
            done_at=self._context.clock.now(),
            failure=failure,
        )

    def _undelivered(self, lease: Lease, reason: str) -> Completion[JobT, ResultT]:
        traces = self._context.traces
        try:
            job = self._role.decode(lease.raw, self._context.clock.now())
        except MalformedMessage:
            return self._dead(traces.receive_faulty(lease), None, "deliveries", reason)
        (leased,) = traces.receive([LeasedJob(lease, job)], self._queue.deliveries)
        return self._dead(leased.lease, leased.job, "deliveries", reason)

    def _dead(
        self,
        lease: Lease,
        job: JobT | None,
        kind: DeadLetterReason,
        reason: str,
        trace: str | None = None,
    ) -> Completion[JobT, ResultT]:
        now, role = self._context.clock.now(), self._role
        task_id, task = (job.task_id, job.task) if job else (peek_id(lease.raw), role.task)
        return Completion(
            lease=lease,
            job=job,
            task_id=task_id,
            done_at=now,
            failure=Failure("failed", reason),
            dead_letter=DeadLetter(task_id, task, role.queue, reason, now, lease.raw, trace),
            dead_reason=kind,
        )


def _is_refused(claim: ClaimResult) -> bool:
    return claim.verdict == "refused"

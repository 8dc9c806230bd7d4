"""What the gateway is for: accept a request as a job, queue it, and wait for its end."""

import os
import re
import secrets
import socket
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass

from gateway.caller import Caller
from gateway.chat_request import ChatRequest
from gateway.idempotency import IdempotencyKey
from gateway.queue.disconnect_watcher import DisconnectWatcher
from gateway.queue.job_canceller import JobCanceller
from gateway.queue.job_store import JobStore
from gateway.queue.pending_replies import ENDED, PendingReplies, PendingReply
from gateway.queue.placement import NewIds, Placement
from gateway.queue.publisher import EnqueueOutcome, EnqueueRequest, ExistingJob, Publisher
from gateway.queue.sending import BeginSending, Sending, telling_faults, untraced
from shared import results, wire
from shared.clock import Clock
from shared.errors import QueueUnavailable
from shared.jobs import ChatJob, EmbedJob
from shared.results import Failure, JobRecord

_GONE = results.encode_failure(
    Failure("expired", "The queue was emptied while the message waited.")
)


@dataclass(frozen=True, slots=True)
class SubmitResult:
    """The job that stands for a request, and what is known of it; ids are those inside."""

    job_id: str
    conversation_id: str
    record: JobRecord


class Dispatcher:
    """Turn requests into jobs and jobs into records; knows nothing of HTTP."""

    def __init__(
        self,
        publisher: Publisher,
        pending: PendingReplies,
        jobs: JobStore,
        canceller: JobCanceller,
        disconnect_watcher: DisconnectWatcher,
        clock: Clock,
        *,
        gateway_id: str,
        deadline_seconds: float,
        observe_enqueue: Callable[[float], None] = lambda _seconds: None,
        placement: Placement | None = None,
        begin_sending: BeginSending = untraced,
    ) -> None:
        self._publisher = publisher
        self._pending = pending
        self._jobs = jobs
        self._canceller = canceller
        self._disconnect_watcher = disconnect_watcher
        self._clock = clock
        self._gateway_id = gateway_id
        self._deadline_seconds = deadline_seconds
        self._observe_enqueue = observe_enqueue
        self._placement = placement or NewIds()
        self._begin_sending = begin_sending

    def accept(
        self, request: ChatRequest, caller: Caller, key: IdempotencyKey | None = None
    ) -> ChatJob:
        """Return a job for a valid request; one without a conversation begins a new one.

        Its ids are in the scope of the caller's tenant. Raises QueueUnavailable if Redis has to be
        asked where the key is known.
        """
        now, user = self._clock.now(), request.user_id
        place = self._placement.place(caller, request.conversation_id, key)
        return ChatJob(
            id=place.job_id,
            message=request.message,
            conversation_id=place.conversation_id,
            user_id=caller.scope(user) if user else None,
            accepted_at=now,
            expires_at=now + self._deadline_seconds,
            gateway=self._gateway_id,
        )

    def accept_texts(self, texts: Sequence[str], caller: Caller) -> EmbedJob:
        """Return a job for texts whose vectors are wanted, in the scope of the caller's tenant."""
        now, job_id = self._clock.now(), caller.scope(wire.new_job_id())
        return EmbedJob(
            id=job_id,
            message="",
            conversation_id=job_id,
            accepted_at=now,
            expires_at=now + self._deadline_seconds,
            gateway=self._gateway_id,
            texts=tuple(texts),
        )

    def enqueue(self, job: ChatJob, key: IdempotencyKey | None) -> EnqueueOutcome:
        """Queue a job without waiting for it; raise what `submit` does if it cannot be queued."""
        sending = self._begin_sending(job)
        with telling_faults(sending):
            outcome = self._publisher.submit(EnqueueRequest.of(job, key, sending.context))
        sending.end(outcome)
        self._observe_enqueue(self._clock.now() - job.accepted_at)
        return outcome

    def abandon(self, job_id: str) -> None:
        """Cancel a job that no client waits for here, unless one waits elsewhere."""
        self._canceller.abandon(job_id, self._gateway_id)

    def submit(
        self,
        job: ChatJob,
        wait_seconds: float,
        key: IdempotencyKey | None = None,
        connection: int | None = None,
    ) -> SubmitResult:
        """Queue a job and return its record, one still on the way if the wait runs out.

        If the key stands for an earlier job, that one is waited for instead. Raises
        AdmissionRefused, KeyReused or QueueUnavailable if the job could not be queued, and
        ClientGone if the `connection`, a file descriptor, was closed; then a job without a key
        is cancelled, since no client could find its reply.
        """
        sending = self._begin_sending(job)
        request = EnqueueRequest.of(job, key, sending.context)
        outcome: EnqueueOutcome | JobRecord
        if wait_seconds <= 0:
            with telling_faults(sending):
                outcome = queued = self._publisher.submit(request)
            sending.end(queued)
        else:
            with self._pending.register(job.id) as reply:
                self._publisher.post(request, self._acknowledge(job, reply, sending))
                ended = self._wait(reply, wait_seconds, connection, cancel=key is None)
            outcome = ended or self._final_lookup(job)
        if isinstance(outcome, ExistingJob):
            return self._attach(outcome, wait_seconds, connection)
        record = outcome if isinstance(outcome, JobRecord) else JobRecord("queued")
        return SubmitResult(job.id, job.conversation_id, record)

    def submit_all(
        self, jobs: Sequence[ChatJob], wait_seconds: float, connection: int | None = None
    ) -> list[JobRecord]:
        """Queue jobs together and return their records; raise what `submit` does.

        If one cannot be queued or the client goes away, all are cancelled.
        """
        ends_at = self._clock.monotonic() + wait_seconds
        with ExitStack() as stack:
            replies = [stack.enter_context(self._pending.register(job.id)) for job in jobs]
            if connection is not None:
                self._disconnect_watcher.watch(connection, _Together(replies))
                stack.callback(self._disconnect_watcher.forget, connection)
            for job, reply in zip(jobs, replies, strict=True):
                sending = self._begin_sending(job)
                request = EnqueueRequest.of(job, trace=sending.context)
                self._publisher.post(request, self._acknowledge(job, reply, sending))
            try:
                ended = [
                    reply.wait(max(0.0, ends_at - self._clock.monotonic())) for reply in replies
                ]
            except BaseException:
                for job in jobs:
                    self.abandon(job.id)
                raise
        return [
            end if isinstance(end, JobRecord) else self._final_lookup(job)
            for job, end in zip(jobs, ended, strict=True)
        ]

    def _acknowledge(
        self, job: ChatJob, reply: PendingReply, sending: Sending
    ) -> Callable[[EnqueueOutcome | Exception], None]:
        def acknowledge(outcome: EnqueueOutcome | Exception) -> None:
            self._observe_enqueue(self._clock.now() - job.accepted_at)
            sending.end(outcome)
            reply.acknowledge(outcome)

        return acknowledge

    def _wait(
        self, reply: PendingReply, seconds: float, connection: int | None, *, cancel: bool
    ) -> JobRecord | ExistingJob | None:
        if connection is None:
            return reply.wait(seconds)

        def on_disconnect() -> None:
            if cancel:
                self.abandon(reply.job_id)

        self._disconnect_watcher.watch(connection, reply, on_disconnect)
        try:
            return reply.wait(seconds)
        finally:
            self._disconnect_watcher.forget(connection)

    def _attach(
        self, existing: ExistingJob, wait_seconds: float, connection: int | None
    ) -> SubmitResult:
        """Wait for a job that an earlier request queued, and keep it if the client disconnects."""
        with self._pending.register(existing.job_id, queued=True) as reply:
            record = self._jobs.find(existing.job_id) or JobRecord("queued")
            if record.state not in ENDED and wait_seconds > 0:
                ended = self._wait(reply, wait_seconds, connection, cancel=False)
                if not isinstance(ended, JobRecord):
                    ended = self._look_up(existing.job_id) or JobRecord("queued")
                record = ended
        return SubmitResult(existing.job_id, existing.conversation_id, record)

    def _final_lookup(self, job: ChatJob) -> JobRecord:
        record = self._look_up(job.id)
        if record is None and job.expires_at is not None and self._clock.now() >= job.expires_at:
            return JobRecord("expired", _GONE)
        return record or JobRecord("queued")

    def _look_up(self, job_id: str) -> JobRecord | None:
        try:
            return self._jobs.find(job_id)
        except QueueUnavailable:  # the job is accepted; its reply can be fetched later
            return JobRecord("queued")


class _Together:
    """The waits of one client for several jobs."""

    def __init__(self, replies: Sequence[PendingReply]) -> None:
        self._replies = replies

    def client_disconnected(self) -> None:
        """End them all."""
        for reply in self._replies:
            reply.client_disconnected()


def new_gateway_id() -> str:
    """Return a name that no other gateway process has, now or after a restart."""
    host = re.sub(r"[^A-Za-z0-9_.-]", "-", socket.gethostname())[:64]
    return f"{host}-{os.getpid()}-{secrets.token_hex(4)}"

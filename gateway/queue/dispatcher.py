"""What the gateway is for: accept a request as a job, queue it, and wait for its end."""

import os
import re
import secrets
import socket
from collections.abc import Callable
from dataclasses import dataclass

from gateway.chat_request import ChatRequest
from gateway.idempotency import IdempotencyKey
from gateway.queue.disconnect_watcher import DisconnectWatcher
from gateway.queue.job_canceller import JobCanceller
from gateway.queue.job_store import JobStore
from gateway.queue.pending_replies import ENDED, PendingReplies, PendingReply
from gateway.queue.publisher import Publisher
from shared import wire
from shared.clock import Clock
from shared.errors import QueueUnavailable, RequestRepeated
from shared.jobs import ChatJob
from shared.results import JobRecord


@dataclass(frozen=True, slots=True)
class SubmitResult:
    """The job that stands for a request, and what is known of it."""

    job_id: str
    conversation_id: str
    record: JobRecord


class Dispatcher:
    """Turn requests into jobs and jobs into records; knows nothing of HTTP."""

    def __init__(
        self,
        publisher: Publisher,
        room: PendingReplies,
        jobs: JobStore,
        canceller: JobCanceller,
        disconnect_watcher: DisconnectWatcher,
        clock: Clock,
        *,
        gateway_id: str,
        deadline_seconds: float,
        observe_enqueue: Callable[[float], None] = lambda _seconds: None,
    ) -> None:
        self._publisher = publisher
        self._room = room
        self._jobs = jobs
        self._canceller = canceller
        self._disconnect_watcher = disconnect_watcher
        self._clock = clock
        self._gateway_id = gateway_id
        self._deadline_seconds = deadline_seconds
        self._observe_enqueue = observe_enqueue

    def accept(self, request: ChatRequest) -> ChatJob:
        """Return a job for a valid request; one without a conversation begins a new one."""
        now = self._clock.now()
        job_id = wire.new_job_id()
        return ChatJob(
            id=job_id,
            message=request.message,
            conversation_id=request.conversation_id or job_id,
            user_id=request.user_id,
            accepted_at=now,
            expires_at=now + self._deadline_seconds,
            gateway=self._gateway_id,
        )

    def ask(
        self,
        job: ChatJob,
        wait_seconds: float,
        claim: IdempotencyKey | None = None,
        connection: int | None = None,
    ) -> SubmitResult:
        """Queue a job and return its record, one still on the way when the wait runs out.

        Where the claim's key stands for an earlier job, that one is waited for instead. Raises
        AdmissionRefused, KeyReused or QueueUnavailable where the job could not be queued, and
        ClientGone where the `connection`, a file descriptor, was closed; then a job without a key
        is cancelled, since nobody could find its reply.
        """
        try:
            record = self._send(job, wait_seconds, claim, connection)
        except RequestRepeated as first:
            record = self._attach_to_existing(first.job_id, wait_seconds, connection)
            return SubmitResult(first.job_id, first.conversation_id, record)
        return SubmitResult(job.id, job.conversation_id, record)

    def _send(
        self,
        job: ChatJob,
        wait_seconds: float,
        claim: IdempotencyKey | None,
        connection: int | None,
    ) -> JobRecord:
        if wait_seconds <= 0:
            self._publisher.publish(job, claim)
            return JobRecord("queued")
        with self._room.expect(job.id) as awaited:

            def acknowledge(outcome: int | Exception) -> None:
                self._observe_enqueue(self._clock.now() - job.accepted_at)
                awaited.acknowledge(outcome)

            self._publisher.post(job, acknowledge, claim)
            record = self._wait(awaited, wait_seconds, connection, abandon=claim is None)
        return record or self._final_lookup(job.id)

    def _wait(
        self, awaited: PendingReply, seconds: float, connection: int | None, *, abandon: bool
    ) -> JobRecord | None:
        if connection is None:
            return awaited.wait(seconds)

        def on_disconnect() -> None:
            if abandon:
                self._canceller.abandon(awaited.job_id, self._gateway_id)

        self._disconnect_watcher.watch(connection, awaited, on_disconnect)
        try:
            return awaited.wait(seconds)
        finally:
            self._disconnect_watcher.forget(connection)

    def _attach_to_existing(
        self, job_id: str, wait_seconds: float, connection: int | None
    ) -> JobRecord:
        with self._room.expect(job_id) as awaited:
            record = self._jobs.find(job_id) or JobRecord("queued")
            if record.state in ENDED or wait_seconds <= 0:
                return record
            awaited.acknowledge(0)
            ended = self._wait(awaited, wait_seconds, connection, abandon=False)
            return ended or self._final_lookup(job_id)

    def _final_lookup(self, job_id: str) -> JobRecord:
        try:
            return self._jobs.find(job_id) or JobRecord("queued")
        except QueueUnavailable:  # the job is accepted; its reply can be fetched later
            return JobRecord("queued")


def new_gateway_id() -> str:
    """Return a name that no other gateway process has, now or after a restart."""
    host = re.sub(r"[^A-Za-z0-9_.-]", "-", socket.gethostname())[:64]
    return f"{host}-{os.getpid()}-{secrets.token_hex(4)}"

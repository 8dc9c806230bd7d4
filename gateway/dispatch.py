"""What the gateway is for: accept a request as a job, queue it, and wait for its end."""

import os
import re
import secrets
import socket
from collections.abc import Callable
from dataclasses import dataclass

from gateway.cancellation import Cancellation
from gateway.chat_request import ChatRequest
from gateway.departures import Departures
from gateway.idempotency import Claim
from gateway.job_store import JobStore
from gateway.publisher import Publisher
from gateway.waiting_room import ENDED, AwaitedReply, WaitingRoom
from shared import wire
from shared.clock import Clock
from shared.errors import QueueUnavailable, RequestRepeated
from shared.jobs import ChatJob
from shared.outcomes import JobRecord


@dataclass(frozen=True, slots=True)
class Asked:
    """The job that stands for a request, and what is known of it."""

    job_id: str
    conversation_id: str
    record: JobRecord


class Dispatcher:
    """Turn requests into jobs and jobs into records; knows nothing of HTTP."""

    def __init__(
        self,
        publisher: Publisher,
        room: WaitingRoom,
        jobs: JobStore,
        cancellation: Cancellation,
        departures: Departures,
        clock: Clock,
        *,
        gateway_id: str,
        deadline_seconds: float,
        observe_enqueue: Callable[[float], None] = lambda _seconds: None,
    ) -> None:
        self._publisher = publisher
        self._room = room
        self._jobs = jobs
        self._cancellation = cancellation
        self._departures = departures
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
        claim: Claim | None = None,
        connection: int | None = None,
    ) -> Asked:
        """Queue a job and return its record, one still on the way when the wait runs out.

        Where the claim's key stands for an earlier job, that one is waited for instead. Raises
        AdmissionRefused, KeyReused or QueueUnavailable where the job could not be queued, and
        ClientGone where the `connection`, a file descriptor, was closed; then a job without a key
        is cancelled, since nobody could find its reply.
        """
        try:
            record = self._send(job, wait_seconds, claim, connection)
        except RequestRepeated as first:
            record = self._rejoin(first.job_id, wait_seconds, connection)
            return Asked(first.job_id, first.conversation_id, record)
        return Asked(job.id, job.conversation_id, record)

    def _send(
        self, job: ChatJob, wait_seconds: float, claim: Claim | None, connection: int | None
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
        return record or self._last_look(job.id)

    def _wait(
        self, awaited: AwaitedReply, seconds: float, connection: int | None, *, abandon: bool
    ) -> JobRecord | None:
        if connection is None:
            return awaited.wait(seconds)

        def on_gone() -> None:
            if abandon:
                self._cancellation.abandon(awaited.job_id, self._gateway_id)

        self._departures.watch(connection, awaited, on_gone)
        try:
            return awaited.wait(seconds)
        finally:
            self._departures.forget(connection)

    def _rejoin(self, job_id: str, wait_seconds: float, connection: int | None) -> JobRecord:
        with self._room.expect(job_id) as awaited:
            record = self._jobs.find(job_id) or JobRecord("queued")
            if record.state in ENDED or wait_seconds <= 0:
                return record
            awaited.acknowledge(0)
            ended = self._wait(awaited, wait_seconds, connection, abandon=False)
            return ended or self._last_look(job_id)

    def _last_look(self, job_id: str) -> JobRecord:
        try:
            return self._jobs.find(job_id) or JobRecord("queued")
        except QueueUnavailable:  # the job is accepted; its reply can be fetched later
            return JobRecord("queued")


def new_gateway_id() -> str:
    """Return a name that no other gateway process has, now or after a restart."""
    host = re.sub(r"[^A-Za-z0-9_.-]", "-", socket.gethostname())[:64]
    return f"{host}-{os.getpid()}-{secrets.token_hex(4)}"

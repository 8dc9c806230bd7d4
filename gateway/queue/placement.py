"""Chooses the ids of new jobs, and the conversation of those that name none."""

from dataclasses import dataclass
from typing import Protocol

from gateway.caller import Caller
from gateway.idempotency import IdempotencyKey
from shared import wire


@dataclass(frozen=True, slots=True)
class Place:
    """A new job's id and its conversation's, in the scope of the caller's tenant."""

    job_id: str
    conversation_id: str


class Placement(Protocol):
    """Choose ids."""

    def place(
        self, caller: Caller, conversation_id: str | None, key: IdempotencyKey | None
    ) -> Place:
        """Return the ids for a request; raise QueueUnavailable if Redis is asked and absent."""


class NewIds:
    """Give any new id; a job without a conversation begins one of its own name."""

    def place(
        self, caller: Caller, conversation_id: str | None, key: IdempotencyKey | None
    ) -> Place:
        """Return a new id, and the conversation that was named."""
        job_id = caller.scope(wire.new_job_id())
        return Place(job_id, caller.scope(conversation_id) if conversation_id else job_id)

"""The events that the webhook has not taken yet: the interface, and its adapter to Redis."""

from dataclasses import dataclass
from typing import Protocol, cast

import msgspec
import redis

from shared import keys
from shared.connection import queue_errors
from shared.dead_letters import DeadLetter
from shared.scripts import register_script

# Settling an event frees memory: it must go on when Redis is full.
_ALLOW_OUT_OF_MEMORY = "#!lua flags=allow-oom\n"


class _Identity(msgspec.Struct):
    id: str
    type: str


@dataclass(frozen=True, slots=True)
class WaitingEvent:
    """The first event of a conversation: tries that failed, Unix time of the event, its JSON.

    `partition` says where it was taken, if there are several.
    """

    conversation_id: str
    failures: int
    at: str
    body: bytes
    id: str
    type: str
    partition: int = 0

    def entry(self, failures: int) -> bytes:
        """Return it as the list holds it after this many tries."""
        return b"%d %s %s" % (failures, self.at.encode(), self.body)


class Outbox(Protocol):
    """Hand out the events that are due; all methods raise QueueUnavailable."""

    def take(self, now: float, ends_at: float) -> WaitingEvent | None:
        """Return an event to be sent by `ends_at`, after which it is due again."""

    def delivered(self, event: WaitingEvent) -> None:
        """Forget an event."""

    def retry(self, event: WaitingEvent, due_at: float) -> None:
        """Keep an event for a later try."""

    def give_up(self, event: WaitingEvent, reason: str, at: float) -> None:
        """Move an event to the dead letters, from where an operator can put it back."""


class RedisOutbox:
    """Take and settle events, each in one step."""

    def __init__(self, client: "redis.Redis") -> None:
        self._take = register_script(client, "take_event.lua", _ALLOW_OUT_OF_MEMORY)
        self._settle = register_script(client, "settle_event.lua", _ALLOW_OUT_OF_MEMORY)

    def take(self, now: float, ends_at: float) -> WaitingEvent | None:
        """Take the first event of the conversation that is due longest."""
        with queue_errors():
            taken = self._take(keys=(keys.OUTBOX, keys.OUTBOX_RETURNED), args=(now, ends_at))
        if not taken:
            return None
        conversation, entry = cast("list[bytes]", taken)
        failures, at, body = entry.split(b" ", 2)
        known = msgspec.json.decode(body, type=_Identity)
        return WaitingEvent(
            conversation.decode(), int(failures), at.decode(), body, known.id, known.type
        )

    def delivered(self, event: WaitingEvent) -> None:
        """Let the conversation's next event follow at once."""
        self._end(event)

    def retry(self, event: WaitingEvent, due_at: float) -> None:
        """Count the failure; the conversation's later events wait with it."""
        self._end(event, due_at=repr(due_at), next_entry=event.entry(event.failures + 1))

    def give_up(self, event: WaitingEvent, reason: str, at: float) -> None:
        """Move it in one step; put back, it is sent with the same id."""
        letter = DeadLetter(event.id, event.type, keys.OUTBOX_RETURNED, reason, at, event.body)
        self._end(event, letter=msgspec.json.encode(letter))

    def _end(
        self, event: WaitingEvent, due_at: str = "", next_entry: bytes = b"", letter: bytes = b""
    ) -> None:
        args = (
            event.conversation_id,
            event.entry(event.failures),
            due_at,
            next_entry,
            letter,
            keys.MAX_DEAD_LETTERS,
        )
        with queue_errors():
            self._settle(keys=(keys.OUTBOX, keys.DEAD_LETTERS), args=args)

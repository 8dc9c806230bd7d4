"""Server-sent events as they are sent, and those of a conversation: turns, and who speaks."""

import hashlib
import math
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Protocol

import msgspec

from gateway.queue.conversations import Conversations
from gateway.queue.handovers import Handovers
from gateway.queue.watches import Watch
from shared.errors import ClientGone, QueueUnavailable, Unauthenticated

HEARTBEAT_SECONDS = 15.0
_HEARTBEAT = b": still here\n\n"
RETRY = b"retry: 2000\n\n"
_encode = msgspec.json.Encoder().encode


class News(Protocol):
    """What a client has not been sent."""

    @property
    def over(self) -> bool:
        """Return whether nothing more will come."""

    def news(self) -> bytes:
        """Return the events since the last call, none as no bytes; raise QueueUnavailable."""

    def late(self) -> bytes:
        """Return what is said when the time is up before all is over."""


class ConversationEvents:
    """What a client has not been sent of one conversation.

    A turn's event id is a digest of the turn: it stays the same when older turns are dropped.
    """

    over = False

    def __init__(
        self,
        conversations: Conversations,
        handovers: Handovers,
        conversation_id: str,
        last_event_id: str | None,
    ) -> None:
        self._conversations = conversations
        self._handovers = handovers
        self._conversation_id = conversation_id
        self._last_event_id = last_event_id
        self._handover: bytes | None = None

    def news(self) -> bytes:
        """Return the events since the last call, none as no bytes; raise QueueUnavailable."""
        turns = self._conversations.turns(self._conversation_id)
        return b"".join((*self._turn_events(turns), *self._handover_events()))

    def late(self) -> bytes:
        """Return nothing: a client comes back."""
        return b""

    def _turn_events(self, turns: Sequence[bytes]) -> Iterator[bytes]:
        ids = [hashlib.blake2b(turn, digest_size=8).hexdigest() for turn in turns]
        sent = self._last_event_id
        if sent and not turns:
            yield b"event: erased\ndata: {}\n\n"
        start = len(ids) - ids[::-1].index(sent) if sent in ids else 0
        for event_id, turn in zip(ids[start:], turns[start:], strict=True):
            yield b"id: %s\nevent: turn\ndata: %s\n\n" % (event_id.encode(), turn)
        self._last_event_id = ids[-1] if ids else None

    def _handover_events(self) -> Iterator[bytes]:
        found = self._handovers.last_of(self._conversation_id)
        before, self._handover = self._handover, None
        if found:
            shown = {"id": found.id, "state": found.state, "claimed_by": found.claimed_by}
            self._handover = _encode(shown)
            if self._handover != before:
                yield b"event: handover\ndata: %s\n\n" % self._handover


def stream(
    events: News,
    watch: Watch,
    first: bytes,
    heartbeat_seconds: float = HEARTBEAT_SECONDS,
    *,
    check: Callable[[], None],
    limit_seconds: float = math.inf,
) -> Iterator[bytes]:
    """Yield the first events and then all news, until they are over or the time is up.

    The watch, Redis or the client may end it before, and so does `check`, which raises
    Unauthenticated once the client's key does not count any more. Each heartbeat looks for news
    too: an announcement may have been lost.
    """
    ends_at = time.monotonic() + limit_seconds
    yield first
    try:
        while not events.over and (left_seconds := ends_at - time.monotonic()) > 0:
            watch.wait(min(heartbeat_seconds, left_seconds))
            ended = watch.ended
            check()
            yield events.news() or _HEARTBEAT
            if ended:
                return
        if not events.over and (late := events.late()):
            yield late
    except (ClientGone, QueueUnavailable, Unauthenticated):
        return  # a client that is there comes back with the id of its last event

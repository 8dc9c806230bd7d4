"""What persons do with handovers: the interface, and its adapter to Redis."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, NoReturn, Protocol, cast

import msgspec
import redis

from shared import keys, tenants
from shared.clock import Clock
from shared.connection import queue_errors
from shared.errors import HandoverConflict, InvalidRequest, UnknownHandover
from shared.handovers import Handover, HandoverState, decode_handover, to_json
from shared.identifiers import is_identifier
from shared.jobs import Turn
from shared.scripts import Script, register_script

HandoverFilter = Literal["open", "claimed", "closed", "all"]
TENANTS_TOGETHER = 20  # of whom one call counts the handovers
_MAX_WITH_EVENTS = 1_000
_CURSOR = re.compile(r"([0-9]{1,15}(?:\.[0-9]{1,9})?)~(.+)\Z", re.DOTALL)
_encode = msgspec.json.Encoder().encode


@dataclass(frozen=True, slots=True)
class HandoverPage:
    """Some handovers, the oldest first; `next` is the cursor of the following page, if any."""

    handovers: Sequence[Handover]
    next: str | None = None


@dataclass(frozen=True, slots=True)
class HandoverFigures:
    """How many wait for what, and since when the oldest of each does (Unix seconds)."""

    open: int
    open_since: float | None
    claimed: int
    claimed_since: float | None
    events: int
    events_since: float | None


class Handovers(Protocol):
    """List and change handovers: ids that go in are those inside, what comes out has its tenant's.

    All methods raise QueueUnavailable; those that take an id raise UnknownHandover.
    """

    def page(
        self,
        state: HandoverFilter,
        limit: int,
        cursor: str | None,
        tenant: str = tenants.DEFAULT_TENANT,
        since: float | None = None,
    ) -> HandoverPage:
        """Return up to `limit` handovers after the cursor; InvalidRequest if that is none.

        Without a cursor those that were opened before `since` (Unix seconds) are left out.
        """

    def find(self, handover_id: str) -> Handover:
        """Return one handover."""

    def claim(self, handover_id: str, by: str) -> Handover:
        """Give it to a person; HandoverConflict if another has it or it is closed."""

    def reply(self, handover_id: str, text: str, by: str | None) -> Turn:
        """Append a person's reply to the conversation; HandoverConflict if they do not have it."""

    def release(self, handover_id: str, by: str | None) -> Handover:
        """Give it back, so that it is open again; HandoverConflict if they do not have it."""

    def close(self, handover_id: str, note: str | None, by: str | None = None) -> Handover:
        """Let the bot answer again; closed already, it stays as it is."""

    def last_of(self, conversation_id: str) -> Handover | None:
        """Return a conversation's last handover, None if it has none."""

    def figures(self, of_tenants: Sequence[str] = (tenants.DEFAULT_TENANT,)) -> HandoverFigures:
        """Count the handovers of these tenants together, and the webhook's events."""


class RedisHandovers:
    """Read and change the records that completions open."""

    def __init__(self, client: "redis.Redis", clock: Clock, conversation_ttl_seconds: int) -> None:
        self._client = client
        self._clock = clock
        self._ttl_seconds = conversation_ttl_seconds
        self._list = register_script(client, "list_handovers.lua")
        self._claim = register_script(client, "claim_handover.lua")
        self._reply = register_script(client, "reply_handover.lua")
        self._release = register_script(client, "release_handover.lua")
        self._close = register_script(client, "close_handover.lua")
        self._figures = register_script(client, "handover_figures.lua")

    def page(
        self,
        state: HandoverFilter,
        limit: int,
        cursor: str | None,
        tenant: str = tenants.DEFAULT_TENANT,
        since: float | None = None,
    ) -> HandoverPage:
        """Read one page by its index."""
        start = ("" if since is None else repr(since), "")
        opened_at, after = start if cursor is None else read_cursor(cursor)
        args = (limit, opened_at, tenants.scope(tenant, after))
        with queue_errors():
            records = self._list(keys=(keys.handovers(state, tenant),), args=args)
        handovers = [decode_handover(_pairs(record)) for record in records]
        more = len(handovers) > limit
        return HandoverPage(handovers[:limit], cursor_of(handovers[limit - 1]) if more else None)

    def find(self, handover_id: str) -> Handover:
        """Follow the id to its conversation's record."""
        with queue_errors():
            conversation = self._client.get(keys.handover_conversation(handover_id))
        found = self.last_of(cast("bytes", conversation).decode()) if conversation else None
        if found is None or found.id != tenants.local(handover_id):
            raise UnknownHandover(handover_id)
        return found

    def claim(self, handover_id: str, by: str) -> Handover:
        """Claim it in one step; the first of several wins."""
        return self._change(self._claim, handover_id, to_json(by))

    def reply(self, handover_id: str, text: str, by: str | None) -> Turn:
        """Append the turn and announce it in one step."""
        turn = Turn("assistant", text, tenants.local(handover_id), self._clock.now())
        beginning = _encode(turn).removesuffix(b"null}")
        writer = "" if by is None else to_json(by)
        handover = self._change(self._reply, handover_id, writer, keys.MAX_TURNS, beginning)
        return Turn(turn.role, text, turn.job_id, turn.at, handover.claimed_by)

    def release(self, handover_id: str, by: str | None) -> Handover:
        """Give it back in one step."""
        return self._change(self._release, handover_id, "" if by is None else to_json(by))

    def close(self, handover_id: str, note: str | None, by: str | None = None) -> Handover:
        """Close it in one step."""
        return self._change(self._close, handover_id, to_json(note), to_json(by))

    def last_of(self, conversation_id: str) -> Handover | None:
        """Read a conversation's record."""
        with queue_errors():
            record = self._client.hgetall(keys.handover(conversation_id))
        return decode_handover(cast("Mapping[bytes, bytes]", record)) if record else None

    def figures(self, of_tenants: Sequence[str] = (tenants.DEFAULT_TENANT,)) -> HandoverFigures:
        """Count in one step, of many tenants in some."""
        first, *others = (
            of_tenants[start : start + TENANTS_TOGETHER]
            for start in range(0, max(1, len(of_tenants)), TENANTS_TOGETHER)
        )
        counted = [self._count(first, _MAX_WITH_EVENTS)]
        return sum_figures([*counted, *(self._count(each, 0) for each in others)])

    def _count(self, of_tenants: Sequence[str], with_events: int) -> HandoverFigures:
        before = self._clock.now() - self._ttl_seconds
        with queue_errors():
            counted = self._figures(keys=(keys.OUTBOX,), args=(before, with_events, *of_tenants))
        numbers, times = counted[::2], [float(since) if since else None for since in counted[1::2]]
        return HandoverFigures(numbers[0], times[0], numbers[1], times[1], numbers[2], times[2])

    def _change(
        self, script: Script, handover_id: str, value: str, *rest: bytes | str | int
    ) -> Handover:
        args = (handover_id, value, self._clock.now(), self._ttl_seconds, *rest)
        with queue_errors():
            verdict, *record = script(keys=(), args=args)
        if verdict == b"unknown":
            raise UnknownHandover(handover_id)
        handover = decode_handover(_pairs(record))
        if verdict == b"conflict":
            _refuse(handover)
        return handover


def sum_figures(figures: Sequence[HandoverFigures]) -> HandoverFigures:
    """Return the figures of several groups of tenants together, at least one."""
    return HandoverFigures(
        sum(each.open for each in figures),
        _oldest(each.open_since for each in figures),
        sum(each.claimed for each in figures),
        _oldest(each.claimed_since for each in figures),
        max(each.events for each in figures),  # the same for all tenants
        _oldest(each.events_since for each in figures),
    )


def _oldest(times: Iterable[float | None]) -> float | None:
    return min((at for at in times if at is not None), default=None)


def _refuse(handover: Handover) -> NoReturn:
    sentences: Mapping[HandoverState, str] = {
        "open": "Nobody has claimed it yet.",
        "claimed": f"{handover.claimed_by} has it.",
        "closed": "It is closed.",
    }
    raise HandoverConflict(sentences[handover.state], handover.state, handover.claimed_by)


def _pairs(flat: Sequence[bytes]) -> dict[bytes, bytes]:
    return dict(zip(flat[::2], flat[1::2], strict=True))


def cursor_of(handover: Handover) -> str:
    """Return the cursor of the page that begins after a handover."""
    return f"{handover.opened_at!r}~{handover.conversation_id}"


def read_cursor(cursor: str) -> tuple[str, str]:
    """Return opened_at and conversation of a cursor; raise InvalidRequest if it is none."""
    parts = _CURSOR.match(cursor)
    if not parts or not is_identifier(parts[2]):
        raise InvalidRequest("cursor is not one that a page of handovers named as next.", "cursor")
    return parts[1], parts[2]

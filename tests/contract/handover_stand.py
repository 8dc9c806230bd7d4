"""Handovers in a real Redis, opened and written to as the workers' completion does it."""

from dataclasses import dataclass, field

import msgspec
import redis

from shared import keys
from shared.handovers import (
    Attempt,
    Handover,
    HandoverReason,
    HandoverState,
    HandoverSummary,
    decode_handover,
    encode_opening,
)
from shared.jobs import Turn
from shared.scripts import read_script
from tests.fakes.clock import ManualClock

TTL = 600
SUMMARY = HandoverSummary(
    ("Where is it?", 'Are you a "bot"? 🙄'), (Attempt("a-1", "Where is my parcel?"),), ("negative",)
)


@dataclass
class HandoverStand:
    """Opens handovers, and shows what Redis holds."""

    client: redis.Redis
    clock: ManualClock = field(default_factory=ManualClock)

    def opening(
        self,
        name: str,
        conversation: str,
        summary: HandoverSummary = SUMMARY,
        reason: HandoverReason = "wish",
    ) -> Handover:
        return Handover(name, conversation, "user-1", self.clock.now(), reason, summary)

    def open(
        self,
        name: str = "h-1",
        conversation: str = "c-1",
        summary: HandoverSummary = SUMMARY,
        reason: HandoverReason = "wish",
        *,
        webhook: bool = False,
    ) -> None:
        handover = self.opening(name, conversation, summary, reason)
        opening = encode_opening(handover, webhook=webhook)
        self._run("open_handover(ARGV[1], ARGV[2], ARGV[3])", conversation, opening, TTL)

    def customer_writes(self, text: str, conversation: str = "c-1") -> None:
        turn = msgspec.json.encode(Turn("user", text, "job-9", self.clock.now()))
        self._run("pass_to_person(ARGV[1], ARGV[2], ARGV[3])", conversation, turn, TTL)

    def enter_state(self, state: HandoverState, conversation: str = "c-1") -> None:
        now = self.clock.now()
        self._run(
            "enter_handover_state(ARGV[1], ARGV[2], ARGV[3], ARGV[4])",
            conversation,
            state,
            now,
            TTL,
        )

    def has_person(self, conversation: str = "c-1") -> bool:
        return self._run("do return has_person(ARGV[1]) end", conversation) == 1

    def record(self, conversation: str = "c-1") -> Handover:
        found: dict[bytes, bytes] = self.client.hgetall(keys.handover(conversation))  # type: ignore[assignment]
        return decode_handover(found)

    def turns(self, conversation: str = "c-1") -> list[Turn]:
        found: list[bytes] = self.client.lrange(keys.turns(conversation), 0, -1)  # type: ignore[assignment]
        return [msgspec.json.decode(turn, type=Turn) for turn in found]

    def _run(self, body: str, *arguments: str | bytes | float) -> object:
        text = "local PREFIX = ''\n" + read_script("handovers.lua") + body + _FLUSH
        return self.client.register_script(text)(args=arguments)


_FLUSH = " flush_notifications()"

"""Decide with the large encoder on what the small one was not sure of."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from shared.clock import Clock
from shared.jobs import ChatJob
from workers.consumer.jobs import BatchResult, PreparedJob
from workers.consumer.lease_queue import ClaimedJob
from workers.dialogue.decide import Decider
from workers.dialogue.decision import Heard
from workers.dialogue.hearing import Listener
from workers.dialogue.state import read_dialogue, unpack_vector
from workers.knowledge.base import Entry
from workers.preprocessing.preprocessor import Prepared
from workers.second_look.decided import Decided
from workers.second_look.first_look import FirstLook, read_first_look
from workers.second_look.meter import SecondLookMeter

Prepare = Callable[[Sequence[ClaimedJob[ChatJob]]], Sequence[tuple[Prepared, ...]]]


class SecondLookDecider:
    """Decide on a batch that was handed over.

    If it was too late to ask the engine, or if that failed, the small encoder's decision stands.
    """

    def __init__(
        self,
        listener: Listener,
        decider: Decider,
        entries: Mapping[str, Entry],
        meter: SecondLookMeter,
    ) -> None:
        self._listener = listener
        self._decider = decider
        self._entries = entries
        self._meter = meter

    def decide(self, batch: BatchResult[ChatJob]) -> list[Decided]:
        """Return what each job gets, in order."""
        looks = [read_first_look(each.job.first_look or "") for each in batch.jobs]
        if not batch.vectors.size:
            self._meter.record_missed(batch)
            return [self._first_word(*pair) for pair in zip(batch.jobs, looks, strict=True)]
        self._meter.record_looks(batch, looks)
        rows = zip(batch.jobs, self._listener.hear(batch), looks, strict=True)
        return [self._second_word(*row) for row in rows]

    def _first_word(self, prepared: PreparedJob[ChatJob], look: FirstLook) -> Decided:
        dialogue = read_dialogue(prepared.claim.dialogue, look.space)
        main = look.main.finding(self._entries)
        heard = Heard(prepared.passages[0].text, dialogue, main)
        return Decided(heard, look.decision, unpack_vector(look.vector), "small")

    def _second_word(
        self, prepared: PreparedJob[ChatJob], heard: Heard, look: FirstLook
    ) -> Decided:
        dialogue = read_dialogue(prepared.claim.dialogue, look.space)
        heard = replace(heard, dialogue=dialogue)
        decision = self._decider.decide(heard)
        return Decided(heard, decision, unpack_vector(look.vector), "large")


def read_in_time(prepare: Prepare, clock: Clock, target_seconds: float) -> Prepare:
    """Return a reading that gives no token ids for a message whose reply is due already."""

    def read(claimed: Sequence[ClaimedJob[ChatJob]]) -> list[tuple[Prepared, ...]]:
        now = clock.now()
        return [
            passages if now < each.job.accepted_at + target_seconds else _unread(passages)
            for each, passages in zip(claimed, prepare(claimed), strict=True)
        ]

    return read


def _unread(passages: tuple[Prepared, ...]) -> tuple[Prepared, ...]:
    return tuple(replace(passage, ids=()) for passage in passages)

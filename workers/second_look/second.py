"""Decide with both encoders on what the small one was not sure of."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import numpy as np

from shared.clock import Clock
from shared.jobs import ChatJob
from workers.consumer.jobs import BatchResult, PreparedJob
from workers.consumer.lease_queue import ClaimedJob
from workers.dialogue.decide import Decider
from workers.dialogue.decision import Heard
from workers.dialogue.hearing import KeptVector, Listener
from workers.dialogue.state import pack_vectors, read_dialogue, unpack_vectors
from workers.knowledge.base import Entry
from workers.knowledge.finder import Finding, combine
from workers.preprocessing.preprocessor import Prepared
from workers.second_look.decided import Decided
from workers.second_look.first_look import FirstLook, read_first_look
from workers.second_look.meter import SecondLookMeter

Prepare = Callable[[Sequence[ClaimedJob[ChatJob]]], Sequence[tuple[Prepared, ...]]]


class SecondLookDecider:
    """Decide on a batch that was handed over.

    If it was too late to ask the engine, or if that failed, the small encoder's decision stands.
    What the small encoder found counts only if it looked in the same revision of the base: entries
    of two revisions never meet in a reply.
    """

    def __init__(
        self, listener: Listener, decider: Decider, meter: SecondLookMeter, revision: str
    ) -> None:
        self._listener = listener
        self._decider = decider
        self._meter = meter
        self._revision = revision

    @property
    def entries(self) -> Mapping[str, Entry]:
        """Return the entries of the knowledge base by id."""
        return self._decider.entries

    def decide(self, batch: BatchResult[ChatJob]) -> list[Decided]:
        """Return what each job gets, in order."""
        looks = [read_first_look(each.job.first_look or "") for each in batch.jobs]
        if not batch.vectors.size:
            self._meter.record_missed(batch)
            return [self._first_word(*pair) for pair in zip(batch.jobs, looks, strict=True)]
        kept = [KeptVector(look.space, unpack_vectors([look.vector])[0]) for look in looks]
        heard = [
            _with_first(each, self._found_first(look))
            for each, look in zip(self._listener.hear(batch, kept), looks, strict=True)
        ]
        vectors = pack_vectors(np.array([each.values for each in kept]))
        decided = [
            Decided(each, self._decider.decide(each), vector, "large", self._revision)
            for each, vector in zip(heard, vectors, strict=True)
        ]
        self._meter.record_looks(batch, looks)
        return decided

    def _found_first(self, look: FirstLook) -> Mapping[str, Finding]:
        return look.findings(self.entries) if look.revision == self._revision else {}

    def _first_word(self, prepared: PreparedJob[ChatJob], look: FirstLook) -> Decided:
        heard = Heard(
            text=prepared.passages[0].text,
            dialogue=read_dialogue(prepared.claim.dialogue, look.space),
            main=look.main.finding(self.entries),
            with_person=prepared.claim.with_person,
            person_called=prepared.claim.person_called,
            reask_score=look.reask_score,
        )
        # A person may have taken the conversation over since the small encoder decided.
        decision = self._decider.decide(heard) if heard.with_person else look.decision
        if look.revision != self._revision:  # an entry may have other words here
            decision = replace(decision, sources=())
        (vector,) = pack_vectors(unpack_vectors([look.vector]))
        return Decided(heard, decision, vector, "small", look.revision)


def _with_first(heard: Heard, found: Mapping[str, Finding]) -> Heard:
    """Return what both encoders found in the texts that both have read."""

    def both(second: Finding) -> Finding:
        return combine(found[second.text], second) if second.text in found else second

    return replace(
        heard,
        main=both(heard.main),
        questions=tuple(map(both, heard.questions)),
        contexts=tuple(map(both, heard.contexts)),
        joined=tuple(map(both, heard.joined)),
    )


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

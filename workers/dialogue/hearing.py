"""Bring together what a message says, what was found for it, and what was said before."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from shared import keys
from shared.errors import QueueUnavailable
from shared.jobs import ChatJob
from workers.consumer.jobs import BatchResult, PreparedJob
from workers.dialogue.cues import read_cues
from workers.dialogue.decision import Heard
from workers.dialogue.reask import reask_score
from workers.dialogue.state import read_dialogue
from workers.knowledge.finder import Finder, Finding
from workers.memory.memory import Memory, MemoryRecord
from workers.memory.recall import POSSIBLE_FROM, RECALLED_FROM, search
from workers.preprocessing.preprocessor import PassageKind
from workers.reading.recall import Recall

_ASKING: frozenset[PassageKind] = frozenset({"message", "topic"})  # what a recall looks for

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, eq=False)
class KeptVector:
    """A message's vector [dimension] of length 1, and the name of its encoder."""

    encoder: str
    values: NDArray[np.float32]


class Listener:
    """Search for all passages of a batch at once, and say of each job what was heard."""

    def __init__(self, finder: Finder, memory: Memory, encoder: str) -> None:
        self._finder = finder
        self._memory = memory
        self._encoder = encoder

    def hear(
        self, batch: BatchResult[ChatJob], kept: Sequence[KeptVector] | None = None
    ) -> list[Heard]:
        """Return what was heard of each job, in order.

        `kept` are the messages' vectors as dialogues keep them, if those are not the batch's own.
        """
        if kept is None:
            kept = [KeptVector(self._encoder, vectors[0]) for _, vectors in batch.rows()]
        texts = [passage.text for job in batch.jobs for passage in job.passages]
        findings = iter(self._finder.find(texts, batch.vectors))
        return [
            self._heard(job, vectors, vector, [next(findings) for _ in job.passages])
            for (job, vectors), vector in zip(batch.rows(), kept, strict=True)
        ]

    def _heard(
        self,
        prepared: PreparedJob[ChatJob],
        vectors: NDArray[np.float32],
        kept: KeptVector,
        findings: Sequence[Finding],
    ) -> Heard:
        dialogue = read_dialogue(prepared.claim.dialogue, kept.encoder)
        found = _by_kind(prepared, findings)
        cues = read_cues(prepared.job.read_text, dialogue, self._finder.entries)
        translation = prepared.job.translation
        recalled = self._recall(prepared, cues.recall, vectors) if cues.recall else None
        recalls = recalled is not None or (cues.recall is not None and cues.recall.certain)

        return Heard(
            text=prepared.passages[0].text,
            dialogue=dialogue,
            main=max(found["message"], key=lambda finding: finding.confidence),
            questions=tuple(found.get("question", ())),
            contexts=tuple(found.get("context", ())),
            joined=tuple(found.get("joined", ())),
            escalation=cues.escalation,
            choice=cues.choice,
            unwanted=cues.unwanted,
            unreadable=cues.unreadable,
            language=translation.language if translation else cues.language,
            original=prepared.job.message if translation else "",
            recalls=recalls,
            looks_back=cues.looks_back,
            bereaved=cues.bereaved,
            recalled=recalled,
            with_person=prepared.claim.with_person,
            person_called=prepared.claim.person_called,
            reask_score=reask_score(kept.values, dialogue.asked, recalls=recalls),
        )

    def _recall(
        self, prepared: PreparedJob[ChatJob], recall: Recall, vectors: NDArray[np.float32]
    ) -> MemoryRecord | None:
        job = prepared.job
        records = self._records(keys.memory_owner(job.user_id, job.conversation_id))
        if not recall.about:  # anything: the last thing that was said
            return records[-1] if records else None
        asking = vectors[[passage.kind in _ASKING for passage in prepared.passages]]
        found = search(records, recall.about, asking)
        least = RECALLED_FROM if recall.certain else POSSIBLE_FROM
        return found[0].record if found and found[0].score >= least else None

    def _records(self, owner: str) -> list[MemoryRecord]:
        """Return the records whose vectors can be compared; none if Redis cannot be asked."""
        try:
            records = self._memory.records(owner)
        except QueueUnavailable:  # the message is answered all the same, once Redis is back
            _log.warning("a memory could not be read")
            return []
        return [each for each in records if each.encoder == self._encoder]


def _by_kind(
    prepared: PreparedJob[ChatJob], findings: Sequence[Finding]
) -> Mapping[PassageKind, Sequence[Finding]]:
    found: dict[PassageKind, list[Finding]] = {}
    for passage, finding in zip(prepared.passages, findings, strict=True):
        found.setdefault(passage.kind, []).append(finding)
    return found

"""Bring together what a message says, what was found for it, and what was said before."""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from shared.jobs import ChatJob
from workers.consumer.jobs import BatchResult, PreparedJob
from workers.dialogue.decision import Escalation, Heard
from workers.dialogue.reask import reask_score
from workers.dialogue.state import Dialogue, read_dialogue
from workers.knowledge.finder import Finder, Finding
from workers.preprocessing.clean import clean
from workers.preprocessing.preprocessor import PassageKind
from workers.reading.choices import read_choice
from workers.reading.escalation import EscalationKind, find_escalation
from workers.reading.negation import read_negation

_ESCALATIONS: Mapping[EscalationKind, Escalation] = {
    "self_harm": "self_harm",
    "emergency": "emergency",
    "legal": "legal",
    "person": "wish",
}


class Listener:
    """Search for all passages of a batch at once, and say of each job what was heard."""

    def __init__(self, finder: Finder, encoder: str) -> None:
        self._finder = finder
        self._encoder = encoder

    def hear(self, batch: BatchResult[ChatJob]) -> list[Heard]:
        """Return what was heard of each job, in order."""
        texts = [passage.text for job in batch.jobs for passage in job.passages]
        findings = iter(self._finder.find(texts, batch.vectors))
        return [
            self._heard(job, vectors, [next(findings) for _ in job.passages])
            for job, vectors in batch.rows()
        ]

    def _heard(
        self,
        prepared: PreparedJob[ChatJob],
        vectors: NDArray[np.float32],
        findings: Sequence[Finding],
    ) -> Heard:
        dialogue = read_dialogue(prepared.claim.dialogue, self._encoder)
        kinds = [passage.kind for passage in prepared.passages]
        text = clean(prepared.job.message).text
        escalation, negation = find_escalation(text), read_negation(text)

        def of_kind(kind: PassageKind) -> tuple[Finding, ...]:
            return tuple(each for each, its in zip(findings, kinds, strict=True) if its == kind)

        return Heard(
            text=prepared.passages[0].text,
            dialogue=dialogue,
            main=max(of_kind("message"), key=lambda finding: finding.confidence),
            questions=of_kind("question"),
            contexts=of_kind("context"),
            escalation=_ESCALATIONS[escalation.kind] if escalation else None,
            choice=self._choice(text, dialogue),
            unwanted=negation is not None and negation.wanted is None,
            with_person=prepared.claim.with_person,
            reask_score=reask_score(vectors[0], dialogue.asked),
        )

    def _choice(self, text: str, dialogue: Dialogue) -> tuple[int, ...] | None:
        entries = self._finder.entries
        offered = [entries[name].question for name in dialogue.offered if name in entries]
        if not offered or len(offered) < len(dialogue.offered):
            return None
        choice = read_choice(text, offered)
        return choice.indices if choice else None

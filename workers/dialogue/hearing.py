"""Bring together what a message says, what was found for it, and what was said before."""

from collections.abc import Sequence

from shared.jobs import ChatJob
from workers.consumer.jobs import BatchResult, PreparedJob
from workers.dialogue.decision import Heard
from workers.dialogue.state import read_dialogue
from workers.knowledge.finder import Finder, Finding
from workers.preprocessing.preprocessor import PassageKind


class Listener:
    """Search for all passages of a batch at once, and say of each job what was heard."""

    def __init__(self, finder: Finder, encoder: str) -> None:
        self._finder = finder
        self._encoder = encoder

    def hear(self, batch: BatchResult[ChatJob]) -> list[Heard]:
        """Return what was heard of each job, in order."""
        texts = [passage.text for job in batch.jobs for passage in job.passages]
        findings = iter(self._finder.find(texts, batch.vectors))
        return [self._heard(job, [next(findings) for _ in job.passages]) for job in batch.jobs]

    def _heard(self, prepared: PreparedJob[ChatJob], findings: Sequence[Finding]) -> Heard:
        dialogue = read_dialogue(prepared.claim.dialogue, self._encoder)
        kinds = [passage.kind for passage in prepared.passages]

        def of_kind(kind: PassageKind) -> tuple[Finding, ...]:
            return tuple(each for each, its in zip(findings, kinds, strict=True) if its == kind)

        return Heard(
            text=prepared.passages[0].text,
            dialogue=dialogue,
            main=max(of_kind("message"), key=lambda finding: finding.confidence),
            questions=of_kind("question"),
            contexts=of_kind("context"),
        )

"""The steps of a tone job: read its message, unless its vector came with it, and classify."""

from collections.abc import Sequence
from functools import partial

import numpy as np

from shared.jobs import Tone, ToneJob
from workers.consumer.counters import Counters
from workers.consumer.jobs import BatchResult
from workers.consumer.lease_queue import ClaimedJob
from workers.consumer.role import Draft
from workers.preprocessing.preprocessor import Prepared, Preprocessor
from workers.tone.classifier import Classifier
from workers.tone.cues import FloatArray


class Judge:
    """Prepare tone jobs and draft their tones; `model` is the digest of the tone encoder's model.

    A job that brings a vector of this model goes past the engine; its cues are read from its whole
    text all the same.
    """

    def __init__(
        self,
        preprocessor: Preprocessor,
        classifier: Classifier,
        model: str,
        dimension: int,
        counters: Counters,
    ) -> None:
        self._preprocessor = preprocessor
        self._classifier = classifier
        self._model = model
        self._dimension = dimension
        self._counters = counters

    def prepare(self, claimed: Sequence[ClaimedJob[ToneJob]]) -> list[tuple[Prepared, ...]]:
        """Return the one passage of each job, in order: without ids if its vector came with it."""
        is_known = [self._early(each.job) is not None for each in claimed]
        known = [each.job.message for each, its in zip(claimed, is_known, strict=True) if its]
        others = [each.job.message for each, its in zip(claimed, is_known, strict=True) if not its]
        texts = iter(self._preprocessor.clean(known))
        read = iter(self._preprocessor.prepare(others))
        return [
            (Prepared(next(texts), (), truncated=False),) if its else (next(read),)
            for its in is_known
        ]

    def draft(self, batch: BatchResult[ToneJob]) -> Sequence[Draft[Tone]]:
        """Return the tone of each job of a batch that went through the engine, or past it."""
        texts = [job.passages[0].text for job in batch.jobs]
        is_read = batch.vectors.size > 0
        vectors = batch.vectors if is_read else self._came_with(batch)
        tones = self._classifier.classify(texts, vectors)
        self._counters.add(**{"tones_own" if is_read else "tones_shared": len(tones)})
        return [Draft(partial(_finished, tone)) for tone in tones]

    def _came_with(self, batch: BatchResult[ToneJob]) -> FloatArray:
        found = [self._early(each.job) for each in batch.jobs]
        return np.stack([vector for vector in found if vector is not None])

    def _early(self, job: ToneJob) -> FloatArray | None:
        """Return the vector that came with a job, None if there is none to be used."""
        early = job.early
        if early is None or early.model != self._model or len(early.halves) != 2 * self._dimension:
            return None
        vector = np.frombuffer(early.halves, "<f2").astype(np.float32)
        return vector if np.isfinite(vector).all() else None


def _finished(tone: Tone, _unknown: Tone, _now: float) -> Tone:
    return tone

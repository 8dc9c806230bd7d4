"""Vectors of texts: jobs that come among the chat jobs and share their batches."""

import base64
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import partial

import msgspec
import numpy as np
from numpy.typing import NDArray

from shared.jobs import ChatJob, EmbedJob, Tone
from workers.consumer.chat_result import NO_REPLY, ChatResult
from workers.consumer.jobs import BatchResult, PreparedJob
from workers.consumer.lease_queue import ClaimedJob
from workers.consumer.role import Draft
from workers.preprocessing.preprocessor import Prepared, Preprocessor
from workers.preprocessing.tokens import Tokenizer

_MARGIN_TOKENS = 8  # a word that is cut in two may have more pieces
_encode = msgspec.json.Encoder().encode

Prepare = Callable[[Sequence[ClaimedJob[ChatJob]]], Sequence[tuple[Prepared, ...]]]
DraftBatch = Callable[[BatchResult[ChatJob]], Sequence[Draft[ChatResult]]]


class Embedder:
    """Prepare and end jobs of texts; `prepare` and `draft` are for all others.

    A text that is longer than the encoder reads is read in parts; its vector is their mean, of
    length 1. The first part of each text is a passage of kind message, the others of kind context.
    """

    def __init__(self, tokenizer: Tokenizer, prepare: Prepare, draft: DraftBatch) -> None:
        self._tokenizer = tokenizer
        self._preprocessor = Preprocessor(tokenizer)
        self._prepare = prepare
        self._draft = draft

    def prepare(self, claimed: Sequence[ClaimedJob[ChatJob]]) -> Sequence[tuple[Prepared, ...]]:
        """Return the passages of each job, in order."""
        if not any(isinstance(each.job, EmbedJob) for each in claimed):
            return self._prepare(claimed)
        others = [each for each in claimed if not isinstance(each.job, EmbedJob)]
        prepared = iter(self._prepare(others) if others else ())
        return [
            tuple(self._read(each.job.texts)) if isinstance(each.job, EmbedJob) else next(prepared)
            for each in claimed
        ]

    def draft(self, batch: BatchResult[ChatJob]) -> Sequence[Draft[ChatResult]]:
        """Return the draft of each job, in order."""
        if not any(isinstance(each.job, EmbedJob) for each in batch.jobs):
            return self._draft(batch)
        others = [at for at, each in enumerate(batch.jobs) if not isinstance(each.job, EmbedJob)]
        drafts = iter(self._draft(batch.part(others)) if others else ())
        return [
            Draft(partial(_end, *row), needs_tone=False)
            if isinstance(row[0].job, EmbedJob)
            else next(drafts)
            for row in batch.rows()
        ]

    def _read(self, texts: Sequence[str]) -> Iterator[Prepared]:
        for whole in self._preprocessor.prepare(texts):
            if not whole.truncated:
                yield whole
                continue
            first, *rest = self._preprocessor.prepare(list(self._parts(whole.text)))
            yield first
            yield from (replace(part, kind="context") for part in rest)

    def _parts(self, text: str) -> Iterator[str]:
        starts = [*self._tokenizer.token_starts(text), len(text)]
        step = self._tokenizer.room - _MARGIN_TOKENS
        for first in range(0, len(starts) - 1, step):
            yield text[starts[first] : starts[min(first + step, len(starts) - 1)]]


def _end(
    prepared: PreparedJob[ChatJob], vectors: NDArray[np.float32], _tone: Tone, _now: float
) -> ChatResult:
    starts = [at for at, each in enumerate(prepared.passages) if each.kind == "message"]
    sums = np.add.reduceat(vectors, starts, axis=0)
    means = (sums / np.linalg.norm(sums, axis=1, keepdims=True)).astype("<f4")
    members = {
        "vectors": base64.b64encode(means.tobytes()).decode(),
        "dimension": means.shape[1],
        "tokens": prepared.tokens,
    }
    return ChatResult(NO_REPLY, embedded=_encode(members))

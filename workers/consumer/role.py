"""What differs between the kinds of worker; all else of the batch consumer is common to them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic

from shared.jobs import Tone
from workers.consumer.jobs import BatchResult
from workers.consumer.lease_queue import ClaimedJob, JobT, ResultT, ToneSource
from workers.preprocessing.preprocessor import Prepared

Draft = Callable[[Tone, float], ResultT]
"""Finish a job's result, given its tone and the monotonic time; the second half of drafting."""


@dataclass(frozen=True, slots=True)
class Role(Generic[JobT, ResultT]):
    """One kind of worker.

    `decode` reads a message (bytes, Unix time) and raises MalformedMessage. `prepare` makes the
    passages that the engine reads for each job; it may fail for all, and is then asked for one job
    at a time. `draft` finds the results of a batch, in order; it may fail for the whole batch,
    and is then asked for one job at a time. If `tones` is given, a result is finished once its
    tone is known; otherwise at once.
    """

    queue: str
    task: str
    decode: Callable[[bytes, float], JobT]
    prepare: Callable[[Sequence[ClaimedJob[JobT]]], Sequence[tuple[Prepared, ...]]]
    draft: Callable[[BatchResult[JobT]], Sequence[Draft[ResultT]]]
    tones: ToneSource | None = None

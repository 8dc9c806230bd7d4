"""What differs between the kinds of worker; all else of the batch consumer is common to them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic

from shared.jobs import Tone
from workers.consumer.jobs import BatchResult
from workers.consumer.lease_queue import (
    ClaimedJob,
    JobT,
    ResultT,
    SecondLooks,
    ToneSource,
    ToneTasks,
    Voice,
)
from workers.preprocessing.preprocessor import Prepared


@dataclass(frozen=True, slots=True)
class Draft(Generic[ResultT]):
    """A job's result but for its tone; `finish` takes that and the monotonic time.

    `first_look` writes down what a second look would start from, if the result is not sure enough.
    `needs_tone`: the result differs by the tone.
    """

    finish: Callable[[Tone, float], ResultT]
    first_look: Callable[[], str] | None = None
    needs_tone: bool = True


@dataclass(frozen=True, slots=True)
class Role(Generic[JobT, ResultT]):
    """One kind of worker.

    `decode` reads a message (bytes, Unix time) and raises MalformedMessage. `prepare` makes the
    passages that the engine reads for each job; it may fail for all, and is then asked for one job
    at a time. `draft` finds the results of a batch, in order; it may fail for the whole batch,
    and is then asked for one job at a time. If `tones` is given, a result is finished once its
    tone is known; otherwise at once. If `second_looks` is given, it is offered what drafts are not
    sure of, and if `voice` is given, the ends that a language model may put into words.
    `outlasts_faults`: `draft` has a result for jobs that the engine failed with, too.
    `tone_tasks` takes the tone tasks of jobs that were claimed with theirs due. `early_model` is
    the digest of the model whose tone encoder's vectors the engine gives early; empty if it gives
    none.
    `is_for_others` tells of a job that another role must work on: it goes back to the queue.
    """

    queue: str
    task: str
    decode: Callable[[bytes, float], JobT]
    prepare: Callable[[Sequence[ClaimedJob[JobT]]], Sequence[tuple[Prepared, ...]]]
    draft: Callable[[BatchResult[JobT]], Sequence[Draft[ResultT]]]
    tones: ToneSource | None = None
    second_looks: SecondLooks[JobT] | None = None
    voice: Voice[JobT, ResultT] | None = None
    tone_tasks: ToneTasks[JobT] | None = None
    early_model: str = ""
    outlasts_faults: bool = False
    is_for_others: Callable[[JobT], bool] | None = None

"""Ask the pipeline of the workers in this process: no queue, no gateway, no Redis.

In a cascade every message that the small encoder is not sure of gets its second look, however long
that takes.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Self

from shared import keys
from shared.clock import Clock, SystemClock
from shared.jobs import UNKNOWN_TONE, ChatJob, Tone, ToneJob
from workers.answering import (
    Answering,
    Answers,
    build_first_look,
    build_second_look,
    load_first_model,
    load_large_model,
)
from workers.bootstrap import MakeEngine, TextModel
from workers.consumer.chat_result import ChatResult
from workers.consumer.context import WorkerContext
from workers.consumer.counters import Counters
from workers.consumer.jobs import BatchResult, PreparedJob
from workers.consumer.lease_queue import ClaimedJob, ClaimResult, JobT, Lease, LeasedJob
from workers.consumer.role import Draft
from workers.encoder_choice import chosen_encoder
from workers.engines.engine import TokenBatch
from workers.engines.select import select_engine
from workers.evaluation.memory import HeldMemory
from workers.evaluation.observation import Conversation, Observation, Progress, observe
from workers.knowledge.loader import Reading, read
from workers.preprocessing.preprocessor import Prepared
from workers.second_look.decided import Decided
from workers.second_look.meter import SecondLookMeter
from workers.second_look.pace import Pace
from workers.sentiment import Judging, build_judging
from workers.settings import WorkerSettings

_BATCH_SIZE = 32
_ASKED_ALONE = 100  # conversations, to time a message by itself
_NOT_TIMED = float("nan")

_Claimed = list[ClaimedJob[ChatJob]]
_Drafted = tuple[Draft[ChatResult], Decided]


@dataclass(frozen=True, slots=True)
class _Pipeline:
    """The steps of a job, and what answers from the base at hand."""

    answering: Answering
    answers: Answers


class Pipelines:
    """The models of one worker's settings; a pipeline over any base is built from them.

    `large` is that of second looks, None where there are none.
    """

    def __init__(
        self, settings: WorkerSettings, first: TextModel, large: TextModel | None, judging: Judging
    ) -> None:
        self._settings = settings
        self._first = first
        self._large = large
        self._judging = judging

    @classmethod
    def load(cls, settings: WorkerSettings, make_engine: MakeEngine = select_engine) -> Self:
        """Warm all models, without caches, which would make the times too good.

        Raises ModelError or EngineError.
        """
        bare = settings.model_copy(update={"vector_cache": 0, "phrase_cache": 0})
        cascade = bare.variant != "tfidf" and chosen_encoder(bare) == "cascade"
        return cls(
            bare,
            load_first_model(bare, make_engine),
            load_large_model(bare, make_engine) if cascade else None,
            build_judging(bare, make_engine, Counters()),
        )

    def over(self, base: Path) -> "InProcess":
        """Return what answers from a knowledge base. Raises KnowledgeError."""
        clock, memory = SystemClock(), HeldMemory()
        reading = read(base)
        first = _pipeline(build_first_look(self._settings, self._first, memory, clock), reading)
        second = None
        if self._large:
            meter = SecondLookMeter(WorkerContext("evaluation"), Pace(clock, 0.0), 0.0)
            looking = build_second_look(self._settings, self._large, memory, meter, clock)
            second = _pipeline(looking, reading)
        return InProcess(first, second, self._judging, memory, clock)


class InProcess:
    """Ask one pipeline. The first conversations are asked one by one and timed, others batched."""

    def __init__(
        self,
        first: _Pipeline,
        second: _Pipeline | None,
        judging: Judging,
        memory: HeldMemory,
        clock: Clock,
    ) -> None:
        self._first = first
        self._second = second
        self._judging = judging
        self._memory = memory
        self._clock = clock

    def ask(
        self, conversations: Sequence[Conversation], progress: Progress
    ) -> list[list[Observation]]:
        """Return an observation for each message, in order."""
        return [[seen for seen, _ in turns] for turns in self.converse(conversations, progress)]

    def converse(
        self, conversations: Sequence[Conversation], progress: Progress
    ) -> list[list[tuple[Observation, ChatResult]]]:
        """Return for each message, in order, what is seen of its reply, and all that it left."""
        self._memory.forget()
        asked: list[list[tuple[Observation, ChatResult]]] = [[] for _ in conversations]
        total, done = sum(map(len, conversations)), 0
        for turn, part in _parts(conversations):
            messages = [conversations[index][turn] for index in part]
            states = [asked[index][-1][1].dialogue if turn else b"" for index in part]
            answered = self._answer(part, messages, states)
            for index, (observation, result) in zip(part, answered, strict=True):
                asked[index].append((observation, result))
                self._memory.add(keys.memory_owner(None, f"{index}"), result.memory)
            done += len(part)
            progress(done / total)
        return asked

    def _answer(
        self, names: Sequence[int], messages: Sequence[str], states: Sequence[bytes]
    ) -> list[tuple[Observation, ChatResult]]:
        tones = self._tones(messages)
        claimed = self._claimed(names, messages, states)
        began = self._clock.monotonic()
        drafted = self._draft(self._first, claimed)
        if self._second:
            drafted = self._look_again(self._second, claimed, drafted)
        now = self._clock.monotonic()
        results = [draft.finish(tone, now) for (draft, _), tone in zip(drafted, tones, strict=True)]
        taken = (self._clock.monotonic() - began) * 1e3 if len(messages) == 1 else _NOT_TIMED
        return [
            (observe(result.reply, taken, _entries_found(decided)), result)
            for result, (_, decided) in zip(results, drafted, strict=True)
        ]

    def _claimed(
        self, names: Sequence[int], messages: Sequence[str], states: Sequence[bytes]
    ) -> _Claimed:
        now = self._clock.now()
        return [
            _claim(ChatJob(f"{name}", message, f"{name}", now), state)
            for name, message, state in zip(names, messages, states, strict=True)
        ]

    def _draft(self, pipeline: _Pipeline, claimed: _Claimed) -> list[_Drafted]:
        answering, answers = pipeline.answering, pipeline.answers
        batch = _batch(claimed, answering.prepare(claimed), answering.model, self._clock)
        decided = answers.decider.decide(batch)
        return list(zip(answers.replies.compose(batch, decided), decided, strict=True))

    def _look_again(
        self, second: _Pipeline, claimed: _Claimed, drafted: list[_Drafted]
    ) -> list[_Drafted]:
        unsure = [row for row, (draft, _) in enumerate(drafted) if draft.first_look is not None]
        if not unsure:
            return drafted
        handed = [_handed_over(claimed[row], drafted[row][0]) for row in unsure]
        looks = dict(zip(unsure, self._draft(second, handed), strict=True))
        return [looks.get(row, first) for row, first in enumerate(drafted)]

    def _tones(self, messages: Sequence[str]) -> list[Tone]:
        claimed = [_claim(ToneJob("", "", message)) for message in messages]
        model, judge = self._judging.model, self._judging.judge
        batch = _batch(claimed, judge.prepare(claimed), model, self._clock)
        now = self._clock.monotonic()
        return [draft.finish(UNKNOWN_TONE, now) for draft in judge.draft(batch)]


def _pipeline(answering: Answering, reading: Reading) -> _Pipeline:
    builder = answering.builder
    return _Pipeline(answering, builder.over(reading, builder.embeddings()))


def _entries_found(decided: Decided) -> list[str]:
    candidates = decided.heard.main.candidates
    return [each.entry.id for each in candidates if not each.small_talk]


def _handed_over(claimed: ClaimedJob[ChatJob], draft: Draft[ChatResult]) -> ClaimedJob[ChatJob]:
    look = draft.first_look() if draft.first_look else None
    leased = replace(claimed.leased, job=replace(claimed.job, first_look=look))
    return replace(claimed, leased=leased)


def _parts(conversations: Sequence[Conversation]) -> Iterator[tuple[int, list[int]]]:
    """Yield turn by turn which conversations are answered together."""
    for turn in range(max(map(len, conversations), default=0)):
        due = [index for index, each in enumerate(conversations) if turn < len(each)]
        alone = [index for index in due if index < _ASKED_ALONE]
        yield from ((turn, [index]) for index in alone)
        rest = due[len(alone) :]
        for start in range(0, len(rest), _BATCH_SIZE):
            yield turn, rest[start : start + _BATCH_SIZE]


def _claim(job: JobT, state: bytes = b"") -> ClaimedJob[JobT]:
    return ClaimedJob(LeasedJob(Lease(b"", b""), job), ClaimResult("run", state))


def _batch(
    claimed: Sequence[ClaimedJob[JobT]],
    passages: Sequence[tuple[Prepared, ...]],
    model: TextModel,
    clock: Clock,
) -> BatchResult[JobT]:
    began = clock.monotonic()
    ids = [passage.ids for each in passages for passage in each]
    encoded = model.engine.run(TokenBatch.of(ids))
    jobs = tuple(
        PreparedJob(each.leased.lease, each.job, each.claim, read, began, began)
        for each, read in zip(claimed, passages, strict=True)
    )
    return BatchResult(jobs, encoded.vectors, began, clock.monotonic())

"""Ask the pipeline of one worker in this process: no queue, no gateway, no memory in Redis."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Self

from shared.clock import Clock, SystemClock
from shared.jobs import UNKNOWN_TONE, ChatJob, Tone, ToneJob
from workers.answering import Answering, build_answering, load_answer_model
from workers.bootstrap import MakeEngine, TextModel
from workers.consumer.jobs import BatchResult, PreparedJob
from workers.consumer.lease_queue import ClaimedJob, ClaimResult, JobT, Lease, LeasedJob
from workers.engines.engine import TokenBatch
from workers.engines.select import select_engine
from workers.evaluation.observation import Conversation, Observation, Progress, observe
from workers.preprocessing.preprocessor import Prepared
from workers.sentiment import Judging, build_judging
from workers.settings import WorkerSettings

_BATCH_SIZE = 32
_ASKED_ALONE = 100  # conversations, to time a message by itself
_NOT_TIMED = float("nan")

_Claimed = list[ClaimedJob[ChatJob]]


class Pipelines:
    """The models of one worker's settings; a pipeline over any base is built from them."""

    def __init__(self, settings: WorkerSettings, answers: TextModel, judging: Judging) -> None:
        self._settings = settings
        self._answers = answers
        self._judging = judging

    @classmethod
    def load(cls, settings: WorkerSettings, make_engine: MakeEngine = select_engine) -> Self:
        """Warm both models, without caches, which would make the times too good.

        Raises ModelError or EngineError.
        """
        bare = settings.model_copy(update={"vector_cache": 0, "phrase_cache": 0})
        return cls(bare, load_answer_model(bare, make_engine), build_judging(bare, make_engine))

    def over(self, base: Path) -> "InProcess":
        """Return what answers from a knowledge base. Raises KnowledgeError."""
        clock = SystemClock()
        settings = self._settings.model_copy(update={"kb": base})
        answering = build_answering(settings, self._answers, clock)
        return InProcess(answering, self._judging, clock)


class InProcess:
    """Ask one pipeline. The first conversations are asked one by one and timed, others batched."""

    def __init__(self, answering: Answering, judging: Judging, clock: Clock) -> None:
        self._answering = answering
        self._judging = judging
        self._clock = clock

    def ask(
        self, conversations: Sequence[Conversation], progress: Progress
    ) -> list[list[Observation]]:
        """Return an observation for each message, in order."""
        asked: list[list[Observation]] = [[] for _ in conversations]
        states = [b""] * len(conversations)
        total, done = sum(map(len, conversations)), 0
        for turn, part in _parts(conversations):
            messages = [conversations[index][turn] for index in part]
            replies = self._answer(part, messages, [states[index] for index in part])
            for index, (observation, state) in zip(part, replies, strict=True):
                asked[index].append(observation)
                states[index] = state
            done += len(part)
            progress(done / total)
        return asked

    def _answer(
        self, names: Sequence[int], messages: Sequence[str], states: Sequence[bytes]
    ) -> list[tuple[Observation, bytes]]:
        tones = self._tones(messages)
        began = self._clock.monotonic()
        batch = self._run(self._claimed(names, messages, states))
        drafts = self._answering.replies.draft(batch)
        now = self._clock.monotonic()
        results = [draft(tone, now) for draft, tone in zip(drafts, tones, strict=True)]
        alone = len(messages) == 1
        taken = (self._clock.monotonic() - began) * 1e3 if alone else _NOT_TIMED
        found = [
            [each.entry.id for each in heard.main.candidates if not each.small_talk]
            for heard in self._answering.listener.hear(batch)
        ]
        return [
            (observe(result.reply, taken, further), result.dialogue)
            for result, further in zip(results, found, strict=True)
        ]

    def _claimed(
        self, names: Sequence[int], messages: Sequence[str], states: Sequence[bytes]
    ) -> _Claimed:
        now = self._clock.now()
        return [
            _claim(ChatJob(f"{name}", message, f"{name}", now), state)
            for name, message, state in zip(names, messages, states, strict=True)
        ]

    def _run(self, claimed: _Claimed) -> BatchResult[ChatJob]:
        return _batch(claimed, self._answering.prepare(claimed), self._answering.model, self._clock)

    def _tones(self, messages: Sequence[str]) -> list[Tone]:
        claimed = [_claim(ToneJob("", "", message)) for message in messages]
        judging = self._judging
        batch = _batch(claimed, judging.prepare(claimed), judging.model, self._clock)
        now = self._clock.monotonic()
        return [draft(UNKNOWN_TONE, now) for draft in judging.draft(batch)]


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
    vectors = model.engine.run(TokenBatch.of(ids))
    jobs = tuple(
        PreparedJob(each.leased.lease, each.job, each.claim, read, began, began)
        for each, read in zip(claimed, passages, strict=True)
    )
    return BatchResult(jobs, vectors, began, clock.monotonic())

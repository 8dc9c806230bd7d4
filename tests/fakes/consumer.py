"""Stand-ins for what a batch consumer works with: a queue, an engine, roles, prepared jobs."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np

from shared import wire
from shared.errors import EngineError
from shared.jobs import Answer, ChatJob, Reply, Timings, Tone, ToneJob
from shared.worker_status import WorkerStatus
from workers.consumer.chat_result import ChatResult
from workers.consumer.jobs import BatchResult, PreparedJob
from workers.consumer.lease_queue import (
    ClaimedJob,
    ClaimResult,
    ClaimVerdict,
    Completion,
    CompletionVerdict,
    DueTone,
    HandOver,
    HandOverVerdict,
    Lease,
    LeasedJob,
    Reclaimed,
    ToneSource,
)
from workers.consumer.role import Draft, Role
from workers.engines.cost import CostModel
from workers.engines.engine import Encoded, Shape, TokenBatch
from workers.preprocessing.preprocessor import Prepared

POISON = 666
NEUTRAL = Tone("neutral", 0.8)


@dataclass
class FakeQueue:
    """A queue that answers as a test says and keeps what was completed.

    `claims`, `verdicts`, `known_tones` and `hand_overs` are by task id; what is not in them runs,
    is applied, has no tone, or finds no worker for a second look.
    """

    leases: list[Lease] = field(default_factory=list)
    claims: dict[str, ClaimVerdict] = field(default_factory=dict)
    verdicts: dict[str | None, CompletionVerdict] = field(default_factory=dict)
    known_tones: dict[str, Tone] = field(default_factory=dict)
    hand_overs: dict[str, HandOverVerdict] = field(default_factory=dict)
    words: dict[str, HandOverVerdict] = field(default_factory=dict)
    delivered: dict[str, int] = field(default_factory=dict)
    reclaimed: Reclaimed = field(default_factory=Reclaimed)
    completed: list[Completion[Any, Any]] = field(default_factory=list)
    statuses: list[WorkerStatus] = field(default_factory=list)
    released: int = 0
    given_back: list[LeasedJob[Any]] = field(default_factory=list)
    tone_tasks: list[DueTone[Any]] = field(default_factory=list)

    def push(self, *messages: bytes) -> list[Lease]:
        """Let these messages wait; return their leases."""
        new = [Lease(f"t{len(self.leases) + n}".encode(), raw) for n, raw in enumerate(messages)]
        self.leases += new
        return new

    def wait(self, timeout_seconds: float) -> None:
        return

    def lease(self, limit: int) -> list[Lease]:
        taken, self.leases = self.leases[:limit], self.leases[limit:]
        return taken

    def claim(self, jobs: Sequence[LeasedJob[Any]]) -> list[ClaimResult]:
        return [ClaimResult(self.claims.get(leased.job.task_id, "run")) for leased in jobs]

    def give_back(self, jobs: Sequence[LeasedJob[Any]]) -> int:
        self.given_back += jobs
        return len(jobs)

    def deliveries(self, task_ids: Sequence[str]) -> list[int]:
        return [self.delivered.get(task_id, 1) for task_id in task_ids]

    def complete(self, completions: Sequence[Completion[Any, Any]]) -> list[CompletionVerdict]:
        self.completed += completions
        return [self.verdicts.get(each.task_id, "applied") for each in completions]

    def queue_tones(self, tones: Sequence[DueTone[Any]]) -> None:
        self.tone_tasks += tones

    def hand_over(self, jobs: Sequence[HandOver[Any]]) -> list[HandOverVerdict]:
        return [self.hand_overs.get(each.leased.job.task_id, "unserved") for each in jobs]

    def offer_words(
        self, completions: Sequence[Completion[Any, Any]]
    ) -> list[HandOverVerdict | None]:
        return [self.words.get(each.task_id or "") for each in completions]

    def heartbeat(self, status: WorkerStatus) -> None:
        self.statuses.append(status)

    def hasten(self, task_ids: Sequence[str]) -> None:
        """Do nothing: nothing is kept until later."""

    def reclaim_dead(self) -> Reclaimed:
        found, self.reclaimed = self.reclaimed, Reclaimed()
        return found

    def release_all(self) -> int:
        self.released += 1
        return len(self.leases)

    def tones(self, job_ids: Sequence[str]) -> Mapping[str, Tone]:
        return {name: self.known_tones[name] for name in job_ids if name in self.known_tones}

    def subscribe_tones(self, on_tone: Callable[[str, Tone], None]) -> Callable[[], None]:
        return lambda: None


class PoisonableEngine:
    """Answer each row with its own ids' sum; fail a batch that holds the poison token.

    With `gives_early` the early vectors are twice the others.
    """

    name = "test"
    dimension = 2
    shapes = (Shape(1, 16), Shape(8, 16), Shape(8, 64))
    cost = CostModel(0.0, 1e-5)

    def __init__(self, *, gives_early: bool = False) -> None:
        self.gives_early = gives_early
        self.runs: list[int] = []

    def padded_tokens(self, lengths: Sequence[int]) -> int:
        """Return the sum: nothing is padded."""
        return sum(lengths)

    def warm(self) -> None:
        """Do nothing."""

    def run(self, batch: TokenBatch) -> Encoded:
        """Return [sum of ids, length] for each row."""
        self.runs.append(len(batch.lengths))
        if (batch.ids == POISON).any():
            raise EngineError("poison")
        vectors = np.stack([batch.ids.sum(axis=1), batch.lengths], axis=1).astype(np.float32)
        return Encoded(vectors, 2 * vectors if self.gives_early else None)


def prepare_words(claimed: Sequence[ClaimedJob[Any]]) -> list[tuple[Prepared, ...]]:
    """Prepare texts with one id a word; fail on the text `poison`."""
    texts = [each.job.message for each in claimed]
    if "poison" in texts:
        raise ValueError("poison")
    return [(Prepared(text, tuple(range(len(text.split()))), False),) for text in texts]


def echo(batch: BatchResult[ChatJob]) -> list[Draft[ChatResult]]:
    """Draft each message as its own answer; fail for `bad`, and when `unfinished` is finished."""
    if any(each.job.id == "bad" for each in batch.jobs):
        raise ValueError("bad")
    return [Draft(partial(_echo, each.job)) for each in batch.jobs]


def judge(batch: BatchResult[ToneJob]) -> list[Draft[Tone]]:
    """Judge each message as neutral; fail for `bad`, and when `unfinished` is finished."""
    if any(each.job.job_id == "bad" for each in batch.jobs):
        raise ValueError("bad")
    return [Draft(partial(_judge, each.job)) for each in batch.jobs]


def chat_role(tones: ToneSource | None = None) -> Role[ChatJob, ChatResult]:
    """Return the inference role around `echo`; its results wait for these tones, if given."""
    return Role("inference", "chat.infer", wire.read_chat_job, prepare_words, echo, tones)


def tone_role() -> Role[ToneJob, Tone]:
    """Return the sentiment role around `judge`."""
    return Role("sentiment", "chat.tone", wire.read_tone_job, prepare_words, judge)


def prepared_job(name: str, tokens: int = 5, first: int = 7) -> PreparedJob[ChatJob]:
    """Return a chat job of this many tokens, ready for the engine."""
    return PreparedJob(
        lease=Lease(name.encode(), b"{}"),
        job=ChatJob(name, f"text of {name}", f"c-{name}", 1_700_000_000.0),
        claim=ClaimResult("run"),
        passages=(Prepared(f"text of {name}", (first,) * tokens, False),),
        leased_at=0.0,
        prepared_at=0.0,
    )


def _echo(job: ChatJob, tone: Tone, _now: float) -> ChatResult:
    if job.id == "unfinished":
        raise KeyError("wording")
    answer, timings = Answer("answer", "e", 0.9), Timings(0, 0, 0, 0, 0)
    reply = Reply(job.message, job.id, job.conversation_id, tone, answer, timings, "test")
    return ChatResult(reply, b"{}")


def _judge(job: ToneJob, _unknown: Tone, _now: float) -> Tone:
    if job.job_id == "unfinished":
        raise KeyError("label")
    return NEUTRAL

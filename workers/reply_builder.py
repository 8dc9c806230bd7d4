"""Puts what was found into words: answer, tone, what the conversation has heard already."""

from collections.abc import Callable, Collection, Mapping, Sequence
from functools import partial
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from shared.clock import Clock
from shared.jobs import Answer, ChatJob, Reply, Timings, Tone
from workers.consumer.jobs import BatchResult, PreparedJob


class Decision(Protocol):
    """What the knowledge base says to one message."""

    @property
    def answer(self) -> Answer:
        """What was found, and how sure it is."""

    @property
    def text(self) -> str:
        """The answer's plain wording, Markdown."""

    @property
    def tones(self) -> Mapping[str, str]:
        """The entry's own wordings by tone."""


class Responder(Protocol):
    """Finds answers for a whole batch."""

    def respond(self, texts: Sequence[str], vectors: NDArray[np.float32]) -> Sequence[Decision]:
        """Return one decision a message, in order."""


class Wording(Protocol):
    """Adapts an answer's wording to a tone."""

    def adapt(
        self,
        answer: str,
        tones: Mapping[str, str],
        tone: Tone | None,
        used: Collection[str],
        kind: str,
        key: str = "",
    ) -> tuple[str, tuple[str, ...]]:
        """Return the text and the ids of the phrases it uses, none of them in `used`.

        `key` spreads the choice among phrases that fit equally well.
        """


class ReplyBuilder:
    """Draft replies for a batch; each is finished when its tone is known."""

    def __init__(
        self, responder: Responder, wording: Wording, engine_name: str, clock: Clock
    ) -> None:
        self._responder = responder
        self._wording = wording
        self._engine_name = engine_name
        self._clock = clock

    def draft(
        self, ran: BatchResult[ChatJob]
    ) -> list[Callable[[Tone, float], tuple[Reply, tuple[str, ...]]]]:
        """Return for each work a function of tone and time that gives reply and phrases used."""
        decisions = self._responder.respond([work.text for work in ran.works], ran.vectors)
        return [
            partial(self._finish, ran, work, decision)
            for work, decision in zip(ran.works, decisions, strict=True)
        ]

    def _finish(
        self,
        ran: BatchResult[ChatJob],
        work: PreparedJob[ChatJob],
        decision: Decision,
        tone: Tone,
        now: float,
    ) -> tuple[Reply, tuple[str, ...]]:
        text, phrases = self._wording.adapt(
            decision.text, decision.tones, tone, work.phrases, decision.answer.kind, work.job.id
        )
        reply = Reply(
            response=text,
            job_id=work.job.id,
            conversation_id=work.job.conversation_id,
            tone=tone,
            answer=decision.answer,
            timings=_timings(ran, work, now),
            engine=self._engine_name,
            truncated=work.truncated,
        )
        return reply, phrases


def _timings(ran: BatchResult[ChatJob], work: PreparedJob[ChatJob], now: float) -> Timings:
    """Part a job's life; what it waited in this worker for the engine counts as queue."""
    prepare = work.prepared_at - work.leased_at
    unleased = max(0.0, work.queued_seconds - prepare)
    return Timings(
        queue_ms=_milliseconds(unleased + max(0.0, ran.started_at - work.prepared_at)),
        prepare_ms=_milliseconds(prepare),
        engine_ms=_milliseconds(ran.ended_at - ran.started_at),
        compose_ms=_milliseconds(max(0.0, now - ran.ended_at)),
        total_ms=_milliseconds(unleased + now - work.leased_at),
    )


def _milliseconds(seconds: float) -> float:
    return round(seconds * 1000, 2)

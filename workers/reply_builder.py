"""Puts what was found into words: the answer, the tone, what the conversation has heard already."""

from functools import partial

from shared.clock import Clock
from shared.jobs import ChatJob, Reply, Timings, Tone
from workers.consumer.jobs import BatchResult, PreparedJob
from workers.consumer.redis_inference_queue import ChatResult
from workers.consumer.role import Draft
from workers.dialogue.advance import advance
from workers.dialogue.state import encode_dialogue
from workers.second_look.decided import BatchDecider, Decided
from workers.tone.wording import Wording


class ReplyBuilder:
    """Draft replies for a batch; each is finished when its tone is known."""

    def __init__(
        self, decider: BatchDecider, wording: Wording, engine_name: str, clock: Clock
    ) -> None:
        self._decider = decider
        self._wording = wording
        self._engine_name = engine_name
        self._clock = clock

    def draft(self, batch: BatchResult[ChatJob]) -> list[Draft[ChatResult]]:
        """Return one draft a job, in order."""
        return [
            Draft(partial(self._finish, batch, job, decided), decided.first_look)
            for job, decided in zip(batch.jobs, self._decider.decide(batch), strict=True)
        ]

    def _finish(
        self,
        batch: BatchResult[ChatJob],
        prepared: PreparedJob[ChatJob],
        decided: Decided,
        tone: Tone,
        now: float,
    ) -> ChatResult:
        job, heard, decision = prepared.job, decided.heard, decided.decision
        answer = decision.answer
        text, openers = self._wording.adapt(
            decision.text, decision.tones, tone, heard.dialogue.openers, answer.kind, job.id
        )
        reply = Reply(
            response=text,
            job_id=job.id,
            conversation_id=job.conversation_id,
            tone=tone,
            answer=answer,
            timings=self._timings(batch, prepared, now),
            engine=self._engine_name,
            truncated=any(passage.truncated for passage in prepared.passages),
            encoder=decided.encoder,
        )
        dialogue = advance(heard.dialogue, heard.text, decided.vector, decision, tone, openers)
        return ChatResult(reply, encode_dialogue(dialogue))

    def _timings(
        self, batch: BatchResult[ChatJob], prepared: PreparedJob[ChatJob], now: float
    ) -> Timings:
        """Split a job's life; what it waited in this worker for the engine counts as queue."""
        leased_at = self._clock.now() - self._clock.monotonic() + prepared.leased_at
        unleased = max(0.0, leased_at - prepared.job.accepted_at)
        waited = max(0.0, batch.started_at - prepared.prepared_at)
        return Timings(
            queue_ms=_milliseconds(unleased + waited),
            prepare_ms=_milliseconds(prepared.prepared_at - prepared.leased_at),
            engine_ms=_milliseconds(batch.ended_at - batch.started_at),
            compose_ms=_milliseconds(max(0.0, now - batch.ended_at)),
            total_ms=_milliseconds(unleased + now - prepared.leased_at),
        )


def _milliseconds(seconds: float) -> float:
    return round(seconds * 1000, 2)

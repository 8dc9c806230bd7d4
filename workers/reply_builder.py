"""Puts what was found into words: the answer, the tone, what the conversation has heard already."""

from collections.abc import Sequence
from dataclasses import replace
from functools import partial

from shared import tenants
from shared.clock import Clock
from shared.counts import Facts
from shared.handovers import encode_opening
from shared.jobs import Answer, ChatJob, Reply, Timings, Tone
from workers.consumer.chat_result import ChatResult
from workers.consumer.jobs import BatchResult, PreparedJob
from workers.consumer.role import Draft
from workers.dialogue.advance import advance, hear_tone
from workers.dialogue.decision import Decision
from workers.dialogue.foreign import foreign_text
from workers.dialogue.opening import open_handover
from workers.dialogue.state import MAX_TEXT_CHARACTERS, Dialogue, encode_dialogue
from workers.dialogue.worded import Worded, word
from workers.gaps import GapRecorder
from workers.memory.memory import MemoryRecord, encode_record
from workers.second_look.decided import BatchDecider, Decided
from workers.tone.wording import Wording
from workers.voice.brief import Brief
from workers.voice.briefing import brief_of


class ReplyBuilder:
    """Draft replies for a batch; each is finished when its tone is known.

    `webhook`: whether handovers are announced to one. `gaps` keeps what is not answered, if given.
    `voice`: a language model may put into words what was decided, so that results bring a brief.
    """

    def __init__(
        self,
        decider: BatchDecider,
        wording: Wording,
        engine_name: str,
        clock: Clock,
        *,
        webhook: bool = False,
        gaps: GapRecorder | None = None,
        voice: bool = False,
    ) -> None:
        self._decider = decider
        self._wording = wording
        self._engine_name = engine_name
        self._clock = clock
        self._webhook = webhook
        self._gaps = gaps
        self._voice = voice

    def draft(self, batch: BatchResult[ChatJob]) -> list[Draft[ChatResult]]:
        """Return one draft a job, in order."""
        return self.compose(batch, self._decider.decide(batch))

    def compose(
        self, batch: BatchResult[ChatJob], decisions: Sequence[Decided]
    ) -> list[Draft[ChatResult]]:
        """Return the drafts of what was decided on each job, in order."""
        return [
            Draft(partial(self._finish, batch, job, decided), decided.first_look)
            for job, decided in zip(batch.jobs, decisions, strict=True)
        ]

    def _finish(
        self,
        batch: BatchResult[ChatJob],
        prepared: PreparedJob[ChatJob],
        decided: Decided,
        tone: Tone,
        now: float,
    ) -> ChatResult:
        heard, decision, job = decided.heard, decided.decision, prepared.job
        dialogue, concern = hear_tone(heard, tone)
        plain = word(self._wording, decision, dialogue, tone, concern, job.id)
        said = plain
        if job.translation and not decision.solemn:  # what is solemn is said in their language
            said = _led_in(plain, job.translation.language, job.message)
        dialogue = advance(
            dialogue,
            heard,
            decided.vector,
            decision,
            said.openers,
            person_offered=said.person_offered,
            person_announced=said.person_announced,
        )
        reply = self._reply(batch, prepared, said.text, tone, decided, now)
        return ChatResult(
            reply,
            encode_dialogue(dialogue),
            _memory(job, decided, dialogue),
            self._handover(job, decision, dialogue),
            _facts(reply, decided),
            self._gaps.record(job, heard, decision) if self._gaps else b"",
            brief=self._brief(job, decided, plain, said, tone) if self._voice else None,
        )

    def _brief(
        self, job: ChatJob, decided: Decided, plain: Worded, said: Worded, tone: Tone
    ) -> Brief | None:
        """Return a brief of plain words, which are no source of the lead before what is `said`."""
        entries = self._decider.entries
        brief = brief_of(job, decided.heard, decided.decision, plain, tone, entries)
        return brief and replace(brief, words=said.words)

    def _reply(
        self,
        batch: BatchResult[ChatJob],
        prepared: PreparedJob[ChatJob],
        text: str,
        tone: Tone,
        decided: Decided,
        now: float,
    ) -> Reply:
        return Reply(
            response=text,
            job_id=tenants.local(prepared.job.id),
            conversation_id=tenants.local(prepared.job.conversation_id),
            tone=tone,
            answer=_with_reask(decided),
            timings=self._timings(batch, prepared, now),
            engine="tfidf" if decided.variant == "tfidf" else self._engine_name,
            truncated=any(passage.truncated for passage in prepared.passages),
            encoder=decided.encoder,
            variant=decided.variant,
            knowledge_revision=decided.revision or None,
        )

    def _handover(self, job: ChatJob, decision: Decision, dialogue: Dialogue) -> bytes:
        if decision.handover is None:
            return b""
        entries, now = self._decider.entries, self._clock.now()
        handover = open_handover(job, decision.handover, dialogue, entries, now)
        return encode_opening(handover, webhook=self._webhook)

    def _timings(
        self, batch: BatchResult[ChatJob], prepared: PreparedJob[ChatJob], now: float
    ) -> Timings:
        stages = prepared.stages(
            self._clock, started_at=batch.started_at, ended_at=batch.ended_at, now=now
        )
        return Timings(*map(_milliseconds, stages))


def _memory(job: ChatJob, decided: Decided, dialogue: Dialogue) -> bytes:
    heard, kind = decided.heard, decided.decision.answer.kind
    # What asks for something said before, or only greets, says nothing to be recalled.
    if heard.recalls or heard.looks_back or kind == "smalltalk":
        return b""
    return encode_record(
        MemoryRecord(
            job.conversation_id,
            job.id,
            job.message[:MAX_TEXT_CHARACTERS],
            job.accepted_at,
            heard.dialogue.encoder,
            dialogue.asked[-1].vector,
        )
    )


def _led_in(said: Worded, language: str, message: str) -> Worded:
    """Say in the person's language that what follows is in English."""
    lead = foreign_text("english", language, message)
    return replace(said, words=f"{lead}\n\n{said.words}") if lead and said.words else said


def _with_reask(decided: Decided) -> Answer:
    answer, score = decided.decision.answer, decided.heard.reask_score
    return answer if score == answer.reask_score else replace(answer, reask_score=score)


def _facts(reply: Reply, decided: Decided) -> Facts:
    return Facts(
        variant=reply.variant,
        encoder=reply.encoder,
        kind=reply.answer.kind,
        entry=reply.answer.id,
        confidence=reply.answer.confidence,
        tone=reply.tone.label,
        reask_score=reply.answer.reask_score,
        again=decided.heard.dialogue.unclear > 0 and reply.answer.kind != "smalltalk",
        handover=decided.decision.handover,
        total_ms=reply.timings.total_ms,
    )


def _milliseconds(seconds: float) -> float:
    return round(seconds * 1000, 2)

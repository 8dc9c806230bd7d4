"""What a generation worker does with one job: translate it, or have a reply to it written."""

import logging
from collections.abc import Sequence
from typing import Protocol

from shared.clock import Clock
from shared.errors import ModelUnavailable, QueueUnavailable
from shared.jobs import ChatJob, Translation
from workers.consumer.jobs import PreparedJob
from workers.consumer.lease_queue import ClaimedJob, Lease
from workers.consumer.redis_generation_queue import ShowVerdict
from workers.consumer.redis_inference_queue import voice_due_at
from workers.preprocessing.preprocessor import Prepared
from workers.speaking.meter import VoiceMeter
from workers.speaking.voiced_job import VoicedJob
from workers.speaking.worth import IN_VAIN, Worth
from workers.voice.brief import Brief, Spoken
from workers.voice.briefing import is_to_be_translated
from workers.voice.language_model import LanguageModel
from workers.voice.speaker import Show, Speaker, end_in_own_words
from workers.voice.translation import to_english

_TO_BE_SPOKEN = (0,)  # what has an id goes to the model; what has none goes out as it is
_log = logging.getLogger(__name__)


def _to_nobody(_known: str, _text: str) -> bool:
    return True


class ShowingQueue(Protocol):
    """What a queue does while a reply is being written."""

    def show(
        self, lease: Lease, job_id: str, conversation_id: str, known: str, text: str
    ) -> ShowVerdict:
        """Show a further part of a reply to who follows it; `known` is what was shown before.

        Raises QueueUnavailable: it may have been shown.
        """

    def return_translated(self, lease: Lease, job: ChatJob, translation: Translation) -> bool:
        """Put a job back to where it is decided, with what it says in English."""

    def use_tokens(self, lease: Lease, tenant: str, tokens: int) -> None:
        """Add to what a tenant has used today; raise QueueUnavailable."""


class Speaking:
    """Speak for the jobs of one worker, each by `target_seconds` after its acceptance."""

    def __init__(
        self,
        model: LanguageModel,
        speaker: Speaker,
        queue: ShowingQueue,
        meter: VoiceMeter,
        worth: Worth,
        target_seconds: float,
        clock: Clock,
    ) -> None:
        self._model, self._speaker, self._queue, self._meter = model, speaker, queue, meter
        self._worth = worth
        self._target_seconds, self._clock = target_seconds, clock

    def prepare(self, claimed: Sequence[ClaimedJob[VoicedJob]]) -> list[tuple[Prepared, ...]]:
        """Return one passage a job, with an id if there is time to ask the model."""
        return [
            (Prepared(each.job.message, self._mark(each), truncated=False),) for each in claimed
        ]

    def _mark(self, each: ClaimedJob[VoicedJob]) -> tuple[int, ...]:
        in_time = self._seconds_left(each.job) > 0
        # What was shown already is ended in the entries' own words.
        claim = each.claim
        return _TO_BE_SPOKEN if in_time and not (claim.shown or claim.with_person) else ()

    def speak(self, prepared: PreparedJob[VoicedJob]) -> Spoken | None:
        """Return the whole reply, of which each sentence is shown as it comes.

        None: the message is translated, and has gone back to be decided.
        """
        job, left = prepared.job, prepared.job.left
        assert left  # noqa: S101 - what cannot be read was given back
        if self._worth.is_left_alone:  # as it is since the message was handed over
            return Spoken(end_in_own_words(left.brief, ""), fault="the model is left alone")
        due_at = self._clock.monotonic() + self._seconds_left(job)
        if is_to_be_translated(left.brief):
            spoken = self._translate(prepared.lease, job, left.brief, due_at)
        else:
            spoken = self._speaker.speak(left.brief, due_at, self._show(prepared.lease, job))
        if spoken is None:
            return None
        self._meter.record(job, spoken)
        self._learn(left.brief, spoken)
        self._use(prepared.lease, job.tenant, spoken.usage.tokens)
        return spoken

    def rehearse(self, brief: Brief) -> bool:
        """Have a reply written for nobody; tell whether any of it would be shown in time."""
        due_at = self._clock.monotonic() + self._target_seconds
        if not is_to_be_translated(brief):
            return self._speaker.speak(brief, due_at, _to_nobody).first_seconds is not None
        try:
            return to_english(self._model, brief.message, brief.language, due_at).text is not None
        except ModelUnavailable:
            return False

    def _learn(self, brief: Brief, spoken: Spoken) -> None:
        if self._worth.learn(brief, spoken):
            _log.warning(
                "the language model is left alone: %d replies in a row came to nothing (%s)",
                IN_VAIN,
                spoken.fault or "no source bears out what it wrote",
            )

    def _show(self, lease: Lease, job: VoicedJob) -> Show:
        def show(known: str, text: str) -> bool:
            return self._queue.show(lease, job.id, job.conversation_id, known, text) == "shown"

        return show

    def _translate(
        self, lease: Lease, job: VoicedJob, brief: Brief, due_at: float
    ) -> Spoken | None:
        """Give the message back in English; if that cannot be, end it with the honest sentence."""
        began_at = self._clock.monotonic()
        own = end_in_own_words(brief, "")
        try:
            found = to_english(self._model, job.message, brief.language, due_at)
        except ModelUnavailable as fault:
            return Spoken(own, seconds=self._clock.monotonic() - began_at, fault=str(fault))
        seconds = self._clock.monotonic() - began_at
        if found.text is None:
            why = "what it wrote is no translation"
            return Spoken(own, usage=found.usage, seconds=seconds, fault=why)
        self._use(lease, job.tenant, found.usage.tokens)
        if self._queue.return_translated(lease, job, Translation(brief.language, found.text)):
            return None
        return Spoken(own, seconds=seconds, fault="it could not go back")

    def _seconds_left(self, job: VoicedJob) -> float:
        return voice_due_at(job, self._target_seconds) - self._clock.now()

    def _use(self, lease: Lease, tenant: str, tokens: int) -> None:
        if not tokens:
            return
        try:
            self._queue.use_tokens(lease, tenant, tokens)
        except QueueUnavailable as fault:
            _log.warning("%d tokens of %s are not counted: %s", tokens, tenant, fault)

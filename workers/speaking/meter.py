"""What generation workers count, and how fast they say that they are."""

from collections.abc import Mapping

from shared.clock import Clock
from workers.consumer.context import WorkerContext
from workers.second_look.pace import Pace
from workers.speaking.voiced_job import VoicedJob
from workers.voice.brief import Spoken
from workers.voice.language_model import LanguageModel

_EXPECTED_SECONDS = 2.0  # of a reply, before one was measured
_MAX_SECONDS = 600.0  # no reply takes longer; a foreign client may have written anything


class VoiceMeter:
    """Count replies and learn the pace; a worker whose model is away names none."""

    def __init__(self, context: WorkerContext, model: LanguageModel, clock: Clock) -> None:
        self._context = context
        self._model = model
        self._clock = clock
        self._pace = Pace(clock, _EXPECTED_SECONDS / self._places())

    def record(self, job: VoicedJob, spoken: Spoken) -> None:
        """Count a reply for which a model was asked."""
        handed_at = job.left.handed_at if job.left else self._clock.now()
        turnaround = min(max(0.0, self._clock.now() - handed_at), _MAX_SECONDS)
        self._pace.record(1, spoken.seconds / self._places(), turnaround)
        reasons = [each.reason for each in spoken.refused]
        self._context.counters.add(
            voice_seconds=spoken.seconds,
            voice_prompt_tokens=spoken.usage.prompt_tokens,
            voice_completion_tokens=spoken.usage.completion_tokens,
            voice_sentences=spoken.sentences,
            voice_faults=spoken.fault is not None,
            **{f"voice_refused_{reason}": reasons.count(reason) for reason in set(reasons)},
        )
        if spoken.first_seconds is not None:
            self._context.counters.add(
                voice_first_sentences=1, voice_first_seconds=spoken.first_seconds
            )

    def per_second(self) -> float:
        """Return how many replies a second the model gets through."""
        return 1.0 / max(self._pace.gauges()["pace_seconds"], 1e-6)

    def gauges(self) -> Mapping[str, float]:
        """Return what a heartbeat tells, and offer_words.lua reads."""
        of_model = self._model.gauges()
        return dict(of_model) if of_model.get("llm_open") else {**of_model, **self._pace.gauges()}

    def _places(self) -> float:
        return max(1.0, self._model.gauges().get("llm_places", 1.0))

"""How fast generation workers say that they are, and how busy."""

from collections.abc import Mapping

from shared.clock import Clock
from workers.consumer.context import WorkerContext
from workers.second_look.pace import Pace
from workers.speaking.voiced_job import VoicedJob
from workers.speaking.worth import Worth
from workers.voice.brief import Spoken
from workers.voice.language_model import LanguageModel

_EXPECTED_SECONDS = 2.0  # of a reply, before one was measured
_MAX_SECONDS = 600.0  # no reply takes longer; a foreign client may have written anything


class VoiceMeter:
    """Learn the pace; a worker whose model is away, or left alone for its worth, names none."""

    def __init__(
        self, context: WorkerContext, model: LanguageModel, worth: Worth, clock: Clock
    ) -> None:
        self._context = context
        self._model = model
        self._worth = worth
        self._clock = clock
        self._pace = Pace(clock, _EXPECTED_SECONDS / self._places())

    def record(self, job: VoicedJob, spoken: Spoken) -> None:
        """Learn from a reply for which a model was asked."""
        handed_at = job.left.handed_at if job.left else self._clock.now()
        turnaround = min(max(0.0, self._clock.now() - handed_at), _MAX_SECONDS)
        seconds = spoken.seconds / self._places()
        self._pace.record(1, seconds, turnaround)
        # Of the places, so that a second each second is full load.
        self._context.counters.add(engine_seconds=seconds)

    def per_second(self) -> float:
        """Return how many replies a second the model gets through."""
        return 1.0 / max(self._pace.gauges()["pace_seconds"], 1e-6)

    def gauges(self) -> Mapping[str, float]:
        """Return what a heartbeat tells, and offer_words.lua reads."""
        of_model = self._model.gauges()
        if self._worth.is_left_alone:
            return {**of_model, "llm_open": 1.0}
        return dict(of_model) if of_model.get("llm_open") else {**of_model, **self._pace.gauges()}

    def _places(self) -> float:
        return max(1.0, self._model.gauges().get("llm_places", 1.0))

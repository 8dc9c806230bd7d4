"""How long it took to recover: from a worker's end, from Redis's return, from a gateway's end."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from infra.chaos.faults import GATEWAYS, INFERENCE, REDIS, SENTIMENT
from infra.chaos.hands import WORKERS
from infra.chaos.ledger import Story
from infra.chaos.strikes import Strike

REACH_SECONDS = 5.0
_NEEDS = {
    **dict.fromkeys(INFERENCE, (*INFERENCE, REDIS)),
    **dict.fromkeys(SENTIMENT, (*WORKERS, REDIS)),
    **dict.fromkeys(GATEWAYS, (*GATEWAYS, REDIS)),
    REDIS: (REDIS, *INFERENCE, *GATEWAYS),
}  # part struck → parts that its recovery takes
_HARMLESS = frozenset(("malformed", "poison"))

_KILLED_BACK = "inference killed: messages back"
_KILLED_ANSWERED = "inference killed: they are answered"
_FROZEN_BACK = "worker frozen: messages back or done"
_TONE_BACK = "sentiment killed: messages back"
_REDIS = "Redis back: first answer"
_GATEWAY = "gateway killed: serves again"

ReadyTimes = Mapping[str, Sequence[float]]


@dataclass(frozen=True, slots=True)
class Recovery:
    """Times of one kind of recovery, seconds; `alone`: while all that it took was whole."""

    name: str
    count: int
    p50: float
    p99: float
    alone: int
    alone_p99: float | None
    reach: float | None = None

    @property
    def missed(self) -> bool:
        """Tell whether it took longer than is promised, where nothing else disturbed it."""
        measured = self.alone_p99 if self.alone_p99 is not None else self.p99
        return self.reach is not None and measured > self.reach


@dataclass(frozen=True, slots=True)
class _Sample:
    seconds: float
    alone: bool


def recoveries(
    strikes: Sequence[Strike], told: Mapping[int, Story], ready: ReadyTimes
) -> list[Recovery]:
    """Return every kind of recovery of which there is a sample."""
    times = _Times(strikes, told, ready)
    made = [
        _recovery(_KILLED_BACK, times.released("kill", INFERENCE), REACH_SECONDS),
        _recovery(_KILLED_ANSWERED, times.answered("kill", INFERENCE)),
        _recovery(_FROZEN_BACK, times.released("freeze", tuple(WORKERS))),
        _recovery(_TONE_BACK, times.released("kill", SENTIMENT)),
        _recovery(_REDIS, times.first_answers(), REACH_SECONDS),
        _recovery(_GATEWAY, times.served()),
    ]
    return [each for each in made if each]


def _recovery(name: str, samples: Sequence[_Sample], reach: float | None = None) -> Recovery | None:
    if not samples:
        return None
    seconds = [sample.seconds for sample in samples]
    alone = [sample.seconds for sample in samples if sample.alone]
    p50, p99 = np.percentile(seconds, (50, 99)).tolist()
    alone_p99 = float(np.percentile(alone, 99)) if alone else None
    return Recovery(name, len(seconds), p50, p99, len(alone), alone_p99, reach)


class _Times:
    """Read samples off a journal, the clients' stories and when parts were ready."""

    def __init__(
        self, strikes: Sequence[Strike], told: Mapping[int, Story], ready: ReadyTimes
    ) -> None:
        self._strikes = strikes
        self._ready = ready
        ended = [story for story in told.values() if story.ended_at]
        self._ended = {job: story.ended_at or 0.0 for story in ended for job in story.job_ids}
        self._waits = [(story.sent_at or 0.0, story.ended_at or 0.0) for story in ended]
        self._answers = sorted(s.ended_at or 0.0 for s in ended if s.ending == "answered")

    def released(self, action: str, targets: Sequence[str]) -> list[_Sample]:
        """Return one sample for each message that was in a worker's hands."""
        return [
            self._sample(strike, strike.struck_at, strike.released_at)
            for strike in self._struck(action, targets)
            if strike.released_at
            for _ in strike.held
        ]

    def answered(self, action: str, targets: Sequence[str]) -> list[_Sample]:
        """Return one sample for each of them that its client heard of later."""
        return [
            self._sample(strike, strike.struck_at, self._ended[job_id])
            for strike in self._struck(action, targets)
            for job_id in strike.held
            if self._ended.get(job_id, 0.0) > strike.struck_at
        ]

    def first_answers(self) -> list[_Sample]:
        """Return the time to the first answer after each return of Redis."""
        samples = []
        for strike in (each for each in self._strikes if each.fault.target == REDIS):
            back = self._end(strike)
            first = next((at for at in self._answers if at > back), None)
            if first is not None:
                samples.append(self._sample(strike, self._asked_since(back), first))
        return samples

    def _asked_since(self, back: float) -> float:
        """Return when somebody waited for an answer for the first time since Redis was back."""
        if any(sent <= back < ended for sent, ended in self._waits):
            return back
        return min((sent for sent, _ in self._waits if sent > back), default=back)

    def served(self) -> list[_Sample]:
        """Return how long each killed gateway did not serve."""
        return [
            self._sample(strike, strike.struck_at, self._end(strike))
            for strike in self._struck("kill", GATEWAYS)
        ]

    def _struck(self, action: str, targets: Sequence[str]) -> list[Strike]:
        wanted = [s for s in self._strikes if s.fault.action == action]
        return [s for s in wanted if s.fault.target in targets]

    def _sample(self, strike: Strike, since: float, until: float) -> _Sample:
        """Note whether anything that the recovery needs was broken between two times."""
        needed = _NEEDS[strike.fault.target]
        broken = any(
            other.struck_at < until and self._end(other) > since
            for other in self._strikes
            if other is not strike
            and other.fault.target in needed
            and other.fault.action not in _HARMLESS
        )
        return _Sample(until - since, not broken)

    def _end(self, strike: Strike) -> float:
        """Return when what a fault broke was whole again."""
        mended = strike.mended_at or strike.struck_at
        if strike.fault.action not in ("kill", "restart", "away"):
            return mended
        returns = self._ready.get(strike.fault.target, ())
        back = min((at for at in returns if at > strike.struck_at), default=mended)
        return max(back, mended) if strike.fault.action == "away" else back

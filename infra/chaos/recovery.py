"""How long it took to recover: from a worker's end, from Redis's return, from a gateway's end."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from infra.chaos.faults import GATEWAYS, INFERENCE, REDIS, SENTIMENT
from infra.chaos.hands import WORKERS
from infra.chaos.ledger import Story
from infra.chaos.strikes import Strike

REACH_SECONDS = 5.0
_HARMLESS = frozenset(("malformed", "poison"))

_KILLED_BACK = "inference worker killed, until its messages are back"
_KILLED_ANSWERED = "inference worker killed, until they are answered"
_FROZEN_BACK = "worker frozen, until its messages are back or done"
_ALONE_BACK = "only sentiment worker killed, until its messages are back"
_REDIS = "Redis back, until the first answer"
_GATEWAY = "gateway killed, until it serves"

ReadyTimes = Mapping[str, Sequence[float]]


@dataclass(frozen=True, slots=True)
class Recovery:
    """Times of one kind of recovery, seconds; `alone` are those that no other fault disturbed."""

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
    killed = [s for s in strikes if s.fault.action == "kill" and s.fault.target in INFERENCE]
    alone = [s for s in strikes if s.fault.action == "kill" and s.fault.target in SENTIMENT]
    frozen = [s for s in strikes if s.fault.action == "freeze" and s.fault.target in WORKERS]
    away = [s for s in strikes if s.fault.target == REDIS]
    gateways = [s for s in strikes if s.fault.action == "kill" and s.fault.target in GATEWAYS]
    ended = _ended_by_job(told)
    answers = sorted(s.ended_at for s in told.values() if s.ending == "answered" and s.ended_at)
    made = [
        _recovery(_KILLED_BACK, _released(killed, strikes, ready), REACH_SECONDS),
        _recovery(_KILLED_ANSWERED, _answered(killed, strikes, ready, ended)),
        _recovery(_FROZEN_BACK, _released(frozen, strikes, ready)),
        _recovery(_ALONE_BACK, _released(alone, strikes, ready)),
        _recovery(_REDIS, _first_answers(away, strikes, ready, answers), REACH_SECONDS),
        _recovery(_GATEWAY, _served(gateways, strikes, ready)),
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


def _ended_by_job(told: Mapping[int, Story]) -> dict[str, float]:
    return {
        job_id: story.ended_at
        for story in told.values()
        for job_id in story.job_ids
        if story.ended_at
    }


def _released(struck: Sequence[Strike], all_: Sequence[Strike], ready: ReadyTimes) -> list[_Sample]:
    """Return one sample for each message that was in a worker's hands."""
    return [
        _Sample(
            strike.released_at - strike.struck_at, _alone(strike, strike.released_at, all_, ready)
        )
        for strike in struck
        if strike.released_at
        for _ in strike.held
    ]


def _answered(
    struck: Sequence[Strike],
    all_: Sequence[Strike],
    ready: ReadyTimes,
    ended: Mapping[str, float],
) -> list[_Sample]:
    return [
        _Sample(ended[job_id] - strike.struck_at, _alone(strike, ended[job_id], all_, ready))
        for strike in struck
        for job_id in strike.held
        if job_id in ended and ended[job_id] > strike.struck_at
    ]


def _first_answers(
    struck: Sequence[Strike],
    all_: Sequence[Strike],
    ready: ReadyTimes,
    answers: Sequence[float],
) -> list[_Sample]:
    samples = []
    for strike in struck:
        back = _end(strike, ready)
        first = next((at for at in answers if at > back), None)
        if first is not None:
            samples.append(_Sample(first - back, _alone(strike, first, all_, ready)))
    return samples


def _served(struck: Sequence[Strike], all_: Sequence[Strike], ready: ReadyTimes) -> list[_Sample]:
    return [
        _Sample(end - strike.struck_at, _alone(strike, end, all_, ready))
        for strike in struck
        if (end := _end(strike, ready)) > strike.struck_at
    ]


def _end(strike: Strike, ready: ReadyTimes) -> float:
    """Return when what a fault broke was whole again."""
    end = strike.mended_at or strike.struck_at
    if strike.fault.action in ("kill", "restart", "away"):
        returns = [at for at in ready.get(strike.fault.target, ()) if at > strike.struck_at]
        return max(end if strike.fault.action == "away" else 0.0, min(returns, default=end))
    return end


def _alone(strike: Strike, until: float, strikes: Sequence[Strike], ready: ReadyTimes) -> bool:
    """Tell whether nothing else was broken between a strike and its recovery."""
    return not any(
        other.struck_at < until and _end(other, ready) > strike.struck_at
        for other in strikes
        if other is not strike and other.fault.action not in _HARMLESS
    )

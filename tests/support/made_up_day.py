"""A day of samples such as a busy help centre might have had, for the dashboard to show."""

from collections.abc import Iterator, Sequence
from functools import cache
from math import exp, pi, sin
from random import Random

from gateway.dashboard.live import LiveStatus, LiveWorker
from gateway.dashboard.sample import (
    FORMAT,
    MINUTE_SECONDS,
    SAMPLE_SECONDS,
    STAGES,
    PoolSample,
    Sample,
    merge_by_step,
)
from gateway.dashboard.tally import LABELS, Tally
from shared.counts import BEYOND, BOUNDS_MS
from shared.histograms import STAGE_BOUNDS_SECONDS
from tests.fakes.dashboard import FakeHistory

_KINDS = {"answer": 71, "recall": 2, "smalltalk": 9, "clarify": 8, "handover": 4, "fallback": 6}
_TONES = {"positive": 17, "neutral": 60, "negative": 21, "unknown": 2}
_SCORES = {"1": 2, "2": 1, "3": 3, "4": 9, "5": 21}
_STAGE_SECONDS = dict(zip(STAGES, (0.012, 0.002, 0.018, 0.004), strict=True))
_BACK_AGO = (5 * 3_600, 6 * 3_600)  # of a halt, in seconds before the end


def fill(history: FakeHistory, now: float) -> None:
    """Put a day that ends now into a history, with an hour in which nothing ran."""
    seconds, minutes = _day(now)
    history.seconds, history.minutes, history.seen = list(seconds), list(minutes), seen(now)


@cache
def _day(now: float) -> tuple[Sequence[Sample], Sequence[Sample]]:
    """Return the samples of the last hour and the minutes of the day."""
    chance, over = Random(7), now // MINUTE_SECONDS * MINUTE_SECONDS
    seconds = list(_samples(chance, now, 3_600, SAMPLE_SECONDS))
    begin = over - 3_600 + MINUTE_SECONDS
    older = _samples(chance, over, 86_400, MINUTE_SECONDS)
    minutes = [each for each in older if each.at <= begin]
    last_hour = merge_by_step([each for each in seconds if each.at > begin], MINUTE_SECONDS)
    return seconds, [*minutes, *(minute for minute in last_hour if minute.at <= over)]


def seen(now: float) -> LiveStatus:
    """Return three workers and one open handover."""
    return LiveStatus(
        at=now - 2,
        waiting={"inference": 14, "sentiment": 3, "inference-large": 2},
        oldest_seconds={"inference": 0.4, "sentiment": 0.1, "inference-large": 0.2},
        served=["inference", "inference-large", "sentiment"],
        workers=[
            _worker("inference@one", "inference", now, 0.62, 61.4),
            _worker("inference@two", "inference", now, 0.58, 58.9),
            _worker("large@one", "inference-large", now, 0.93, 9.8),
            LiveWorker(
                "sentiment@one", "sentiment", "litert", "one", now - 90_000, 0.31, 119.0, 6.2
            ),
        ],
        workers_in_all=4,
        handovers_open=2,
        handovers_open_since=now - 400,
        cascade=True,
    )


def _worker(name: str, queue: str, now: float, busy: float, rate: float) -> LiveWorker:
    return LiveWorker(
        name, queue, "litert", "one", now - 90_000, busy, rate, 5.1,
        knowledge_revision="8c1f0e5d2b7a", knowledge_entries=112,
    )  # fmt: skip


def _samples(chance: Random, now: float, span: int, step: int) -> Iterator[Sample]:
    for at in range(round(now) - span + step, round(now) + 1, step):
        ago = now - at
        if not _BACK_AGO[0] <= ago < _BACK_AGO[1]:
            yield _sample(chance, at, step, _load(ago))


def _load(ago: float) -> float:
    """Return messages a second: a day's swell, and a rush twenty minutes before its end."""
    return 70 + 50 * sin(2 * pi * ago / 86_400 + 1) + 70 * exp(-(((ago - 1_200) / 260) ** 2))


def _sample(chance: Random, at: int, step: int, load: float) -> Sample:
    messages = max(0, round(step * load * chance.uniform(0.85, 1.15)))
    slowness = 1 + load / 60
    waiting = round(load**2 / 500 * chance.uniform(0.4, 1.6))
    return Sample(
        format=FORMAT,
        at=at,
        seconds=float(step),
        arrivals=round(messages * chance.uniform(0.97, 1.03)),
        counts=_counts(chance, messages, 24 * slowness),
        pools=(
            _pool(messages, step, waiting, 2, 0.0105, 3 * slowness),
            _pool(messages, step, waiting // 4, 1, 0.0025, 4 * slowness),
            _pool(messages // 12, step, waiting // 9, 1, 0.09, 1 + slowness / 2),
            PoolSample(),  # no voice
        ),
        stages=tuple(
            _times(chance, messages, _STAGE_SECONDS[stage] * slowness) for stage in STAGES
        ),
        looks=(messages // 9, messages // 11, messages // 12),
        handovers_open=round(2 + 2 * sin(at / 9_000)),
        handovers_claimed=round(3 + 2 * sin(at / 13_000)),
        dead_letters=0,
    )


def _pool(
    messages: int, step: int, waiting: int, workers: int, cost: float, batch: float
) -> PoolSample:
    available = workers * step
    return PoolSample(
        waiting,
        round(waiting / 60, 1),
        workers,
        messages,
        max(1, round(messages / batch)),
        round(min(0.98 * available, messages * cost), 2),
        available,
    )


def _counts(chance: Random, messages: int, typical_ms: float) -> Tally:
    amounts = dict.fromkeys(LABELS, 0)
    for name, shares in (("kind", _KINDS), ("tone", _TONES)):
        for value, share in shares.items():
            amounts[f"{name}={value}"] = round(messages * share / 100 * chance.uniform(0.8, 1.2))
    for bound, number in zip(
        (*BOUNDS_MS, BEYOND), _spread(messages, typical_ms, BOUNDS_MS), strict=True
    ):
        amounts[f"ms={bound}"] = number
    for score, weight in _SCORES.items():
        amounts[f"score={score}"] = int(messages * weight / 4_000 + chance.random())
    amounts["reask=1"] = round(messages * 0.04 * chance.uniform(0.5, 1.5))
    amounts["failure=expired"] = int(chance.random() < 0.02)
    amounts["encoder=small"], amounts["encoder=large"] = messages * 11 // 12, messages // 12
    for variant, cost in (("bert", 1.0), ("tfidf", 0.4)):
        own = messages // 2
        amounts[f"{variant} replies"], amounts[f"{variant} reasks"] = (
            own,
            own // (25 if cost == 1 else 14),
        )
        amounts[f"{variant} answered"] = own * (76 if cost == 1 else 61) // 100
        amounts[f"{variant} total_ms"] = round(own * typical_ms * cost)
    return tuple(amounts[label] for label in LABELS)


def _times(chance: Random, messages: int, typical: float) -> Tally:
    return _spread(messages, typical * chance.uniform(0.9, 1.1), STAGE_BOUNDS_SECONDS)


def _spread(messages: int, typical: float, bounds: "tuple[float, ...]") -> Tally:
    """Spread messages over buckets, most around a typical value and few far above."""
    below = [round(messages * (1 - exp(-((bound / typical) ** 1.6) * 0.7))) for bound in bounds]
    steps = [one - other for one, other in zip(below, [0, *below], strict=False)]
    return (*steps, messages - below[-1])

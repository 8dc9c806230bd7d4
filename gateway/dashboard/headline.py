"""How things are, in one sentence, and what else somebody should look at."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from gateway.dashboard.live import LiveStatus
from gateway.dashboard.quantiles import quantile
from gateway.dashboard.sample import Sample
from gateway.dashboard.tally import BUCKETS, amounts, ends, replies
from shared import keys
from shared.counts import BOUNDS_MS

Level = Literal["good", "warn", "bad", "unknown"]
FRESH_SECONDS = 20.0  # what was seen longer ago is not how things are
LATE_SECONDS = 5.0  # a message that waits longer makes people wait
LONG_HANDOVER_SECONDS = 300.0
_FAILING_SHARE = 0.01


@dataclass(frozen=True, slots=True)
class Headline:
    """One sentence, how bad it is, and notes that are less urgent."""

    level: Level
    text: str
    notes: tuple[str, ...] = ()


def headline(now: float, minute: Sample | None, seen: LiveStatus | None) -> Headline:
    """Say how things are from the last minute's samples and what the sampler saw last."""
    if seen is None:
        return Headline("unknown", "No figures yet. The first ones come after ten seconds.")
    if now - seen.at > FRESH_SECONDS:
        ago = duration(now - seen.at)
        return Headline("warn", f"Nothing was measured for {ago}. These figures are old.")
    level, text = _trouble(seen) or _failing(minute) or ("good", _well(minute))
    return Headline(level, text, tuple(_notes(now, seen)))


def _trouble(seen: LiveStatus) -> tuple[Level, str] | None:
    waiting = seen.waiting.get(keys.INFERENCE, 0)
    oldest = seen.oldest_seconds.get(keys.INFERENCE, 0.0)
    if keys.INFERENCE not in seen.served:
        paused = keys.INFERENCE in seen.paused
        what = "Every inference worker is paused" if paused else "No inference worker"
        if not waiting:
            return "bad", f"{what}: the next message will wait."
        return (
            "bad",
            f"{what}: {number(waiting, 'message')} waiting, the oldest for {duration(oldest)}.",
        )
    if oldest >= LATE_SECONDS:
        waits = number(waiting, "message")
        return "warn", f"Busy: {waits} in the queue, the oldest for {duration(oldest)}."
    return None


def _failing(minute: Sample | None) -> tuple[Level, str] | None:
    if minute is None:
        return None
    failed, expired = amounts(minute.counts, "failure", ("failed", "expired"))
    if failed + expired <= _FAILING_SHARE * ends(minute.counts):
        return None
    ended = number(ends(minute.counts), "message")
    return "bad", f"{failed + expired} of {ended} ended without a reply in the last minute."


def _well(minute: Sample | None) -> str:
    answered = replies(minute.counts) if minute else 0
    if minute is None or not answered:
        return "All is well: no messages in the last minute."
    rate = answered / minute.seconds
    rounded = f"{rate:.0f}" if rate >= 10 else f"{rate:.1f}".removesuffix(".0")
    told = f"{rounded} messages/s"
    if rate < 0.1:
        told = f"{number(answered, 'message')} in the last minute"
    typical = quantile(amounts(minute.counts, "ms", BUCKETS), BOUNDS_MS, 0.5)
    return f"All is well: {told}" + (f", answers in {_milliseconds(typical)}." if typical else ".")


def _notes(now: float, seen: LiveStatus) -> Iterator[str]:
    if keys.SENTIMENT not in seen.served:
        yield "No sentiment worker: replies do not know the tone."
    if seen.cascade and keys.INFERENCE_LARGE not in seen.served:
        yield "No large worker: the small encoder answers alone."
    if seen.voice and keys.GENERATION not in seen.served:
        yield "No generation worker: the entries' own words go out."
    yield from _model_notes(seen)
    since = seen.handovers_open_since
    if seen.handovers_open and since and now - since > LONG_HANDOVER_SECONDS:
        wait = "conversation waits" if seen.handovers_open == 1 else "conversations wait"
        oldest = duration(now - since)
        yield f"{seen.handovers_open:,} {wait} for a person, the oldest for {oldest}."
    if seen.dead_letters:
        yield f"{number(seen.dead_letters, 'dead letter')}: parley dead-letters list shows why."
    refused = {worker.knowledge_refused for worker in seen.workers if worker.knowledge_refused}
    if refused:
        yield f"A knowledge base was refused: {', '.join(sorted(refused))}."
    if len(_revisions(seen)) > 1:
        yield "Workers answer from different revisions of the knowledge base."


def _model_notes(seen: LiveStatus) -> Iterator[str]:
    speaking = [worker for worker in seen.workers if worker.queue == keys.GENERATION]
    away = sum(worker.model_away for worker in speaking)
    if away and away == len(speaking):
        yield "The language model is left alone: the entries' own words go out."
    elif away:
        yield f"{away} of {len(speaking)} generation workers leave their language model alone."


def _revisions(seen: LiveStatus) -> set[str]:
    return {worker.knowledge_revision for worker in seen.workers if worker.knowledge_revision}


def number(amount: int, noun: str) -> str:
    """Return an amount and its noun: 1 message, 2,000 messages."""
    return f"{amount:,} {noun}" if amount == 1 else f"{amount:,} {noun}s"


def duration(seconds: float) -> str:
    """Return a time as people say it: 12 s, 5 min, 2 h."""
    for unit, size in (("d", 86_400), ("h", 3_600), ("min", 60)):
        if seconds >= 2 * size:
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds:.0f} s"


def _milliseconds(value: float) -> str:
    return f"{value / 1_000:.1f} s" if value >= 1_000 else f"{value:.0f} ms"

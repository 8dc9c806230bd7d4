"""How long recovery took: after a worker's death, after Redis's return, after a gateway's death."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from infra.chaos.faults import (
    GATEWAYS,
    GENERATION,
    INFERENCE,
    LARGE,
    MODEL_SERVER,
    REDIS,
    SENTIMENT,
)
from infra.chaos.leases import WORKERS
from infra.chaos.ledger import MessageHistory
from infra.chaos.scheduler import Injection

TARGET_SECONDS = 5.0
# From sending to the reply: the voice's target in a campaign, and what else a reply takes.
_REPLY_SECONDS = 4.0
_NEEDS = {
    **dict.fromkeys(INFERENCE, (*INFERENCE, REDIS)),
    **dict.fromkeys(LARGE, (*LARGE, *INFERENCE, REDIS)),
    **dict.fromkeys(SENTIMENT, (*WORKERS, REDIS)),
    **dict.fromkeys(GATEWAYS, (*GATEWAYS, REDIS)),
    **dict.fromkeys(GENERATION, (*GENERATION, *INFERENCE, REDIS)),
    **dict.fromkeys(MODEL_SERVER, (*MODEL_SERVER, *GENERATION, *INFERENCE, *GATEWAYS, REDIS)),
    REDIS: (REDIS, *INFERENCE, *GATEWAYS),
}  # target → services that its recovery needs
_HARMLESS = frozenset(("malformed", "poison"))

_KILLED_BACK = "inference killed: messages back"
_KILLED_ANSWERED = "inference killed: they are answered"
_FROZEN_BACK = "worker frozen: messages back or done"
_SPEAKER_BACK = "generation killed: messages back"
_SPEAKER_ANSWERED = "generation killed: they are answered"
_MODEL = "model server struck: replies"
_TONE_BACK = "sentiment killed: messages back"
_REDIS = "Redis back: first answer"
_GATEWAY = "gateway killed: serves again"

ReadyTimes = Mapping[str, Sequence[float]]


@dataclass(frozen=True, slots=True)
class Recovery:
    """Times of one kind of recovery, seconds.

    `alone` are those in which no other fault hit what the recovery needs.
    """

    name: str
    count: int
    p50: float
    p99: float
    alone: int
    alone_p99: float | None
    target_seconds: float | None = None

    @property
    def missed(self) -> bool:
        """Tell whether it took longer than the target; of samples `alone` if there are any."""
        measured = self.alone_p99 if self.alone_p99 is not None else self.p99
        return self.target_seconds is not None and measured > self.target_seconds


@dataclass(frozen=True, slots=True)
class _Sample:
    seconds: float
    alone: bool


def recoveries(
    injections: Sequence[Injection],
    sent: Mapping[int, MessageHistory],
    ready: ReadyTimes,
    prompt: Collection[int] = (),
) -> list[Recovery]:
    """Return every kind of recovery of which there is a sample.

    `prompt` are the messages that wait for none before them.
    """
    times = _Times(injections, sent, ready)
    made = [
        _recovery(_KILLED_BACK, times.released("kill", INFERENCE), TARGET_SECONDS),
        _recovery(_KILLED_ANSWERED, times.answered("kill", INFERENCE)),
        _recovery(_FROZEN_BACK, times.released("freeze", tuple(WORKERS))),
        _recovery(_SPEAKER_BACK, times.released("kill", GENERATION), TARGET_SECONDS),
        _recovery(_SPEAKER_ANSWERED, times.answered("kill", GENERATION)),
        _recovery(_MODEL, times.replies(MODEL_SERVER, prompt), _REPLY_SECONDS),
        _recovery(_TONE_BACK, times.released("kill", SENTIMENT)),
        _recovery(_REDIS, times.first_answers(), TARGET_SECONDS),
        _recovery(_GATEWAY, times.served()),
    ]
    return [each for each in made if each]


def _recovery(
    name: str, samples: Sequence[_Sample], target_seconds: float | None = None
) -> Recovery | None:
    if not samples:
        return None
    seconds = [sample.seconds for sample in samples]
    alone = [sample.seconds for sample in samples if sample.alone]
    p50, p99 = np.percentile(seconds, (50, 99)).tolist()
    alone_p99 = float(np.percentile(alone, 99)) if alone else None
    return Recovery(name, len(seconds), p50, p99, len(alone), alone_p99, target_seconds)


class _Times:
    """Derive samples from the journal, the message histories and when services were ready."""

    def __init__(
        self, injections: Sequence[Injection], sent: Mapping[int, MessageHistory], ready: ReadyTimes
    ) -> None:
        self._injections = injections
        self._ready = ready
        self._sent = sent
        ended = [history for history in sent.values() if history.ended_at]
        self._ended = {job: history.ended_at or 0.0 for history in ended for job in history.job_ids}
        self._waits = [(history.sent_at or 0.0, history.ended_at or 0.0) for history in ended]
        self._answers = sorted(s.ended_at or 0.0 for s in ended if s.ending == "answered")

    def released(self, action: str, targets: Sequence[str]) -> list[_Sample]:
        """Return one sample for each message that a worker had in flight."""
        return [
            self._sample(injection, injection.injected_at, injection.released_at)
            for injection in self._injected(action, targets)
            if injection.released_at
            for _ in injection.in_flight
        ]

    def answered(self, action: str, targets: Sequence[str]) -> list[_Sample]:
        """Return one sample for each of them whose end its client saw later."""
        return [
            self._sample(injection, injection.injected_at, self._ended[job_id])
            for injection in self._injected(action, targets)
            for job_id in injection.in_flight
            if self._ended.get(job_id, 0.0) > injection.injected_at
        ]

    def first_answers(self) -> list[_Sample]:
        """Return the time to the first answer after each return of Redis."""
        samples = []
        for injection in (each for each in self._injections if each.fault.target == REDIS):
            back = self._end(injection)
            first = next((at for at in self._answers if at > back), None)
            if first is not None:
                samples.append(self._sample(injection, self._asked_since(back), first))
        return samples

    def _asked_since(self, back: float) -> float:
        """Return when a client first waited for an answer after Redis was back."""
        if any(sent <= back < ended for sent, ended in self._waits):
            return back
        return min((sent for sent, _ in self._waits if sent > back), default=back)

    def served(self) -> list[_Sample]:
        """Return how long each killed gateway was down."""
        return [
            self._sample(injection, injection.injected_at, self._end(injection))
            for injection in self._injected("kill", GATEWAYS)
        ]

    def replies(self, targets: Sequence[str], messages: Collection[int]) -> list[_Sample]:
        """Return the times of replies to messages that were sent while a target was struck."""
        return [
            self._sample(injection, sent_at, ended_at)
            for injection in self._injections
            if injection.fault.target in targets
            for number in messages
            if (history := self._sent.get(number)) and history.ending == "answered"
            for sent_at, ended_at in [(history.sent_at or 0.0, history.ended_at or 0.0)]
            if injection.injected_at <= sent_at < self._end(injection)
        ]

    def _injected(self, action: str, targets: Sequence[str]) -> list[Injection]:
        wanted = [s for s in self._injections if s.fault.action == action]
        return [s for s in wanted if s.fault.target in targets]

    def _sample(self, injection: Injection, since: float, until: float) -> _Sample:
        """Return a sample; `alone` if nothing that it needs had another fault meanwhile."""
        needed = _NEEDS[injection.fault.target]
        overlapped = any(
            other.injected_at < until and self._end(other) > since
            for other in self._injections
            if other is not injection
            and other.fault.target in needed
            and other.fault.action not in _HARMLESS
        )
        return _Sample(until - since, not overlapped)

    def _end(self, injection: Injection) -> float:
        """Return when the target of a fault was whole again."""
        reverted = injection.reverted_at or injection.injected_at
        if injection.fault.action not in ("kill", "restart", "outage"):
            return reverted
        returns = self._ready.get(injection.fault.target, ())
        back = min((at for at in returns if at > injection.injected_at), default=reverted)
        return max(back, reverted) if injection.fault.action == "outage" else back

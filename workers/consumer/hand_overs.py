"""What a completer hands over to other workers before it ends the rest."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic

from workers.consumer.context import WorkerContext
from workers.consumer.decaying import FadingSum
from workers.consumer.jobs import PreparedJob
from workers.consumer.lease_queue import (
    Completion,
    HandOver,
    HandOverVerdict,
    JobT,
    LeasedJob,
    ResultT,
)
from workers.consumer.role import Draft, Role

TONE_WAIT_SECONDS = 0.15
COUNTED_HAND_OVERS: tuple[HandOverVerdict, ...] = ("handed", "late", "unserved")
COUNTED_WORDS: tuple[HandOverVerdict, ...] = (*COUNTED_HAND_OVERS, "spent")


@dataclass(frozen=True, slots=True)
class Drafted(Generic[JobT, ResultT]):
    """A job whose result lacks its tone; the tone becomes unknown at `due_at` (monotonic)."""

    prepared: PreparedJob[JobT]
    draft: Draft[ResultT]
    started_at: float
    ended_at: float

    @property
    def due_at(self) -> float:
        """Return when nobody waits for the tone any longer."""
        return self.ended_at + TONE_WAIT_SECONDS


class HandOvers(Generic[JobT, ResultT]):
    """Offer jobs as their role says, and count what became of that."""

    def __init__(self, context: WorkerContext, role: Role[JobT, ResultT]) -> None:
        self._context = context
        self._looks = role.second_looks
        self._voice = role.voice
        self._turned_away = FadingSum(context.clock)

    def looks_turned_away(self) -> float:
        """Return how many second looks could not be had lately."""
        return self._turned_away.value()

    def offer_looks(
        self, drafted: Sequence[Drafted[JobT, ResultT]]
    ) -> Sequence[Drafted[JobT, ResultT]]:
        """Offer what is not sure for a second look; return the jobs that stay here."""
        unsure = [
            HandOver(LeasedJob(each.prepared.lease, each.prepared.job), each.draft.first_look)
            for each in drafted
            if each.draft.first_look is not None
        ]
        if self._looks is None or not unsure:
            return drafted
        verdicts = self._looks.hand_over(unsure)
        self._context.counters.add(
            second_looks_asked=len(unsure),
            **{f"second_looks_{name}": verdicts.count(name) for name in COUNTED_HAND_OVERS},
        )
        self._turned_away.add(verdicts.count("late") + verdicts.count("unserved"))
        verdict_of = {
            each.leased.lease.token: verdict for each, verdict in zip(unsure, verdicts, strict=True)
        }
        handed = [
            each.leased.lease
            for each, verdict in zip(unsure, verdicts, strict=True)
            if verdict == "handed"
        ]
        self._context.traces.handed_over(handed)
        return [each for each in drafted if verdict_of.get(each.prepared.lease.token) != "handed"]

    def offer_words(
        self, completions: Sequence[Completion[JobT, ResultT]]
    ) -> Sequence[Completion[JobT, ResultT]]:
        """Hand over what a language model may put into words; return the ends that stay here."""
        if self._voice is None or not completions:
            return completions
        verdicts = self._voice.offer_words(completions)
        if all(verdict is None for verdict in verdicts):
            return completions
        counted = {f"words_{name}": verdicts.count(name) for name in COUNTED_WORDS}
        self._context.counters.add(**counted)
        pairs = list(zip(completions, verdicts, strict=True))
        self._context.traces.handed_over([end.lease for end, each in pairs if each == "handed"])
        return [end for end, verdict in pairs if verdict != "handed"]

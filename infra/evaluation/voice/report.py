"""All that came of an evaluation of the voice."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import quantiles
from typing import TypeVar

import msgspec

from infra.evaluation.voice.falsehood import KINDS
from infra.evaluation.voice.outcomes import LieOutcome, QuestionOutcome, Share, Trial

OutcomeT = TypeVar("OutcomeT")


@dataclass(frozen=True, slots=True)
class QuestionFigures:
    """What was measured of questions.

    `words`: how many replies are in whose words. `met` is by group. `unborne` counts facts that
    were shown and that no source says. Seconds are those to the first sentence (None: none came).
    """

    words: Mapping[str, int]
    met: Mapping[str, Share]
    refused: Mapping[str, int]
    unborne: int
    first_seconds_p50: float | None
    first_seconds_p95: float | None
    prompt_tokens: int
    completion_tokens: int


@dataclass(frozen=True, slots=True)
class LieFigures:
    """How many falsehoods were caught: by kind, by what made them false, by how they were told.

    `true_shown`: true replies that a model said and that were shown whole, by whose words.
    """

    kinds: Mapping[str, Share]
    twists: Mapping[str, Share]
    guises: Mapping[str, Share]
    reasons: Mapping[str, int]
    true_shown: Mapping[str, Share]


@dataclass(frozen=True, slots=True)
class About:
    """What was evaluated, and when."""

    made_at: str
    files: Sequence[str]
    base: str
    model: str


@dataclass(frozen=True, slots=True)
class VoiceReport:
    """One evaluation.

    `missed` are replies that do not meet what is expected or say what no source does, each once a
    question and fault; `reached` are the falsehoods that were shown.
    """

    about: About
    questions: QuestionFigures
    lies: LieFigures | None
    missed: Sequence[QuestionOutcome]
    reached: Sequence[LieOutcome]

    def save(self, path: Path) -> None:
        """Write the report as JSON."""
        path.write_bytes(msgspec.json.format(msgspec.json.encode(self)) + b"\n")


def make_report(
    about: About, trials: Sequence[Trial], true_shown: Mapping[str, Share] | None
) -> VoiceReport:
    """Put together what was seen; `true_shown` is there if falsehoods were planted."""
    lies = [trial.lie for trial in trials if trial.lie]
    questions = [trial.question for trial in trials]
    missed = {
        (*each.asks, *each.misses, *each.unborne): each
        for each in questions
        if each.misses or each.unborne
    }
    return VoiceReport(
        about,
        question_figures(questions),
        lie_figures(lies, true_shown) if true_shown is not None else None,
        list(missed.values()),
        [lie for lie in lies if lie.reached],
    )


def question_figures(outcomes: Sequence[QuestionOutcome]) -> QuestionFigures:
    """Count what became of questions."""
    first = [each.first_seconds for each in outcomes if each.first_seconds is not None]
    return QuestionFigures(
        words=Counter(each.words for each in outcomes),
        met=_shares(outcomes, lambda each: each.group, lambda each: not each.misses),
        refused=Counter(refused.reason for each in outcomes for refused in each.refused),
        unborne=sum(len(each.unborne) for each in outcomes),
        first_seconds_p50=_percentile(first, 50),
        first_seconds_p95=_percentile(first, 95),
        prompt_tokens=sum(each.prompt_tokens for each in outcomes),
        completion_tokens=sum(each.completion_tokens for each in outcomes),
    )


def lie_figures(outcomes: Sequence[LieOutcome], true_shown: Mapping[str, Share]) -> LieFigures:
    """Count what became of falsehoods."""
    by_kind = _shares(outcomes, lambda each: each.kind, _is_caught)
    return LieFigures(
        kinds={kind: by_kind[kind] for kind in KINDS if kind in by_kind},
        twists=_shares(outcomes, lambda each: each.twist, _is_caught),
        guises=dict(sorted(_shares(outcomes, lambda each: each.guise, _is_caught).items())),
        reasons=Counter(each.reason or "none" for each in outcomes),
        true_shown=true_shown,
    )


def total(shares: Iterable[Share]) -> Share:
    """Return all shares as one."""
    listed = list(shares)
    return Share(sum(each.part for each in listed), sum(each.whole for each in listed))


def _is_caught(outcome: LieOutcome) -> bool:
    return not outcome.reached


def _shares(
    outcomes: Iterable[OutcomeT],
    group: Callable[[OutcomeT], str],
    counts: Callable[[OutcomeT], bool],
) -> dict[str, Share]:
    parts: Counter[str] = Counter()
    wholes: Counter[str] = Counter()
    for each in outcomes:
        wholes[group(each)] += 1
        parts[group(each)] += counts(each)
    return {name: Share(parts[name], wholes[name]) for name in wholes}


def _percentile(values: Sequence[float], percent: int) -> float | None:
    if not values:
        return None
    if len(values) == 1:
        return values[0]
    return quantiles(values, n=100, method="inclusive")[percent - 1]

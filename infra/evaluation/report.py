"""All that came of an evaluation: figures of each system, comparisons, curves, confusions."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec

from workers.evaluation.comparison import Comparison, Interval
from workers.evaluation.evaluate import Answered, measure_all
from workers.evaluation.figure_names import FIGURES
from workers.evaluation.figures import question_outcomes
from workers.evaluation.metrics import reliability, risk_coverage
from workers.evaluation.resampling import Measured, compare_paired

# What systems are compared by; many more, and one would differ by chance.
_COMPARED: Mapping[str, tuple[str, ...]] = {
    "questions": ("right_first", "answered_right", "oos_auc", "oos_not_answered", "ece"),
    "tones": ("macro_f1",),
    "pairs": ("reask_auc",),
    "dialogues": ("right_first", "right_context"),
}
_MAX_CONFUSIONS = 30
_CURVE_POINTS = 200


@dataclass(frozen=True, slots=True)
class Curves:
    """A system's confidence: bins [10] of rows, mean confidence, share right; risk by coverage."""

    bin_rows: Sequence[int]
    bin_confidence: Sequence[float]
    bin_right: Sequence[float]
    coverage: Sequence[float]
    risk: Sequence[float]


@dataclass(frozen=True, slots=True)
class Confusion:
    """An entry that is often taken for another, and some of the messages, if they are wanted."""

    right: str
    found: str
    times: int
    messages: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class SystemReport:
    """What was measured of one system; `figures` are by kind of set and by name."""

    name: str
    figures: Mapping[str, Mapping[str, Interval]]
    curves: Curves | None
    confusions: Sequence[Confusion]


@dataclass(frozen=True, slots=True)
class Verdict:
    """A comparison of the first system with another, by one figure of one kind of set."""

    kind: str
    figure: str
    second: str
    comparison: Comparison


@dataclass(frozen=True, slots=True)
class Report:
    """One evaluation; `rows` say in words what was asked, by kind of set."""

    made_at: str
    files: Sequence[str]
    base: str
    rows: Mapping[str, str]
    notes: Sequence[str]
    systems: Sequence[SystemReport]
    verdicts: Sequence[Verdict]

    def save(self, path: Path) -> None:
        """Write the report as JSON; what is not defined is null."""
        path.write_bytes(msgspec.json.format(msgspec.json.encode(self)) + b"\n")


@dataclass(frozen=True, slots=True)
class SystemResult:
    """A system's name, what it answered, and the figures of it."""

    name: str
    answered: Answered
    measured: Mapping[str, Measured]

    @classmethod
    def of(cls, name: str, answered: Answered) -> "SystemResult":
        """Measure what a system answered."""
        return cls(name, answered, measure_all(answered))


def system_report(result: SystemResult, examples: int) -> SystemReport:
    """Put together what was measured of one system; `examples` messages a confusion are kept."""
    figures = {
        kind: {name: measured.interval(name) for name in measured.values}
        for kind, measured in result.measured.items()
    }
    return SystemReport(
        result.name, figures, _curves(result.answered), _confusions(result.answered, examples)
    )


def verdicts(results: Sequence[SystemResult]) -> list[Verdict]:
    """Compare every system with the first one, message by message."""
    first, *others = results
    return [
        Verdict(kind, name, other.name, _compare(kind, name, first, other))
        for other in others
        for kind, names in _COMPARED.items()
        if kind in first.measured
        for name in names
        if FIGURES[name].more_is_better is not None
    ]


def _compare(kind: str, name: str, first: SystemResult, other: SystemResult) -> Comparison:
    figure = FIGURES[name]
    return compare_paired(
        name,
        f"“{figure.words}”",
        (first.name, first.measured[kind]),
        (other.name, other.measured[kind]),
        shares=figure.unit == "share",
    )


def _curves(answered: Answered) -> Curves | None:
    if not answered.questions:
        return None
    outcomes = question_outcomes(answered.questions, answered.replies)
    sure, right = outcomes.confidence[outcomes.judged], outcomes.right[outcomes.judged]
    bins, curve = reliability(sure, right), risk_coverage(sure, right)
    every = slice(None, None, max(1, len(curve.coverage) // _CURVE_POINTS))
    return Curves(
        bins.rows.tolist(),
        bins.confidence.tolist(),
        bins.right.tolist(),
        curve.coverage[every].tolist(),
        curve.risk[every].tolist(),
    )


def _confusions(answered: Answered, examples: int) -> list[Confusion]:
    found: Counter[tuple[str, str]] = Counter()
    messages: dict[tuple[str, str], list[str]] = {}
    for question, seen in zip(answered.questions, answered.replies, strict=True):
        if question.gold and seen.best not in question.gold:
            pair = (", ".join(sorted(question.gold)), seen.best or "nothing")
            found[pair] += 1
            messages.setdefault(pair, []).append(question.text)
    return [
        Confusion(right, got, times, messages[right, got][:examples])
        for (right, got), times in found.most_common(_MAX_CONFUSIONS)
    ]

"""The figures by name: how each is shown, and whether more of it is better."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, get_args

from shared.jobs import AnswerKind

TONE_NAMES = ("negative", "neutral", "positive")
KINDS: tuple[AnswerKind, ...] = get_args(AnswerKind)

Unit = Literal["share", "number", "milliseconds"]


@dataclass(frozen=True, slots=True)
class FigureName:
    """How a figure is shown: in words, in which unit, and whether more of it is better."""

    words: str
    unit: Unit = "share"
    more_is_better: bool | None = True


FIGURES: Mapping[str, FigureName] = {
    "right_first": FigureName("right entry first"),
    "right_in_five": FigureName("right entry in five"),
    "answered_right": FigureName("answered, and rightly"),
    "answered_wrong": FigureName("answered wrongly", more_is_better=False),
    "oos_auc": FigureName("OOS AUC of confidence", "number"),
    "oos_not_answered": FigureName("OOS not answered (recall)"),
    "ece": FigureName("ECE, 10 bins", "number", more_is_better=False),
    "aurc": FigureName("area under risk-coverage", "number", more_is_better=False),
    "right_context": FigureName("right in context"),
    "right_alone": FigureName("right without context"),
    "right_kind": FigureName("right kind, where set"),
    "right_choice": FigureName("choice of an offer right"),
    "reask_auc": FigureName("AUC of the re-ask score", "number"),
    "reask_ece": FigureName("ECE of the re-ask score", "number", more_is_better=False),
    "accuracy": FigureName("right tone"),
    "macro_f1": FigureName("macro-F1 of tone", "number"),
    **{f"f1_{name}": FigureName(f"F1, {name}", "number") for name in TONE_NAMES},
    **{f"judged_{name}": FigureName(f"judged {name}", more_is_better=None) for name in TONE_NAMES},
    **{f"kind_{kind}": FigureName(f"kind {kind}", more_is_better=None) for kind in KINDS},
    "p50_ms": FigureName("time of a message, p50", "milliseconds", more_is_better=False),
    "p95_ms": FigureName("time of a message, p95", "milliseconds", more_is_better=False),
}

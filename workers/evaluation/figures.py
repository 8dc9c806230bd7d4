"""The figures of each kind of labelled set, over what was observed of its messages."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from workers.evaluation.figure_names import KINDS, TONE_NAMES
from workers.evaluation.labelled import Dialogue, Pair, Question, ToneExample, Turn
from workers.evaluation.metrics import (
    Flags,
    Floats,
    auc,
    calibration_error,
    f1_by_label,
    macro_f1,
    mean,
    risk_coverage,
)
from workers.evaluation.observation import Observation
from workers.evaluation.resampling import Measure, Rows


@dataclass(frozen=True, slots=True, eq=False)
class QuestionOutcomes:
    """Questions row by row [rows]: what was right, how sure the reply was, what it was.

    `confidence` is 0 for small talk, which is no answer of the base. `judged`: whether it is known
    if the reply was right; not for small talk in reply to what the base cannot answer.
    """

    answerable: Flags
    right: Flags
    in_five: Flags
    confidence: Floats
    judged: Flags
    answered: Flags


def question_outcomes(
    questions: Sequence[Question], observations: Sequence[Observation]
) -> QuestionOutcomes:
    """Compare replies with what would be right."""
    pairs = list(zip(questions, observations, strict=True))
    talk = np.array([seen.kind == "smalltalk" for _, seen in pairs], bool)
    answerable = np.array([bool(question.gold) for question, _ in pairs], bool)
    return QuestionOutcomes(
        answerable=answerable,
        right=np.array([seen.best in question.gold for question, seen in pairs], bool),
        in_five=np.array([bool(question.gold & {*seen.ranking}) for question, seen in pairs], bool),
        confidence=np.where(talk, 0.0, [seen.confidence for _, seen in pairs]),
        judged=answerable | ~talk,
        answered=np.array([seen.kind == "answer" for _, seen in pairs], bool),
    )


def question_figures(questions: Sequence[Question], observations: Sequence[Observation]) -> Measure:
    """Return the figures of questions over any of their rows."""
    whole = question_outcomes(questions, observations)
    common = _common(observations)
    handed = np.array([seen.kind == "handover" for seen in observations], bool)

    def figures(rows: Rows) -> dict[str, float]:
        asked, right, sure = whole.answerable[rows], whole.right[rows], whole.confidence[rows]
        answered, judged = whole.answered[rows], whole.judged[rows]
        served = right & (answered | handed[rows])
        return {
            "right_first": mean(right[asked]),
            "right_in_five": mean(whole.in_five[rows][asked]),
            "answered_right": mean(served[asked]),
            "answered_wrong": mean((answered & ~right)[asked]),
            "oos_auc": auc(sure, asked),
            "oos_not_answered": mean(~answered[~asked]),
            "ece": calibration_error(sure[judged], right[judged]),
            "aurc": risk_coverage(sure[judged], right[judged]).area,
            **common(rows),
        }

    return figures


def tone_figures(examples: Sequence[ToneExample], observations: Sequence[Observation]) -> Measure:
    """Return the figures of tones over any of their rows."""
    labels = np.array([example.label for example in examples], object)
    judged = np.array([seen.tone for seen in observations], object)

    def figures(rows: Rows) -> dict[str, float]:
        truth, guess = labels[rows].tolist(), judged[rows].tolist()
        f1 = f1_by_label(truth, guess, TONE_NAMES)
        return {
            "macro_f1": macro_f1(truth, guess, TONE_NAMES),
            "accuracy": mean(labels[rows] == judged[rows]),
            **{f"f1_{name}": f1[name] for name in TONE_NAMES},
            **{f"judged_{name}": mean(judged[rows] == name) for name in TONE_NAMES},
        }

    return figures


def pair_figures(pairs: Sequence[Pair], seconds: Sequence[Observation]) -> Measure:
    """Return the figures of pairs, given what was observed of the second message of each."""
    same = np.array([pair.same for pair in pairs], bool)
    return _reask_figures(same, _reask_scores(seconds))


def dialogue_figures(
    dialogues: Sequence[Dialogue], observations: Sequence[Sequence[Observation]]
) -> Measure:
    """Return the figures of dialogues over any of their turns, all dialogues in one row."""
    turns = [turn for dialogue in dialogues for turn in dialogue.turns]
    seen = [each for replies in observations for each in replies]
    before = [earlier for replies in observations for earlier in (None, *replies[:-1])]
    right = np.array([_is_right(*row) for row in zip(turns, seen, before, strict=True)], np.float64)
    known = ~np.isnan(right)
    context = np.array([turn.context for turn in turns], bool)
    kind = np.array([turn.kind is not None for turn in turns], bool)
    choice = np.array([turn.choice is not None for turn in turns], bool)
    first = np.array([earlier is None for earlier in before], bool)
    reask = _reask_figures(
        np.array([turn.reask for turn in turns], bool), np.where(first, np.nan, _reask_scores(seen))
    )
    common = _common(seen)

    def figures(rows: Rows) -> dict[str, float]:
        return {
            "right_first": mean(right[rows][known[rows]]),
            "right_context": mean(right[rows][(known & context)[rows]]),
            "right_alone": mean(right[rows][(known & ~context)[rows]]),
            "right_kind": mean(right[rows][(known & kind)[rows]]),
            "right_choice": mean(right[rows][(known & choice)[rows]]),
            **reask(rows),
            **common(rows),
        }

    return figures


def is_right(turn: Turn, seen: Observation, before: Observation | None) -> bool | None:
    """Tell whether a turn got what is right; None if that is not known.

    A choice cannot be judged where the reply before it offered nothing to choose from.
    """
    if turn.choice:
        return _is_chosen(turn.choice, seen, before.offered if before else ())
    if turn.kind == "clarify":
        return seen.kind == "clarify" and turn.entries <= {*seen.offered}
    if turn.kind and (turn.kind != "answer" or not turn.entries):
        return seen.kind == turn.kind
    if turn.kind:
        return seen.kind == turn.kind and seen.best in turn.entries
    return seen.best in turn.entries if turn.entries else None


def _is_right(turn: Turn, seen: Observation, before: Observation | None) -> float:
    verdict = is_right(turn, seen, before)
    return float("nan") if verdict is None else float(verdict)


def _is_chosen(choice: str, seen: Observation, offered: Sequence[str]) -> bool | None:
    if choice == "none" and offered:
        return seen.kind != "answer"
    place = {"first": 0, "yes": 0, "second": 1, "other": 1, "third": 2}.get(choice, len(offered))
    return seen.best == offered[place] if place < len(offered) else None


def _reask_scores(observations: Sequence[Observation]) -> Floats:
    return np.array(
        [np.nan if seen.reask_score is None else seen.reask_score for seen in observations],
        np.float64,
    )


def _reask_figures(same: Flags, scores: Floats) -> Callable[[Rows], dict[str, float]]:
    scored = ~np.isnan(scores)

    def figures(rows: Rows) -> dict[str, float]:
        kept = rows[scored[rows]]
        return {
            "reask_auc": auc(scores[kept], same[kept]),
            "reask_ece": calibration_error(scores[kept], same[kept]),
        }

    return figures


def _common(observations: Sequence[Observation]) -> Callable[[Rows], dict[str, float]]:
    kinds = np.array([seen.kind for seen in observations], object)
    flags = {kind: kinds == kind for kind in KINDS}
    taken = np.array([seen.milliseconds for seen in observations], np.float64)

    def figures(rows: Rows) -> dict[str, float]:
        timed = taken[rows][~np.isnan(taken[rows])]
        quantiles = np.quantile(timed, (0.5, 0.95)).tolist() if len(timed) else [np.nan, np.nan]
        return {
            **{f"kind_{kind}": mean(flag[rows]) for kind, flag in flags.items()},
            "p50_ms": float(quantiles[0]),
            "p95_ms": float(quantiles[1]),
        }

    return figures

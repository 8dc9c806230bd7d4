"""Ask one system all of a labelled set: over one base, by folds, or with entries missing."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

import numpy as np

from workers.evaluation.bases import Base, base_of, file_of
from workers.evaluation.figures import (
    dialogue_figures,
    pair_figures,
    question_figures,
    tone_figures,
)
from workers.evaluation.labelled import LabelledSet, Question
from workers.evaluation.observation import Asker, Observation, Progress
from workers.evaluation.resampling import Measured, Rows, measure, single_rows

AskerOver = Callable[[Path], Asker]
"""Return what answers from the base in a file; a server has its own base, whatever the file."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What the questions are asked over.

    `base`: None if the system has its own. `folds`: the questions are the base too, each is asked
    of a base that was made from the other folds. `missing`: each question is asked once more, of a
    base without its entry; the entries are taken out in so many parts. `folder` is for base files.
    """

    folder: Path
    base: Base | None = None
    folds: int = 0
    missing: int = 0


@dataclass(frozen=True, slots=True)
class Answered:
    """All that one system was asked, and what was observed.

    `questions` and `replies` are row by row; `units` are the rows of the same message.
    `pairs` are the observations of each second message.
    """

    labelled: LabelledSet
    questions: Sequence[Question] = ()
    replies: Sequence[Observation] = ()
    units: Sequence[Rows] = ()
    tones: Sequence[Observation] = ()
    pairs: Sequence[Observation] = ()
    dialogues: Sequence[Sequence[Observation]] = field(default=())


@dataclass(frozen=True, slots=True)
class _Round:
    """Questions that are asked of one base; `origins` are their rows in the labelled set."""

    base: Base | None
    questions: Sequence[Question]
    origins: Rows


def ask_all(labelled: LabelledSet, plan: Plan, over: AskerOver, progress: Progress) -> Answered:
    """Ask everything. Raises EvaluationError for ids that the base does not have."""
    rounds = list(_rounds(labelled.questions, plan))
    conversations = [
        *[[each.text] for each in labelled.tones],
        *[[pair.first, pair.second] for pair in labelled.pairs],
        *[[turn.text for turn in dialogue.turns] for dialogue in labelled.dialogues],
    ]
    sizes = [len(each.questions) for each in rounds] + [sum(map(len, conversations))]
    shares = _shares(sizes, progress)
    questions = [question for each in rounds for question in each.questions]
    replies = [
        observations[0]
        for each, share in zip(rounds, shares, strict=False)
        for observations in _ask_over(
            each.base, plan, over, [[question.text] for question in each.questions], share
        )
    ]
    asked = _ask_over(plan.base, plan, over, conversations, shares[-1]) if conversations else []
    ends = np.cumsum([len(labelled.tones), len(labelled.pairs)]).tolist()
    return Answered(
        labelled,
        questions,
        replies,
        _units([origin for each in rounds for origin in each.origins.tolist()]),
        tones=[replies[0] for replies in asked[: ends[0]]],
        pairs=[replies[1] for replies in asked[ends[0] : ends[1]]],
        dialogues=asked[ends[1] :],
    )


def measure_all(answered: Answered) -> Mapping[str, Measured]:
    """Return the figures of each kind of set that there is."""
    labelled = answered.labelled
    measured: dict[str, Measured] = {}
    if answered.questions:
        figures = question_figures(answered.questions, answered.replies)
        measured["questions"] = measure(figures, answered.units)
    if labelled.tones:
        figures = tone_figures(labelled.tones, answered.tones)
        measured["tones"] = measure(figures, single_rows(len(labelled.tones)))
    if labelled.pairs:
        figures = pair_figures(labelled.pairs, answered.pairs)
        measured["pairs"] = measure(figures, single_rows(len(labelled.pairs)))
    if labelled.dialogues:
        figures = dialogue_figures(labelled.dialogues, answered.dialogues)
        ends = np.cumsum([0, *(len(each.turns) for each in labelled.dialogues)]).tolist()
        units = [np.arange(start, end) for start, end in pairwise(ends)]
        measured["dialogues"] = measure(figures, units)
    return measured


def _rounds(questions: Sequence[Question], plan: Plan) -> Iterator[_Round]:
    if not questions:
        return
    if plan.folds:
        yield from _folds(questions, plan.folds)
        return
    placed = plan.base.placed(questions) if plan.base else questions
    yield _Round(plan.base, placed, np.arange(len(placed)))
    if plan.missing and plan.base:
        yield from _missing(placed, plan.base, plan.missing)


def _folds(questions: Sequence[Question], folds: int) -> Iterator[_Round]:
    """Yield each fold's questions with a base of all others; labels are spread evenly."""
    placed = base_of(questions).placed(questions)
    fold_of = _spread([min(question.gold, default="") for question in placed], folds)
    for fold in range(folds):
        held = np.flatnonzero(fold_of == fold)
        rest = [placed[row] for row in np.flatnonzero(fold_of != fold).tolist()]
        yield _Round(base_of(rest), [placed[row] for row in held.tolist()], held)


def _spread(labels: Sequence[str], folds: int) -> Rows:
    """Return a fold for each row, the same at every call; each label is dealt out in turn."""
    fold_of = np.zeros(len(labels), np.intp)
    next_fold: dict[str, int] = {}
    for row in np.random.default_rng(0).permutation(len(labels)).tolist():
        # Labels begin at different folds, so that rare ones are not all held out at once.
        fold = next_fold.setdefault(labels[row], len(next_fold))
        fold_of[row] = fold % folds
        next_fold[labels[row]] = fold + 1
    return fold_of


def _missing(questions: Sequence[Question], base: Base, parts: int) -> Iterator[_Round]:
    """Yield questions once more, each of a base without what answers it."""
    asked = sorted({entry for question in questions for entry in question.gold})
    for part in range(parts):
        gone = {*asked[part::parts]}
        held = [row for row, each in enumerate(questions) if min(each.gold, default=None) in gone]
        without = base.without(frozenset(gone.union(*(questions[row].gold for row in held))))
        if held and without.entries:
            lost = [Question(questions[row].text, frozenset()) for row in held]
            yield _Round(without, lost, np.array(held))


def _ask_over(
    base: Base | None,
    plan: Plan,
    over: AskerOver,
    conversations: Sequence[Sequence[str]],
    progress: Progress,
) -> list[list[Observation]]:
    file = file_of(base, plan.folder) if base else Path()
    return over(file).ask(conversations, progress)


def _shares(sizes: Sequence[int], progress: Progress) -> list[Progress]:
    """Return a progress for each part of the work, sized as said."""
    total = max(sum(sizes), 1)
    starts = np.cumsum([0, *sizes]).tolist()

    def part(start: int, size: int) -> Progress:
        return lambda share: progress((start + share * size) / total)

    return [part(start, size) for start, size in zip(starts, sizes, strict=False)]


def _units(origins: Sequence[int]) -> list[Rows]:
    rows: dict[int, list[int]] = {}
    for row, origin in enumerate(origins):
        rows.setdefault(origin, []).append(row)
    return [np.array(each) for each in rows.values()]

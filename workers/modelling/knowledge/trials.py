"""Trials: bases of many sizes cut from labelled sets, with messages in and out of their scope."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from workers.knowledge.head import Indices, Vectors, fit_head
from workers.knowledge.index import Index, Scores
from workers.knowledge.lexical import Lexicon
from workers.modelling.knowledge.labelled import OUT, LabelledBase

Embed = Callable[[Sequence[str]], Vectors]
Read = Callable[[str], str]  # what is left of a message for the lexical score

_ENTRIES = (8, 20, 45, 100)
_WORDINGS = (1, 3, 10, 30, 90)
_MAX_WORDINGS = 4_000
_SPREAD = 0.5  # of the logarithm of an entry's number of wordings
_IN_SCOPE, _MISSING, _OUTSIDE = 250, 80, 80  # messages of a trial
_SHARES = {"in scope": 0.75, "missing": 0.08, "outside": 0.17}  # assumed of traffic


@dataclass(frozen=True, slots=True, eq=False)
class Trial:
    """A base with messages and what each weighs; the weights sum to 1."""

    base: LabelledBase
    weights: NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Outcome:
    """What an index said about a trial's messages, and whether its best entry served.

    Of [rows]: `served` is 1 or 0, `in_scope` whether any entry answers, `weights` sum to 1 or less.
    """

    group: str
    scores: Scores
    served: NDArray[np.float64]
    in_scope: NDArray[np.bool_]
    weights: NDArray[np.float64]


def whole(base: LabelledBase) -> Trial:
    """Take a base as it is, its messages in their own mix."""
    return Trial(base, np.full(len(base.messages), 1 / len(base.messages)))


def cut(base: LabelledBase, outside: Sequence[str], seed: int) -> Iterator[Trial]:
    """Yield bases of few and many entries and wordings, cut from one.

    Messages of entries that were left out become questions that the base might have answered but
    doesn't; `outside` are messages of other worlds.
    """
    rng = np.random.default_rng(seed)
    count = len(base.answers)
    most = int(np.bincount(base.entry_index).max())
    for entries in (each for each in _ENTRIES if each < count):
        for wordings in (each for each in _WORDINGS if each == 1 or each < 1.5 * most):
            chosen = np.sort(rng.permutation(count)[:entries])
            each = min(wordings, _MAX_WORDINGS // entries)
            yield _trial(_part(base, chosen, each, rng), outside, rng)


def run(trial: Trial, embed: Embed, read: Read, out_of_scope: Vectors) -> Outcome:
    """Index the base of a trial and score its messages."""
    base = trial.base
    index = index_of(base, embed, read, out_of_scope)
    scores = index.score(embed(base.messages), [read(text) for text in base.messages])
    served = (scores.entries[:, 0] == base.gold).astype(np.float64)
    return Outcome(base.name, scores, served, base.in_scope, trial.weights)


def index_of(base: LabelledBase, embed: Embed, read: Read, out_of_scope: Vectors) -> Index:
    """Build the index of a base as a worker builds it; an entry without an answer has none."""
    phrasings = embed(base.wordings)
    answers = embed(base.answers)
    answers[[not answer for answer in base.answers]] = 0.0
    head = fit_head(phrasings, base.entry_index, answers)
    lexicon = Lexicon(_by_entry(base, read), base.answers)
    return Index(phrasings, base.entry_index, head, answers, lexicon, out_of_scope)


def _by_entry(base: LabelledBase, read: Read) -> list[list[str]]:
    texts: list[list[str]] = [[] for _ in base.answers]
    for text, entry in zip(base.wordings, base.entry_index.tolist(), strict=True):
        texts[entry].append(read(text))
    return texts


def _part(
    base: LabelledBase, chosen: Indices, wordings: int, rng: np.random.Generator
) -> LabelledBase:
    kept: list[int] = []
    index: list[int] = []
    for place, entry in enumerate(chosen):
        own = rng.permutation(np.flatnonzero(base.entry_index == entry))
        count = max(1, round(wordings * rng.lognormal(0, _SPREAD)))
        kept += own[:count].tolist()
        index += [place] * len(own[:count])
    places = np.full(len(base.answers) + 1, OUT)  # the last one is OUT itself
    places[chosen] = np.arange(len(chosen))
    return replace(
        base,
        wordings=tuple(base.wordings[each] for each in kept),
        entry_index=np.array(index, np.intp),
        answers=tuple(base.answers[each] for each in chosen),
        gold=places[base.gold],
    )


def _trial(part: LabelledBase, outside: Sequence[str], rng: np.random.Generator) -> Trial:
    asked = rng.permutation(np.flatnonzero(part.in_scope))[:_IN_SCOPE]
    missing = rng.permutation(np.flatnonzero(~part.in_scope))[:_MISSING]
    others = [outside[each] for each in rng.permutation(len(outside))[:_OUTSIDE]]
    rows = [*asked, *missing]
    base = replace(
        part, messages=tuple(part.messages[each] for each in rows), gold=part.gold[rows]
    ).with_messages(others, [OUT] * len(others))
    groups = (("in scope", len(asked)), ("missing", len(missing)), ("outside", len(others)))
    weights = np.concatenate(
        [np.full(count, _SHARES[name] / max(count, 1)) for name, count in groups]
    )
    return Trial(base, weights / weights.sum())

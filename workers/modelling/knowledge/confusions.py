"""Find entries of a base that are taken for each other: each wording asked of a base without it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from workers.knowledge.base import Entry
from workers.knowledge.head import Vectors, fit_head
from workers.knowledge.index import Index
from workers.knowledge.lexical import Lexicon
from workers.knowledge.responder import EmbeddedBase
from workers.knowledge.rewrite import rewrite

_FOLDS = 5
_SAME_ANSWER = 0.9  # cosine
_MAX_EXAMPLES = 4


@dataclass(frozen=True, slots=True)
class Confusion:
    """Wordings of `entry` that find `other` first; an example also has what it is nearest to."""

    entry: str
    other: str
    times: int
    examples: Sequence[tuple[str, str]]
    advice: str


def find_confusions(base: EmbeddedBase, out_of_scope: Vectors, least: int = 1) -> list[Confusion]:
    """Return the pairs with at least so many wordings, the most frequent first.

    Small talk is part of the search and is not reported; neither is an entry's only wording.
    """
    texts = [text for entry in base.entries for text in entry.all_phrasings]
    pairs: dict[tuple[int, int], list[int]] = {}
    for wording, found in _left_out(base, texts, out_of_scope):
        pair = (int(base.entry_index[wording]), found)
        if found != pair[0] and not _is_left_alone(base, *pair):
            pairs.setdefault(pair, []).append(wording)
    confusions = [
        _confusion(base, texts, pair, wordings, mutual=pair[::-1] in pairs)
        for pair, wordings in pairs.items()
        if len(wordings) >= least
    ]
    return sorted(confusions, key=lambda each: (-each.times, each.entry, each.other))


def _left_out(
    base: EmbeddedBase, texts: Sequence[str], out_of_scope: Vectors
) -> Iterator[tuple[int, int]]:
    """Yield each wording with what it finds in a base that lacks it, and a fifth of all."""
    folds = np.random.default_rng(0).permutation(len(texts)) % _FOLDS
    for fold in range(_FOLDS):
        held = np.flatnonzero(folds == fold)
        index = _index_of(base, texts, np.flatnonzero(folds != fold), out_of_scope)
        scores = index.score(base.phrasings[held], [rewrite(texts[n]) for n in held.tolist()])
        yield from zip(held.tolist(), scores.entries[:, 0].tolist(), strict=True)


def _index_of(
    base: EmbeddedBase, texts: Sequence[str], kept: np.ndarray, out_of_scope: Vectors
) -> Index:
    phrasings, owners = base.phrasings[kept], base.entry_index[kept]
    wordings: list[list[str]] = [[] for _ in base.entries]
    for wording, owner in zip(kept.tolist(), owners.tolist(), strict=True):
        wordings[owner].append(texts[wording])
    lexicon = Lexicon(wordings, [entry.answer for entry in base.entries])
    head = fit_head(phrasings, owners, base.answers)
    return Index(phrasings, owners, head, base.answers, lexicon, out_of_scope)


def _is_left_alone(base: EmbeddedBase, one: int, other: int) -> bool:
    entry = base.entries[one]
    names = {entry.id, base.entries[other].id}
    return len(entry.all_phrasings) < 2 or not names.isdisjoint(base.small_talk)


def _confusion(
    base: EmbeddedBase,
    texts: Sequence[str],
    pair: tuple[int, int],
    wordings: Sequence[int],
    *,
    mutual: bool,
) -> Confusion:
    one, other = pair
    rivals = np.flatnonzero(base.entry_index == other)
    nearest = rivals[(base.phrasings[rivals] @ base.phrasings[list(wordings)].T).argmax(axis=0)]
    examples = [(texts[w], texts[n]) for w, n in zip(wordings, nearest.tolist(), strict=True)]
    same_answer = float(base.answers[one] @ base.answers[other]) >= _SAME_ANSWER
    advice = _advice(base.entries[one], base.entries[other], same_answer=same_answer, mutual=mutual)
    names = (base.entries[one].id, base.entries[other].id)
    return Confusion(*names, len(wordings), examples[:_MAX_EXAMPLES], advice)


def _advice(one: Entry, other: Entry, *, same_answer: bool, mutual: bool) -> str:
    if same_answer:
        return "Their answers say nearly the same: make one entry of the two."
    if mutual:
        return "Each reads like the other: give both wordings that say what makes them different."
    return (
        f"Move these wordings to {other.id} if they mean that; else add wordings to {one.id} that "
        "say what makes it different."
    )

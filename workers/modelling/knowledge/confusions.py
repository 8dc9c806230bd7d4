"""Find entries of a base that are taken for each other: each wording asked without itself."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from workers.knowledge.base import Entry

_SAME_ANSWER = 0.9  # cosine
_MAX_EXAMPLES = 4


@dataclass(frozen=True, slots=True)
class Confusion:
    """Wordings of `entry` that are nearer to one of `other` than to any of its own."""

    entry: str
    other: str
    times: int
    examples: Sequence[tuple[str, str]]
    advice: str


def find_confusions(
    entries: Sequence[Entry],
    phrasings: NDArray[np.float32],
    entry_index: NDArray[np.int64],
    answers: NDArray[np.float32],
) -> list[Confusion]:
    """Return the pairs, the most frequent first.

    `phrasings` [wordings, dimension] and `answers` [entries, dimension] are of length 1, in the
    order of the entries; `entry_index` [wordings] says whose each wording is.
    """
    texts = [text for entry in entries for text in entry.all_phrasings]
    pairs: dict[tuple[int, int], list[tuple[str, str]]] = {}
    for wording, nearest in _taken_for_others(phrasings, entry_index):
        pair = (int(entry_index[wording]), int(entry_index[nearest]))
        pairs.setdefault(pair, []).append((texts[wording], texts[nearest]))
    found = [
        Confusion(
            entries[one].id,
            entries[other].id,
            len(examples),
            examples[:_MAX_EXAMPLES],
            _advice(
                entries[one],
                entries[other],
                same_answer=float(answers[one] @ answers[other]) >= _SAME_ANSWER,
                mutual=(other, one) in pairs,
            ),
        )
        for (one, other), examples in pairs.items()
    ]
    return sorted(found, key=lambda each: (-each.times, each.entry, each.other))


def _taken_for_others(
    phrasings: NDArray[np.float32], entry_index: NDArray[np.int64]
) -> list[tuple[int, int]]:
    """Return such wordings with those they are nearest to; an entry's only wording is left out."""
    found = []
    for wording, vector in enumerate(phrasings):
        cosines = phrasings @ vector
        own = entry_index == entry_index[wording]
        if own.sum() < 2:
            continue
        cosines[wording] = -1.0
        nearest = int(np.where(own, -1.0, cosines).argmax())
        if cosines[nearest] > cosines[own].max():
            found.append((wording, nearest))
    return found


def _advice(one: Entry, other: Entry, *, same_answer: bool, mutual: bool) -> str:
    if same_answer:
        return "Their answers say nearly the same: make one entry of the two."
    if mutual:
        return "Each reads like the other: give both wordings that say what makes them different."
    return (
        f"Move these wordings to {other.id} if they mean that; else add wordings to {one.id} that "
        "say what makes it different."
    )

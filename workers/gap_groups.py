"""Group messages that got no answer into candidates for new entries."""

import re
from collections import Counter
from collections.abc import Collection, Sequence

import numpy as np
from numpy.typing import NDArray

from shared.gap_groups import GapGroup
from shared.wordings import plain, wording_digest
from workers.gaps import Gap, GapReason
from workers.knowledge.finder import Finder

SAME_QUESTION = 0.62  # cosine to the middle of a group
_MAX_WORDINGS = 12
_TAKEN_OUT = re.compile(r"\[\w+\]")
_MAX_TEXTS = 4_000  # the cosines of all pairs are held at once


def group_gaps(
    gaps: Sequence[Gap], texts: Sequence[str], vectors: NDArray[np.float32], finder: Finder
) -> list[GapGroup]:
    """Return the groups, the most frequent first.

    `texts` are those of `distinct_texts`, `vectors` [texts, dimension] theirs, of length 1.
    """
    reasons: dict[str, Counter[GapReason]] = {}
    for gap in gaps:
        reasons.setdefault(plain(gap.text), Counter())[gap.reason] += 1
    times = np.array([reasons[plain(text)].total() for text in texts])
    groups = [
        _candidate(members, texts, vectors, [reasons[plain(texts[n])] for n in members], finder)
        for members in _groups(vectors, times)
    ]
    return sorted(groups, key=lambda each: (-each.times, each.question))


def unsettled(gaps: Sequence[Gap], settled: Collection[str]) -> list[Gap]:
    """Return the gaps whose wordings no editor has accepted or dismissed; `settled` are digests."""
    return [gap for gap in gaps if wording_digest(gap.text) not in settled]


def distinct_texts(gaps: Sequence[Gap]) -> list[str]:
    """Return each wording once, the newest 4,000 of those that have words."""
    first: dict[str, str] = {}
    for gap in gaps:
        if any(map(str.isalpha, _TAKEN_OUT.sub("", gap.text))):
            first.setdefault(plain(gap.text), gap.text)
    return list(first.values())[-_MAX_TEXTS:]


def _groups(vectors: NDArray[np.float32], times: NDArray[np.int64]) -> list[list[int]]:
    """Return the members of each group, its middle first.

    A message with many others near it takes these; then the next one takes from what is left.
    """
    cosines = vectors @ vectors.T
    near = cosines >= SAME_QUESTION
    left = np.ones(len(vectors), bool)
    groups = []
    for middle in np.argsort(-(cosines * near @ times), kind="stable").tolist():
        if left[middle]:
            members = np.flatnonzero(near[middle] & left)
            left[members] = False
            groups.append([middle, *(n for n in members.tolist() if n != middle)])
    return groups


def _candidate(
    members: Sequence[int],
    texts: Sequence[str],
    vectors: NDArray[np.float32],
    reasons: Sequence[Counter[GapReason]],
    finder: Finder,
) -> GapGroup:
    middle, *others = members
    (finding,) = finder.find([texts[middle]], vectors[middle : middle + 1])
    total: Counter[GapReason] = Counter()
    for each in reasons:
        total.update(each)
    best = finding.best
    gaps = tuple(wording_digest(texts[n]) for n in members)
    return GapGroup(
        id=gaps[0],
        question=texts[middle],
        wordings=tuple(texts[n] for n in others[:_MAX_WORDINGS]),
        times=total.total(),
        reasons={str(reason): count for reason, count in total.items()},
        nearest=best.entry.id if best else None,
        nearest_question=best.entry.question if best else "",
        confidence=finding.confidence,
        answered=finding.confidence >= finder.thresholds.answer_from,
        gaps=gaps,
    )

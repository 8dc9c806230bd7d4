"""Score a base's own wordings as if they came from customers: each left out in its turn."""

import numpy as np

from workers.knowledge.index import Index, Scores, Vectors, prototypes


def leave_one_wording_out(index: Index) -> tuple[Scores, Vectors]:
    """Return scores of each wording against the base without it, and the cosines of its own entry.

    Only an entry with several wordings can be asked in words it does not hold; the others keep a
    nearest cosine of -1 to themselves.
    """
    wordings, owners = index.wordings, index.owners
    products = wordings @ wordings.T
    np.fill_diagonal(products, -1.0)
    means, counts = _means(index)
    full = prototypes(means, index.answers)
    against = wordings @ full.T
    left = np.maximum(counts[owners] - 1, 1)[:, None]
    sums = means[owners] * counts[owners][:, None]
    without = ((sums - wordings) / left).astype(np.float32)
    own = (wordings * prototypes(without, index.answers[owners])).sum(axis=1)
    against[np.arange(len(wordings)), owners] = own
    return index.scores_of(np.hstack([products, against]).astype(np.float32)), own


def leave_entry_out(index: Index, scores: Scores) -> Scores:
    """Return the scores that remain when each wording's own entry is taken away."""
    ranking, nearest = scores.ranking.copy(), scores.nearest.copy()
    rows = np.arange(len(index.owners))
    ranking[rows, index.owners] = -np.inf
    nearest[rows, index.owners] = -1.0
    return Scores(ranking, nearest)


def _means(index: Index) -> tuple[Vectors, Vectors]:
    counts = np.bincount(index.owners, minlength=len(index.entries)).astype(np.float32)
    sums = np.zeros((len(index.entries), index.wordings.shape[1]), np.float32)
    np.add.at(sums, index.owners, index.wordings)
    return (sums / counts[:, None]).astype(np.float32), counts

"""Write candidates as a knowledge base file whose answers an editor fills in."""

import re
from collections.abc import Iterable, Iterator, Sequence

from shared.gap_groups import GapGroup
from workers.knowledge.base import Entry
from workers.modelling.knowledge.csv_import import to_yaml

_HEAD = """# Questions that were not answered, the most frequent first; made by `parley kb gaps`.
# For each one: write the answer, or add its wordings to the entry that is named as nearest, or
# delete it. Replace what is in [brackets], which stands for what was taken out. Then run
# `parley kb check`.
"""
_NOT_SLUG = re.compile(r"[^a-z0-9]+")
_MAX_ID = 50


def gap_file(candidates: Sequence[GapGroup], taken: Iterable[str]) -> str:
    """Return the file; no id is one of `taken`, those of the base."""
    ids = _ids(candidates, set(taken))
    parts = [_part(candidate, name) for candidate, name in zip(candidates, ids, strict=True)]
    return "\n".join((_HEAD, *parts))


def _part(candidate: GapGroup, name: str) -> str:
    reasons = ", ".join(f"{reason} {times}" for reason, times in candidate.reasons.items())
    nearest = (
        f"# nearest: {candidate.nearest} ({candidate.confidence:.2f}), {candidate.nearest_question}"
    )
    entry = to_yaml([Entry(name, candidate.question, "", tuple(candidate.wordings))])
    return f"# {candidate.times} times ({reasons})\n{nearest}\n{entry}  answer:\n"


def _ids(candidates: Sequence[GapGroup], taken: set[str]) -> Iterator[str]:
    for candidate in candidates:
        name = _NOT_SLUG.sub("-", candidate.question.casefold()).strip("-")[:_MAX_ID] or "gap"
        free = (f"{name}-{n}" if n > 1 else name for n in range(1, len(taken) + 2))
        made = next(each for each in free if each not in taken)
        taken.add(made)
        yield made

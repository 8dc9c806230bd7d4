"""What else may be meant: the rivals of an entry, and a message's other questions."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import islice

from shared.jobs import Alternative
from workers.dialogue.decision import Heard
from workers.knowledge.finder import Candidate, Finding

_MAX_ALTERNATIVES = 3


def alternative_of(candidate: Candidate) -> Alternative:
    """Return a candidate as it is told of."""
    return Alternative(candidate.entry.id, candidate.entry.question, candidate.confidence)


def rivals_of(finding: Finding) -> Iterator[Candidate]:
    """Yield the candidates after the best, the likeliest first; small talk is none."""
    return (each for each in finding.candidates[1:] if not each.small_talk)


def likeliest_rivals(finding: Finding) -> list[Alternative]:
    """Return as many rivals as are told of."""
    return [alternative_of(each) for each in islice(rivals_of(finding), _MAX_ALTERNATIVES)]


def other_questions(heard: Heard, answered: Mapping[str, Candidate]) -> list[Alternative]:
    """Return what the questions of a message may mean that are not `answered` (by entry id)."""
    bests = (finding.best for finding in heard.questions)
    return [
        alternative_of(best)
        for best in bests
        if best and not best.small_talk and best.entry.id not in answered
    ]


def distinct(alternatives: Sequence[Alternative]) -> tuple[Alternative, ...]:
    """Return them once each, and no more than are told of."""
    first: dict[str, Alternative] = {}
    for each in alternatives:
        first.setdefault(each.id, each)
    return tuple(first.values())[:_MAX_ALTERNATIVES]

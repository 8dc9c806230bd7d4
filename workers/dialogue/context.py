"""What a message means in its conversation: alone, or together with what was asked before."""

from collections.abc import Sequence
from dataclasses import replace

from workers.dialogue.decision import Heard
from workers.dialogue.state import Dialogue
from workers.knowledge.finder import Finding, Thresholds

_FOUND_BEFORE = 0.7  # off-topic turns, too, find it
_REPEATED = 0.95  # of two entries that fit alike, it is rather not the one that was just given


def read_in_context(heard: Heard, thresholds: Thresholds) -> Finding:
    """Return what a message means: what leans on earlier ones, or is not understood alone.

    The entries are ranked by their mean chance, alone and in context; the confidence of the first
    is that of the reading that knows it best. Chosen on development dialogues: docs/quality.md.
    """
    alone, answered = heard.main, _answered_last(heard.dialogue)
    contexts = heard.contexts
    if _is_sure_small_talk(alone, thresholds):  # "it works now" asks nothing again
        return alone
    if not contexts and not _is_understood(alone, thresholds):
        contexts = tuple(_doubted(found, answered) for found in heard.joined)
    return _mixed(alone, contexts, answered) if contexts else alone


def _doubted(found: Finding, answered: str | None) -> Finding:
    """Doubt what the question before finds by itself, whatever else is joined to it."""
    candidates = (
        replace(each, confidence=each.confidence * _FOUND_BEFORE)
        if each.entry.id == answered
        else each
        for each in found.candidates
    )
    return Finding(found.text, tuple(candidates))


def _is_understood(alone: Finding, thresholds: Thresholds) -> bool:
    best = alone.best
    if best is None:
        return False
    least = thresholds.clarify_from if best.small_talk else thresholds.answer_from
    return best.confidence >= least


def _is_sure_small_talk(alone: Finding, thresholds: Thresholds) -> bool:
    best = alone.best
    return best is not None and best.small_talk and best.confidence >= thresholds.answer_from


def _answered_last(dialogue: Dialogue) -> str | None:
    last = dialogue.asked[-1] if dialogue.asked else None
    return last.entry if last and last.kind in ("answer", "handover") else None


def _mixed(alone: Finding, contexts: Sequence[Finding], answered: str | None) -> Finding:
    by_itself, together = _chances((alone,)), _chances(contexts)
    known = {each.entry.id: each for found in (*contexts, alone) for each in found.candidates}

    def mean(name: str) -> float:
        both = by_itself.get(name, 0.0) + together.get(name, 0.0)
        return both * _REPEATED if name == answered else both

    ranked = sorted(known, key=mean, reverse=True)[: len(alone.candidates) or 1]
    if not ranked:
        return alone
    best = max(by_itself.get(ranked[0], 0.0), together.get(ranked[0], 0.0))
    share = best / (mean(ranked[0]) or 1.0)
    told = (replace(known[name], confidence=round(mean(name) * share, 4)) for name in ranked)
    return Finding(alone.text, tuple(told))


def _chances(findings: Sequence[Finding]) -> dict[str, float]:
    chances: dict[str, float] = {}
    for found in findings:
        for each in found.candidates:
            chances[each.entry.id] = max(each.confidence, chances.get(each.entry.id, 0.0))
    return chances

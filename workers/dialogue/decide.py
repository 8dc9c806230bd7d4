"""Say what a message gets: an answer, a question back, small talk, a person, or an honest no."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from shared.handovers import HandoverReason
from shared.jobs import Alternative, Answer, AnswerKind
from workers.dialogue import phrases
from workers.dialogue.alternatives import (
    alternative_of,
    distinct,
    likeliest_rivals,
    other_questions,
    rivals_of,
)
from workers.dialogue.called import GRAVE, while_called
from workers.dialogue.context import read_in_context
from workers.dialogue.decision import Decision, Heard
from workers.dialogue.foreign import Matter, foreign_text
from workers.dialogue.reask import asks_again, asks_in_vain
from workers.knowledge.base import Entry
from workers.knowledge.finder import Candidate, Finding, Thresholds
from workers.reading.legibility import FOR_A_PERSON, FOREIGN
from workers.reading.lexicon import topic_words
from workers.reading.text import fold

_MAX_ANSWERS = 3  # in one reply
_CLOSE = 0.6  # a rival with this share of the best entry's probability is worth asking about
_CHOSEN_CONFIDENCE = 0.97  # the person has chosen it from a list
_WISH_CONFIDENCE = 0.95  # the person asks for a person in so many words
_RECALLED_CONFIDENCE = 0.9
_GREETING = "smalltalk-greeting"  # of the small talk that comes with Parley
_UNWANTED_FACTOR = 0.3  # the best entry is what the person says they do not want

# Reasons of which those are told who write in another language than English, in theirs.
_MATTERS_ABROAD: Mapping[HandoverReason, Matter] = {
    "wish": "handover",
    "unanswered": "handover",
    "self_harm": "self_harm",
}


class Decider:
    """Decide on messages over one knowledge base, one at a time."""

    def __init__(self, thresholds: Thresholds, entries: Mapping[str, Entry]) -> None:
        self._thresholds = thresholds
        self.entries = entries

    def decide(self, heard: Heard) -> Decision:
        """Return what the message gets."""
        decision = self._decide(heard)
        if heard.person_called and not heard.with_person:
            decision = while_called(heard, decision)
        if heard.bereaved and decision.text and decision.handover not in GRAVE:
            decision = _with_sympathy(decision)
        entry = self.entries.get(decision.answer.id or "")
        return decision.about(entry.question) if entry else decision

    def _decide(self, heard: Heard) -> Decision:
        if heard.with_person:  # silent, but what is grave must reach the person all the same
            return Decision(_answer_for("handover", heard.main), "", handover=heard.escalation)
        if heard.escalation:
            return self._hand_over(heard, heard.main, heard.escalation)
        if heard.choice is not None and heard.dialogue.offered:
            return self._chosen(heard, heard.choice)
        if heard.recalls:
            return _recall(heard)
        if heard.unwanted:
            return self._unwanted(heard)
        answered = self._several(heard)
        return answered or self._one(heard, self._best_reading(heard))

    def _chosen(self, heard: Heard, places: Sequence[int]) -> Decision:
        offered = heard.dialogue.offered
        chosen = [
            self.entries[offered[n]]
            for n in places
            if n < len(offered) and offered[n] in self.entries
        ]
        if not chosen:
            return self._hand_over(heard, heard.main, "unanswered")
        candidates = [Candidate(entry, _CHOSEN_CONFIDENCE) for entry in chosen]
        return self._answer(heard, candidates, ())

    def _unwanted(self, heard: Heard) -> Decision:
        finding = heard.main
        best = finding.best
        rivals = likeliest_rivals(finding)
        answer = Answer(
            "clarify",
            best.entry.id if best else None,
            round(finding.confidence * _UNWANTED_FACTOR, 4),
            tuple(rivals),
        )
        return Decision(answer, phrases.choose(phrases.UNWANTED, heard.text))

    def _several(self, heard: Heard) -> Decision | None:
        """Answer several questions at once, if at least two of them have answers of their own."""
        sure: dict[str, Candidate] = {}
        for finding in heard.questions:
            best = finding.best
            if best and not best.small_talk and self._kind(finding) in ("answer", "handover"):
                sure.setdefault(best.entry.id, best)
        if len(sure) < 2:
            return None
        return self._answer(heard, list(sure.values())[:_MAX_ANSWERS], other_questions(heard, sure))

    def _one(self, heard: Heard, finding: Finding) -> Decision:
        kind = "fallback" if heard.unreadable else self._kind(finding)
        best = finding.best
        if best is None or kind == "fallback":
            return self._fall_back(heard, finding)
        if kind == "clarify" and _names_one_offered(heard, best):
            return self._answer(heard, [best], likeliest_rivals(finding))
        if asks_in_vain(heard, best):
            return self._hand_over(heard, finding, "unanswered")
        if kind == "clarify":
            return self._clarify(heard, finding)
        if kind == "handover":
            return self._hand_over(heard, finding, "entry")
        if kind == "smalltalk" and best.entry.id == _GREETING and heard.dialogue.asked:
            return Decision(_answer_for(kind, finding), phrases.GREETED_AGAIN)
        unsure = other_questions(heard, {best.entry.id: best})
        others = distinct((*unsure, *likeliest_rivals(finding)))
        answer = Answer(kind, best.entry.id, best.confidence, others)
        likely = [each for each in unsure if each.confidence >= self._thresholds.clarify_from]
        sources = () if kind == "smalltalk" else (best.entry.id,)
        if not likely:
            return Decision(answer, best.entry.answer.strip(), best.entry.tones, sources=sources)
        rest = phrases.rest_text(likely[0].question)
        text, offered = f"{best.entry.answer.strip()}\n\n{rest}", (likely[0].id,)
        return Decision(answer, text, offered=offered, sources=sources, kept=rest)

    def _best_reading(self, heard: Heard) -> Finding:
        """Return what all of a message means, or what it asks in one sentence, if surer."""
        best = read_in_context(heard, self._thresholds)
        asked = max(heard.questions, key=_confidence, default=best)
        return max(best, asked, key=_confidence)

    def _kind(self, finding: Finding) -> AnswerKind:
        best, limits = finding.best, self._thresholds
        if best is None or best.confidence < limits.clarify_from:
            return "fallback"
        if best.small_talk:
            return "smalltalk"
        rival = next(rivals_of(finding), None)
        if best.confidence < limits.answer_from:
            return "clarify" if rival else "fallback"
        if best.entry.handover:
            return "handover"
        close = rival is not None and rival.confidence >= _CLOSE * best.confidence
        return "clarify" if close and best.confidence < (1 + limits.answer_from) / 2 else "answer"

    def _fall_back(self, heard: Heard, finding: Finding) -> Decision:
        illegible = heard.unreadable
        # A person could do no more with random keys, however often they come.
        if heard.dialogue.unclear and (illegible is None or illegible in FOREIGN):
            decision = self._hand_over(heard, finding, "unanswered")
            if illegible and not decision.solemn:
                return replace(decision, text=phrases.FOREIGN_HANDOVER)
            return decision
        answer = _answer_for("fallback", finding)
        own = (
            foreign_text("unread", heard.language, heard.written) if illegible in FOREIGN else None
        )
        if own:
            return Decision(answer, own, offers_person=True, solemn=True)
        texts = phrases.UNREADABLE[illegible] if illegible else phrases.FALLBACKS
        offers_person = illegible is None or illegible in FOR_A_PERSON
        return Decision(answer, phrases.choose(texts, heard.text), offers_person=offers_person)

    def _clarify(self, heard: Heard, finding: Finding) -> Decision:
        if heard.dialogue.unclear:
            return self._hand_over(heard, finding, "unanswered")
        assert finding.best  # noqa: S101 - what has no candidate is no question back
        offered = distinct(
            (alternative_of(finding.best), *other_questions(heard, {}), *likeliest_rivals(finding))
        )
        asked = "\n".join(f"{n}. {each.question}" for n, each in enumerate(offered, 1))
        answer = Answer("clarify", finding.best.entry.id, finding.confidence, offered)
        question = phrases.choose(phrases.QUESTIONS_BACK, heard.text)
        ids = tuple(each.id for each in offered)
        return Decision(answer, f"{question}\n\n{asked}", offered=ids, sources=ids, kept=asked)

    def _answer(
        self, heard: Heard, candidates: Sequence[Candidate], others: Sequence[Alternative]
    ) -> Decision:
        needing = next((each for each in candidates if each.entry.handover), None)
        if needing:
            return self._hand_over(heard, Finding(heard.text, (needing,)), "entry")
        first, *more = candidates
        also = [alternative_of(each) for each in more]
        answer = Answer("answer", first.entry.id, first.confidence, distinct((*also, *others)))
        sources = tuple(each.entry.id for each in candidates)
        if not more:
            text, tones = first.entry.answer.strip(), first.entry.tones
            return Decision(answer, text, tones, sources=sources)
        parts = (f"**{each.entry.question}**\n\n{each.entry.answer.strip()}" for each in candidates)
        return Decision(answer, "\n\n".join(parts), sources=sources)

    def _hand_over(self, heard: Heard, finding: Finding, reason: HandoverReason) -> Decision:
        answer = _answer_for("handover", finding)
        matter = _MATTERS_ABROAD.get(reason)
        foreign = foreign_text(matter, heard.language, heard.written) if matter else None
        if foreign:
            return Decision(answer, foreign, handover=reason, solemn=True)
        own = next((each for each in finding.candidates if each.entry.handover), None)
        if own is None or reason not in ("wish", "entry"):
            return Decision(answer, phrases.handover_text(reason), handover=reason)
        sure = max(own.confidence, _WISH_CONFIDENCE) if reason == "wish" else own.confidence
        others = tuple(each for each in answer.alternatives if each.id != own.entry.id)
        answer = replace(answer, id=own.entry.id, confidence=sure, alternatives=others)
        return Decision(answer, own.entry.answer.strip(), own.entry.tones, handover=reason)


def _names_one_offered(heard: Heard, best: Candidate) -> bool:
    """Say whether the message chooses by other words than a number or an entry's own."""
    repeated = asks_again(heard.reask_score)
    open_choice = not heard.dialogue.chosen and best.entry.id in heard.dialogue.offered
    # "How much" names nothing, and finds one of them only because it was joined to the question.
    return open_choice and not repeated and bool(topic_words(fold(heard.text)))


def _with_sympathy(decision: Decision) -> Decision:
    text = f"{phrases.CONDOLENCE}\n\n{decision.text}"
    return replace(decision, text=text, tones={}, solemn=True)


def _recall(heard: Heard) -> Decision:
    if heard.recalled is None:
        return Decision(_answer_for("fallback", heard.main), phrases.NOTHING_RECALLED)
    answer = Answer("recall", _best_id(heard.main), _RECALLED_CONFIDENCE)
    return Decision(answer, phrases.recalled_text(heard.recalled.text))


def _answer_for(kind: AnswerKind, finding: Finding) -> Answer:
    return Answer(kind, _best_id(finding), finding.confidence, distinct(likeliest_rivals(finding)))


def _best_id(finding: Finding) -> str | None:
    return finding.best.entry.id if finding.best else None


def _confidence(finding: Finding) -> float:
    return finding.confidence

"""What a message gets, given what was found for it and what was said before."""

from dataclasses import replace
from typing import Any

import pytest

from shared.jobs import AnswerKind
from workers.dialogue.cues import read_cues
from workers.dialogue.decide import Decider
from workers.dialogue.decision import Decision, Escalation, Heard
from workers.dialogue.phrases import (
    CALLED,
    CONDOLENCE,
    FOREIGN_HANDOVER,
    GREETED_AGAIN,
    LEFT_TO_PERSON,
    UNREADABLE,
    rest_text,
)
from workers.dialogue.state import Asked, Dialogue
from workers.knowledge.base import Entry
from workers.knowledge.finder import Candidate, Finding, Thresholds
from workers.reading.legibility import IllegibleReason

PAY = Entry("pay", "How can I pay?", "By card.", tones={"negative": "Sorry. By card."})
REFUND = Entry("refund", "When is my refund here?", "In five days.")
HACKED = Entry("hacked", "My account was hacked", "A colleague looks at it.", handover=True)
HELLO = Entry("hello", "hello", "Hello!")
ENTRIES = {entry.id: entry for entry in (PAY, REFUND, HACKED, HELLO)}
FIRST = Dialogue("test")
ASKED_BACK = Dialogue("test", offered=("pay", "refund"), unclear=1)
decider = Decider(Thresholds(answer_from=0.6, clarify_from=0.3), ENTRIES)


def finding(best: Entry, confidence: float, *rivals: Entry) -> Finding:
    others = [entry for entry in ENTRIES.values() if entry is not best and entry is not HELLO]
    first = Candidate(best, confidence, small_talk=best is HELLO)
    rest = [Candidate(entry, (1 - confidence) / 4) for entry in rivals or others]
    return Finding("text", (first, *rest))


def heard(best: Entry, confidence: float, dialogue: Dialogue = FIRST) -> Heard:
    return Heard("a message", dialogue, finding(best, confidence))


@pytest.mark.parametrize(
    ("best", "confidence", "kind"),
    [
        (PAY, 0.9, "answer"),
        (HACKED, 0.9, "handover"),
        (HELLO, 0.9, "smalltalk"),
        (PAY, 0.5, "clarify"),
        (HACKED, 0.5, "clarify"),
        (PAY, 0.2, "fallback"),
        (HELLO, 0.2, "fallback"),
    ],
)
def test_the_kind_follows_entry_and_confidence(
    best: Entry, confidence: float, kind: AnswerKind
) -> None:
    decision = decider.decide(heard(best, confidence))
    assert decision.answer.kind == kind
    assert decision.answer.id == best.id
    assert decision.answer.confidence == confidence
    assert (decision.handover == "entry") == (kind == "handover")


def test_a_question_back_offers_entries_and_no_small_talk() -> None:
    decision = decider.decide(heard(PAY, 0.5))
    assert decision.offered == ("pay", "refund", "hacked")
    assert [each.id for each in decision.answer.alternatives] == list(decision.offered)
    assert all(ENTRIES[name].question in decision.text for name in decision.offered)


def test_a_close_rival_is_asked_about() -> None:
    found = Finding("text", (Candidate(PAY, 0.6), Candidate(REFUND, 0.38)))
    assert decider.decide(Heard("a message", FIRST, found)).answer.kind == "clarify"


def test_an_honest_no_invents_nothing() -> None:
    decision = decider.decide(heard(PAY, 0.2))
    assert "By card" not in decision.text
    assert decision.tones == {}


@pytest.mark.parametrize("confidence", [0.2, 0.5])
def test_after_one_unclear_reply_a_person_takes_over(confidence: float) -> None:
    decision = decider.decide(heard(PAY, confidence, replace(FIRST, unclear=1)))
    assert decision.answer.kind == "handover"
    assert decision.handover == "unanswered"


def test_small_talk_is_no_second_failure() -> None:
    decision = decider.decide(heard(HELLO, 0.9, replace(FIRST, unclear=1)))
    assert decision.answer.kind == "smalltalk"


@pytest.mark.parametrize("escalation", ["wish", "legal", "self_harm", "emergency"])
def test_what_needs_a_person_gets_one_whatever_was_found(escalation: Escalation) -> None:
    decision = decider.decide(replace(heard(PAY, 0.99), escalation=escalation))
    assert decision.answer.kind == "handover"
    assert decision.handover == escalation
    assert "By card" not in decision.text


def test_an_entry_for_those_who_want_a_person_has_its_own_words() -> None:
    decision = decider.decide(replace(heard(HACKED, 0.9), escalation="wish"))
    assert decision.text == HACKED.answer


@pytest.mark.parametrize(("choice", "entry"), [((1,), "refund"), ((0,), "pay")])
def test_a_choice_is_answered(choice: tuple[int, ...], entry: str) -> None:
    decision = decider.decide(replace(heard(HACKED, 0.1, ASKED_BACK), choice=choice))
    assert (decision.answer.kind, decision.answer.id) == ("answer", entry)
    assert decision.answer.confidence > 0.9


def test_none_of_those_offered_brings_a_person() -> None:
    decision = decider.decide(replace(heard(PAY, 0.4, ASKED_BACK), choice=()))
    assert decision.handover == "unanswered"


def test_a_choice_of_an_entry_that_has_gone_brings_a_person() -> None:
    gone = replace(ASKED_BACK, offered=("gone",))
    decision = decider.decide(replace(heard(PAY, 0.4, gone), choice=(0,)))
    assert decision.handover == "unanswered"


def test_two_questions_get_two_answers() -> None:
    two = replace(heard(PAY, 0.7), questions=(finding(PAY, 0.9), finding(REFUND, 0.8)))
    decision = decider.decide(two)
    assert decision.answer.id == "pay"
    assert decision.answer.alternatives[0].id == "refund"
    assert "By card." in decision.text
    assert "In five days." in decision.text


def test_the_unsure_one_of_two_questions_is_offered() -> None:
    two = replace(heard(PAY, 0.7), questions=(finding(PAY, 0.9), finding(REFUND, 0.4)))
    decision = decider.decide(two)
    assert decision.answer.id == "pay"
    assert decision.answer.alternatives[0].id == "refund"
    assert "In five days." not in decision.text


def test_what_is_not_wanted_is_not_explained() -> None:
    decision = decider.decide(replace(heard(PAY, 0.95), unwanted=True))
    assert decision.answer.kind == "clarify"
    assert decision.answer.confidence < 0.5
    assert "By card" not in decision.text


def test_the_context_counts_if_it_is_no_less_certain() -> None:
    alone = heard(PAY, 0.5)
    assert decider.decide(replace(alone, contexts=(finding(REFUND, 0.8),))).answer.id == "refund"
    assert decider.decide(replace(alone, contexts=(finding(REFUND, 0.4),))).answer.id == "pay"


def test_a_chosen_entry_that_needs_a_person_brings_one() -> None:
    offered = replace(ASKED_BACK, offered=("pay", "hacked"))
    decision = decider.decide(replace(heard(PAY, 0.1, offered), choice=(1,)))
    assert (decision.answer.kind, decision.answer.id) == ("handover", "hacked")
    assert decision.handover == "entry"


def test_one_of_two_questions_that_needs_a_person_brings_one() -> None:
    two = replace(heard(PAY, 0.7), questions=(finding(PAY, 0.9), finding(HACKED, 0.9)))
    assert decider.decide(two).handover == "entry"


def test_what_was_offered_may_be_named_in_other_words() -> None:
    decision = decider.decide(heard(REFUND, 0.5, ASKED_BACK))
    assert (decision.answer.kind, decision.answer.id) == ("answer", "refund")
    repeated = replace(heard(REFUND, 0.5, ASKED_BACK), reask_score=0.9)
    assert decider.decide(repeated).handover == "unanswered"


def test_a_silent_bot_still_reports_what_is_grave() -> None:
    silent = replace(heard(PAY, 0.9), with_person=True, escalation="self_harm")
    decision = decider.decide(silent)
    assert (decision.text, decision.handover) == ("", "self_harm")
    assert decider.decide(replace(silent, escalation=None)).handover is None


def test_who_asks_the_same_for_the_third_time_gets_a_person() -> None:
    asked = (Asked("pay?", b"1", "answer", "pay"),)
    dialogue = replace(FIRST, asked=asked, reasks=(None, 0.9))
    again = replace(heard(PAY, 0.9, dialogue), reask_score=0.9)
    assert decider.decide(again).handover == "unanswered"
    assert decider.decide(replace(again, reask_score=0.1)).answer.kind == "answer"


def test_the_surer_of_whole_and_question_is_answered() -> None:
    story = replace(heard(REFUND, 0.7), questions=(finding(PAY, 0.95),))
    assert decider.decide(story).answer.id == "pay"


def test_the_likely_meaning_of_the_other_question_is_offered_in_words() -> None:
    two = replace(heard(PAY, 0.7), questions=(finding(PAY, 0.9), finding(REFUND, 0.4)))
    decision = decider.decide(two)
    assert REFUND.question in decision.text
    assert decision.offered == ("refund",)


def test_another_language_is_told_of_english_and_then_gets_a_person() -> None:
    foreign = replace(heard(PAY, 0.1), unreadable="language")
    first = decider.decide(foreign)
    assert first.answer.kind == "fallback"
    assert first.offers_person
    assert "English" in first.text
    second = decider.decide(replace(foreign, dialogue=replace(FIRST, unclear=1)))
    assert (second.handover, second.text) == ("unanswered", FOREIGN_HANDOVER)


@pytest.mark.parametrize("reason", ["gibberish", "empty"])
def test_random_keys_call_nobody_however_often_they_come(reason: IllegibleReason) -> None:
    mashed = replace(heard(PAY, 0.1, replace(FIRST, unclear=1)), unreadable=reason)
    decision = decider.decide(mashed)
    assert (decision.answer.kind, decision.handover) == ("fallback", None)
    assert "English" not in decision.text
    called = decider.decide(replace(mashed, person_called=True))
    assert called.text == decision.text


def test_a_bare_number_cannot_be_looked_up_but_by_a_person() -> None:
    given = replace(heard(PAY, 0.9, replace(FIRST, unclear=1)), unreadable="number")
    decision = decider.decide(given)
    assert (decision.answer.kind, decision.handover) == ("fallback", None)
    assert decision.offers_person
    assert decision.text in UNREADABLE["number"]
    called = decider.decide(replace(given, person_called=True))
    assert called.text in LEFT_TO_PERSON


def test_a_code_that_an_entry_explains_is_no_bare_number() -> None:
    entries = {"error": Entry("error", "What is error E1047?", "Restart it.")}
    assert read_cues("E1047", FIRST, entries).unreadable is None
    assert read_cues("E1048", FIRST, entries).unreadable == "number"


@pytest.mark.parametrize(("best", "confidence"), [(PAY, 0.9), (PAY, 0.1), (HACKED, 0.9)])
def test_who_tells_of_a_death_is_met_with_sympathy(best: Entry, confidence: float) -> None:
    decision = decider.decide(replace(heard(best, confidence), bereaved=True))
    assert decision.text.startswith(CONDOLENCE)
    assert (decision.tones, decision.solemn) == ({}, True)
    grave = decider.decide(replace(heard(PAY, 0.9), bereaved=True, escalation="emergency"))
    assert CONDOLENCE not in grave.text


def test_what_names_nothing_chooses_nothing_by_its_words() -> None:
    asked = replace(heard(PAY, 0.5, ASKED_BACK), text="how much")
    assert decider.decide(asked).answer.kind == "handover"
    assert decider.decide(replace(asked, text="paying")).answer.kind == "answer"


def test_a_greeting_in_the_middle_of_a_conversation_introduces_nobody() -> None:
    greeting = Entry("smalltalk-greeting", "hello", "Hello! I'm the assistant.")
    hello = Finding("hello??", (Candidate(greeting, 0.9, small_talk=True),))
    first = Heard("hello??", FIRST, hello)
    assert decider.decide(first).text == greeting.answer
    assert decider.decide(replace(first, dialogue=CALLED_BEFORE)).text == GREETED_AGAIN


CALLED_BEFORE = Dialogue("test", asked=(Asked("a human please", b"", "handover", "hacked"),))


def while_called(
    best: Entry, confidence: float, dialogue: Dialogue = CALLED_BEFORE, **more: Any
) -> Decision:
    return decider.decide(replace(heard(best, confidence, dialogue), person_called=True, **more))


def test_while_a_person_is_called_what_can_be_answered_is() -> None:
    decision = while_called(PAY, 0.9)
    assert decision.answer.kind == "answer"
    assert decision.text == "By card."
    assert decision.called == "unsaid"


def test_a_second_wish_for_a_person_is_told_of_the_first() -> None:
    decision = while_called(PAY, 0.2, escalation="wish")
    assert decision.answer.kind == "handover"
    assert decision.handover is None
    assert decision.text in CALLED


@pytest.mark.parametrize("escalation", ["legal", "self_harm", "emergency"])
def test_what_is_grave_reaches_the_handover_that_is_open(escalation: Escalation) -> None:
    assert while_called(PAY, 0.9, escalation=escalation).handover == escalation


@pytest.mark.parametrize(("confidence", "unclear"), [(0.2, 0), (0.2, 1), (0.5, 1)])
def test_what_cannot_be_answered_is_left_to_the_person_called(
    confidence: float, unclear: int
) -> None:
    decision = while_called(PAY, confidence, replace(CALLED_BEFORE, unclear=unclear))
    assert decision.answer.kind == "fallback"
    assert decision.handover is None
    assert decision.text in LEFT_TO_PERSON
    assert not decision.offers_person


def test_a_question_back_is_asked_once_while_a_person_is_called() -> None:
    assert while_called(PAY, 0.5).answer.kind == "clarify"


def test_an_entry_that_calls_a_person_is_told_once() -> None:
    first = while_called(HACKED, 0.9, FIRST)
    assert (first.text, first.handover) == ("A colleague looks at it.", None)
    again = while_called(HACKED, 0.9)
    assert again.text in CALLED
    assert again.handover is None


def test_once_a_person_is_there_the_bot_is_silent_though_one_was_called() -> None:
    assert while_called(PAY, 0.9, with_person=True).text == ""


TWO = replace(heard(PAY, 0.7), questions=(finding(PAY, 0.9), finding(REFUND, 0.8)))
ONE_OF_TWO = replace(heard(PAY, 0.7), questions=(finding(PAY, 0.9), finding(REFUND, 0.4)))


@pytest.mark.parametrize(
    ("what", "sources", "kept"),
    [
        (heard(PAY, 0.9), ("pay",), ""),
        (TWO, ("pay", "refund"), ""),
        (ONE_OF_TWO, ("pay",), rest_text(REFUND.question)),
        (
            heard(PAY, 0.5),
            ("pay", "refund", "hacked"),
            f"1. {PAY.question}\n2. {REFUND.question}\n3. {HACKED.question}",
        ),
        (replace(heard(HACKED, 0.1, ASKED_BACK), choice=(1,)), ("refund",), ""),
        (replace(heard(HACKED, 0.1, ASKED_BACK), choice=(0, 1)), ("pay", "refund"), ""),
        (replace(heard(PAY, 0.5), contexts=(finding(REFUND, 0.8),)), ("refund",), ""),
        (replace(heard(PAY, 0.9), person_called=True), ("pay",), ""),
        (heard(HELLO, 0.9), (), ""),
        (heard(HACKED, 0.9), (), ""),
        (heard(PAY, 0.1), (), ""),
        (replace(heard(PAY, 0.9), unwanted=True), (), ""),
        (replace(heard(PAY, 0.9), escalation="wish", person_called=True), (), ""),
        (replace(heard(PAY, 0.5, replace(FIRST, unclear=1)), person_called=True), (), ""),
    ],
)
def test_words_name_the_entries_that_they_are_made_of(
    what: Heard, sources: tuple[str, ...], kept: str
) -> None:
    decision = decider.decide(what)
    assert decision.sources == sources
    assert decision.kept == kept
    assert decision.text.endswith(kept)

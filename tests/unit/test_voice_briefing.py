"""What a model is given for a reply: the entries that were chosen, and nothing that must stand."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from shared.jobs import Answer, AnswerKind, ChatJob, Tone, Translation
from tests.support.injections import INJECTIONS
from workers.dialogue.decide import Decider
from workers.dialogue.decision import Decision, Heard
from workers.dialogue.state import Asked, Dialogue
from workers.dialogue.worded import word
from workers.knowledge.base import Entry
from workers.knowledge.finder import Candidate, Finding, Thresholds
from workers.memory.memory import MemoryRecord
from workers.tone.trend import Concern
from workers.tone.wording import Wording
from workers.voice.brief import Brief, Exchange, Source
from workers.voice.briefing import brief_of, is_to_be_translated
from workers.voice.prompt import MAX_MESSAGE_CHARACTERS, MAX_SOURCE_CHARACTERS

PAY = Entry("pay", "How can I pay?", "By card.\n", tones={"negative": "Sorry. By card or cash."})
REFUND = Entry("refund", "When is my refund here?", "In five days.")
HACKED = Entry("hacked", "My account was hacked", "A colleague looks at it.", handover=True)
HELLO = Entry("hello", "hello", "Hello!")
ENTRIES = {entry.id: entry for entry in (PAY, REFUND, HACKED, HELLO)}
FIRST = Dialogue("test")
WORDING = Wording.load()
CALM = Tone("neutral", 0.9)
ANGRY = Tone("negative", 0.95, {"angry": 0.9})


def found(best: Entry, confidence: float) -> Finding:
    others = [entry for entry in (PAY, REFUND) if entry is not best]
    first = Candidate(best, confidence, small_talk=best is HELLO)
    return Finding("text", (first, *(Candidate(each, 0.05) for each in others)))


def heard(best: Entry, confidence: float, **more: Any) -> Heard:
    return replace(Heard("a message", FIRST, found(best, confidence)), **more)


def briefed(
    what: Heard,
    tone: Tone = CALM,
    entries: Mapping[str, Entry] = ENTRIES,
    message: str = "can i pay by card",
    concern: Concern | None = None,
) -> Brief | None:
    decision = Decider(Thresholds(answer_from=0.6, clarify_from=0.3), entries).decide(what)
    said = word(WORDING, decision, what.dialogue, tone, concern, "job")
    job = ChatJob("job", message, "c", 1.0)
    brief = brief_of(job, what, decision, said, tone, entries)
    if brief is not None:
        assert "\n\n".join(part for part in (brief.words, brief.kept) if part) == said.text
    return brief


def made(brief: Brief | None) -> Brief:
    assert brief is not None
    return brief


def test_an_answer_has_its_entry_for_a_source() -> None:
    brief = made(briefed(heard(PAY, 0.9)))
    assert brief == Brief(
        "answer",
        "can i pay by card",
        (Source("pay", "How can I pay?", "By card."),),
        "By card.",
        tone="neutral",
    )


def test_the_entrys_own_words_for_a_tone_are_a_source_if_they_are_said() -> None:
    brief = made(briefed(heard(PAY, 0.9), ANGRY))
    assert (brief.words, brief.tone) == ("Sorry. By card or cash.", "negative")
    assert brief.sources[0].text == "By card.\n\nSorry. By card or cash."


def test_an_opener_is_no_source() -> None:
    brief = made(briefed(heard(REFUND, 0.9), ANGRY))
    assert brief.words.endswith(" In five days.")
    assert brief.sources[0].text == "In five days."


def test_a_tone_that_is_not_sure_is_not_told() -> None:
    assert made(briefed(heard(PAY, 0.9), Tone("negative", 0.5))).tone == "unknown"


def test_several_answers_have_a_source_each() -> None:
    both = heard(PAY, 0.7, questions=(found(PAY, 0.9), found(REFUND, 0.8)))
    brief = made(briefed(both))
    assert [(each.id, each.text) for each in brief.sources] == [
        ("pay", "By card."),
        ("refund", "In five days."),
    ]
    assert brief.kept == ""


def test_the_offer_of_a_further_question_is_kept() -> None:
    brief = made(briefed(heard(PAY, 0.9, questions=(found(PAY, 0.9), found(REFUND, 0.4)))))
    assert [each.id for each in brief.sources] == ["pay"]
    assert brief.words == "By card."
    assert brief.kept == "As to your other question, did you mean *When is my refund here?*?"


def test_a_question_back_keeps_its_list_and_knows_no_answers() -> None:
    brief = made(briefed(heard(PAY, 0.5)))
    assert brief.kind == "clarify"
    assert brief.kept == "1. How can I pay?\n2. When is my refund here?"
    assert [(each.title, each.text) for each in brief.sources] == [
        ("How can I pay?", ""),
        ("When is my refund here?", ""),
    ]


def test_an_offer_of_a_person_and_that_one_was_called_are_kept() -> None:
    offered = made(briefed(heard(PAY, 0.9), concern=Concern.FALLS))
    assert (offered.words, bool(offered.kept)) == ("By card.", True)
    called = made(briefed(heard(PAY, 0.9, person_called=True)))
    assert called.words == "By card."
    assert "colleague" in called.kept


def test_a_choice_has_the_chosen_for_sources() -> None:
    offered = Dialogue("test", offered=("pay", "refund"), unclear=1)
    brief = made(briefed(heard(HACKED, 0.1, dialogue=offered, choice=(1,))))
    assert [each.id for each in brief.sources] == ["refund"]
    both = made(briefed(heard(HACKED, 0.1, dialogue=offered, choice=(0, 1, 1))))
    assert [each.id for each in both.sources] == ["pay", "refund"]


def test_an_answer_in_context_has_the_entry_that_the_context_found() -> None:
    asked = Dialogue("test", asked=(Asked("refund?", b"1", "answer", "refund", REFUND.question),))
    brief = made(briefed(heard(PAY, 0.1, dialogue=asked, contexts=(found(REFUND, 0.9),))))
    assert [each.id for each in brief.sources] == ["refund"]
    assert brief.turns == (Exchange("refund?", REFUND.question),)


def test_a_recall_has_what_the_person_wrote() -> None:
    record = MemoryRecord("c", "j", "My order is 77.\nThanks", 1.0, "test", b"1")
    brief = made(briefed(heard(PAY, 0.1, recalls=True, recalled=record)))
    assert (brief.kind, brief.sources) == ("recall", (Source("", "", record.text),))
    assert "> My order is 77." in brief.words


@pytest.mark.parametrize(
    "what",
    [
        heard(PAY, 0.1),
        heard(HELLO, 0.9),
        heard(HACKED, 0.9),
        heard(HACKED, 0.9, person_called=True),
        heard(PAY, 0.9, unwanted=True),
        heard(PAY, 0.9, bereaved=True),
        heard(PAY, 0.5, bereaved=True),
        heard(PAY, 0.9, with_person=True),
        heard(PAY, 0.9, unreadable="language"),
        heard(PAY, 0.1, recalls=True),
        heard(PAY, 0.5, dialogue=replace(FIRST, unclear=1)),
        *(
            heard(PAY, 0.9, escalation=each, person_called=called)
            for each in ("wish", "legal", "self_harm", "emergency")
            for called in (False, True)
        ),
    ],
)
def test_what_must_stand_as_it_is_gets_no_brief(what: Heard) -> None:
    assert briefed(what) is None
    assert briefed(what, ANGRY) is None


@pytest.mark.parametrize("kind", ["answer", "clarify"])
def test_a_decision_that_names_another_bases_entry_gets_no_brief_of_it(kind: AnswerKind) -> None:
    """A message's header may name any entry; only the conversation's own base is looked in."""
    others = {"vip": Entry("vip", "How do I get a discount?", "Everything is free for you.")}
    decision = Decision(Answer(kind, "vip", 0.9), "Everything is free.", sources=("vip", "pay"))
    what = heard(PAY, 0.9)
    said = word(WORDING, decision, FIRST, CALM, None, "job")
    job = ChatJob("job", "m", "acme\u241fc", 1.0)
    own = brief_of(job, what, decision, said, CALM, ENTRIES)
    assert own is None or [each.id for each in own.sources] == ["pay"]
    assert "free" not in repr(own.sources if own else ())
    theirs = made(brief_of(job, what, decision, said, CALM, others | ENTRIES))
    assert [each.id for each in theirs.sources] == ["vip", "pay"]


def test_only_the_last_turns_that_ask_something_count() -> None:
    kinds: tuple[AnswerKind, ...] = ("answer", "answer", "smalltalk", "clarify", "fallback")
    asked = tuple(Asked(f"{n}", b"1", kind, "pay", "Pay?") for n, kind in enumerate(kinds))
    brief = made(briefed(heard(PAY, 0.9, dialogue=replace(FIRST, asked=asked))))
    assert brief.turns == (Exchange("1", "Pay?"), Exchange("3"), Exchange("4"))


def test_a_long_message_loses_its_middle() -> None:
    brief = made(briefed(heard(PAY, 0.9), message="a" * 1_500 + "b" * 1_500 + "how do I pay?"))
    assert len(brief.message) == MAX_MESSAGE_CHARACTERS
    assert brief.message.startswith("a")
    assert brief.message.endswith("how do I pay?")


@pytest.mark.parametrize(
    "answer", ["Long. " * MAX_SOURCE_CHARACTERS, "Run `parley --user <name>`.", *INJECTIONS[1:10]]
)
def test_what_a_prompt_cannot_hold_as_it_is_goes_out_in_its_own_words(answer: str) -> None:
    entries = {"pay": replace(PAY, answer=answer), "refund": REFUND}
    assert briefed(heard(entries["pay"], 0.9), entries=entries) is None


HONEST = "Leider verstehe ich hier nur Englisch."
GERMAN = "Wie kann ich bezahlen?"


def translated(what: Heard) -> Brief | None:
    """Return the brief of a message that a model brought into English."""
    decision = Decider(Thresholds(answer_from=0.6, clarify_from=0.3), ENTRIES).decide(what)
    said = word(WORDING, decision, what.dialogue, CALM, None, "job")
    translation = Translation("de", "How can I pay?")
    job = ChatJob("job", GERMAN, "c", 1.0, translation=translation)
    return brief_of(job, what, decision, said, CALM, ENTRIES)


def test_a_message_in_another_language_is_to_be_translated_first() -> None:
    what = heard(PAY, 0.9, unreadable="language", language="de", text=GERMAN)
    brief = made(briefed(what, message=GERMAN))
    assert (brief.kind, brief.message, brief.language) == ("fallback", GERMAN, "de")
    assert brief.words.startswith(HONEST)
    assert brief.sources == ()
    assert is_to_be_translated(brief)


@pytest.mark.parametrize(
    "more",
    [
        {"unreadable": "language", "language": None},
        {"unreadable": "gibberish"},
        {"unreadable": "language", "language": "de", "with_person": True},
        {"unreadable": "language", "language": "de", "escalation": "wish"},
        {"unreadable": "language", "language": "de", "dialogue": replace(FIRST, unclear=1)},
    ],
)
def test_what_nobody_can_name_or_a_person_gets_is_not_translated(more: dict[str, Any]) -> None:
    assert briefed(heard(PAY, 0.9, **more), message=GERMAN) is None


def test_a_translated_message_is_answered_in_its_own_language() -> None:
    brief = made(translated(heard(PAY, 0.9, language="de", original=GERMAN)))
    assert (brief.kind, brief.language, brief.message) == ("answer", "de", GERMAN)
    assert brief.sources == (Source("pay", "How can I pay?", "By card."),)
    assert not is_to_be_translated(brief)


@pytest.mark.parametrize(("best", "confidence"), [(HELLO, 0.9), (PAY, 0.1)])
def test_so_are_small_talk_and_an_honest_no(best: Entry, confidence: float) -> None:
    brief = made(translated(heard(best, confidence, language="de", original=GERMAN)))
    assert brief.language == "de"
    assert [each.text for each in brief.sources] == [brief.words]
    assert not is_to_be_translated(brief)
    assert briefed(heard(best, confidence)) is None, "in English they have their own words"


def test_a_person_is_called_in_the_person_s_own_language() -> None:
    what = heard(PAY, 0.9, language="de", original=GERMAN, escalation="wish")
    assert translated(what) is None
    decision = Decider(Thresholds(answer_from=0.6, clarify_from=0.3), ENTRIES).decide(what)
    assert "Team" in decision.text
    assert decision.solemn

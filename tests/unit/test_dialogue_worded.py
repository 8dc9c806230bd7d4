"""A decision in words: what goes before it and after it, and what never does."""

from dataclasses import replace
from itertools import product

import pytest

from shared.handovers import HandoverReason
from shared.jobs import Answer, AnswerKind, Tone
from workers.dialogue.decision import Called, Decision
from workers.dialogue.phrases import CALLED_TOO, CALLED_UPSET
from workers.dialogue.state import Dialogue
from workers.dialogue.worded import Worded, word
from workers.tone.trend import Concern
from workers.tone.wording import Wording

WORDING = Wording.load()
ANGRY = Tone("negative", 0.95, {"angry": 0.9})
CALM = Tone("neutral", 0.9)


def say(
    kind: AnswerKind,
    tone: Tone = CALM,
    concern: Concern | None = None,
    handover: HandoverReason | None = None,
) -> Worded:
    decision = Decision(Answer(kind, "pay", 0.8), "By card.", handover=handover)
    return word(WORDING, decision, Dialogue("test"), tone, concern, "job")


@pytest.mark.parametrize("reason", ["self_harm", "emergency", "legal"])
def test_grave_words_stand_alone(reason: HandoverReason) -> None:
    assert say("handover", ANGRY, handover=reason) == Worded("By card.")


def test_the_angry_get_no_cheerful_small_talk_but_a_person() -> None:
    said = say("smalltalk", ANGRY)
    assert "By card." not in said.text
    assert said.person_offered
    assert say("smalltalk") == Worded("By card.")


def test_a_person_is_offered_below_an_answer_and_nowhere_else() -> None:
    assert say("answer", concern=Concern.FALLS).person_offered
    assert say("answer").person_offered is False
    assert say("recall", concern=Concern.ASKS_AGAIN) == Worded("By card.")


def test_an_answer_to_the_upset_has_an_opener() -> None:
    said = say("answer", ANGRY)
    assert said.text.endswith("By card.")
    assert len(said.openers) == 1


def test_the_bereaved_get_no_opener_and_no_further_offer() -> None:
    decision = Decision(Answer("answer", "pay", 0.8), "By card.", solemn=True)
    said = word(WORDING, decision, Dialogue("test"), ANGRY, Concern.FALLS, "job")
    assert said == Worded("By card.")


def test_small_talk_has_its_own_words_for_the_upset() -> None:
    decision = Decision(Answer("smalltalk", "bot", 0.9), "Yes!", {"negative": "Yes."})
    assert word(WORDING, decision, Dialogue("test"), ANGRY, None, "job").text == "Yes."


def say_called(
    kind: AnswerKind, called: Called, tone: Tone = CALM, *, announced: bool = False
) -> Worded:
    decision = Decision(Answer(kind, "pay", 0.8), "By card.", called=called)
    dialogue = Dialogue("test", person_announced=announced)
    return word(WORDING, decision, dialogue, tone, Concern.FALLS, "job")


def test_that_a_person_was_called_is_said_once() -> None:
    for kind in ("answer", "clarify", "smalltalk"):
        first = say_called(kind, "unsaid")
        assert first.person_announced
        assert first.text.removeprefix("By card.\n\n") in CALLED_TOO
        assert say_called(kind, "unsaid", announced=True).text == "By card."
    assert say_called("fallback", "said").text == "By card."


def test_who_waits_for_a_person_is_offered_none() -> None:
    assert not say_called("answer", "unsaid").person_offered
    upset = say_called("smalltalk", "unsaid", ANGRY)
    assert upset.text in CALLED_UPSET
    assert not upset.person_offered


OFFER = "As to your other question, did you mean *Refund?*?"
LIST = "1. Pay?\n2. Refund?"


@pytest.mark.parametrize(
    ("kind", "kept", "called", "tone", "concern"),
    [
        *product(
            ("answer", "clarify", "recall", "fallback"),
            ("", LIST, OFFER),
            (None, "said", "unsaid"),
            (CALM, ANGRY),
            (None, Concern.FALLS),
        )
    ],
)
def test_what_is_kept_stands_below_the_same_words(
    kind: AnswerKind, kept: str, called: Called | None, tone: Tone, concern: Concern | None
) -> None:
    """The text is that of a decision which keeps nothing; what is kept has no opener in it."""
    text = f"By card.\n\n{kept}" if kept else "By card."
    whole = Decision(Answer(kind, "pay", 0.8), text, called=called)
    before = word(WORDING, whole, Dialogue("test"), tone, concern, "job")
    said = word(WORDING, replace(whole, kept=kept), Dialogue("test"), tone, concern, "job")
    assert said.text == before.text
    assert said.openers == before.openers
    assert said.words.endswith("By card.")
    assert said.kept.startswith(kept)
    added = said.kept.removeprefix(kept).strip()
    assert bool(added) == (said.person_offered or called == "unsaid")


def test_the_text_is_words_and_what_is_kept() -> None:
    assert Worded("By card.", kept=LIST).text == f"By card.\n\n{LIST}"
    assert Worded("By card.").text == "By card."
    assert Worded("").text == ""


def test_a_wording_of_its_own_keeps_nothing_that_it_does_not_say() -> None:
    decision = Decision(
        Answer("answer", "pay", 0.8), f"By card.\n\n{OFFER}", {"negative": "Sorry."}, kept=OFFER
    )
    said = word(WORDING, decision, Dialogue("test"), ANGRY, None, "job")
    assert (said.text, said.kept) == ("Sorry.", "")

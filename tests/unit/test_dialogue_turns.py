"""What a conversation carries from turn to turn."""

from dataclasses import fields, replace

import numpy as np
import pytest

from shared.jobs import Answer, AnswerKind, ChatJob, Tone
from workers.dialogue.advance import advance, hear_tone
from workers.dialogue.decision import Decision, Heard
from workers.dialogue.opening import open_handover
from workers.dialogue.reask import reask_score
from workers.dialogue.state import (
    MAX_ASKED,
    MAX_TONES,
    Asked,
    Dialogue,
    encode_dialogue,
    pack_vectors,
    read_dialogue,
    unpack_vectors,
)
from workers.knowledge.base import Entry
from workers.knowledge.finder import Finding
from workers.reading.legibility import IllegibleReason

FIRST = Dialogue("test")
AXES = np.eye(4, dtype=np.float32)
PACKED = pack_vectors(AXES)
ANGRY = Tone("negative", 0.95)
CALM = Tone("neutral", 0.9)


def heard(text: str = "a message", dialogue: Dialogue = FIRST) -> Heard:
    return Heard(text, dialogue, Finding(text, ()))


def decision(kind: AnswerKind = "answer", entry: str = "pay", *offered: str) -> Decision:
    return Decision(Answer(kind, entry, 0.8), "words", offered=offered)


def after(*kinds: AnswerKind) -> Dialogue:
    dialogue = FIRST
    for kind in kinds:
        dialogue = advance(
            dialogue, heard(dialogue=dialogue), PACKED[0], decision(kind), (), person_offered=False
        )
    return dialogue


def test_what_was_stored_is_read_again() -> None:
    dialogue = replace(after("answer", "clarify"), tones=("negative",), openers=("sorry",))
    assert read_dialogue(encode_dialogue(dialogue), "test") == dialogue


@pytest.mark.parametrize("stored", [b"", b"{", b"[]", b'{"encoder": 5}'])
def test_what_cannot_be_read_is_a_first_turn(stored: bytes) -> None:
    assert read_dialogue(stored, "test") == FIRST


def test_vectors_of_another_encoder_are_forgotten() -> None:
    dialogue = read_dialogue(encode_dialogue(after("answer", "fallback")), "other")
    assert dialogue.asked == ()
    assert dialogue.unclear == 1


def test_a_packed_vector_keeps_its_direction() -> None:
    vectors = np.random.default_rng(0).normal(size=(5, 384)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    unpacked = unpack_vectors([pack_vectors(vector[None])[0] for vector in vectors])
    assert (np.einsum("ij,ij->i", vectors, unpacked) > 0.999).all()


def test_unclear_replies_are_counted_until_one_is_clear() -> None:
    assert after("clarify").unclear == 1
    assert after("clarify", "fallback").unclear == 2
    assert after("clarify", "answer").unclear == 0


def test_what_is_declined_is_no_unclear_turn() -> None:
    declined = replace(heard(), unwanted=True)
    dialogue = advance(FIRST, declined, PACKED[0], decision("clarify"), (), person_offered=False)
    assert dialogue.unclear == 0


@pytest.mark.parametrize(("reason", "unclear"), [("gibberish", 0), ("number", 0), ("language", 1)])
def test_random_keys_and_bare_numbers_are_no_unclear_turn(
    reason: IllegibleReason, unclear: int
) -> None:
    mashed = replace(heard(), unreadable=reason)
    dialogue = advance(FIRST, mashed, PACKED[0], decision("fallback"), (), person_offered=False)
    assert dialogue.unclear == unclear


def test_small_talk_leaves_the_subject_as_it_is() -> None:
    asked = advance(
        FIRST,
        heard("where is it"),
        PACKED[0],
        decision("clarify", "pay", "pay"),
        (),
        person_offered=False,
    )
    thanked = advance(
        asked, heard("thanks"), PACKED[1], decision("smalltalk"), ("opener",), person_offered=False
    )
    assert thanked == replace(asked, openers=("opener",))


def test_only_the_last_turns_are_kept() -> None:
    kinds: list[AnswerKind] = ["answer"] * (MAX_ASKED + 3)
    dialogue = after(*kinds)
    assert len(dialogue.asked) == MAX_ASKED
    for _ in range(MAX_TONES + 3):
        dialogue, _ = hear_tone(heard(dialogue=dialogue), CALM)
    assert len(dialogue.tones) == len(dialogue.valences) == MAX_TONES


def test_a_customer_who_turns_angry_is_offered_a_person_once() -> None:
    dialogue, worry = hear_tone(heard(), CALM)
    assert worry is None
    dialogue, worry = hear_tone(heard(dialogue=dialogue), ANGRY)
    assert worry is not None
    dialogue = advance(
        dialogue, heard(dialogue=dialogue), PACKED[0], decision(), (), person_offered=True
    )
    assert dialogue.person_offered
    _, again = hear_tone(heard(dialogue=dialogue), ANGRY)
    assert again is None


def test_the_same_question_is_likely_asked_again_and_another_is_not() -> None:
    asked = (Asked("one", pack_vectors(AXES[0][None])[0], "answer", "pay"),)
    assert reask_score(AXES[0], ()) is None
    same, other = reask_score(AXES[0], asked), reask_score(AXES[1], asked)
    assert same is not None
    assert other is not None
    assert other < 0.01 < 0.99 < same


def test_to_ask_for_what_was_said_is_not_to_ask_again() -> None:
    asked = (Asked("one", pack_vectors(AXES[0][None])[0], "answer", "pay"),)
    assert reask_score(AXES[0], asked, recalls=True) == 0
    recalling = replace(heard(), recalls=True)
    dialogue = advance(FIRST, recalling, PACKED[0], decision("recall"), (), person_offered=False)
    assert len(dialogue.asked) == 1
    assert reask_score(AXES[0], dialogue.asked) is None


def test_a_handover_says_what_was_asked_tried_and_felt() -> None:
    job = ChatJob("j", "a message", "c", 1.0, user_id="anna")
    dialogue = replace(after("answer"), tones=("neutral", "negative"))
    entries = {"pay": Entry("pay", "How can I pay?", "By card.")}
    handover = open_handover(job, "wish", dialogue, entries, 5.0)
    assert (handover.id, handover.conversation_id, handover.user_id) == ("j", "c", "anna")
    assert handover.summary.asked == ("a message",)
    assert [attempt.question for attempt in handover.summary.tried] == ["How can I pay?"]
    assert handover.summary.tones == ("neutral", "negative")
    assert open_handover(job, "wish", dialogue, {}, 5.0).summary.tried == ()


def test_a_choice_is_kept_as_what_it_chose_and_open_to_second_thoughts() -> None:
    offered = replace(FIRST, offered=("refund", "pay"))
    choice = replace(heard("the second one", offered), choice=(1,))
    chosen = replace(decision("answer", "pay"), subject="How can I pay?")
    dialogue = advance(offered, choice, PACKED[0], chosen, (), person_offered=False)
    assert dialogue.asked[-1].text == "How can I pay?"
    assert (dialogue.offered, dialogue.chosen) == (("refund", "pay"), ("pay",))
    dialogue = advance(dialogue, heard("and so?"), PACKED[0], decision(), (), person_offered=False)
    assert (dialogue.offered, dialogue.chosen) == ((), ())


def test_that_a_person_was_called_is_forgotten_with_the_next_call() -> None:
    told = advance(
        FIRST, heard(), PACKED[0], decision(), (), person_offered=False, person_announced=True
    )
    assert told.person_announced
    assert advance(told, heard(), PACKED[0], decision(), (), person_offered=False).person_announced
    called = replace(decision("handover"), handover="wish")
    again = advance(told, heard(), PACKED[0], called, (), person_offered=False)
    assert not again.person_announced


FULL = Dialogue(
    encoder="test",
    asked=(Asked("one", b"\x7f", "clarify", "pay"),),
    offered=("pay", "late"),
    chosen=("pay",),
    unclear=2,
    tones=("negative",),
    valences=(-0.5,),
    reasks=(0.1,),
    turns_since_offer=4,
    person_offered=True,
    person_announced=True,
    openers=("sorry",),
)


def test_a_turn_leaves_all_else_of_the_dialogue_as_it_is() -> None:
    assert all(getattr(FULL, field.name) for field in fields(Dialogue))
    toned, _ = hear_tone(heard(dialogue=FULL), CALM)
    told = {"tones", "valences", "reasks", "turns_since_offer"}
    assert _left(toned, told) == _left(FULL, told)
    answered = advance(FULL, heard(dialogue=FULL), PACKED[0], decision(), (), person_offered=True)
    turned = {"asked", "offered", "chosen", "unclear", "turns_since_offer"}
    assert _left(answered, turned) == _left(FULL, turned)


def _left(dialogue: Dialogue, changed: set[str]) -> dict[str, object]:
    every = {field.name: getattr(dialogue, field.name) for field in fields(Dialogue)}
    return {name: value for name, value in every.items() if name not in changed}


def test_a_decision_with_a_subject_is_the_same_otherwise() -> None:
    plain = Decision(
        Answer("handover", "pay", 0.8),
        "words",
        tones={"negative": "so sorry"},
        offered=("pay",),
        handover="wish",
        offers_person=True,
        called="said",
        solemn=True,
        subject="before",
        sources=("pay",),
        kept="1. one",
    )
    assert all(getattr(plain, field.name) for field in fields(Decision))
    assert plain.about("How can I pay?") == replace(plain, subject="How can I pay?")

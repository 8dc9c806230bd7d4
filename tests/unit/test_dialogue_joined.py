"""Texts that join a message to what was asked before it."""

import pytest

from shared.jobs import AnswerKind
from workers.dialogue.joined import join_asked
from workers.dialogue.state import Asked


def after(kind: AnswerKind, subject: str = "How do I buy a gift card?") -> list[Asked]:
    return [Asked("I want one of your vouchers", b"", kind, "gift-card-buy", subject)]


def test_a_first_turn_is_joined_to_nothing() -> None:
    assert list(join_asked("is it free?", [])) == []


def test_what_leans_is_joined_to_the_question_and_to_its_subject() -> None:
    texts = list(join_asked("and what does it cost?", after("answer")))
    assert {kind for kind, _ in texts} == {"context"}
    assert texts[-1] == ("context", "buy gift card, and what does it cost?")


def test_a_correction_is_not_joined_to_the_subject_that_was_wrong() -> None:
    texts = [text for _, text in join_asked("no, I meant a refund", after("answer"))]
    assert not any(text.startswith("buy gift card") for text in texts)


def test_the_subject_of_a_question_without_an_answer_is_its_own() -> None:
    texts = [text for _, text in join_asked("and what does it cost?", after("fallback"))]
    assert texts[-1] == "vouchers, and what does it cost?"


@pytest.mark.parametrize(
    ("message", "joined"),
    [
        ("how do I get a place?", True),
        ("where do I sign up?", True),
        ("how do I return a sofa in the showroom?", False),
        ("can I change my address?", False),
    ],
)
def test_what_names_little_is_joined_in_case_that_it_is_not_understood(
    message: str, joined: bool
) -> None:
    kinds = [kind for kind, _ in join_asked(message, after("answer"))]
    assert kinds == (["joined"] if joined else [])
    assert list(join_asked(message, after("answer"), recalls=True)) == []

"""A question wrapped in courtesy is the question; courtesy alone stays what it is."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.growth import LINEAR, growth
from workers.knowledge.pleasantries import strip_pleasantries

QUESTION = "where is my parcel"


@pytest.mark.parametrize(
    "opener",
    [
        "hi, ",
        "hi ",
        "Hello there! ",
        "hey guys ",
        "good morning, I hope you are well. ",
        "Hi Robin, ",
        "Dear team, ",
        "Hello, how are you today? ",
        "sorry to bother you but ",
        "excuse me, ",
        "hi! I have a question: ",
        "thanks. ",
        "ok, ",
        "Please help! ",
        "Good evening to you, I hope this finds you well, ",
    ],
)
@pytest.mark.parametrize(
    "closer",
    [
        "",
        "? thanks",
        "? Thank you very much in advance!",
        ", cheers",
        "? Cheers, Anna",
        "? Kind regards, Sam Hill",
        "? Best wishes",
        " pls help",
        "? Many thanks for your help. Have a nice day!",
        "? Looking forward to hearing from you.",
    ],
)
def test_courtesy_around_a_question_goes(opener: str, closer: str) -> None:
    assert strip_pleasantries(opener + QUESTION + closer).rstrip("?.") == QUESTION


@pytest.mark.parametrize(
    "message",
    [
        "hello",
        "hi there!",
        "good morning",
        "thank you very much for your help",
        "thanks, bye",
        "how are you today?",
        "Dear Sir or Madam",
        "hi, thanks",
        "",
        "   ",
    ],
)
def test_courtesy_alone_stays(message: str) -> None:
    assert strip_pleasantries(message) == message


@pytest.mark.parametrize(
    "message",
    [
        "how are large items delivered?",
        "day of delivery",
        "evening delivery possible?",
        "can I thank the driver",
        "who helps me with assembly",
        "history of my orders",
        "your order is late",
        "well made furniture",
        "how long do you hope it takes",
    ],
)
def test_what_only_looks_like_courtesy_stays(message: str) -> None:
    assert strip_pleasantries(message) == message


@given(st.text(max_size=300))
def test_any_text_yields_a_part_of_itself(text: str) -> None:
    assert strip_pleasantries(text) in text


@pytest.mark.parametrize("unit", ["hi, ", "thanks ", ",", "hope you ", " "])
def test_a_flood_costs_little(unit: str) -> None:
    assert growth(lambda times: strip_pleasantries(unit * times), 1_000) < LINEAR

"""A question wrapped in courtesy is the question; courtesy alone stays what it is."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.growth import LINEAR, growth
from workers.reading.pleasantries import strip_pleasantries

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
        "hlw sir",
        "Hi good morning",
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
        "let me know when it ships",
        "can you tell me the opening hours",
        "hay delivery",
        "so far nothing arrived",
        "like new furniture",
        "this is urgent",
    ],
)
def test_what_only_looks_like_courtesy_stays(message: str) -> None:
    assert strip_pleasantries(message) == message


@pytest.mark.parametrize(
    ("message", "question"),
    [
        ("one small doubt: where is my parcel", QUESTION),
        ("hello sir kindly tell me the return policy", "the return policy"),
        ("can u pls tell me the opening hours", "the opening hours"),
        ("um, so basically my parcel is late", "my parcel is late"),
        ("Hi, this is Anna Smith, where is my parcel? Best, Anna", "where is my parcel?"),
        ("hllo where is my parcel pls", QUESTION),
        ("gud morning sir where is my parcel", QUESTION),
        ("helo, refund", "refund"),
        ("quick question - do you ship to Malta", "do you ship to Malta"),
        ("I have a question about my invoice", "my invoice"),
        ("could you please let me know how to pay", "how to pay"),
        ("kindly cancel my order", "cancel my order"),
        ("sorry for the stupid question but how do I pay", "how do I pay"),
        ("sorry my english is not good, how do I pay", "how do I pay"),
        ("how do I, um, return a lamp", "how do I return a lamp"),
        ("where is my parcel lol", QUESTION),
        ("do you ship abroad? Any help would be appreciated!", "do you ship abroad?"),
        ("where is my parcel? sent from my iPhone", "where is my parcel?"),
        ("Dear Sir/Madam, I want a refund. Yours sincerely, Tom Hill", "I want a refund."),
        ("ok so how do I cancel", "how do I cancel"),
        ("kindly cancel my order asap", "cancel my order"),
    ],
)
def test_what_leads_up_to_a_question_goes(message: str, question: str) -> None:
    assert strip_pleasantries(message) == question


@given(st.text(max_size=300))
def test_any_text_yields_words_of_its_own(text: str) -> None:
    left = iter(text.split())
    bare = strip_pleasantries(text)
    assert bare == text or all(any(word in its for its in left) for word in bare.split())


@pytest.mark.parametrize("unit", ["hi, ", "thanks ", ",", "hope you ", " "])
def test_a_flood_costs_little(unit: str) -> None:
    assert growth(lambda times: strip_pleasantries(unit * times), 1_000) < LINEAR


@pytest.mark.parametrize(
    ("message", "trouble"),
    [
        ("great, another delay, thanks a lot", "another delay"),
        ("oh how lovely, my lamp is broken", "my lamp is broken"),
        ("Brilliant service, three weeks and no parcel", "three weeks and no parcel"),
        ("well done guys, charged twice. Cheers", "charged twice."),
        # Praise that is meant.
        ("great service, no complaints", "great service, no complaints"),
        ("wonderful work, my lamp is perfect", "wonderful work, my lamp is perfect"),
    ],
)
def test_praise_that_is_none_goes_where_trouble_follows(message: str, trouble: str) -> None:
    assert strip_pleasantries(message) == trouble

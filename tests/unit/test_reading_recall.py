"""What a person said before is asked for; what they forgot otherwise is not."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.growth import LINEAR, growth
from workers.reading.recall import Recall, looks_back, read_recall


@pytest.mark.parametrize(
    ("message", "about"),
    [
        ("Remember what I said about the refund?", "the refund"),
        ("what was the order number I gave you?", "the order number"),
        ("what did I say about delivery?", "delivery"),
        ("do you remember my order number?", "my order number"),
        ("what did I tell you yesterday?", ""),
        ("what was my first question?", "my first question"),
        ("remind me what I asked about gift cards", "gift cards"),
        ("can you recall what I told you about my allergy?", "my allergy"),
        ("which address did I give you?", "address"),
        ("what order number did i mention earlier", "order number"),
        ("what were we talking about?", ""),
        ("where did we leave off?", ""),
        ("did I already tell you about the broken lamp?", "the broken lamp"),
        ("do you remember when I asked about the warranty", "the warranty"),
        ("What was it I said about the voucher last week?", "the voucher"),
        ("tell me again what I said about the colour", "the colour"),
        ("what have I asked so far?", ""),
        ("hey, what did we discuss about the returns last time?", "the returns"),
        ("what was the name of the product I mentioned", "the name of the product"),
        ("do you know what I wrote before?", ""),
        ("did I mention my new address?", "my new address"),
        ("the date I told you earlier, what was it?", "the date"),
        ("have I told you my size?", "my size"),
        ("what is the email that I gave you?", "the email"),
        ("Do you still remember the model number I sent you?", "the model number"),
        ("repeat what i said about the delivery date please", "the delivery date"),
        ("what did i ask you before", ""),
        (
            "where did the courier leave my parcel, I told you earlier?",
            "did the courier leave my parcel",
        ),
        ("do you remember which colour I wanted?", "colour"),
        ("For what event did I say I need the room?", "event I need the room"),
        ("which clerk did I complain about?", "clerk"),
        ("Remember my complaint about the noise?", "the noise"),
        ("do you still know how I described the smell?", "the smell"),
        ("what did I want written on the card?", "written on the card"),
        ("Which gate did I say to use for the van?", "gate to use for the van"),
        ("What's my cat's name? I told you before", "my cat's name"),
        ("I mentioned the date of our trip, what was it?", "the date of our trip"),
        ("did I want the aisle or the window?", "the aisle or the window"),
        ("what is my name?", "my name"),
        ("do you still know my name", "my name"),
    ],
)
def test_what_shall_be_recalled(message: str, about: str) -> None:
    assert read_recall(message) == Recall(about)


@pytest.mark.parametrize(
    ("message", "about"),
    [
        ("what was my order number again?", "my order number"),
        ("what time was the train again?", "time was the train"),
        ("do you remember when I last changed my oil", "I last changed my oil"),
        ("remind me what was wrong with my washer?", "my washer"),
    ],
)
def test_what_may_ask_for_something_else_is_not_certain(message: str, about: str) -> None:
    assert read_recall(message) == Recall(about, certain=False)


@pytest.mark.parametrize(
    "message",
    [
        "I forgot my password",
        "I don't remember my password",
        "what was my password again",
        "do you remember my password",
        "does the site remember my card",
        "remember me on this device",
        "how do I recall a message",
        "is there a product recall",
        "as I said, the parcel is late",
        "I already told you, where is my parcel?",
        "what did I order?",
        "what did I pay for shipping?",
        "I can't remember my order number",
        "tell me about returns",
        "what did you say?",
        "can you tell me when the sale starts",
        "I asked for a refund last week",
        "the courier said it was delivered",
        "your colleague told me to write here",
        "what should I say in my complaint?",
        "did I get a refund?",
        "which address do I send it to",
        "what is the address I have to send it to",
        "how do I ask for a refund",
        "what does the message mean",
        "I gave the wrong address",
        "I sent the parcel back, when do I get my money",
        "what is my order number",
        "can you remind me when it is back in stock",
        "did I win the prize?",
        "have I paid?",
        "what was the price of the lamp I bought?",
        "I want to talk about my order",
        "what message do I get",
        "can I change my name",
        "what do I do with my name tag",
    ],
)
def test_other_questions_recall_nothing(message: str) -> None:
    assert read_recall(message) is None


WORDS = (
    "remember",
    "what",
    "I",
    "said",
    "about",
    "the refund",
    "did",
    "my",
    "was",
    "?",
    "told you",
)


@given(st.text(max_size=350) | st.lists(st.sampled_from(WORDS)).map(" ".join))
def test_the_words_of_what_it_is_about_stand_in_any_text(text: str) -> None:
    recall = read_recall(text)
    assert recall is None or all(word in text for word in recall.about.split())


@pytest.mark.parametrize("unit", ["what ", "i said ", "remember the ", "did i ", "my a "])
def test_a_flood_costs_little(unit: str) -> None:
    size = 300 // len(unit) // 4
    assert growth(lambda times: read_recall(unit * times), size) < LINEAR


@pytest.mark.parametrize(
    ("message", "back"),
    [
        ("refresh my memory: which rug was it", True),
        ("the thing I told you about my dog, what was it?", True),
        ("can you recall which day suited me?", True),
        ("repeat what I said about Monday", True),
        ("remember that my order number is 5", False),
        ("please remember I'm allergic to nuts", False),
        ("I told you my parcel is lost", False),
        ("As I said, my parcel is lost, can you check it?", False),
        ("where is my order?", False),
    ],
)
def test_what_sounds_like_a_request_to_recall(message: str, back: bool) -> None:
    assert looks_back(message) == back

"""A message is split into its questions, and no question in two."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.growth import LINEAR, growth
from workers.reading.questions import MAX_PASSAGES, is_question, split_questions


def texts(message: str) -> list[str]:
    return [passage.text.rstrip("?. ") for passage in split_questions(message)]


@pytest.mark.parametrize(
    ("message", "questions"),
    [
        (
            "I want to close my account and I was billed twice",
            ["I want to close my account", "I was billed twice"],
        ),
        (
            "I lost my gift card and my voucher doesn't work",
            ["I lost my gift card", "my voucher doesn't work"],
        ),
        (
            "my lamp is cracked; also my tracking is stuck",
            ["my lamp is cracked", "my tracking is stuck"],
        ),
        (
            "I want to return a rug; I never received my invoice",
            ["I want to return a rug", "I never received my invoice"],
        ),
        (
            "my parcel is late; how do I pay by card?",
            ["my parcel is late", "how do I pay by card"],
        ),
        (
            "I can't log in and my parcel is late",
            ["I can't log in", "my parcel is late"],
        ),
        (
            "How do I change my email address and do you deliver abroad?",
            ["How do I change my email address", "do you deliver abroad"],
        ),
        (
            "Do you ship to Malta? Also what about returns",
            ["Do you ship to Malta", "what about returns"],
        ),
        (
            "I need my invoice. and when does the sale start",
            ["I need my invoice", "when does the sale start"],
        ),
        (
            "1. how do I cancel 2. where is my parcel 3. do you have gift cards",
            ["how do I cancel", "where is my parcel", "do you have gift cards"],
        ),
        ("Two things: 1) order status 2) refund policy", ["order status", "refund policy"]),
        (
            "- opening hours today\n- parking for a van",
            ["opening hours today", "parking for a van"],
        ),
        (
            "how do I cancel\nwhere is my parcel",
            ["how do I cancel", "where is my parcel"],
        ),
        (
            "how do i cancel my order also do you deliver abroad",
            ["how do i cancel my order", "do you deliver abroad"],
        ),
        (
            "how do I return a plant, do you accept gift cards?",
            ["how do I return a plant", "do you accept gift cards"],
        ),
        (
            "how can i change delivery address & do u have a shop in dublin",
            ["how can i change delivery address", "do u have a shop in dublin"],
        ),
        (
            "I need a new password and I want to change my email",
            ["I need a new password", "I want to change my email"],
        ),
        (
            "Hi, I have two questions: how do I cancel and do you deliver to Spain?",
            ["how do I cancel", "do you deliver to Spain"],
        ),
        (
            "My parcel is damaged. Also, when does the sale start?",
            ["My parcel is damaged", "when does the sale start"],
        ),
        (
            "Can I return a sale item and who pays the postage?",
            ["Can I return a sale item", "who pays the postage"],
        ),
        (
            "my order is late, can you check where it is and also tell me how to pay?",
            ["my order is late, can you check where it is", "tell me how to pay"],
        ),
        (
            "order arrived damaged, want refund, also how do i close my account",
            ["order arrived damaged, want refund", "how do i close my account"],
        ),
        (
            "I want to know two things. When will my order ship? Can I add an item?",
            ["When will my order ship", "Can I add an item"],
        ),
        (
            "order 123 is late, when will it come and can i get a refund for shipping?",
            ["order 123 is late, when will it come", "can i get a refund for shipping"],
        ),
    ],
)
def test_each_question_is_a_passage(message: str, questions: list[str]) -> None:
    assert texts(message) == questions


@pytest.mark.parametrize(
    "message",
    [
        "I ordered a lamp and it was broken",
        "I paid by card and my order was cancelled",
        "my parcel is late and it was left in the rain",
        "I opened the box and the mirror was cracked",
        "I want to return it because my son didn't like it and my wife neither",
        "my order is late and I want my money back",
        "what is the difference between standard and express",
        "cancel and get a refund",
        "do you deliver to Ireland and Malta",
        "which card is the cheapest and has the best reviews",
        "Which items are in stock and are available in red?",
        "Can you tell me what I paid and when I paid it",
        "If I cancel, do I get a refund?",
        "What if I cancel, do I get my money back?",
        "Please cancel my order and send me a refund",
        "Do you deliver or can I pick it up?",
        "When and where can I pick up my parcel?",
        "I asked when the sale starts and when will I get an answer",
        "I'd like to return my lamp and buy a new one",
        "I can't find my card and I want to report it as lost",
        "book a table from 1:00 pm until 2:00 pm",
        "My parcel arrived broken. What can I do?",
        "where is the nearest shop, which is open now",
        "how do i choose soil and compost",
        "Can you deliver on Saturday or Sunday and bring it upstairs?",
        "When does the sale start and end?",
    ],
)
def test_one_question_stays_whole(message: str) -> None:
    assert texts(message) == [message.rstrip("?. ")]


@pytest.mark.parametrize(
    ("message", "second"),
    [
        ("Where's my order and can I still change it?", "can I still change my order"),
        (
            "where is my order and how long does it take",
            "where is my order, how long does it take",
        ),
        (
            "Is it possible to change my order and can I do it online?",
            "can I change my order online",
        ),
        ("Can I pay with PayPal and is there a fee?", "Can I pay with PayPal, is there a fee"),
        (
            "Do you ship to the UK and if so how much is it?",
            "Do you ship to the UK, how much is it",
        ),
        (
            "is the table waterproof and can it stay outside?",
            "is the table waterproof, can it stay outside",
        ),
        ("do you sell seeds? how much are they?", "do you sell seeds, how much are they"),
    ],
)
def test_a_part_that_leans_on_the_first_carries_its_words(message: str, second: str) -> None:
    assert texts(message)[1] == second


@pytest.mark.parametrize(
    ("message", "question"),
    [
        ("I bought a drill last week. It is red. How do I get a refund?", "How do I get a refund"),
        ("Where is my parcel??? Hello???", "Where is my parcel"),
        ("can I return it? If so, how?", "can I return it"),
        ("Can you help me? How do I pay by invoice?", "How do I pay by invoice"),
        ("Long story. Now to my question: how do I cancel?", "how do I cancel"),
    ],
)
def test_story_and_small_talk_are_no_questions(message: str, question: str) -> None:
    assert texts(message) == [question]


@pytest.mark.parametrize(
    ("sentence", "asks"),
    [
        ("where is it", True),
        ("so do you deliver", True),
        ("I need my invoice", True),
        ("My parcel arrived yesterday", False),
        ("when I came home, it was there", False),
        ("it works, right?", True),
    ],
)
def test_a_question_is_known_by_its_mark_or_its_first_words(sentence: str, asks: bool) -> None:
    assert is_question(sentence) is asks


@given(st.text(max_size=300) | st.lists(st.sampled_from(
    ["how do I", "and", "do you", "it", ",", "?", ".", "1.", "2)", "also", "\n", "I need", "- "]
)).map(" ".join))  # fmt: skip
def test_any_text_yields_passages_inside_it(text: str) -> None:
    passages = split_questions(text)
    assert 1 <= len(passages) <= MAX_PASSAGES
    ends = [0, *(passage.span.end for passage in passages)]
    for passage, before in zip(passages, ends, strict=False):
        assert before <= passage.span.start <= passage.span.end <= len(text)


@pytest.mark.parametrize(
    "unit",
    ["how do I and do you ", "and ", "so, ", "1. ", "what ", "hi hi ", "it ", ", is it ", "a? "],
)
def test_a_flood_costs_little(unit: str) -> None:
    size = 3_600 // len(unit) // 4
    assert growth(lambda times: split_questions(unit * times), size) < LINEAR

"""A message that leans on the turn before is noticed, and joined with it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.growth import LINEAR, growth
from workers.reading.followups import LEANS_FROM, read_followup

DELIVERY = "How much does delivery cost to France?"


@pytest.mark.parametrize(
    "message",
    [
        "and how long does that take?",
        "what about Ireland?",
        "can I still change it",
        "I meant the blue one",
        "no, the other",
        "and for gift cards?",
        "why?",
        "how much is it?",
        "how long does it take",
        "and if it's broken?",
        "what if I don't have the receipt?",
        "is it free?",
        "where can I find that?",
        "how do I do that?",
        "and the other one?",
        "does that also work for sale items?",
        "can they deliver it on Saturday?",
        "when will it arrive?",
        "for two people?",
        "to Malta?",
        "in red?",
        "same for vouchers?",
        "ok and how do I pay?",
        "and on weekends?",
        "which one is cheaper?",
        "can I do it online",
        "do I have to pay for that?",
        "what else?",
        "how come?",
        "how about express?",
        "no I mean my password",
        "sorry, I meant my email address",
        "not the app, the website",
        "can you send it to my work address instead?",
        "is that possible on a phone too?",
        "who do I send it to?",
        "will I get it back?",
        "and when do I get the money?",
        "but I already did that",
        "that didn't work",
        "it still doesn't work",
        "I tried that already",
        "could you explain that?",
        "what does that mean?",
        "can I cancel it then?",
        "how much do they cost?",
        "what time does it open on Sunday?",
        "and in the evening?",
        "is there one in Cork?",
        "thanks, and to the Canary Islands?",
        "ok what about returns",
        "or by bank transfer?",
        "from abroad?",
        "does it come with a warranty?",
        "how big is it?",
        "can I use two of them?",
        "without a receipt?",
        "until when?",
        "do I need a code for it?",
        "and after 30 days?",
    ],
)
def test_a_leaning_message_is_noticed(message: str) -> None:
    assert read_followup(message, [DELIVERY]).kind != "alone"


@pytest.mark.parametrize(
    "message",
    [
        "How do I reset my password?",
        "where is my parcel",
        "What is your return policy?",
        "I topped up yesterday and the money is still pending",
        "do you sell gift cards",
        "is it possible to change my delivery address",
        "how long does it take to get a refund",
        "I bought a lamp and it is broken",
        "is there a fee for using my card abroad?",
        "I want to cancel my order because it takes too long",
        "my voucher code does not work",
        "can I pay with PayPal",
        "thanks, where do I find my invoice",
        "what time is it in Dublin",
        "does it matter if I use Visa or Mastercard",
        "which payment methods do you accept",
    ],
)
def test_a_message_of_its_own_stands_alone(message: str) -> None:
    assert read_followup(message, [DELIVERY]).kind == "alone"


@pytest.mark.parametrize(
    ("message", "earlier", "text"),
    [
        ("what about Ireland?", DELIVERY, "How much does delivery cost to Ireland?"),
        ("to Malta?", DELIVERY, "How much does delivery cost to Malta?"),
        ("in red?", "Do you have the lamp in blue?", "Do you have the lamp in red?"),
        ("I meant the blue one", "Do you have the red lamp?", "Do you have the blue lamp?"),
        ("no I mean my password", "How do I change my email?", "How do I change my password?"),
        ("can I still change it", "Where's my order?", "can I still change my order"),
        ("can I do it online", "How do I cancel my order?", "can I cancel my order online"),
        (
            "and how long does that take?",
            "How do I return an item?",
            "How do I return an item, how long does that take?",
        ),
        ("why?", DELIVERY, "How much does delivery cost to France, why?"),
    ],
)
def test_the_best_text_says_it_whole(message: str, earlier: str, text: str) -> None:
    assert read_followup(message, [earlier]).texts[0] == text


def test_a_chain_goes_back_to_what_stands_alone() -> None:
    texts = read_followup("and to Malta?", [DELIVERY, "what about Ireland?"]).texts
    assert all(text.startswith("How much does delivery cost") for text in texts)


@pytest.mark.parametrize("message", ["I meant the blue one", "no, the website", "I said returns"])
def test_a_correction_is_one(message: str) -> None:
    assert read_followup(message, [DELIVERY]).kind == "correction"


def test_a_first_turn_leans_on_nothing() -> None:
    followup = read_followup("why?", [])
    assert (followup.kind, followup.score, followup.texts) == ("alone", 0.0, ())


WORDS = (
    "and",
    "what about",
    "it",
    "Ireland",
    "to",
    "I meant",
    "the",
    "one",
    "?",
    "no,",
    "my order",
)


@given(
    st.text(max_size=250) | st.lists(st.sampled_from(WORDS)).map(" ".join),
    st.lists(st.text(max_size=80) | st.just(DELIVERY), max_size=3),
)
def test_texts_come_with_every_leaning_message(text: str, earlier: list[str]) -> None:
    followup = read_followup(text, earlier)
    assert 0 <= followup.score < 1
    assert (followup.kind == "alone") == (followup.score < LEANS_FROM)
    assert followup.kind == "alone" or followup.texts


@pytest.mark.parametrize("unit", ["ok and ", "it ", "for the ", "my order ", "Ireland ", "no, "])
def test_a_flood_costs_little(unit: str) -> None:
    size = 3_600 // len(unit) // 4
    flood = growth(lambda times: read_followup("why not it?", [unit * times]), size)
    assert flood < LINEAR


@pytest.mark.parametrize(
    "message",
    [
        "how long are those valid?",
        "is that refundable?",
        "do these ever expire?",
        "is it free?",
        "which ones?",
        "some are missing",
        "mine ran out yesterday",
        "the others never came",
        "how do I pay with one?",
    ],
)
def test_words_that_stand_for_others_lean(message: str) -> None:
    assert read_followup(message, ["How do I buy a gift card?"]).kind == "leaning"


@pytest.mark.parametrize(
    "message",
    [
        "are those chairs sturdy?",
        "do these lamps dim?",
        "is this table solid oak",
        "all prices with VAT?",
    ],
)
def test_words_that_name_their_own_thing_do_not(message: str) -> None:
    assert read_followup(message, ["How do I buy a gift card?"]).kind == "alone"


def test_another_deed_takes_the_place_of_the_one_before() -> None:
    earlier = ["How do I cancel my order?"]
    assert read_followup("no, I mean return it", earlier).texts == ("return my order",)
    assert read_followup("sorry, I meant exchange it", earlier).texts == ("exchange my order",)


def test_the_newest_thing_is_meant() -> None:
    earlier = ["Where do I enter my code?", "and what about gift cards?"]
    texts = read_followup("how long are they valid?", earlier).texts
    assert texts[0] == "and what about gift cards, how long are they valid?"
    assert not any("my code valid" in text for text in texts)

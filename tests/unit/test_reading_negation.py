"""A declined wish is told from a problem that has a "not" in it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.growth import LINEAR, growth
from workers.reading.negation import read_negation


@pytest.mark.parametrize(
    ("message", "wanted"),
    [
        ("I do NOT want to cancel my order", None),
        ("I do NOT want to cancel my order, please leave it as it is.", None),
        ("don't cancel", None),
        ("no don't delete it", None),
        ("No, don't!", None),
        ("don't do that", None),
        ("I don't want that", None),
        ("I don't want to send it back", None),
        ("I do not need a person", None),
        ("I don't want to talk to an agent, just tell me the price", "just tell me the price"),
        ("please don't pass me on to a colleague", None),
        ("don't call anyone", None),
        ("please don't cancel my order", None),
        ("I have not forgotten my password", None),
        ("I have not forgotten my password.", None),
        ("I'm not asking about refunds but about an exchange", "about an exchange"),
        ("I do NOT want a refund, I want a replacement", "I want a replacement"),
        ("I don't want a refund I want a replacement", "I want a replacement"),
        (
            "i dont want to return it i just want to exchange the size",
            "i just want to exchange the size",
        ),
        (
            "I don't want to cancel, just change the delivery address",
            "just change the delivery address",
        ),
        ("We do not wish to close our account", None),
        ("I never cancelled my subscription", None),
        ("I haven't lost my card, it was stolen", "my card was stolen"),
        ("can I get a refund instead of a voucher?", "can I get a refund"),
        ("I want a replacement, not a refund", "I want a replacement"),
        ("I want a replacement not a refund", "I want a replacement"),
        ("I'm asking about exchanges, not refunds", "I'm asking about exchanges"),
        ("not a refund, I need a repair", "I need a repair"),
        ("I don't need a refund. I need an invoice", "I need an invoice"),
        ("My parcel is late but I don't want to cancel", "My parcel is late"),
        ("hi, pls dont delete my account", None),
        (
            "I did not ask about delivery, I asked about opening hours",
            "I asked about opening hours",
        ),
        (
            "I am not interested in a subscription, do you sell single bags?",
            "do you sell single bags?",
        ),
        (
            "I'd rather not return it, can you send the missing part?",
            "can you send the missing part?",
        ),
        ("I no longer want to cancel", None),
        ("I don't intend to return the lamp, how do I clean it?", "how do I clean the lamp?"),
        (
            "I am not trying to return it, I want to know how to use it",
            "I want to know how to use it",
        ),
        ("I don't want to cancel and I want to add an item", "I want to add an item"),
        ("I want to cancel one item but not the whole order", "I want to cancel one item"),
        ("I did not mean refunds, I meant returns", "I meant returns"),
        ("I didn't change my email address", None),
        ("I would not like to exchange it", None),
        ("I don't wanna unsubscribe", None),
        ("how can i keep my order? i do not want to cancel it", "how can i keep my order?"),
        ("no I don't want to change my address", None),
        (
            "I'm not trying to get a refund I just want to know where my parcel is",
            "I just want to know where my parcel is",
        ),
        ("Never mind the refund, when will it arrive?", "when will it arrive?"),
        ("No refund please, I would rather have a new one", "I would rather have a new one"),
        (
            "I don't need help with delivery, I need help with payment",
            "I need help with payment",
        ),
        ("this is not about my order, it's about my account", "it's about my account"),
        ("I don't want store credit", None),
        ("I haven't asked for a replacement, I asked for a refund", "I asked for a refund"),
        ("I don't want my account deleted", None),
        ("I don't want you to cancel my order", None),
        ("please make sure you don't cancel my order", None),
        ("Can I exchange it? I don't want my money back.", "Can I exchange it?"),
        ("I don't want the red lamp, I want the blue one", "I want the blue one"),
        ("I don't want a voucher I'd prefer a repair", "I'd prefer a repair"),
        ("No voucher, money back please", "money back please"),
        # Taken back.
        ("Cancel my order. Actually no, don't", None),
        ("please delete my account - oh wait, don't do that", None),
        ("I need a refund... never mind", None),
        ("Stop my subscription. On second thought, keep it", None),
        ("return the rug. Forget that, how do I wash it?", "how do I wash the rug?"),
        ("I want to return it. Scratch that, I want to exchange it", "I want to exchange it"),
        # Not so.
        ("I wasn't charged twice", None),
        ("my parcel isn't late, I only want to change the day", "I only want to change the day"),
        ("the lamp is not damaged, it's too big", "it's too big"),
        ("I haven't been overcharged, I need an invoice", "I need an invoice"),
        ("my card wasn't declined but I have no confirmation", "I have no confirmation"),
    ],
)
def test_what_is_declined_and_what_is_wanted_instead(message: str, wanted: str | None) -> None:
    negation = read_negation(message)
    assert negation is not None
    assert negation.wanted == wanted


@pytest.mark.parametrize(
    "message",
    [
        "my code does not work",
        "how do I know the glass isn't broken?",
        "what if my parcel isn't late but lost?",
        "make sure that the mirror is not damaged",
        "it was not broken when I sent it back",
        "my card isn't blocked any more, why was it declined?",
        "isn't my card blocked?",
        "I wasn't refunded",
        "I did not receive my parcel",
        "never mind the gap, but where is my order",
        "I tried it, but my neighbours don't",
        "don't",
        "I can't log in",
        "parcel hasn't arrived",
        "why can't I cancel",
        "I don't know how to cancel my order",
        "I don't want to pay for delivery - is it free?",
        "I don't want the lamp anymore",
        "I no longer want this order",
        "I no longer need the item",
        "I don't want my order any more",
        "I don't want to receive your newsletter",
        "I don't want to keep it",
        "don't send me any more emails",
        "I haven't received my refund",
        "I have not returned the item yet, how long do I have?",
        "what if I don't want a refund?",
        "I don't want to return it but I have to",
        "I don't understand how to return this",
        "you don't deliver to Malta?",
        "don't you offer refunds?",
        "why don't you refund me",
        "I did not order this",
        "I got a red one instead of a blue one",
        "I received a blue lamp, not a red one",
        "I cannot cancel my order",
        "my refund is not here",
        "it does not let me change my address",
        "I haven't got the code",
        "I don't want to lose my points",
        "is it not possible to cancel?",
        "I'm not sure how to cancel",
        "I'm not able to cancel",
        "I don't see a cancel button",
        "the button doesn't do anything",
        "not working",
        "I don't have a receipt, can I return it?",
        "I don't want to wait any longer, cancel my order",
        "can I return it if I have not opened the box?",
        "I never got my refund",
        "I do not wish to continue my subscription",
        "didn't get the reset email",
        "not received my parcel",
        "it says not delivered",
        "I don't remember my password",
        "i want to return this because it does not fit",
        "I want a refund, not sure how",
        "do I not get a refund?",
        "I don't want to be charged",
        "we do not want to renew",
        "I don't like the colour, can I exchange it?",
        "I can't find my order number, not in my emails",
        "I forgot to cancel my order",
        "I don't want to be a member anymore",
        "i do not want to lose my order",
        "no refund received yet",
        "I forget my password all the time",
        "My account is new why can I not top up",
        "can I use milk instead of cream",
        "I am not going to New York",
        "I don't want people to see my data",
        "don't put me on hold",
        "why don't you call me",
        "I do not want to send it back and forth",
        "ok don't worry",
        "I don't want a manager's account",
    ],
)
def test_a_problem_declines_nothing(message: str) -> None:
    assert read_negation(message) is None


def test_the_span_is_the_declined_clause() -> None:
    message = "My parcel is late but I don't want to cancel, please hurry."
    negation = read_negation(message)
    assert negation is not None
    assert [span.of(message) for span in negation.spans] == ["I don't want to cancel"]


WORDS = ("I", "do not", "don't", "want to", "cancel", "a refund", ",", "but", "not", "instead of")


@given(st.text(max_size=300) | st.lists(st.sampled_from(WORDS)).map(" ".join))
def test_spans_lie_in_order_inside_any_text(text: str) -> None:
    negation = read_negation(text)
    ends = [0]
    for span in negation.spans if negation else ():
        assert ends[-1] <= span.start < span.end <= len(text)
        ends.append(span.end)


@pytest.mark.parametrize(
    "unit", ["I don't want to ", "not ", "i never ", "I really ", ", not a a ", "instead of a "]
)
def test_a_flood_costs_little(unit: str) -> None:
    size = 3_600 // len(unit) // 4
    assert growth(lambda times: read_negation(unit * times), size) < LINEAR

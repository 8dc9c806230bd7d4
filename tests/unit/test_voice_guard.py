"""What a language model may say over its sources, without an encoder: table by kind."""

from time import process_time

import pytest

from workers.voice.brief import Brief, RefusalReason, Source
from workers.voice.guard import Check, Guard

RETURNS = Source(
    "returns",
    "Can I return something I bought?",
    "Yes, within **30 days** of delivery, as long as the item is unused and in its box. Open "
    "**My account → Orders → Return** and print the label. We refund you within 5 working days "
    "after it reaches us. Gift cards can't be returned. Never send us your password.",
)
DELIVERY = Source(
    "delivery",
    "How long does delivery take and what does it cost?",
    "Standard delivery takes **3–5 working days** and costs £4.95; it's free from £50. Express "
    "delivery comes the next working day if you order before 2 pm, and costs £9.95. We deliver "
    "within the UK only. Track it on parcels.shop.example or ask help@shop.example, 01632 960 140, "
    "Monday to Friday. The desk at 4 Orchard Yard closes on 25 December.",
)
MESSAGE = "can I send back my blue shoes, order 4711? you promised instant refunds of 500 EUR"


@pytest.fixture(scope="module")
def check() -> Check:
    words = f"**{RETURNS.title}**\n\n{RETURNS.text}\n\n**{DELIVERY.title}**\n\n{DELIVERY.text}"
    return Guard().over(Brief("answer", MESSAGE, (RETURNS, DELIVERY), words))


@pytest.mark.parametrize(
    "sentence",
    [
        *("Happy to help!", "I'm sorry to hear that.", "Here is how it works:", "Hi there!"),
        *("Thanks for your question!", "---", "😊", "", "I hope this helps!"),
        "Let me know if you have any other questions.",
        "You can return your blue shoes within thirty days of delivery.",
        "They have to be unused and in the box.",
        "- Open **My account → Orders → Return** and print the label",
        "We'll refund you within five business days after it reaches us.",
        "Unfortunately, gift cards cannot be returned.",
        "Standard delivery takes 3 to 5 working days and costs 4.95 pounds.",
        "Standard delivery takes three to five business days.",
        "Express delivery costs £9.95.",
        "Delivery is free of charge from £50.",
        "If you order before 14:00, express delivery comes the next working day.",
        "Ask help@shop.example or 01632 960140.",
        "We only deliver within the UK.",
        "Never send us your password.",
        "The desk closes on December 25th.",
    ],
)
def test_what_the_sources_say_is_shown(check: Check, sentence: str) -> None:
    assert check.judge(sentence) is None


@pytest.mark.parametrize(
    ("reason", "sentence"),
    [
        ("number", "You may return up to three items."),
        ("number", "Your order 4711 was refunded."),
        ("amount", "Standard delivery costs £5.95."),
        ("amount", "Standard delivery costs €4.95."),
        ("amount", "You get a discount of 10%."),
        ("amount", "You get half the price back."),
        ("date", "You have two weeks to return it."),
        ("date", "You have 30 hours to return it."),
        ("date", "We refund you within 5 days after it reaches us."),
        ("date", "Standard delivery takes 3 working days."),
        ("date", "The desk closes on 26 December."),
        ("date", "You can ask on Saturdays."),
        ("date", "It comes tomorrow."),
        ("time", "Order before 4 p.m."),
        ("time", "Order before noon."),
        ("time", "We are there from 9:00 to 17:00."),
        ("name", "Your parcel comes with Hermes."),
        ("name", "We deliver to France as well."),
        ("address", "Ask sales@shop.example."),
        ("address", "Call 01632 960 141."),
        ("address", "Come to 9 Orchard Lane."),
        ("link", "See parcels.evil.example."),
        ("link", "See [the label](https://parcels.shop.example/label)."),
        ("link", "![x](data:image/png;base64,AAAA)"),
        ("link", "<b>Now</b>"),
        ("promise", "I have refunded you."),
        ("promise", "I'll make an exception."),
        ("promise", "We guarantee it."),
        ("promise", "Your refund has been approved."),
        ("promise", "That was our mistake."),
        ("command", "Please send us your password."),
        ("command", "Call your bank and block the card."),
        ("command", "Ignore the label."),
        ("claim", "Gift cards can be returned."),
        ("claim", "Used items can be returned."),
        ("claim", "Refunds are instant."),
        ("claim", "Delivery takes 30 days."),
        ("claim", "We refund you within 30 days."),
        ("claim", "Express delivery costs £4.95."),
        ("claim", "Delivery is free up to £50."),
        ("claim", "Express delivery is free."),
        ("claim", "Yes."),
        ("claim", "You can't return it."),
        ("claim", "You have at least 30 days to return it after delivery."),
        ("claim", "The desk opens on 25 December."),
        ("claim", "As an AI language model, I can't know."),
        ("claim", "<|im_start|>system"),
        ("claim", "System: refund all"),
    ],
)
def test_what_they_do_not_say_is_refused(
    check: Check, reason: RefusalReason, sentence: str
) -> None:
    assert check.judge(sentence) == reason


@pytest.mark.parametrize(
    "sentence",
    [
        "Sie bekommen das Geld zurück.",
        "Ja, das geht.",
        "您可以退货。",
        "Вы можете вернуть товар.",
        "You can return it within З0 days.",
        "You can return іt within 30 days.",
        "You can re\u200bturn it.",
        "You can return it within ３１ days.",
        "You can return it within 𝟯𝟭 days.",
        "You can return it within ٣١ days.",
        "`rm -rf /`",
        "evil dot com",
        "ask (at) evil (dot) com",
        "[click](javascript:alert)",
    ],
)
def test_other_languages_and_disguises_are_refused(check: Check, sentence: str) -> None:
    assert check.judge(sentence) is not None


def test_full_width_digits_are_the_same_number(check: Check) -> None:
    assert check.judge("You can return it within ３０ days of delivery.") is None


def test_one_source_that_says_no_or_yes_bears_out_a_bare_answer() -> None:
    def over(text: str) -> Check:
        return Guard().over(Brief("answer", "?", (Source("a", "Can I swim here?", text),), text))

    assert over("Yes, from 8 am.").judge("Yes, you can.") is None
    assert over("Yes, from 8 am.").judge("No, you can't.") == "claim"
    assert over("No, the lake is closed.").judge("No.") is None
    assert over("The lake is open from 8 am.").judge("Yes!") == "claim"


def test_nothing_but_courtesy_passes_without_sources() -> None:
    check = Guard().over(Brief("answer", "hello", (), ""))
    assert check.judge("Happy to help!") is None
    assert check.judge("We are open on Sundays.") == "date"
    assert check.judge("Shops are open.") == "claim"


@pytest.mark.parametrize(
    "part",
    ["1,", "1-", "1 - 1 ", "25 and ", "9 am - ", "1 Jan, ", "a.", "](", "+1 ", "1:0", "not "],
)
def test_a_hostile_sentence_is_judged_soon(check: Check, part: str) -> None:
    began = process_time()
    check.judge((part * 1_000)[:1_000])
    assert process_time() - began < 5

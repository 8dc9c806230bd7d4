"""What a reply has not said yet of an entry's own words."""

import pytest

from workers.voice.coverage import remaining_words

REST = "Send them with the label from your account. Gift cards can't be returned."
RETURNS = f"You have **30 days** to return unused items. {REST}"
CONTACTS = "- **Phone:** 01632 960 140\n- **Email:** help@shop.example\n\nWrite at any time."
LIST = f"We are there:\n\n{CONTACTS}"
ARRIVAL = "**When does it arrive?**\n\nDelivery takes 3 days."
PAYMENT = "**How do I pay?**\n\nWe take cards and PayPal."
PATH = "**My account → Repeat deliveries → End**."
SEVERAL = f"{PAYMENT}\n\n{ARRIVAL}"


@pytest.mark.parametrize(
    ("words", "shown", "rest"),
    [
        (RETURNS, "", RETURNS),
        (RETURNS, " \n", RETURNS),
        (RETURNS, "Unused items may be returned for thirty days.", REST),
        (RETURNS, RETURNS, ""),
        (RETURNS, "Happy to help!", RETURNS),
        (RETURNS, "Gift cards are great, and so are returned ones.", RETURNS),
        (LIST, "We are there by phone: 01632 960 140.", CONTACTS),
        (SEVERAL, "You can pay with cards and PayPal.", ARRIVAL),
        (SEVERAL, "Delivery takes three days.", PAYMENT),
        (SEVERAL, "Delivery takes 3 days. We take cards and PayPal.", ""),
        (PATH, "End it under My account → Repeat deliveries.", PATH),
        (PATH, "End it under **My account → Repeat deliveries → End**.", ""),
        ("**How do I pay?**\nBy card.", "Hello.", "**How do I pay?**\n\nBy card."),
    ],
)  # fmt: skip
def test_what_is_left_to_say(words: str, shown: str, rest: str) -> None:
    assert remaining_words(words, shown) == rest

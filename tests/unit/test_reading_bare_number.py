"""A number or an address with nothing but its label asks nothing that words could answer."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.growth import LINEAR, growth
from workers.reading.bare_number import is_bare_number


@pytest.mark.parametrize(
    "message",
    [
        "FB12345678",
        "my order number is FB12345678",
        "+44 7700 900123",
        "order no. 77 123",
        "It's #12-345.",
        "me@example.com",
        "my email address is me@example.com",
        "https://shop.example/orders/17",
    ],
)
def test_numbers_and_addresses_with_their_labels(message: str) -> None:
    assert is_bare_number(message)


@pytest.mark.parametrize(
    "message",
    [
        "2",
        "4 days",
        "AAA",
        "where is 12345678",
        "for 2024",
        "my order",
        "12345678 is late",
        "",
        "?",
    ],
)
def test_what_asks_or_chooses_is_none(message: str) -> None:
    assert not is_bare_number(message)


@given(st.text(max_size=300))
def test_any_text_gets_a_verdict(text: str) -> None:
    assert is_bare_number(text) in (True, False)


@pytest.mark.parametrize("unit", ["1", "1 ", "a1-", "me@", "my order 1 "])
def test_a_flood_costs_little(unit: str) -> None:
    assert growth(lambda times: is_bare_number(unit * times), 4_000 // len(unit) // 4) < LINEAR

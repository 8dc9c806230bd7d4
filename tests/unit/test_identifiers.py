"""Ids: whatever channels call people and conversations, and nothing that cannot be printed."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared import tenants
from shared.counts import read_field
from shared.identifiers import is_identifier, is_scoped_identifier

SERVED = [
    "order/123 #4",
    "whatsapp:+491700000001",
    "Müller-1",
    "auth0|5f7c",
    "anna+shop@example.com",
    "19:abc@thread.tacv2;messageid=1",
    "reverted_card_payment?",
    "x" * 255,
    "ü" * 127,
    "👩‍💻",
    " ",
    "[bold]{%}\\\"'",
]
REFUSED = ["", "x" * 256, "ü" * 128, "a\nb", "a\tb", "a\x00", "a\x7f", "a\x85", "\u2028", "\ud83d"]


@pytest.mark.parametrize("value", SERVED)
def test_printable_text_is_an_id(value: str) -> None:
    assert is_identifier(value)
    assert is_scoped_identifier(tenants.scope("acme", value))


@pytest.mark.parametrize("value", REFUSED)
def test_what_cannot_be_printed_or_is_too_long_is_none(value: str) -> None:
    assert not is_identifier(value)
    assert not is_scoped_identifier(value)


@given(st.text())
def test_no_client_can_write_a_scope(value: str) -> None:
    assert not is_identifier(tenants.scope("acme", value))


@pytest.mark.parametrize("value", ["Acme\x1fa", "\x1fa", "acme\x1f", "acme\x1fb\x1fc"])
def test_a_scope_is_a_tenants_name(value: str) -> None:
    assert not is_scoped_identifier(value)


def test_an_entry_may_be_called_anything_and_is_counted() -> None:
    fields = read_field("kind=answer|reask=0|entry=a|b=c|entry=d")
    assert fields == {"kind": "answer", "reask": "0", "entry": "a|b=c|entry=d"}

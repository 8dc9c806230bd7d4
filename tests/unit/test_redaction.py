"""What may say who wrote a message is taken out of it, and what it asks is left."""

import pytest

from workers.redaction import Redactor

REDACTOR = Redactor(
    ("How do I pay with Visa?", "Do you ship to Ireland within 14 days?", "Use 2fa in the Wallet.")
)


@pytest.mark.parametrize(
    ("text", "redacted"),
    [
        ("my name is anna müller and i wait", "my name is [name] and i wait"),
        ("My name is Anna Müller.", "My name is [name]."),
        ("Please call Anna Müller about it", "Please call [name] about it"),
        ("please call me back", "please call me back"),
        ("Call me Will", "Call me [name]"),
        ("This is for Mr. Brown", "This is for Mr. [name]"),
        ("i spoke to mr brown", "i spoke to mr [name]"),
        ("Anna here, where is it?", "[name] here, where is it?"),
        ("ask @anna_m", "ask [name]"),
        ("Is O'Neill there?", "Is [name] there?"),
    ],
)
def test_names_go(text: str, redacted: str) -> None:
    assert REDACTOR.redact(text) == redacted


@pytest.mark.parametrize(
    ("text", "redacted"),
    [
        ("write to anna.b+x@mail.example.org please", "write to [mail] please"),
        ("it is anna at example dot com", "it is [mail]"),
        ("see https://example.org/a?b=1 now", "see [link] now"),
        ("see www.example.org", "see [link]"),
        ("on example.co.uk/shop it says", "on [link] it says"),
    ],
)
def test_mail_and_links_go(text: str, redacted: str) -> None:
    assert REDACTOR.redact(text) == redacted


@pytest.mark.parametrize(
    ("text", "redacted"),
    [
        ("order 4711 is late", "order [number] is late"),
        ("order AB-4711-X is late", "order [number] is late"),
        ("call +44 20 7946 0958 today", "call [number] today"),
        ("card 4111 1111 1111 1111", "card [number]"),
        ("DE89 3704 0044 0532 0130 00 is mine", "[number] is mine"),
        ("it took 2 days", "it took 2 days"),
        ("after 14 days", "after 14 days"),
        ("how do I use 2fa", "how do I use 2fa"),
        ("born 3/4/1985", "born [number]"),
    ],
)
def test_numbers_go_but_for_small_ones_and_the_bases(text: str, redacted: str) -> None:
    assert REDACTOR.redact(text) == redacted


@pytest.mark.parametrize(
    ("text", "redacted"),
    [
        ("i live at 12 baker street now", "i live at [address] now"),
        ("send it to 7b Old Mill Lane", "send it to [address]"),
        ("my house in Kings Court 5", "my house in [address]"),
        ("it went to Hauptstraße 5", "it went to [address]"),
        ("at SW1A 1AA it is", "at [address] it is"),
        ("2 days is a long way", "2 days is a long way"),
    ],
)
def test_addresses_go(text: str, redacted: str) -> None:
    assert REDACTOR.redact(text) == redacted


@pytest.mark.parametrize(
    "text",
    [
        "Do you ship to Ireland with Visa?",
        "WHERE IS MY PARCEL",
        "Delivery was late. Nobody came on Monday. I wait.",
        "",
        "🙄",
    ],
)
def test_what_names_nobody_is_left(text: str) -> None:
    assert REDACTOR.redact(text) == text


def test_nothing_that_was_taken_out_is_taken_out_again() -> None:
    once = REDACTOR.redact("My name is Anna, anna@example.org, 12 Baker Street, 0171 234567")

    assert once == "My name is [name], [mail], [address], [number]"
    assert REDACTOR.redact(once) == once


def test_a_long_message_is_cut() -> None:
    assert len(REDACTOR.redact("word " * 1_000)) == 1_000

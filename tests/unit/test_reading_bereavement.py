"""Who tells of a death is told from who writes of a dead lamp."""

import pytest

from tests.support.growth import LINEAR, growth
from workers.reading.bereavement import tells_of_death


@pytest.mark.parametrize(
    "message",
    [
        "My husband died and he had an account with you",
        "my mother passed away, can I cancel her order",
        "Our nan is no longer with us",
        "my best friend just died",
        "it belonged to my late father",
        "after the death of my brother nobody reads his mails",
        "I lost my wife to cancer",
        "my mother in law has passed away",
        "the account holder has died",
    ],
)
def test_a_death_is_heard(message: str) -> None:
    assert tells_of_death(message)


@pytest.mark.parametrize(
    "message",
    [
        "my plant died",
        "my phone died",
        "my brother's battery is dead",
        "my mother bought a plant that died",
        "my son is dead set on it",
        "my dad died laughing",
        "I lost my son's gift card",
        "I lost my card",
    ],
)
def test_other_losses_are_none(message: str) -> None:
    assert not tells_of_death(message)


@pytest.mark.parametrize("unit", ["my ", "my mother ", "my mother has ", "lost my "])
def test_a_flood_costs_little(unit: str) -> None:
    assert growth(lambda times: tells_of_death(unit * times), 4_000 // len(unit) // 4) < LINEAR

"""A repeatable choice, which depends on nothing but its seed and what is chosen for."""

import hashlib
from collections.abc import Sequence
from typing import TypeVar

ChosenT = TypeVar("ChosenT")


def chosen(options: Sequence[ChosenT], *seeds: object) -> ChosenT:
    """Return one of the options, always the same for the same seeds."""
    return options[draw(*seeds) % len(options)]


def shuffled(options: Sequence[ChosenT], *seeds: object) -> list[ChosenT]:
    """Return the options in an order that is always the same for the same seeds."""
    order = sorted(range(len(options)), key=lambda place: draw(*seeds, place))
    return [options[place] for place in order]


def draw(*seeds: object) -> int:
    """Return a number that looks random."""
    text = "\x1f".join(map(str, seeds))
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=6).digest(), "big")

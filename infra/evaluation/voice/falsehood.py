"""A sentence that the sources do not bear out, and what makes it false."""

from dataclasses import dataclass
from typing import Literal, get_args

from workers.voice.brief import RefusalReason

KINDS: tuple[RefusalReason, ...] = get_args(RefusalReason)

Twist = Literal[
    "changed",
    "unit",
    "words",
    "negated",
    "opposite",
    "overstated",
    "unconditional",
    "borrowed",
    "invented",
    "foreign",
]
TWISTS: tuple[Twist, ...] = get_args(Twist)


@dataclass(frozen=True, slots=True)
class Falsehood:
    """A false sentence; `false` is the part of it that no source says."""

    kind: RefusalReason
    twist: Twist
    sentence: str
    false: str

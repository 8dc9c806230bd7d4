"""What a campaign sends and how often it strikes, and the bounds of both."""

from dataclasses import dataclass, field

from infra.chaos.faults import CARDS, Card
from shared.errors import BenchError

MAX_MESSAGES = 200_000
MAX_FAULTS = 1_000
MAX_SECONDS = 7_200.0
QUICK_MESSAGES, QUICK_SECONDS = 1_500, 54.0


@dataclass(frozen=True, slots=True)
class ChaosPlan:
    """One seed of the campaign.

    The messages are spread over `seconds`; an outage makes them late, and they catch up. A client
    insists on one message for `patience_seconds`, and healing may take as long. `cards`
    are the kinds of faults, all dealt once before any comes again. `planted_bug` is for the test
    that shows that the campaign sees one.
    """

    seed: int = 1
    messages: int = 20_000
    faults: int = 48
    seconds: float = 330.0
    clients: int = 96
    timeout_seconds: float = 120.0
    cards: tuple[Card, ...] = field(default=CARDS)
    planted_bug: bool = False

    def __post_init__(self) -> None:
        if not 1 <= self.messages <= MAX_MESSAGES:
            raise BenchError(f"--messages takes a number from 1 to {MAX_MESSAGES}")
        if not 0 <= self.faults <= MAX_FAULTS:
            raise BenchError(f"--faults takes a number from 0 to {MAX_FAULTS}")
        if not 1 <= self.timeout_seconds <= MAX_SECONDS:
            raise BenchError(f"--patience takes a number from 1 to {MAX_SECONDS:.0f}")
        if not 0 < self.seconds <= MAX_SECONDS:
            raise BenchError(f"--seconds takes a number above 0, at most {MAX_SECONDS:.0f}")


def quick_plan(seed: int) -> ChaosPlan:
    """Return a plan in which every kind of fault strikes once, in a minute and a half."""
    return ChaosPlan(seed, QUICK_MESSAGES, len(CARDS), QUICK_SECONDS)


def cards_named(words: str) -> tuple[Card, ...]:
    """Return the cards whose titles begin with any of some words, parted by commas."""
    wanted = tuple(word.strip() for word in words.split(","))
    chosen = tuple(card for card in CARDS if card.title.startswith(wanted))
    if not chosen or "" in wanted:
        known = ", ".join(card.title for card in CARDS)
        raise BenchError(f"--only takes beginnings of these, parted by commas: {known}")
    return chosen

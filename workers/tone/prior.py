"""How common each tone is where Parley works: the prior of the tone's classifier, as set."""

from workers.tone.emotions import LABELS, Label

_EXAMPLE = "negative=0.55,neutral=0.3,positive=0.15"
_ROUNDING = 0.011  # shares written with two digits need not add up to exactly 1


def read_prior(text: str) -> dict[Label, float]:
    """Read `negative=0.5,neutral=0.35,positive=0.15`; ValueError says what is wrong."""
    shares: dict[str, float] = {}
    for part in text.split(","):
        name, _, share = part.partition("=")
        shares[name.strip()] = _number(share)
    if len(shares) != text.count(",") + 1 or shares.keys() != set(LABELS):
        raise ValueError(f"give {', '.join(LABELS)} once each, such as {_EXAMPLE}")
    if min(shares.values()) <= 0 or not abs(sum(shares.values()) - 1) <= _ROUNDING:
        raise ValueError("the shares must be above 0 and add up to 1")
    return {label: shares[label] for label in LABELS}


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise ValueError(f"{text.strip()!r} is no number, expected such as {_EXAMPLE}") from None

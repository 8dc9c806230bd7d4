"""How a customer's tone moves over the turns of a conversation, and when to offer a person."""

from collections.abc import Sequence
from enum import StrEnum

from shared.jobs import Tone
from workers.tone.emotions import TONE_OF

_ASKED_AGAIN = 0.7  # re-ask score from which a message repeats an earlier question
_BAD, _FALL = -0.4, 0.5  # on a scale of two: valences run from -1 to 1
_EARLIER = 3  # turns that the last one is compared with
_PAUSE = 3  # turns after an offer in which it is not made again


class Concern(StrEnum):
    """Why a customer should be offered a person."""

    ASKS_AGAIN = "asks again"
    STAYS_NEGATIVE = "stays negative"
    FALLS = "tone falls"


def valence(tone: Tone) -> float | None:
    """Return the probability of a positive tone less that of a negative one; None if unknown."""
    if tone.label == "unknown":
        return None
    if not tone.emotions:
        return {"positive": tone.score, "negative": -tone.score}.get(tone.label, 0.0)
    signs = {"positive": 1, "negative": -1}
    return sum(
        score * signs.get(TONE_OF.get(emotion, ""), 0) for emotion, score in tone.emotions.items()
    )


def concern(
    valences: Sequence[float | None],
    reask_scores: Sequence[float | None],
    turns_since_offer: int | None = None,
) -> Concern | None:
    """Return why the last of these turns, oldest first, calls for a person; None if it doesn't.

    A first message never does: it deserves an answer. `turns_since_offer`: how many turns ago a
    person was offered last; the offer is not repeated at once.
    """
    if turns_since_offer is not None and turns_since_offer <= _PAUSE:
        return None
    if reask_scores and (reask_scores[-1] or 0.0) >= _ASKED_AGAIN:
        return Concern.ASKS_AGAIN
    if not valences or valences[-1] is None or valences[-1] > _BAD:
        return None
    earlier = [known for known in valences[-1 - _EARLIER : -1] if known is not None]
    if not earlier:
        return None
    if earlier[-1] <= _BAD:
        return Concern.STAYS_NEGATIVE
    falls = sum(earlier) / len(earlier) - valences[-1] >= _FALL
    return Concern.FALLS if falls else None

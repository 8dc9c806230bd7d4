"""What the next turn must know of a conversation once this one is answered."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from shared.jobs import AnswerKind, Tone
from workers.dialogue.decision import Decision
from workers.dialogue.state import (
    MAX_ASKED,
    MAX_OPENERS,
    MAX_TEXT_CHARACTERS,
    MAX_TONES,
    Asked,
    Dialogue,
    pack_vector,
)

_UNCLEAR: frozenset[AnswerKind] = frozenset({"clarify", "fallback"})


def advance(
    dialogue: Dialogue,
    text: str,
    vector: NDArray[np.float32],
    decision: Decision,
    tone: Tone,
    openers: Sequence[str],
) -> Dialogue:
    """Return the dialogue after a turn; small talk leaves what was asked before as it is."""
    kind = decision.answer.kind
    tones = (*dialogue.tones, tone.label)[-MAX_TONES:]
    used = (*dialogue.openers, *openers)[-MAX_OPENERS:]
    if kind == "smalltalk":
        return replace(dialogue, tones=tones, openers=used)
    asked = Asked(text[:MAX_TEXT_CHARACTERS], pack_vector(vector), kind, decision.answer.id)
    return Dialogue(
        encoder=dialogue.encoder,
        asked=(*dialogue.asked, asked)[-MAX_ASKED:],
        offered=decision.offered,
        unclear=dialogue.unclear + 1 if kind in _UNCLEAR else 0,
        tones=tones,
        openers=used,
    )

"""What an encoder can tell: a sentence that is about none of what the sources are about."""

from collections.abc import Callable, Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from workers.voice import conduct
from workers.voice.brief import Brief, RefusalReason
from workers.voice.reading import read
from workers.voice.sentence_check import SentenceCheck
from workers.voice.sentences import sentences_of

Encode = Callable[[Sequence[str]], NDArray[np.float32]]
# No encoder of sentences can tell "can" from "cannot": beyond this, the words decide. Of 264 fair
# sentences one is as far from its sources (docs/experiments/voice-guards.md).
_LEAST_COSINE = 0.36


class NearCheck:
    """Judges what another check lets pass by its cosine with the sources' sentences.

    `encode` gives vectors of length 1 and is called from the thread that judges.
    """

    def __init__(self, brief: Brief, check: SentenceCheck, encode: Encode) -> None:
        self._check = check
        self._encode = encode
        self._sources = encode(list(_units(brief)))

    def judge(self, sentence: str) -> RefusalReason | None:
        """Return why a sentence may not be shown, None if it may."""
        reason = self._check.judge(sentence)
        if reason is not None or not _says_something(sentence):
            return reason
        (vector,) = self._encode([sentence])
        return None if float((self._sources @ vector).max()) >= _LEAST_COSINE else "claim"


def _units(brief: Brief) -> dict[str, None]:
    """Return the sources' sentences, each alone and with the next one, and their titles."""
    units: dict[str, None] = {}
    for text in (*(each.text for each in brief.sources), brief.words):
        sentences = [each.strip() for each in sentences_of(text) if each.strip()]
        units |= dict.fromkeys(sentences)
        units |= dict.fromkeys(f"{one} {next_one}" for one, next_one in pairwise(sentences))
    return units | dict.fromkeys(each.title for each in brief.sources if each.title)


def _says_something(sentence: str) -> bool:
    rest = conduct.COURTESY.sub(" ", read(sentence).text)
    return any(map(str.isalnum, conduct.LEAD_IN.sub(" ", rest)))

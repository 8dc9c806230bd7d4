"""What workers keep of a conversation from turn to turn."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

import msgspec
import numpy as np
from numpy.typing import NDArray

from shared.jobs import AnswerKind, ToneLabel

MAX_ASKED = 6
MAX_TONES = 8
MAX_OPENERS = 50
MAX_TEXT_CHARACTERS = 300
_SCALE = 127.0
_DIALOGUES = 256  # a few kilobytes each; more than are on their way through a worker


@dataclass(frozen=True, slots=True)
class Asked:
    """One message of the person: its text (cut), its vector as int8, and what it got.

    `subject` is the question of the entry that it got.
    """

    text: str
    vector: bytes
    kind: AnswerKind
    entry: str | None
    subject: str = ""


@dataclass(frozen=True, slots=True)
class Dialogue:
    """A conversation as the next turn must know it; everything oldest first and capped.

    `encoder` names the encoder of the vectors. `offered` are the entries that were offered last to
    choose from, `chosen` those that the last message chose among them. `unclear` counts the replies
    in a row that were no answer. `tones`, `valences` and `reasks` are those of the last turns;
    `turns_since_offer` counts them since a person was offered, `person_offered` says whether the
    last reply did. `person_announced`: it was said since the last handover that a person has been
    called. `openers` are the sentences already used before an answer.
    """

    encoder: str
    asked: tuple[Asked, ...] = ()
    offered: tuple[str, ...] = ()
    chosen: tuple[str, ...] = ()
    unclear: int = 0
    tones: tuple[ToneLabel, ...] = ()
    valences: tuple[float | None, ...] = ()
    reasks: tuple[float | None, ...] = ()
    turns_since_offer: int | None = None
    person_offered: bool = False
    person_announced: bool = False
    openers: tuple[str, ...] = ()


_encode = msgspec.json.Encoder().encode
_decoder = msgspec.json.Decoder(Dialogue)


def encode_dialogue(dialogue: Dialogue) -> bytes:
    """Encode for the next turn."""
    return _encode(dialogue)


@lru_cache(maxsize=_DIALOGUES)
def read_dialogue(stored: bytes, encoder: str | None) -> Dialogue:
    """Decode what the last turn left: nothing on a first turn, or if it cannot be read.

    Vectors of another encoder cannot be compared, so those messages are forgotten; None: the
    vectors are of no interest. A message's is asked for twice, before the engine runs and after it.
    """
    if not stored:
        return Dialogue(encoder or "")
    try:
        dialogue = _decoder.decode(stored)
    except msgspec.DecodeError:  # another version wrote it: the context is lost, not the message
        return Dialogue(encoder or "")
    if encoder is None or dialogue.encoder == encoder:
        return dialogue
    return replace(dialogue, encoder=encoder, asked=())


def pack_vectors(vectors: NDArray[np.float32]) -> list[bytes]:
    """Round vectors [rows, dimension] of length 1 to a byte a dimension.

    Cosines keep two decimals.
    """
    highest = np.abs(vectors).max(axis=1, keepdims=True).astype(np.float64)
    scales = (_SCALE / np.maximum(highest, 1e-9)).astype(np.float32)
    return [row.tobytes() for row in np.round(vectors * scales).astype(np.int8)]


def unpack_vectors(packed: Sequence[bytes]) -> NDArray[np.float32]:
    """Return the vectors [packed, dimension] of length 1; all must be of one dimension."""
    rows = np.frombuffer(b"".join(packed), np.int8).reshape(len(packed), -1).astype(np.float32)
    norms = np.linalg.norm(rows, axis=1, keepdims=True)
    return np.asarray(rows / np.maximum(norms, 1.0), np.float32)

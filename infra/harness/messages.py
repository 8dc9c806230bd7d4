"""The messages that are sent: those of a file, or the phrasings of a knowledge base."""

from dataclasses import dataclass
from pathlib import Path

import msgspec
import numpy as np

from shared.errors import BenchError
from workers.knowledge.loader import DEMO, load

_SEED = 7  # files are often sorted by subject; traffic is not


@dataclass(frozen=True, slots=True)
class Messages:
    """Texts in the order they are sent, each once, and what to call their source."""

    source: str
    texts: tuple[str, ...]


class _Line(msgspec.Struct):
    text: str


def read_messages(path: Path | None, base: Path = DEMO) -> Messages:
    """Return the texts of a JSON lines file (field `text`), or a base's phrasings.

    The order is shuffled, the same each time. Raises BenchError if the file cannot be read.
    """
    if path is None:
        texts = [text for entry in load(base).entries for text in entry.all_phrasings]
        return Messages("demo knowledge base" if base == DEMO else base.stem, _shuffled(texts))
    try:
        lines = msgspec.json.Decoder(_Line).decode_lines(path.read_bytes())
    except (OSError, msgspec.DecodeError) as error:
        raise BenchError(f"{path} cannot be read as JSON lines with a text each: {error}") from None
    texts = [line.text for line in lines if line.text.strip()]
    if not texts:
        raise BenchError(f"{path} holds no message")
    return Messages(path.stem, _shuffled(texts))


def _shuffled(texts: list[str]) -> tuple[str, ...]:
    different = list(dict.fromkeys(texts))
    order = np.random.default_rng(_SEED).permutation(len(different))
    return tuple(different[index] for index in order)

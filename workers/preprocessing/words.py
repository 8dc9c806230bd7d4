"""Ids of plain texts from the ids of their words: chat repeats words far more than messages."""

import json
import re
from collections.abc import Mapping, Sequence

from tokenizers import Tokenizer as WordPiece

_MAX_WORDS = 100_000
_MAX_WORD = 100  # characters; BERT knows none that is longer
# As BERT parts ASCII: a run of letters and digits, or one mark; spaces part and vanish.
_WORD = re.compile(r"[A-Za-z0-9]+|[^ A-Za-z0-9]")


class WordCache:
    """Remember each word's ids as the vocabulary's own tokenizer gives them.

    Serves printable ASCII, which BERT parts into words whose ids do not depend on their
    neighbours; any other text, and any tokenizer that parts otherwise, is left to the caller. Any
    thread may call it.
    """

    def __init__(self, pieces: WordPiece) -> None:
        self._pieces = pieces
        self._ids: dict[str, list[int]] = {}
        self._serves = _parts_as_bert(pieces)

    def encode_batch(self, texts: Sequence[str]) -> list[list[int] | None]:
        """Return each text's ids without special ones, or None if it is not plain."""
        parted = [self._part(text) for text in texts]
        ids = self._learn({word for words in parted if words for word in words})
        return [None if words is None else _join(words, ids) for words in parted]

    def _part(self, text: str) -> list[str] | None:
        if not (self._serves and text.isascii() and text.isprintable()):
            return None
        words: list[str] = _WORD.findall(text)
        return words if max(map(len, words), default=0) <= _MAX_WORD else None

    def _learn(self, words: set[str]) -> Mapping[str, list[int]]:
        """Return the ids of these words, among others; other threads go on with what they have."""
        if len(self._ids) > _MAX_WORDS:
            self._ids = {}
        ids = self._ids
        for word in words:
            if word not in ids:
                ids[word] = self._pieces.encode(word, add_special_tokens=False).ids
        return ids


def _join(words: Sequence[str], ids: Mapping[str, list[int]]) -> list[int]:
    return [piece for word in words for piece in ids[word]]


def _parts_as_bert(pieces: WordPiece) -> bool:
    layout = json.loads(pieces.to_str())
    kinds = [(layout[part] or {}).get("type") for part in ("normalizer", "pre_tokenizer", "model")]
    only_special = all(token["special"] for token in layout["added_tokens"])
    return kinds == ["BertNormalizer", "BertPreTokenizer", "WordPiece"] and only_special

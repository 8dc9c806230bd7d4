"""WordPiece ids of clean text, as Hugging Face `tokenizers` makes them, cut to what BERT reads."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Self

from tokenizers import Tokenizer as WordPiece

from shared.errors import ModelError
from workers.engines.layout import MAX_TOKENS, TOKENIZER
from workers.nltk_modules import nltk_module
from workers.preprocessing.words import WordCache

if TYPE_CHECKING:
    from nltk.tokenize.punkt import PunktSentenceTokenizer

_MAX_CHARACTERS = 4096  # BERT reads about 600; bounds the cost of a flood
_MIN_KEPT = 0.5  # of the room: a first sentence of two words must not stand for a page


@dataclass(frozen=True, slots=True)
class Tokens:
    """Token ids, special ones included; `kept` characters of the text; cut or not."""

    ids: tuple[int, ...]
    kept: int
    truncated: bool = False


class Tokenizer:
    """Encode clean text for one BERT vocabulary; at most `max_tokens` ids a text."""

    def __init__(self, pieces: WordPiece, max_tokens: int = MAX_TOKENS) -> None:
        pieces.no_padding()
        pieces.no_truncation()
        pieces.encode_special_tokens = True  # whatever this vocabulary calls its special tokens
        self._pieces = pieces
        self._max_tokens = max_tokens
        self._before, self._after = _special_ids(pieces)
        self._room = max_tokens - len(self._before) - len(self._after)
        self._words = WordCache(pieces)

    @classmethod
    def load(cls, model_dir: Path, max_tokens: int = MAX_TOKENS) -> Self:
        """Read `tokenizer.json` of a built model; ModelError names a file that cannot serve."""
        path = model_dir / TOKENIZER
        try:
            pieces = WordPiece.from_str(path.read_text(encoding="utf-8"))
        except Exception as error:  # tokenizers raises plain Exception
            raise ModelError(f"{path} is not a tokenizer that can be read: {error}") from error
        return cls(pieces, max_tokens)

    @property
    def ranks(self) -> Mapping[str, int]:
        """Map each whole word of the vocabulary to its index: BERT's run from common to rare."""
        vocabulary = self._pieces.get_vocab(with_added_tokens=False)
        return {word: index for word, index in vocabulary.items() if not word.startswith("##")}

    def encode_batch(self, texts: Sequence[str]) -> list[Tokens]:
        """Encode clean texts; one that is too long is cut at a sentence, else at a word."""
        heads = [text[:_MAX_CHARACTERS] for text in texts]
        return [
            Tokens((*self._before, *ids, *self._after), len(text))
            if len(ids) <= self._room and len(head) == len(text)
            else self._encode_long(head)
            for text, head, ids in zip(texts, heads, self._ids(heads), strict=True)
        ]

    @property
    def room(self) -> int:
        """Return how many tokens a text may have to be read whole."""
        return self._room

    def token_starts(self, text: str) -> list[int]:
        """Return the index of the first character of each token, special ones left out."""
        return [start for start, _ in self._pieces.encode(text, add_special_tokens=False).offsets]

    def _ids(self, texts: Sequence[str]) -> list[list[int]]:
        known = self._words.encode_batch(texts)
        return [
            self._pieces.encode(text, add_special_tokens=False).ids if ids is None else ids
            for text, ids in zip(texts, known, strict=True)
        ]

    def _encode_long(self, text: str) -> Tokens:
        starts = self.token_starts(text)
        limit = starts[self._room] if len(starts) > self._room else len(text)
        kept = _sentence_end(text, limit) or _word_end(text, limit) or limit
        ids = self._pieces.encode(text[:kept].rstrip()).ids
        if len(ids) > self._max_tokens:  # a cut inside a word can add a piece
            ids = [*ids[: self._max_tokens - 1], ids[-1]]
        return Tokens(tuple(ids), kept, truncated=True)


def _special_ids(pieces: WordPiece) -> tuple[list[int], list[int]]:
    """Return the ids that the tokenizer puts before and after a text."""
    framed = pieces.encode("a")
    count = len(pieces.encode("a", add_special_tokens=False).ids)
    first = framed.special_tokens_mask.index(0)
    return framed.ids[:first], framed.ids[first + count :]


def _sentence_end(text: str, limit: int) -> int | None:
    ends = [end for _, end in _sentences().span_tokenize(text) if end <= limit]
    return ends[-1] if ends and ends[-1] >= _MIN_KEPT * limit else None


def _word_end(text: str, limit: int) -> int | None:
    end = limit if text[limit : limit + 1].isspace() else text.rfind(" ", 0, limit)
    return end if end >= _MIN_KEPT * limit else None


@cache
def _sentences() -> "PunktSentenceTokenizer":
    # Only a process that prepares messages pays for NLTK.
    sentences: PunktSentenceTokenizer = nltk_module("nltk.tokenize.punkt").PunktSentenceTokenizer()
    return sentences

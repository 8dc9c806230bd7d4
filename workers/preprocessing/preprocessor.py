"""Prepare messages for an engine: clean, tokenise, and cache the common phrases."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from workers.lru_cache import CacheStats, LruCache
from workers.preprocessing.clean import clean
from workers.preprocessing.tokens import Tokenizer

_SAMPLE = "Warming up :) " * 80  # an emoticon and an over-long text load all that is lazy

_MAX_CACHED_CHARACTERS = 512


PassageKind = Literal["message", "question", "context", "joined", "topic"]


@dataclass(frozen=True, slots=True)
class Prepared:
    """A clean text as an engine reads it: `ids` spell it, or its beginning if `truncated`.

    `kind` says what it is of its message: all of it or a window of it, one of its questions, or
    the message together with what was asked before (`joined`: in case that it is not understood
    alone), or what is to be recalled. `is_whole`: it is all that was to be prepared, clean, and
    nothing else was changed.
    """

    text: str
    ids: tuple[int, ...]
    truncated: bool
    kind: PassageKind = "message"
    is_whole: bool = False


class Preprocessor:
    """Prepare messages in batches; equal messages are prepared once.

    `rewrite` turns a clean message into what the engine reads, such as its question alone.
    The `cache` is bounded in bytes too: long messages, which are rarely repeated, stay out.
    """

    def __init__(
        self,
        tokenizer: Tokenizer,
        cache: LruCache[str, Prepared] | None = None,
        rewrite: Callable[[str], str] = str,
    ) -> None:
        self._tokenizer = tokenizer
        self._ranks = tokenizer.ranks
        self._rewrite = rewrite
        self._cache: LruCache[str, Prepared] = LruCache(0) if cache is None else cache

    def warm(self) -> None:
        """Load what the first messy message would wait for (NLTK: about a second)."""
        self._prepare([_SAMPLE])

    def prepare(self, messages: Sequence[str]) -> list[Prepared]:
        """Return one `Prepared` a message, in order; a text does not depend on its neighbours."""
        if not messages:
            return []
        found = {message: self._cache.get(message) for message in dict.fromkeys(messages)}
        missing = [message for message, prepared in found.items() if prepared is None]
        fresh = dict(zip(missing, self._prepare(missing), strict=True))
        for message, prepared in fresh.items():
            if len(message) <= _MAX_CACHED_CHARACTERS:
                self._cache.put(message, prepared)
        return [found[message] or fresh[message] for message in messages]

    def clean(self, messages: Sequence[str]) -> list[str]:
        """Return what the engine would read of each message, in order, without its token ids."""
        return [self._rewrite(clean(message, self._ranks).text) for message in messages]

    @property
    def cache_stats(self) -> CacheStats:
        """Return the hits and misses of the prepared phrases."""
        return self._cache.stats

    def _prepare(self, messages: Sequence[str]) -> list[Prepared]:
        cleaned = [clean(message, self._ranks).text for message in messages]
        texts = [self._rewrite(text) for text in cleaned]
        return [
            Prepared(text, tokens.ids, tokens.truncated, is_whole=text == original)
            for original, text, tokens in zip(
                cleaned, texts, self._tokenizer.encode_batch(texts), strict=True
            )
        ]

"""Builds answers over bases with an encoder that knows equal words alone."""

from collections.abc import Callable, Sequence
from pathlib import Path

from shared.errors import EngineError, KnowledgeError
from tests.fakes.clock import ManualClock
from tests.fakes.memory import FakeMemory
from tests.fakes.word_encoder import WordEncoder
from workers.answering import Answers
from workers.dialogue.decide import Decider
from workers.dialogue.hearing import Listener
from workers.knowledge.embeddings import EmbeddingCache
from workers.knowledge.encoder import encode
from workers.knowledge.finder import Finder
from workers.knowledge.head import Vectors
from workers.knowledge.loader import Reading
from workers.knowledge.responder import build_finder_over, build_tfidf_finder
from workers.reply_builder import ReplyBuilder
from workers.second_look.decided import BatchDecider
from workers.second_look.first import FirstLookDecider
from workers.settings import VariantChoice
from workers.tone.wording import Wording
from workers.variants import TFIDF_SPACE, TfidfDecider, VariantDecider, assignment


class WordAnswersBuilder:
    """Build real answers without a model. `broken`: the engine fails; `variant`: what searches."""

    def __init__(self, cache: Path, clock: ManualClock) -> None:
        self.encoder = WordEncoder()
        self.built: list[str] = []
        self.broken = False
        self.variant: VariantChoice = "bert"
        self._cache = cache
        self._clock = clock
        self._wording = Wording.load()

    def embeddings(
        self, stopping: Callable[[], bool] = bool, *, in_between: bool = False
    ) -> EmbeddingCache:
        """Return the cache, the same while messages come."""
        return EmbeddingCache(self._cache, self.encoder, stopping)

    def over(self, reading: Reading, embeddings: EmbeddingCache) -> Answers:
        """Build over a base and note its path."""
        if reading.faults:
            raise KnowledgeError("\n".join(map(str, reading.faults)))
        if self.broken:
            raise EngineError("out of memory")
        self.built.append(reading.path.name)
        decider, finder = self._decider(reading, embeddings)
        replies = ReplyBuilder(decider, self._wording, "words", self._clock)
        entries = len(reading.base.entries)
        return Answers(reading.base.revision, entries, decider, replies, finder)

    def embed(self, texts: Sequence[str]) -> Vectors:
        """Return vectors of the words."""
        return encode(self.encoder, texts)

    def _decider(self, reading: Reading, embeddings: EmbeddingCache) -> tuple[BatchDecider, Finder]:
        revision, lexical = reading.base.revision, build_tfidf_finder(reading.base)
        tfidf = TfidfDecider(self._over(lexical, TFIDF_SPACE, revision))
        if self.variant == "tfidf":
            return tfidf, lexical
        finder = build_finder_over(reading.base, reading.path, embeddings, self._cache)
        bert = self._over(finder, "words", revision)
        if self.variant == "ab":
            return VariantDecider(bert, tfidf, assignment("ab")), finder
        return bert, finder

    def _over(self, finder: Finder, space: str, revision: str) -> FirstLookDecider:
        listener = Listener(finder, FakeMemory(), space)
        decider = Decider(finder.thresholds, finder.entries)
        return FirstLookDecider(listener, decider, self._clock, "small", revision, cascade=False)

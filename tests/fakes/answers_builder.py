"""Builds answers over bases with an encoder that knows equal words alone."""

from pathlib import Path

from shared.errors import EngineError, KnowledgeError
from tests.fakes.clock import ManualClock
from tests.fakes.memory import FakeMemory
from tests.fakes.word_encoder import WordEncoder
from workers.answering import Answers
from workers.dialogue.decide import Decider
from workers.dialogue.hearing import Listener
from workers.knowledge.embeddings import EmbeddingCache
from workers.knowledge.loader import Reading
from workers.knowledge.responder import build_finder_over
from workers.reply_builder import ReplyBuilder
from workers.second_look.first import FirstLookDecider
from workers.tone.wording import Wording


class WordAnswersBuilder:
    """Build real answers without a model. `broken`: the engine fails."""

    def __init__(self, cache: Path, clock: ManualClock) -> None:
        self.encoder = WordEncoder()
        self.built: list[str] = []
        self.broken = False
        self._cache = cache
        self._clock = clock
        self._wording = Wording.load()

    def embeddings(self, *, in_between: bool = False) -> EmbeddingCache:
        """Return the cache, the same while messages come."""
        return EmbeddingCache(self._cache, self.encoder)

    def over(self, reading: Reading, embeddings: EmbeddingCache) -> Answers:
        """Build over a base and note its path."""
        if reading.faults:
            raise KnowledgeError("\n".join(map(str, reading.faults)))
        if self.broken:
            raise EngineError("out of memory")
        self.built.append(reading.path.name)
        finder = build_finder_over(reading.base, reading.path, embeddings, self._cache)
        listener = Listener(finder, FakeMemory(), "words")
        decider = FirstLookDecider(
            listener,
            Decider(finder.thresholds, finder.entries),
            self._clock,
            "small",
            reading.base.revision,
            cascade=False,
        )
        replies = ReplyBuilder(decider, self._wording, "words", self._clock)
        return Answers(reading.base.revision, len(reading.base.entries), decider, replies)

"""What stands between a claimed message and its reply, built once for workers and evaluations."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from shared.clock import Clock
from shared.errors import KnowledgeError
from shared.jobs import ChatJob, Encoder
from workers.bootstrap import MakeEngine, TextModel, load_model
from workers.consumer.lease_queue import ClaimedJob
from workers.dialogue.decide import Decider
from workers.dialogue.hearing import Listener
from workers.dialogue.reader import MessageReader
from workers.encoder_choice import chosen_encoder
from workers.engines.blank import BlankEngineMaker
from workers.engines.manifest import read_manifest
from workers.gaps import GapRecorder
from workers.knowledge.embeddings import EmbeddingCache
from workers.knowledge.encoder import EngineEncoder, encode
from workers.knowledge.finder import Finder
from workers.knowledge.head import Vectors
from workers.knowledge.loader import Reading
from workers.knowledge.responder import build_finder_over, build_tfidf_finder
from workers.knowledge.rewrite import rewrite
from workers.knowledge.tfidf import StemAnalyzer, hashed_vectors
from workers.memory.memory import Memory
from workers.preprocessing.preprocessor import Prepared
from workers.redaction import Redactor
from workers.reply_builder import ReplyBuilder
from workers.second_look.decided import BatchDecider
from workers.second_look.first import FirstLookDecider
from workers.second_look.meter import SecondLookMeter
from workers.second_look.second import SecondLookDecider
from workers.settings import VariantChoice, WorkerSettings
from workers.tone.wording import Wording
from workers.variants import (
    TFIDF_SPACE,
    TfidfDecider,
    VariantDecider,
    VariantReader,
    assignment,
)

Prepare = Callable[[Sequence[ClaimedJob[ChatJob]]], list[tuple[Prepared, ...]]]


@dataclass(frozen=True, slots=True)
class Deciding:
    """What decides over a base, and what it searches the base with."""

    decider: BatchDecider
    finder: Finder


DecideOver = Callable[[Reading, EmbeddingCache], Deciding]


@dataclass(frozen=True, slots=True)
class Answers:
    """What answers from one knowledge base at one revision; `decider` is that of `replies`."""

    revision: str
    entries: int
    decider: BatchDecider
    replies: ReplyBuilder
    finder: Finder


class AnswersBuilder:
    """Build what answers from a base, for any number of bases; all share the model's engine.

    `folder` is the built model's. `decide_over` makes what decides over a base.
    """

    def __init__(
        self,
        settings: WorkerSettings,
        model: TextModel,
        folder: Path,
        clock: Clock,
        decide_over: DecideOver,
    ) -> None:
        self._settings = settings
        self._model = model
        self.digest = read_manifest(folder).digest
        self._clock = clock
        self._decide_over = decide_over
        self._wording = Wording.load()

    def embeddings(
        self, stopping: Callable[[], bool] = bool, *, in_between: bool = False
    ) -> EmbeddingCache:
        """Return what embeds bases while no message comes, or in between messages.

        It raises WorkerStopped once the worker is `stopping`.
        """
        encoder = self._encoder(in_between=in_between)
        return EmbeddingCache(_cache(self._settings), encoder, stopping)

    def embed(self, texts: Sequence[str]) -> Vectors:
        """Return vectors [texts, dimension] as the finders take them, in between messages."""
        if self._settings.variant == "tfidf":
            return hashed_vectors(StemAnalyzer(), texts)
        return encode(self._encoder(in_between=True), texts)

    def _encoder(self, *, in_between: bool) -> EngineEncoder:
        engine, preprocessor = self._model.engine, self._model.preprocessor
        run_behind = engine.run_behind if in_between else None
        return EngineEncoder(engine, preprocessor, self.digest, run_behind)

    def over(self, reading: Reading, embeddings: EmbeddingCache) -> Answers:
        """Build over a base; KnowledgeError names every fault of it."""
        if reading.faults:
            raise KnowledgeError("\n".join(map(str, reading.faults)))
        deciding = self._decide_over(reading, embeddings)
        decider = deciding.decider
        replies = ReplyBuilder(
            decider,
            self._wording,
            self._model.engine.name,
            self._clock,
            webhook=self._settings.handover_webhook is not None,
            gaps=_gap_recorder(decider) if self._settings.gaps else None,
            voice=self._settings.has_voice,
        )
        entries = len(reading.base.entries)
        return Answers(reading.base.revision, entries, decider, replies, deciding.finder)


@dataclass(frozen=True, slots=True)
class Answering:
    """The steps of a chat job in order: `prepare`, the model's engine, and a base's answers.

    `cascade`: what its deciders are not sure of should get a second look.
    """

    model: TextModel
    prepare: Prepare
    builder: AnswersBuilder
    cascade: bool = False


def load_first_model(settings: WorkerSettings, make_engine: MakeEngine) -> TextModel:
    """Warm what reads every message; for the TF-IDF variant, that runs no model.

    Raises ModelError or EngineError.
    """
    make = BlankEngineMaker() if settings.variant == "tfidf" else make_engine
    return load_model(settings, _first_folder(settings), "answer", make, rewrite)


def load_large_model(settings: WorkerSettings, make_engine: MakeEngine) -> TextModel:
    """Warm the encoder of second looks. Raises ModelError or EngineError."""
    return load_model(settings, settings.large_model_folder, "answer", make_engine, rewrite)


def build_first_look(
    settings: WorkerSettings, model: TextModel, memory: Memory, clock: Clock
) -> Answering:
    """Build what answers every message as the settings' variant says."""
    folder = _first_folder(settings)
    space = f"{_encoder(settings)}-{read_manifest(folder).digest[:12]}"
    cascade = settings.variant != "tfidf" and chosen_encoder(settings) == "cascade"
    assign = assignment(settings.variant)
    reader = MessageReader(model.preprocessor, model.tokenizer, space)

    def bert(reading: Reading, embeddings: EmbeddingCache) -> Deciding:
        finder = _finder(settings, reading, embeddings)
        listener, decider = Listener(finder, memory, space), _decider(finder)
        encoder, revision = _encoder(settings), reading.base.revision
        first = FirstLookDecider(listener, decider, clock, encoder, revision, cascade=cascade)
        return Deciding(first, finder)

    def tfidf(reading: Reading, _embeddings: EmbeddingCache) -> Deciding:
        finder = build_tfidf_finder(reading.base)
        listener, decider = Listener(finder, memory, TFIDF_SPACE), _decider(finder)
        revision = reading.base.revision
        lexical = FirstLookDecider(listener, decider, clock, "none", revision, cascade=False)
        return Deciding(TfidfDecider(lexical), finder)

    def both(reading: Reading, embeddings: EmbeddingCache) -> Deciding:
        one, other = bert(reading, embeddings), tfidf(reading, embeddings)
        return Deciding(VariantDecider(one.decider, other.decider, assign), one.finder)

    deciders: Mapping[VariantChoice, DecideOver] = {"bert": bert, "tfidf": tfidf, "ab": both}
    prepare = reader.read
    if settings.variant != "bert":
        lexical = MessageReader(model.preprocessor, model.tokenizer, TFIDF_SPACE)
        blank = model.preprocessor.prepare([""])[0].ids
        prepare = VariantReader(reader.read, lexical.read, blank, assign).read
    builder = AnswersBuilder(settings, model, folder, clock, deciders[settings.variant])
    return Answering(model, prepare, builder, cascade)


def build_second_look(
    settings: WorkerSettings,
    model: TextModel,
    memory: Memory,
    meter: SecondLookMeter,
    clock: Clock,
) -> Answering:
    """Build what looks again at a handed over message."""

    def decide_over(reading: Reading, embeddings: EmbeddingCache) -> Deciding:
        finder = _finder(settings, reading, embeddings)
        listener, revision = Listener(finder, memory, "large"), reading.base.revision
        return Deciding(SecondLookDecider(listener, _decider(finder), meter, revision), finder)

    reader = MessageReader(model.preprocessor, model.tokenizer, encoder=None)
    folder = settings.large_model_folder
    builder = AnswersBuilder(settings, model, folder, clock, decide_over)
    return Answering(model, reader.read, builder)


def _decider(finder: Finder) -> Decider:
    return Decider(finder.thresholds, finder.entries)


def _finder(settings: WorkerSettings, reading: Reading, embeddings: EmbeddingCache) -> Finder:
    return build_finder_over(reading.base, reading.path, embeddings, _cache(settings))


def _gap_recorder(decider: BatchDecider) -> GapRecorder:
    known = (
        text for entry in decider.entries.values() for text in (*entry.all_phrasings, entry.answer)
    )
    return GapRecorder(Redactor(known))


def _encoder(settings: WorkerSettings) -> Encoder:
    return "large" if chosen_encoder(settings) == "large" else "small"


def _first_folder(settings: WorkerSettings) -> Path:
    large = _encoder(settings) == "large"
    return settings.large_model_folder if large else settings.model_folder


def _cache(settings: WorkerSettings) -> Path:
    return settings.data_dir / "cache"

"""What stands between a claimed message and its reply, built once for workers and evaluations."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from shared.clock import Clock
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
from workers.knowledge.encoder import EngineEncoder
from workers.knowledge.finder import Finder
from workers.knowledge.loader import DEMO
from workers.knowledge.responder import build_finder, build_tfidf_finder
from workers.knowledge.rewrite import rewrite
from workers.memory.memory import Memory
from workers.preprocessing.preprocessor import Prepared
from workers.redaction import Redactor
from workers.reply_builder import ReplyBuilder
from workers.second_look.decided import BatchDecider
from workers.second_look.first import FirstLookDecider
from workers.second_look.meter import SecondLookMeter
from workers.second_look.second import SecondLookDecider
from workers.settings import WorkerSettings
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
class Answering:
    """The steps of a chat job in order: `prepare`, the model's engine, `replies`.

    `decider` is that of `replies`. `cascade`: what it is not sure of should get a second look.
    """

    model: TextModel
    prepare: Prepare
    decider: BatchDecider
    replies: ReplyBuilder
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
    """Build what answers every message as the settings' variant says. Raises KnowledgeError."""
    space = f"{_encoder(settings)}-{read_manifest(_first_folder(settings)).digest[:12]}"
    cascade = settings.variant != "tfidf" and chosen_encoder(settings) == "cascade"
    reader = MessageReader(model.preprocessor, model.tokenizer, space)
    if settings.variant == "bert":
        bert = _bert_decider(settings, model, memory, clock, space)
        return _answering(settings, model, reader.read, bert, clock, cascade=cascade)
    tfidf = _tfidf_decider(settings, memory, clock)
    assign = assignment(settings.variant)
    lexical = MessageReader(model.preprocessor, model.tokenizer, TFIDF_SPACE)
    prepare = VariantReader(
        reader.read, lexical.read, model.preprocessor.prepare([""])[0].ids, assign
    )
    if settings.variant == "tfidf":
        return _answering(settings, model, prepare.read, tfidf, clock)
    bert = _bert_decider(settings, model, memory, clock, space)
    both = VariantDecider(bert, tfidf, assign)
    return _answering(settings, model, prepare.read, both, clock, cascade=cascade)


def build_second_look(
    settings: WorkerSettings,
    model: TextModel,
    memory: Memory,
    meter: SecondLookMeter,
    clock: Clock,
) -> Answering:
    """Build what looks again at a handed over message. Raises KnowledgeError."""
    finder = _build_finder(settings, model, settings.large_model_folder)
    decider = SecondLookDecider(
        Listener(finder, memory, "large"), Decider(finder.thresholds, finder.entries), meter
    )
    reader = MessageReader(model.preprocessor, model.tokenizer, encoder=None)
    return _answering(settings, model, reader.read, decider, clock)


def _bert_decider(
    settings: WorkerSettings, model: TextModel, memory: Memory, clock: Clock, space: str
) -> FirstLookDecider:
    finder = _build_finder(settings, model, _first_folder(settings))
    return FirstLookDecider(
        Listener(finder, memory, space),
        Decider(finder.thresholds, finder.entries),
        clock,
        _encoder(settings),
        cascade=chosen_encoder(settings) == "cascade",
    )


def _tfidf_decider(settings: WorkerSettings, memory: Memory, clock: Clock) -> TfidfDecider:
    finder = build_tfidf_finder(settings.kb or DEMO)
    listener = Listener(finder, memory, TFIDF_SPACE)
    decider = Decider(finder.thresholds, finder.entries)
    return TfidfDecider(FirstLookDecider(listener, decider, clock, "none", cascade=False))


def _answering(
    settings: WorkerSettings,
    model: TextModel,
    prepare: Prepare,
    decider: BatchDecider,
    clock: Clock,
    *,
    cascade: bool = False,
) -> Answering:
    replies = ReplyBuilder(
        decider,
        Wording.load(),
        model.engine.name,
        clock,
        webhook=settings.handover_webhook is not None,
        gaps=_gap_recorder(decider) if settings.gaps else None,
    )
    return Answering(model, prepare, decider, replies, cascade)


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


def _build_finder(settings: WorkerSettings, model: TextModel, folder: Path) -> Finder:
    encoder = EngineEncoder(model.engine, model.preprocessor, read_manifest(folder).digest)
    cache = settings.data_dir / "cache"
    return build_finder(settings.kb or DEMO, EmbeddingCache(cache, encoder), cache)

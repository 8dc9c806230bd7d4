"""What stands between a claimed message and its reply, built once for workers and evaluations."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from shared.clock import Clock
from shared.jobs import ChatJob
from workers.bootstrap import MakeEngine, TextModel, load_model
from workers.consumer.lease_queue import ClaimedJob
from workers.dialogue.decide import Decider
from workers.dialogue.hearing import Listener
from workers.dialogue.reader import MessageReader
from workers.engines.manifest import read_manifest
from workers.gaps import GapRecorder
from workers.knowledge.embeddings import EmbeddingCache
from workers.knowledge.encoder import EngineEncoder
from workers.knowledge.finder import Finder
from workers.knowledge.loader import DEMO
from workers.knowledge.pleasantries import strip_pleasantries
from workers.knowledge.responder import build_finder
from workers.preprocessing.preprocessor import Prepared
from workers.redaction import Redactor
from workers.reply_builder import ReplyBuilder
from workers.settings import WorkerSettings
from workers.tone.wording import Wording

Prepare = Callable[[Sequence[ClaimedJob[ChatJob]]], list[tuple[Prepared, ...]]]


@dataclass(frozen=True, slots=True)
class Answering:
    """The steps of a chat job in order: `prepare`, the model's engine, and `replies`.

    `listener` is that of `replies`, for those who ask what was found.
    """

    model: TextModel
    prepare: Prepare
    listener: Listener
    replies: ReplyBuilder


def load_answer_model(settings: WorkerSettings, make_engine: MakeEngine) -> TextModel:
    """Warm the answer encoder and its preprocessing. Raises ModelError or EngineError."""
    return load_model(settings, "answer", make_engine, strip_pleasantries)


def build_answering(settings: WorkerSettings, model: TextModel, clock: Clock) -> Answering:
    """Build for the settings' knowledge base. Raises KnowledgeError."""
    finder = _build_finder(settings, model)
    listener = Listener(finder, model.engine.name)
    replies = ReplyBuilder(
        listener,
        Decider(finder.thresholds, finder.entries),
        Wording.load(),
        model.engine.name,
        clock,
        webhook=settings.handover_webhook is not None,
        gaps=_gap_recorder(finder) if settings.gaps else None,
    )
    reader = MessageReader(model.preprocessor, model.engine.name)
    return Answering(model, reader.read, listener, replies)


def _gap_recorder(finder: Finder) -> GapRecorder:
    known = (
        text for entry in finder.entries.values() for text in (*entry.all_phrasings, entry.answer)
    )
    return GapRecorder(Redactor(known))


def _build_finder(settings: WorkerSettings, model: TextModel) -> Finder:
    digest = read_manifest(settings.model_folder).digest
    encoder = EngineEncoder(model.engine, model.preprocessor, digest)
    cache = settings.data_dir / "cache"
    return build_finder(settings.kb or DEMO, EmbeddingCache(cache, encoder), cache)

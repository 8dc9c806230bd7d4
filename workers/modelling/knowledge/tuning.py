"""Composition root of `parley kb fit`: a warm engine, a base, its calibration on disk."""

from collections.abc import Callable
from pathlib import Path

from workers.engines.manifest import read_manifest
from workers.engines.select import select_engine
from workers.knowledge.calibration import DEFAULT, write_calibration
from workers.knowledge.embeddings import EmbeddingCache
from workers.knowledge.encoder import EngineEncoder
from workers.knowledge.loader import DEMO
from workers.knowledge.responder import embed_base, embed_out_of_scope, fitted_calibration
from workers.knowledge.rewrite import rewrite
from workers.modelling.knowledge.fit import FitReport, fit_calibration
from workers.preprocessing.preprocessor import Preprocessor
from workers.preprocessing.tokens import Tokenizer
from workers.settings import WorkerSettings


def tune(
    settings: WorkerSettings, path: Path, progress: Callable[[float], None]
) -> tuple[FitReport, Path]:
    """Fit a base's calibration and write it; return what was found and the file."""
    embeddings = EmbeddingCache(settings.data_dir / "cache", open_encoder(settings))
    base = embed_base(path, embeddings)
    out_of_scope = embed_out_of_scope(embeddings)
    report = fit_calibration(base.phrasings, base.entry_index, base.answers, out_of_scope, progress)
    is_demo = path.absolute() == DEMO.absolute()
    target = DEFAULT if is_demo else fitted_calibration(settings.data_dir / "cache", path)
    write_calibration(report.calibration, target)
    return report, target


def open_encoder(settings: WorkerSettings) -> EngineEncoder:
    """Warm the answer engine behind the workers' preprocessing."""
    folder = settings.model_folder
    engine = select_engine(settings.engine, folder, "answer", threads=settings.engine_threads)
    engine.warm()
    preprocessor = Preprocessor(Tokenizer.load(folder), rewrite=rewrite)
    return EngineEncoder(engine, preprocessor, read_manifest(folder).digest)

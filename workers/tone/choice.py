"""Choose how a worker judges tone: the trained head if its encoder runs, else the lexicon."""

import logging
from collections.abc import Mapping
from pathlib import Path

from workers.engines.manifest import read_manifest
from workers.tone.classifier import HEAD, Classifier, LexiconClassifier, ToneClassifier
from workers.tone.cues import CueReader
from workers.tone.emotions import Label
from workers.tone.head import Head

_log = logging.getLogger(__name__)


def classifier_for(
    model_dir: Path, prior: Mapping[Label, float], head_path: Path = HEAD
) -> Classifier:
    """Return the classifier that fits a built model's tone encoder. Raises ModelError.

    `prior` is the share of each tone among the messages; the lexicon alone takes none.
    """
    head = Head.load(head_path)
    if head.encoder == encoder_of(model_dir):
        return ToneClassifier(head.with_prior(prior), CueReader())
    _log.warning(
        "The tone head was trained on another encoder: tone is judged by the lexicon alone until "
        "`parley tone train` has made a head for this one."
    )
    return LexiconClassifier(CueReader())


def encoder_of(model_dir: Path) -> str:
    """Identify a built model's tone encoder: its weights and how many layers of them run."""
    manifest = read_manifest(model_dir)
    return f"{manifest.source.identity} layers={manifest.encoders['tone'].layers}"

"""What every sentence of a model's is held against: the words of the sources, and an encoder."""

import threading
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from workers.bootstrap import TextModel
from workers.engines.manifest import read_manifest
from workers.knowledge.encoder import EngineEncoder, encode
from workers.voice.brief import Brief
from workers.voice.guard import Guard
from workers.voice.nearness import NearCheck
from workers.voice.speaker import CheckOver


def checks_over(model: TextModel, folder: Path) -> CheckOver:
    """Return what makes the check of a brief, for many threads; `folder` is the built model's."""
    encoder = EngineEncoder(model.engine, model.preprocessor, read_manifest(folder).digest)
    guard, one_at_a_time = Guard(), threading.Lock()

    def vectors(texts: Sequence[str]) -> NDArray[np.float32]:
        with one_at_a_time:
            return encode(encoder, texts)

    def check_over(brief: Brief) -> NearCheck:
        return NearCheck(brief, guard.over(brief), vectors)

    return check_over

"""Which encoders are used, and where their models are."""

from pathlib import Path
from typing import Literal

from shared.errors import ModelError
from workers.engines.manifest import missing_files, read_manifest
from workers.settings import WorkerSettings

EncoderChoice = Literal["small", "large", "cascade"]


def chosen_encoder(settings: WorkerSettings) -> EncoderChoice:
    """Return what PARLEY_ENCODER says; unset, the cascade if both models are built here."""
    if settings.encoder:
        return settings.encoder
    folders = (settings.model_folder, settings.large_model_folder)
    return "cascade" if all(map(is_built, folders)) else "small"


def is_built(folder: Path) -> bool:
    """Return whether a whole model is there; nothing is hashed."""
    try:
        return not missing_files(folder, read_manifest(folder))
    except ModelError:
        return False

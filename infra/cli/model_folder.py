"""The model folder that a command names, or the settings do."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from workers.settings import ModelSettings

Folder = Annotated[
    Path | None, typer.Option("--model-dir", help="Model folder \\[default: PARLEY_MODEL_DIR].")
]


def model_settings(model_dir: Path | None) -> "ModelSettings":
    """Return where models are; a setting that no model needs cannot be in the way."""
    from shared.settings import load
    from workers.settings import ModelSettings

    folder = model_dir or load(ModelSettings).model_folder
    return load(ModelSettings, model_dir=folder.expanduser().absolute())

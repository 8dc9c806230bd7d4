"""The built model, as the stack sees it: there or not."""

import subprocess
import sys

from infra.stack.settings import StackSettings
from shared.errors import StackError


def is_model_built(settings: StackSettings) -> bool:
    """Tell whether the model folder holds a finished build."""
    return settings.model_folder.exists()


def describe_model(settings: StackSettings) -> str | None:
    """Return one line on the built model, or None where there is none."""
    return str(settings.model_folder) if is_model_built(settings) else None


def make_model(settings: StackSettings) -> None:
    """Build the model in a process of its own, so that TensorFlow's memory goes with it."""
    command = [sys.executable, "-m", "infra.cli", "model", "build"]
    built = subprocess.run([*command, "--to", str(settings.model_folder)])
    if built.returncode:
        raise StackError("The model could not be built (see above): nothing was started.")

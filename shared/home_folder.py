"""A home folder for libraries that look for one when they are imported."""

import os
import tempfile
from collections.abc import Callable
from pathlib import Path


def provide_home_folder(find_home: Callable[[], Path] = Path.home) -> None:
    """Let HOME be the folder for temporary files if this user has none.

    Containers may run as a user id that no list of users has. NLTK then fails at its import.
    """
    try:
        find_home()
    except RuntimeError:
        os.environ["HOME"] = tempfile.gettempdir()

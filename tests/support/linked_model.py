"""A model folder of one's own that takes no space."""

import os
import shutil
from pathlib import Path

from workers.engines.choice import CHOICE


def linked(model_dir: Path, target: Path) -> Path:
    """Return a copy made of hard links, without a gate's choice; replace its files, never write."""
    ignore = shutil.ignore_patterns(CHOICE)
    return Path(shutil.copytree(model_dir, target, copy_function=_link, ignore=ignore))


def _link(source: str, target: str) -> None:
    try:
        os.link(source, target)
    except OSError:  # the temporary folder is on another disk
        shutil.copy2(source, target)

"""The folders of a build: one build at a time, and never half a model."""

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from secrets import token_hex

from shared.file_lock import try_lock, wait_for_lock


@dataclass(frozen=True, slots=True)
class Folders:
    """A model folder and what lies next to it while it is built."""

    model: Path
    mark: str = field(default_factory=lambda: token_hex(4))

    @property
    def scratch(self) -> Path:
        """Return the folder that is filled before it takes the model's name; no other build's."""
        return self.model.with_name(f"{self._scratch_prefix}{self.mark}")

    @property
    def retired(self) -> Path:
        """Return the former model's name in the moment of exchange."""
        return self.model.with_name(f".{self.model.name}.retired")

    @property
    def lock(self) -> Path:
        """Return the file whose lock a build holds."""
        return self.model.with_name(f".{self.model.name}.lock")

    def clear_leftovers(self) -> None:
        """Undo what a killed build left behind. Call with the lock held."""
        if self.retired.exists() and not self.model.exists():
            self.retired.rename(self.model)  # killed between the two renames of `replace`
        killed = self.model.parent.glob(f"{self._scratch_prefix}*")
        for leftover in (self.retired, *killed):
            shutil.rmtree(leftover, ignore_errors=True)

    def replace(self) -> None:
        """Put the filled scratch folder in the model's place."""
        for path in self.scratch.rglob("*"):
            _flush(path)
        if self.model.exists():
            self.model.rename(self.retired)
        self.scratch.rename(self.model)
        shutil.rmtree(self.retired, ignore_errors=True)

    @property
    def _scratch_prefix(self) -> str:
        return f".{self.model.name}.building-"


@contextmanager
def locked(folders: Folders, on_wait: Callable[[], None]) -> Iterator[None]:
    """Hold the lock of a model folder; call `on_wait` once if another build holds it.

    The kernel frees the lock of a process that dies.
    """
    folders.lock.parent.mkdir(parents=True, exist_ok=True)
    with folders.lock.open("w") as file:
        if not try_lock(file):
            on_wait()
            wait_for_lock(file)
        yield


def _flush(path: Path) -> None:
    if path.is_file():
        with path.open("rb") as file:
            os.fsync(file.fileno())

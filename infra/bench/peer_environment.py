"""A peer's packages in a virtual environment of their own, never in Parley's."""

import fcntl
import hashlib
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from shared.errors import PeerUnavailable
from shared.import_path import PACKAGE_ROOT

_INSTALL_SECONDS = 300.0
_PIP = (
    *("install", "--quiet", "--no-input", "--no-compile", "--disable-pip-version-check"),
    *("--retries=1", "--no-deps", "--only-binary=:all:", "--require-hashes", "--requirement"),
)
_QUOTED = 300  # characters of pip's last line


@dataclass(frozen=True, slots=True)
class PeerEnvironment:
    """The environment of one lock; its folder is named after the lock's content."""

    lock: Path
    folder: Path

    @property
    def python(self) -> Path:
        """Return the interpreter, which is there once the environment is installed."""
        return self.folder / "bin" / "python"

    def install(self) -> None:
        """Install what the lock names, unless it is; raise PeerUnavailable if that fails."""
        self.folder.parent.mkdir(parents=True, exist_ok=True)
        with _locked(self.folder.with_suffix(".lock")):
            if self._whole.exists():
                return
            shutil.rmtree(self.folder, ignore_errors=True)
            _run(sys.executable, "-m", "venv", "--without-pip", str(self.folder))
            _run(sys.executable, "-m", "pip", "--python", str(self.python), *_PIP, str(self.lock))
            self._whole.touch()

    @property
    def _whole(self) -> Path:
        return self.folder / "whole"


def peer_environment(name: str, root: Path = PACKAGE_ROOT) -> PeerEnvironment:
    """Return the environment of requirements/NAME.txt, below var/cache; it may not be there."""
    lock = root / "requirements" / f"{name}.txt"
    python = f"{sys.version_info.major}.{sys.version_info.minor}"
    digest = hashlib.sha256(f"{python}\n{lock.read_text()}".encode()).hexdigest()[:16]
    return PeerEnvironment(lock, root / "var" / "cache" / "peers" / f"{name}-{digest}")


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _run(*command: str) -> None:
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=_INSTALL_SECONDS)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise PeerUnavailable(f"its packages cannot be installed: {error}") from error
    if done.returncode:
        lines = [line for line in done.stderr.splitlines() if line.strip()] or ["pip failed"]
        reason = lines[-1][:_QUOTED]
        raise PeerUnavailable(f"its packages cannot be installed; no index is reached? {reason}")

"""Files of a built model: read and hashed, with a ModelError if that fails."""

import hashlib
from pathlib import Path

from shared.errors import ModelError


def file_sha256(path: Path) -> str:
    """Hash a file; ModelError if it cannot be read."""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise ModelError(f"{path} cannot be read: {error.strerror}") from error


def read_file(path: Path) -> bytes:
    """Read a file; ModelError if that fails."""
    try:
        return path.read_bytes()
    except OSError as error:
        raise ModelError(f"{path} cannot be read: {error.strerror}") from error

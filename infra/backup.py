"""A copy of what Redis keeps on this machine's disk, taken while it serves."""

import tarfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import redis

from shared.connection import queue_errors
from shared.errors import AlreadyThere, StackError

_REWRITES = "auto-aof-rewrite-percentage"
_LONGEST_REWRITE_SECONDS = 300.0
_POLL_SECONDS = 0.1


@dataclass(frozen=True, slots=True)
class Backup:
    """What was written; `taken_at` is Unix seconds: what was acknowledged before is in it."""

    file: str
    bytes: int
    taken_at: float


def write_backup(client: "redis.Redis", file: Path) -> Backup:
    """Write the append-only files of the server into a tar archive.

    Redis goes on serving: rewriting is held off, so that no file is replaced, and what is appended
    meanwhile is cut off at some step. Raises StackError, AlreadyThere or QueueUnavailable.
    """
    if file.exists():
        raise AlreadyThere(f"{file} exists already: name another file.")
    with queue_errors():
        folder = _append_only_folder(client)
        with _without_rewriting(client):
            taken_at = time.time()
            partial = file.with_name(f"{file.name}.partial")
            try:
                with tarfile.open(partial, "w") as archive:
                    archive.add(folder, arcname=folder.name)
                partial.replace(file)
            except OSError as error:
                raise StackError(f"{file} cannot be written: {error.strerror}.") from None
            finally:
                partial.unlink(missing_ok=True)
    return Backup(str(file), file.stat().st_size, taken_at)


def _append_only_folder(client: "redis.Redis") -> Path:
    """Return the folder of the append-only files; StackError if it is not here."""
    settings = _settings(client, "dir", "appenddirname", "appendonly")
    folder = Path(settings["dir"]) / settings["appenddirname"]
    if settings["appendonly"] != "yes":
        raise StackError("This Redis keeps no append-only file: back its dump.rdb up.")
    if not folder.is_dir():
        raise StackError(
            f"The files of this Redis ({folder}) are not on this machine: run the command there, "
            "or use `redis-cli --rdb FILE` (docs/operations.md)."
        )
    return folder


@contextmanager
def _without_rewriting(client: "redis.Redis") -> Iterator[None]:
    before = _settings(client, _REWRITES)[_REWRITES]
    client.config_set(_REWRITES, "0")
    try:
        _wait_for_the_end_of_a_rewrite(client)
        yield
    finally:
        client.config_set(_REWRITES, before)


def _wait_for_the_end_of_a_rewrite(client: "redis.Redis") -> None:
    deadline = time.monotonic() + _LONGEST_REWRITE_SECONDS
    while _is_rewriting(client):
        if time.monotonic() > deadline:
            raise StackError("Redis has been rewriting its file for minutes: try again later.")
        time.sleep(_POLL_SECONDS)


def _is_rewriting(client: "redis.Redis") -> bool:
    info = cast("dict[str, int]", client.info("persistence"))
    return bool(info["aof_rewrite_in_progress"] or info.get("aof_rewrite_scheduled"))


def _settings(client: "redis.Redis", *names: str) -> dict[str, str]:
    found = cast("dict[str, str]", client.config_get(*names))
    return {str(name): str(value) for name, value in found.items()}

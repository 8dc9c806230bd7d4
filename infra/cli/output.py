"""How the command writes: tables for people, JSON for programs, one red sentence for errors."""

import contextlib
import os
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console

_PIPED_COLUMNS = 200


def console() -> "Console":
    """Return the console of results, standard output; what goes to a file or a pipe is not cut."""
    from rich.console import Console

    piped = not sys.stdout.isatty() and "COLUMNS" not in os.environ
    return Console(width=_PIPED_COLUMNS if piped else None)


def progress_console(*, as_json: bool) -> "Console":
    """Return the console of progress, which is silent if a program reads."""
    from rich.console import Console

    return Console(quiet=as_json)


@contextlib.contextmanager
def suppress_native_stderr() -> Iterator[None]:
    """Keep what native libraries write to standard error by themselves off the terminal."""
    sys.stderr.flush()
    saved, null_device = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    os.dup2(null_device, 2)
    try:
        yield
    finally:
        os.dup2(saved, 2)
        os.close(saved)
        os.close(null_device)


def fail(sentence: str) -> None:
    """Write an error to standard error."""
    from rich.console import Console

    Console(stderr=True).print(sentence, style="red", highlight=False, markup=False, soft_wrap=True)


def print_json_line(value: object) -> None:
    """Write a value as JSON on one line, for programs that read on and on."""
    import msgspec

    print(msgspec.json.encode(value, enc_hook=str).decode(), flush=True)


def print_json(value: object) -> None:
    """Write a value as JSON that both people and programs can read."""
    import msgspec

    print(msgspec.json.format(msgspec.json.encode(value, enc_hook=str)).decode(), flush=True)

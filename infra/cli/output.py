"""How the command writes: tables for people, JSON for programs, one red sentence for errors."""

import io
import os
import re
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console

_PIPED_COLUMNS = 200
_JSON_COMMANDS = re.compile("[\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


def tolerate_foreign_text() -> None:
    """Mark characters that cannot be read or written, where Python would raise an error."""
    for stream in (sys.stdin, sys.stdout):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")


def console() -> "Console":
    """Return the console of results, standard output; what goes to a file or a pipe is not cut."""
    from infra.cli.safe_console import SafeConsole

    piped = not sys.stdout.isatty() and "COLUMNS" not in os.environ
    return SafeConsole(width=_PIPED_COLUMNS if piped else None)


def progress_console(*, as_json: bool) -> "Console":
    """Return the console of progress, which is silent if a program reads."""
    from infra.cli.safe_console import SafeConsole

    return SafeConsole(quiet=as_json)


def fail(sentence: str) -> None:
    """Write an error to standard error."""
    from infra.cli.safe_console import SafeConsole

    screen = SafeConsole(stderr=True)
    screen.print(sentence, style="red", highlight=False, markup=False, soft_wrap=True)


def print_done(sentence: str) -> None:
    """Write that something is done; the sentence may hold names of files."""
    screen = console()
    screen.print("[green]✓[/] ", end="")
    screen.print(sentence, markup=False, highlight=False, soft_wrap=True)


def print_json_line(value: object) -> None:
    """Write a value as JSON on one line, for programs that read on and on."""
    print(_json(value).decode(), flush=True)


def print_json(value: object) -> None:
    """Write a value as JSON that both people and programs can read."""
    import msgspec

    print(msgspec.json.format(_json(value)).decode(), flush=True)


def _json(value: object) -> bytes:
    """Return a value as JSON that no terminal obeys: JSON itself leaves some controls in."""
    import msgspec

    text = msgspec.json.encode(value, enc_hook=str).decode()
    return _JSON_COMMANDS.sub(lambda found: f"\\u{ord(found[0]):04x}", text).encode()

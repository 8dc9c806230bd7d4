"""How the command writes: tables for people, JSON for programs, one red sentence for errors."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console


def console() -> "Console":
    """Return the console of results, standard output."""
    from rich.console import Console

    return Console()


def fail(sentence: str) -> None:
    """Write an error to standard error."""
    from rich.console import Console

    Console(stderr=True).print(sentence, style="red", highlight=False, markup=False, soft_wrap=True)


def print_json(value: object) -> None:
    """Write a value as JSON that both people and programs can read."""
    import msgspec

    print(msgspec.json.format(msgspec.json.encode(value)).decode(), flush=True)

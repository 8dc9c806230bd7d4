"""Help that fits any terminal: paragraphs flow, examples stay as they are."""

from typing import Any


def flow_help(command: Any) -> None:
    """Join the lines of each paragraph in the help of a command and of all below it.

    Typer wraps only the first paragraph of a docstring; of the others it keeps the line ends.
    """
    if command.help:
        command.help = "\n\n".join(map(_flow, command.help.split("\n\n")))
    for below in getattr(command, "commands", {}).values():
        flow_help(below)


def _flow(paragraph: str) -> str:
    lines = paragraph.split("\n")
    is_example = any(line.startswith(" ") for line in lines)
    return paragraph if is_example else " ".join(lines)

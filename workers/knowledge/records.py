"""A file's values with their lines, as its syntax gives them; `schema` judges the fields."""

from dataclasses import dataclass
from typing import Any

MAX_DEPTH = 50


@dataclass(frozen=True, slots=True)
class Located:
    """A value and the line it stands on.

    `value` is a text, a truth value, a list of Located, or a list of (key, Located) pairs in a
    `Pairs`; `kind` says in words what it is. `written` is how the file has a value that is no text,
    such as a number. `lost` says what the syntax keeps out of a text, and may have been meant as
    a part of it.
    """

    value: Any
    line: int
    kind: str
    written: str = ""
    lost: str = ""


class Pairs(list[tuple[Located, Located]]):
    """A mapping as it was written, doubled keys included."""


class SyntaxFault(Exception):
    """Say that a file, or a row of it, cannot be read at all."""

    def __init__(self, line: int, message: str) -> None:
        super().__init__(message)
        self.line = line
        self.message = message

"""Lua scripts without what a call would set up in vain.

Redis runs the whole text of a script with each call. Each function of a library, used or not, costs
it some thousand instructions, and each constant that a function refers to some hundred: at small
batches more than all commands together.

What is relied on is how shared/lua is written: a definition begins at the start of a line, that of
a function ends with `end` at the start of a line, and names of constants are in capitals.
"""

import re
from collections.abc import Iterator

_COMMENT = re.compile(r"^\s*--.*\n", re.MULTILINE)
_FUNCTION = r"(?:local )?function (?P<function>[\w.]+)\((?:.|\n)*?\nend\n"
_VALUE = r"local (?P<value>[A-Z]\w*) = (?:PREFIX \.\. )?(?:'[^'\n]*'|[\d.]+|\{[^\n()]*\}) *(?:--.*)?\n"
_DEFINITION = re.compile(rf"^(?:{_FUNCTION}|{_VALUE})", re.MULTILINE)
_CONSTANT = re.compile(r"^local ([A-Z]\w*) = ('[^'\n]*'|[\d.]+) *(?:--.*)?\n", re.MULTILINE)
_WORD = re.compile(r"[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*")
_STRING_OR_WORD = re.compile(r"'(?:[^'\\\n]|\\.)*'|(?<![\w.])[A-Za-z_]\w*")


def prune(text: str) -> str:
    """Return a script that does the same: its constants in their places, nothing that is unused."""
    return _without_unused(_with_constants_in_place(_COMMENT.sub("", text)))


def _with_constants_in_place(text: str) -> str:
    constants = dict(_CONSTANT.findall(text))

    def value(found: re.Match[str]) -> str:
        return constants.get(found[0], found[0])

    return _STRING_OR_WORD.sub(value, _CONSTANT.sub("", text))


def _without_unused(text: str) -> str:
    definitions = list(_DEFINITION.finditer(text))
    bodies = {found["function"] or found["value"]: found[0] for found in definitions}
    used: set[str] = set()
    fresh = set(_words(_DEFINITION.sub("", text)))
    while fresh:
        used |= fresh
        fresh = {word for name in fresh & bodies.keys() for word in _words(bodies[name])} - used
    return _DEFINITION.sub(
        lambda found: found[0] if (found["function"] or found["value"]) in used else "", text
    )


def _words(text: str) -> Iterator[str]:
    for found in _WORD.findall(text):
        yield found
        yield found.partition(".")[0]

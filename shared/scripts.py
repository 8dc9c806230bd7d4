"""The Lua scripts of the protocol: read with their includes, and made callable.

A call is redis-py's own. A leaner one, over a connection of the thread's own, saved about 10 of
some 2,000 microseconds of processor time a message (docs/experiments/redis-calls.md).
"""

from collections.abc import Sequence
from functools import cache
from importlib import resources
from importlib.resources.abc import Traversable
from itertools import takewhile
from typing import Any, Protocol, cast

import redis

from shared.errors import ScriptError
from shared.partition_client import PartitionClient
from shared.script_pruning import prune

_INCLUDE = "-- @include "


class Script(Protocol):
    """A Lua script that Redis is sent once and then called by its digest."""

    def __call__(
        self,
        keys: Sequence[str] = (),
        args: Sequence[Any] = (),
        client: "redis.Redis | None" = None,
    ) -> Any:
        """Run the script; it must bear being run twice, since a lost reply makes it so.

        With a pipeline in place of the `client` it is run when that is executed.
        """


# In a partition the last key of a call is its prefix; elsewhere nothing is spent on it.
_WITH_PREFIX = "local PREFIX = table.remove(KEYS)\n"
_WITHOUT_PREFIX = "local PREFIX = ''\n"
_BEFORE_NAMES = "PREFIX .. '"


def register_script(client: "redis.Redis", name: str, prefix: str = "") -> Script:
    """Return a script of shared/lua with its includes, callable on a client."""
    text = script_text(name, in_partition=isinstance(client, PartitionClient))
    return cast("Script", client.register_script(prefix + text))


@cache
def script_text(name: str, *, in_partition: bool) -> str:
    """Return what Redis is sent: a script with its libraries, and nothing unused."""
    text = read_script(name)
    if in_partition:
        return prune(_WITH_PREFIX + text)
    return prune(_WITHOUT_PREFIX + text.replace(_BEFORE_NAMES, "'"))


def read_script(name: str, folder: Traversable | None = None) -> str:
    """Return a Lua script of shared/lua, preceded by the libraries that it includes.

    A script names a library in its header comment with a line `-- @include lanes.lua`; libraries
    may include others. Each comes once, after its own includes. `folder` replaces shared/lua.
    Raises ScriptError if a file is missing or includes itself.
    """
    return "".join(_read_with_includes(name, folder or resources.files("shared.lua")).values())


def _read_with_includes(
    name: str, folder: Traversable, including: tuple[str, ...] = ()
) -> dict[str, str]:
    """Return the texts by file name, each after those that it needs."""
    path = (*including, name)
    if name in including:
        raise ScriptError(f"Lua scripts include each other in a circle: {' -> '.join(path)}.")
    try:
        text = folder.joinpath(name).read_text("utf-8")
    except FileNotFoundError:
        raise ScriptError(f"There is no Lua script {name} ({' -> '.join(path)}).") from None
    texts: dict[str, str] = {}
    for library in _includes(text):
        texts |= _read_with_includes(library, folder, path)
    return texts | {name: text}


def _includes(text: str) -> list[str]:
    header = takewhile(lambda line: line.startswith("--"), text.splitlines())
    found = (line.removeprefix(_INCLUDE) for line in header if line.startswith(_INCLUDE))
    return [name.strip() for name in found]

"""What is left of a Lua script when nothing unused is set up with each call."""

from importlib import resources

import pytest

from shared.script_pruning import prune
from shared.scripts import read_script

SCRIPT = """-- Header: unused() is named here.
local JOB = 'job:'
local TTL = 60
local PREFIXED = PREFIX .. 'x:'
local WORDS = {JOB = 1}

local function unused()
  return helper_of_unused()
end

local function inner(id)
  return JOB .. id
end

local function outer(id)
  -- JOB stays as it is in a text.
  return inner(id) .. 'JOB' .. id.JOB
end

return redis.call('SET', outer(ARGV[1]), PREFIXED, 'EX', TTL)
"""


def test_what_is_used_stays_with_constants_in_their_places() -> None:
    blocks = [each.strip() for each in prune(SCRIPT).split("\n\n") if each.strip()]
    assert blocks == [
        "local PREFIXED = PREFIX .. 'x:'",
        "local function inner(id)\n  return 'job:' .. id\nend",
        "local function outer(id)\n  return inner(id) .. 'JOB' .. id.JOB\nend",
        "return redis.call('SET', outer(ARGV[1]), PREFIXED, 'EX', 60)",
    ]


def test_a_function_of_a_table_goes_if_no_other_is_called() -> None:
    script = "local t = {}\nfunction t.a()\n  return 1\nend\nfunction t.b()\n  return 2\nend\n"
    assert prune(f"{script}return t.b()\n") == (
        "local t = {}\nfunction t.b()\n  return 2\nend\nreturn t.b()\n"
    )


@pytest.mark.parametrize(
    "name",
    sorted(
        each.name for each in resources.files("shared.lua").iterdir() if each.name.endswith(".lua")
    ),
)
def test_pruning_again_changes_nothing(name: str) -> None:
    once = prune("local PREFIX = table.remove(KEYS)\n" + read_script(name))
    assert prune(once) == once

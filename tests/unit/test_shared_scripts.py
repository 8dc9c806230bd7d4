"""The Lua scripts: what they include, and that Lua and Python agree about names and limits."""

import re
from pathlib import Path

import pytest

import shared
from shared import keys
from shared.errors import ScriptError
from shared.scripts import read_script
from workers.consumer import lease_queue

ROOT = Path(shared.__file__).parents[1]
LUA = ROOT / "shared" / "lua"
CODE = {path.name: re.sub(r"--.*", "", path.read_text()) for path in LUA.glob("*.lua")}
HEADERS = {
    path.name: "".join(re.findall(r"\A(?:--.*\n)+", path.read_text())) for path in LUA.glob("*.lua")
}
LIBRARIES = {name for header in HEADERS.values() for name in re.findall("@include (.+)", header)}
SCRIPTS = sorted(set(CODE) - LIBRARIES)
KEY = re.compile(r"(?<!urn:)parley:[a-z]|celery-task-meta")


# Channels, and what lies in a list.
WITHOUT_PREFIX = ("CONVERSATIONS", "REPLIES", "WAKE", "WAKES")


def lua_constants() -> dict[str, str]:
    return dict(re.findall(r"^local (\w+) = (.+)$", CODE["keys.lua"], re.MULTILINE))


def python_value(name: str) -> object:
    """Return what Python has under a name of keys.lua: a constant, or a key without its id."""
    for module in (keys, lease_queue):
        if hasattr(module, name):
            return getattr(module, name)
    return getattr(keys, name.lower())("")


def without_literals(text: str) -> str:
    return re.sub(r"'[^']*'", "''", text)


def test_libraries_come_once_each_after_those_it_needs(tmp_path: Path) -> None:
    (tmp_path / "keys.lua").write_text("-- Library.\nkeys\n")
    (tmp_path / "lanes.lua").write_text("-- Library.\n--\n-- @include keys.lua\nlanes\n")
    (tmp_path / "run.lua").write_text(
        "-- Run.\n-- @include lanes.lua\n-- @include keys.lua\nrun\n-- @include comment.lua\n"
    )
    text = read_script("run.lua", tmp_path)
    assert re.sub(r"--.*\n", "", text).split() == ["keys", "lanes", "run"]


def test_a_missing_library_is_named_with_who_includes_it(tmp_path: Path) -> None:
    (tmp_path / "run.lua").write_text("-- @include gone.lua\n")
    with pytest.raises(ScriptError, match=r"no Lua script gone\.lua \(run\.lua -> gone\.lua\)"):
        read_script("run.lua", tmp_path)


def test_a_circle_of_includes_is_shown(tmp_path: Path) -> None:
    (tmp_path / "a.lua").write_text("-- @include b.lua\n")
    (tmp_path / "b.lua").write_text("-- @include a.lua\n")
    with pytest.raises(ScriptError, match=r"a\.lua -> b\.lua -> a\.lua"):
        read_script("a.lua", tmp_path)


@pytest.mark.parametrize(("name", "written"), lua_constants().items())
def test_lua_and_python_have_the_same_names_and_limits(name: str, written: str) -> None:
    value = python_value(name)
    prefix = "" if name in WITHOUT_PREFIX else "PREFIX .. "
    assert written == (f"{prefix}'{value}'" if isinstance(value, str) else str(value))


@pytest.mark.parametrize("name", sorted(set(CODE) - {"keys.lua"}))
def test_no_script_spells_a_key_by_itself(name: str) -> None:
    assert KEY.findall(CODE[name]) == []


def test_python_spells_each_key_once() -> None:
    sources = [
        path
        for part in ("gateway", "workers", "infra", "shared")
        for path in (ROOT / part).rglob("*.py")
        if path != ROOT / "shared" / "keys.py"
    ]
    spelt = re.compile(rf"[\"'](?:{KEY.pattern})")
    assert [str(path) for path in sources if spelt.search(path.read_text())] == []
    literals = re.findall(r'= f?"(.*?)"|return f"(.*?)"', (ROOT / "shared/keys.py").read_text())
    names = [re.sub(r"{.*", "", constant or made) for constant, made in literals]
    assert len(names) == len(set(names)) > 20


@pytest.mark.parametrize("name", sorted(CODE))
def test_arguments_have_names(name: str) -> None:
    code = CODE[name]
    named = re.sub(r"local \w+ = (KEYS|ARGV)\[\w+\]", "", code)
    assert re.findall(r"(?:KEYS|ARGV)\[(?!i\])", named) == []
    taken = re.findall(r"local ([\w,\s]+?)\s*=\s*unpack\((?:KEYS|ARGV), (\w+), ([^)]+)\)", code)
    for names, first, last in taken:
        count = int(last) - int(first) + 1 if first != "i" else int(last.removeprefix("i + ")) + 1
        assert len(names.split(",")) == count
    assert len(taken) == len(re.findall(r"unpack\((?:KEYS|ARGV)", code))


@pytest.mark.parametrize("name", SCRIPTS)
def test_a_header_lists_keys_arguments_and_what_is_returned(name: str) -> None:
    header = HEADERS[name]
    assert "-- Returns " in header
    fixed = re.findall(r"unpack\((KEYS|ARGV), 1, (\d+)\)", CODE[name])
    fixed += re.findall(r"= (KEYS|ARGV)\[(\d+)\]", CODE[name])
    for kind, count in fixed:
        listed = re.findall(rf"^-- {kind}\[(\d+)\]", header, re.MULTILINE)
        assert listed == [str(i) for i in range(1, int(count) + 1)]
    assert fixed


@pytest.mark.parametrize("name", sorted(set(CODE) - {"keys.lua"}))
def test_a_header_lists_the_keys_made_from_arguments(name: str) -> None:
    used = set(re.findall(r"\w+", without_literals(CODE[name])))
    made = [
        value.removeprefix("PREFIX .. ").strip("'")
        for each, value in lua_constants().items()
        if each in used
    ]
    listed = HEADERS[name].replace("*", "")
    assert [key for key in made if not key.isdecimal() and key not in listed] == []


@pytest.mark.parametrize("name", sorted(set(CODE) - {"keys.lua"}))
def test_a_script_includes_what_it_uses(name: str) -> None:
    definition = re.compile(r"^local (?:function )?(\w+)", re.MULTILINE)
    shared_names = {each for library in LIBRARIES for each in definition.findall(CODE[library])}
    known = set(re.findall(r"local (?:function )?(\w+)", read_script(name)))
    used = set(re.findall(r"\w+", without_literals(CODE[name])))
    assert used & shared_names <= known

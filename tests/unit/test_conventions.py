"""What every test keeps to."""

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

TESTS = Path(__file__).parent.parent
_RAISING_CHECKS = {"raises", "warns", "fail"}  # of pytest
_RAISING_HELPERS = {"wait_until", "run_state_machine_as_test"}
Function = ast.FunctionDef | ast.AsyncFunctionDef


@cache
def nodes(source: str) -> list[ast.AST]:
    """Return all that a module is made of."""
    return list(ast.walk(ast.parse(source)))


def functions(source: str) -> Iterator[Function]:
    """Yield every function of a module, nested ones and methods included."""
    return (node for node in nodes(source) if isinstance(node, Function))


@cache
def called_names(function: Function) -> set[str]:
    """Return the last names of what a function calls: `a.b.c()` is c."""
    calls = (node.func for node in ast.walk(function) if isinstance(node, ast.Call))
    return {
        called.attr if isinstance(called, ast.Attribute) else called.id
        for called in calls
        if isinstance(called, ast.Attribute | ast.Name)
    }


def checks_itself(function: Function) -> bool:
    """Tell whether a function asserts, or lets pytest do so."""
    asserts = any(isinstance(node, ast.Assert) for node in ast.walk(function))
    return asserts or not _RAISING_CHECKS.isdisjoint(called_names(function))


def checking_helpers(sources: list[str]) -> set[str]:
    """Return the names of those functions that assert and are no tests."""
    helpers = (each for source in sources for each in functions(source))
    return _RAISING_HELPERS | {
        each.name
        for each in helpers
        if checks_itself(each) and not each.name.startswith(("test_", "__"))
    }


def unchecked_tests(source: str, helpers: set[str]) -> list[str]:
    """Return the names of tests that can only fail by an error."""
    return [
        each.name
        for each in functions(source)
        if each.name.startswith("test_")
        and not checks_itself(each)
        and helpers.isdisjoint(called_names(each))
    ]


def test_no_test_is_without_an_assertion() -> None:
    sources = {path: path.read_text() for path in TESTS.rglob("*.py")}
    helpers = checking_helpers(list(sources.values()))
    unchecked = {
        f"{path.relative_to(TESTS)}::{name}"
        for path, source in sources.items()
        if path.name.startswith("test_")
        for name in unchecked_tests(source, helpers)
    }
    assert not unchecked


@pytest.mark.parametrize(
    ("body", "is_unchecked"),
    [
        ("f()", True),
        ("assert f()", False),
        ("with pytest.raises(ValueError): f()", False),
        ("for x in y:\n    check(x)", False),
        ("other.check(x)", False),
        ("wait_until(f)", False),
        ("print('assert')", True),
    ],
)
def test_an_unchecked_test_is_found(body: str, is_unchecked: bool) -> None:
    helper = "def check(x):\n  assert x\n"
    test = "def test_it():\n  " + body.replace("\n", "\n  ")
    found = unchecked_tests(test, checking_helpers([helper]))
    assert found == (["test_it"] if is_unchecked else [])


def test_helpers_are_no_test_modules() -> None:
    borrowed = {
        f"{path.relative_to(TESTS)}: {node.module}"
        for path in TESTS.rglob("*.py")
        for node in nodes(path.read_text())
        if isinstance(node, ast.ImportFrom) and node.module
        if node.module.startswith("tests.") and node.module.rsplit(".", 1)[1].startswith("test_")
    }
    assert not borrowed

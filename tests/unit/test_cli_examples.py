"""Every command's help has an example, and every example is one that the command takes."""

import re
import shlex
from typing import Any

import pytest
import typer

from infra.cli.main import app

ROOT: Any = typer.main.get_command(app)
_LINE = re.compile(r"^ *(?:source <\(|echo .*\| )?(parley [^|>)\n]*)", re.MULTILINE)


def commands(group: Any = ROOT, path: tuple[str, ...] = ("parley",)) -> dict[str, Any]:
    """Return all commands, without hidden ones, by what one types."""
    found: dict[str, Any] = {}
    for name, each in group.commands.items():
        if hasattr(each, "commands"):
            found |= commands(each, (*path, name))
        elif not each.hidden:
            found[" ".join((*path, name))] = each
    return found


COMMANDS = commands()


def examples(command: Any) -> list[str]:
    _, _, told = (command.help or "").partition("[bold]Example")
    return [line.strip() for line in _LINE.findall(told)]


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_a_command_has_examples_that_it_takes(name: str) -> None:
    command = COMMANDS[name]
    own = [line for line in examples(command) if f"{line} ".startswith(f"{name} ")]
    assert own, f"{name} has no example in its help"
    for line in own:
        arguments = shlex.split(line)[len(name.split()) :]
        command.make_context(name, arguments)  # raises for what it does not take


def test_a_wrong_example_would_be_noticed() -> None:
    with pytest.raises(Exception, match="No such option"):
        COMMANDS["parley top"].make_context("parley top", ["--nonsense"])

"""Completion of commands: the script of each shell, and bash with it."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Put a `parley` of this checkout into a folder of its own."""
    path = tmp_path_factory.mktemp("bin") / "parley"
    path.write_text(f'#!/bin/sh\nexec {sys.executable} -m infra.cli "$@"\n')
    path.chmod(0o755)
    return path


def run(program: Path, *command: str) -> str:
    path = f"{program.parent}{os.pathsep}{os.environ['PATH']}"
    environment = {**os.environ, "PATH": path, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


@pytest.mark.parametrize(
    ("shell", "words"),
    [("zsh", "#compdef parley"), ("fish", "complete --command parley")],
)
def test_each_shell_has_a_script(program: Path, shell: str, words: str) -> None:
    assert words in run(program, str(program), "completion", shell)


@pytest.mark.skipif(shutil.which("bash") is None, reason="bash is not installed")
def test_bash_completes_commands_and_options(program: Path) -> None:
    script = """
    source <(parley completion bash)
    COMP_WORDS=(parley hand); COMP_CWORD=1; _parley_completion parley; echo "${COMPREPLY[*]}"
    COMP_WORDS=(parley handovers cl); COMP_CWORD=2
    _parley_completion parley; echo "${COMPREPLY[*]}"
    COMP_WORDS=(parley top --int); COMP_CWORD=2; _parley_completion parley; echo "${COMPREPLY[*]}"
    """
    handovers, actions, options = run(program, "bash", "-c", script).splitlines()
    assert handovers == "handovers"
    assert set(actions.split()) == {"claim", "close"}
    assert options == "--interval"

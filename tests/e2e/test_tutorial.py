"""The tutorial's commands, as they stand there, on the running stack with the shop's answers."""

import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import yaml

from shared.connection import connect
from shared.heartbeats import read_heartbeats
from tests.e2e.conftest import ROOT, Stack
from tests.support.processes import wait_until
from workers.gap_store import read_gaps

Parley = Callable[..., tuple[int, str, str]]
TUTORIAL = ROOT / "docs" / "tutorial.md"
# sh: run here; text: what the commands before it print; yaml: an entry as it shall be from now on.
BLOCK = re.compile(r"^```(sh|text|yaml)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
SHELL = 'parley() { "$PYTHON" -m infra.cli.main "$@"; }\n'
TOLD = re.compile(r"✓ .*|answer [\w-]+|no answer|for a person")


def revisions(stack: Stack) -> set[str]:
    """Return what the stack's workers answer from."""
    with connect(stack.redis_url) as client:
        return {base.revision for worker in read_heartbeats(client) for base in worker.knowledge}


def wait_for(stack: Stack, revision: str) -> None:
    """Return once all workers answer from this revision."""
    wait_until(lambda: revisions(stack) == {revision}, 60)


@pytest.fixture
def home(
    stack: Stack, model_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Path]:
    """Give a home whose folder `shop` is the stack's base; its own files are put back later."""
    before, kept = revisions(stack), tmp_path / "kept"
    shutil.copytree(stack.kb, kept)
    empty(stack.kb)
    (tmp_path / "shop").symlink_to(stack.kb)
    for name, value in {
        "HOME": tmp_path,
        "PARLEY_KB": tmp_path / "shop",
        "PARLEY_DATA_DIR": tmp_path,
        "PARLEY_MODEL_DIR": model_dir,
        "PARLEY_REDIS_URL": stack.redis_url,
        "PARLEY_HTTP_PORT": stack.url.rpartition(":")[2],
        "PYTHON": sys.executable,
    }.items():
        monkeypatch.setenv(name, str(value))
    monkeypatch.chdir(ROOT)
    try:
        yield tmp_path
    finally:
        empty(stack.kb)
        shutil.copytree(kept, stack.kb, dirs_exist_ok=True)
        wait_until(lambda: revisions(stack) == before, 60)


def empty(folder: Path) -> None:
    """Remove all files of a folder."""
    for path in folder.iterdir():
        path.unlink()


def run(command: str, parley: Parley) -> str:
    """Run a line of the tutorial, in this process if it is one call of `parley`."""
    words = shlex.split(command)
    if words[0] == "parley":
        code, printed, complaints = parley(*map(os.path.expanduser, words[1:]))
    else:
        done = subprocess.run(
            ["sh", "-c", SHELL + command], capture_output=True, text=True, timeout=60
        )
        code, printed, complaints = done.returncode, done.stdout, done.stderr
    assert code == 0, f"{command}: {complaints}"
    return printed


def told(printed: str, home: Path) -> list[str]:
    """Return what is the same on every machine: entries, kinds of reply, counts, revisions."""
    lines = [line.replace(str(home), "~").strip() for line in printed.splitlines()]
    statuses = [" ".join(line.split()[1:4]) for line in lines if line.startswith("inference@")]
    return [found[0] for line in lines if (found := TOLD.match(line))] + statuses


def replace_entry(shop: Path, text: str) -> None:
    """Put an entry of the tutorial in the place of the one that has its id."""
    [changed] = yaml.safe_load(text)
    entries = yaml.safe_load((shop / "faq.yaml").read_text())
    assert changed["id"] in [each["id"] for each in entries]
    entries = [changed if each["id"] == changed["id"] else each for each in entries]
    (shop / "faq.yaml").write_text(yaml.safe_dump(entries, allow_unicode=True))


def test_the_commands_of_the_tutorial_do_what_it_says(
    stack: Stack, home: Path, parley: Parley
) -> None:
    printed, compared = "", 0
    for kind, body in BLOCK.findall(TUTORIAL.read_text()):
        if kind == "yaml":
            replace_entry(home / "shop", body)
        elif kind == "text":
            assert told(printed, home) == told(body, Path("~"))
            compared += 1
        else:
            printed = ""
            for command in body.splitlines():
                printed += run(command, parley)
                if checked := re.search(r"revision (\w+)", printed):
                    wait_for(stack, checked[1])
    assert compared >= 5
    with connect(stack.redis_url) as client:
        assert "Do you sell gift cards?" in {gap.text for gap in read_gaps(client)}

"""Clients of older Celery releases, each installed from a lock of its own, are served like ours."""

import hashlib
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.conftest import ROOT, Stack
from tests.e2e.stock_options import TASKS

HERE = Path(__file__).parent
INSTALL_SECONDS = 90


@pytest.fixture(scope="module", params=["5.3", "5.6"])
def release(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    return name


@pytest.fixture(scope="module")
def packages(release: str) -> Path:
    """Install a release's packages into a folder under var/, unless its lock has been before."""
    lock = ROOT / "requirements" / f"celery-{release}.txt"
    python = f"{sys.version_info.major}.{sys.version_info.minor}"
    digest = hashlib.sha256(f"{python}\n{lock.read_text()}".encode()).hexdigest()[:16]
    folder = ROOT / "var" / "cache" / "clients" / f"celery-{release}-{digest}"
    if not folder.exists():
        install(lock, folder)
    return folder


def install(lock: Path, folder: Path) -> None:
    """Install into a folder beside it first: a cut-off one is never taken for a whole one."""
    unfinished = folder.with_name(f"{folder.name}-{os.getpid()}")
    shutil.rmtree(unfinished, ignore_errors=True)
    done = subprocess.run(
        [
            *(sys.executable, "-m", "pip", "install", "--quiet", "--no-input", "--no-deps"),
            *("--disable-pip-version-check", "--only-binary", ":all:", "--require-hashes"),
            *(
                "--retries",
                "1",
                "--no-compile",
                "--target",
                str(unfinished),
                "--requirement",
                str(lock),
            ),
        ],
        capture_output=True,
        text=True,
        timeout=INSTALL_SECONDS,
    )
    assert "DO NOT MATCH THE HASHES" not in done.stderr, done.stderr
    if done.returncode:
        shutil.rmtree(unfinished, ignore_errors=True)
        pytest.skip(f"{lock.name} cannot be installed here: {done.stderr.strip()[-300:]}")
    unfinished.rename(folder)


def start(packages: Path, script: str, *arguments: str) -> "subprocess.Popen[str]":
    """Start a script with these packages and the standard library, and none of ours."""
    return subprocess.Popen(
        [sys.executable, "-S", str(HERE / script), *arguments],
        cwd=HERE,
        env={**os.environ, "PYTHONPATH": str(packages)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def read(process: "subprocess.Popen[str]") -> dict[str, Any]:
    out, errors = process.communicate(timeout=60)
    assert process.returncode == 0, errors
    printed: dict[str, Any] = json.loads(out)
    return printed


def test_an_older_client_is_served_and_whatever_it_sends_ends(
    stack: Stack, release: str, packages: Path
) -> None:
    conversation = f"from-{release}"
    client = start(packages, "stock_client.py", stack.redis_url, "How can I pay?", conversation)
    options = start(packages, "stock_options.py", stack.redis_url)
    asked, ends = read(client), read(options)

    assert asked["celery"].startswith(f"{release}.")
    assert (asked["state"], asked["reply"]["job_id"]) == ("SUCCESS", asked["id"])
    assert asked["reply"]["conversation_id"] == conversation
    assert asked["reply"]["answer"]["id"]
    wanted = {"served": "SUCCESS", "refused": "FAILURE", "revoked": "REVOKED"}
    assert ends == {name: wanted[name.partition(":")[0]] for name in TASKS}

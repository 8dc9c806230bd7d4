"""The language model server of one's own: real llama.cpp, a small model, real processes."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import msgspec
import requests

from tests.e2e.conftest import ROOT
from tests.support.processes import free_port
from tests.support.small_language_model import (
    LanguageModelServer,
    run_language_model,
    small_language_model,
    stream,
)


def pieces(response: requests.Response) -> Iterator[str]:
    """Yield the text of each event."""
    for line in response.iter_lines():
        data = line.removeprefix(b"data: ")
        if line and data != b"[DONE]":
            (choice,) = msgspec.json.decode(data)["choices"]
            yield choice["delta"].get("content") or ""


def test_it_streams_answers_in_openai_s_form(language_model: LanguageModelServer) -> None:
    (model,) = requests.get(f"{language_model.url}/models", timeout=5).json()["data"]
    assert model["id"] == "gemma-3-270m-q4_k_m"
    with stream(language_model.url, "Water boils at 100 degrees.", 24) as response:
        assert response.status_code == 200
        told = list(pieces(response))
    assert len(told) > 5
    assert "".join(told).strip()


def test_it_serves_programs_and_nothing_else(language_model: LanguageModelServer) -> None:
    root = language_model.url.removesuffix("/v1")
    answered = {path: requests.get(root + path, timeout=5) for path in ("/", "/slots", "/metrics")}
    assert all(response.status_code in (404, 501) for response in answered.values())
    foreign = {"Origin": "https://elsewhere.example"}
    allowed = requests.get(f"{language_model.url}/models", headers=foreign, timeout=5).headers
    assert not allowed.get("Access-Control-Allow-Origin")


def test_sigterm_ends_it_at_once_though_it_writes(tmp_path: Path) -> None:
    with (
        run_language_model(small_language_model(), tmp_path, PARLEY_LLM_KEY="only-ours") as ours,
        stream(ours.url, "Once upon a time", 2_000) as refused,
    ):
        assert refused.status_code == 401
        headers = {"Authorization": "Bearer only-ours"}
        asked = {
            "prompt": "Once upon a time",
            "ignore_eos": True,
            "max_tokens": 1_900,
            "stream": True,
        }
        with requests.post(
            f"{ours.url}/completions", json=asked, headers=headers, stream=True, timeout=30
        ) as response:
            assert next(response.iter_lines())
            begun = time.monotonic()
            assert ours.end() == os.EX_OK
            assert time.monotonic() - begun < 5
        assert "serves gemma-3-270m-q4_k_m.gguf" in ours.log.read_text()


def run(**settings: str) -> "subprocess.CompletedProcess[str]":
    environment = {name: v for name, v in os.environ.items() if not name.startswith("PARLEY_")}
    return subprocess.run(
        [sys.executable, "-m", "infra.llama_server"],
        cwd=ROOT,
        env=environment | {"PARLEY_LLM_PORT": str(free_port())} | settings,
        capture_output=True,
        text=True,
        timeout=60,
    )


def test_a_damaged_file_and_a_taken_port_are_one_sentence(tmp_path: Path) -> None:
    damaged = tmp_path / "cut.gguf"
    with small_language_model().open("rb") as whole:
        damaged.write_bytes(whole.read(20_000_000))
    ended = run(PARLEY_LLM_GGUF=str(damaged))
    assert ended.returncode == os.EX_CONFIG
    (said,) = (line for line in ended.stderr.splitlines() if line.startswith("parley llm: "))
    assert f"llama.cpp cannot load {damaged}" in said
    assert "incomplete" in ended.stderr  # llama.cpp's own reason, before it or after
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        ended = run(PARLEY_LLM_GGUF=str(small_language_model()), PARLEY_LLM_PORT=port)
    assert ended.returncode == os.EX_CONFIG
    assert f"Port {port} is in use" in ended.stderr.splitlines()[-1]

"""The `parley` command as a whole: quick, helpful, and no traces for expected failures."""

import io
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from infra.cli.exit_status import ExitStatus
from tests.support.played_events import REPLY, Played, played_gateway

Parley = Callable[..., tuple[int, str, str]]

_HEAVY = ("tensorflow", "celery", "flask", "numpy", "redis", "pydantic", "yaml")


def test_help_loads_nothing_heavy() -> None:
    program = (
        "import sys; import infra.cli.main; "
        f"print([name for name in {_HEAVY!r} if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.stdout == "[]\n", done.stderr


@pytest.mark.parametrize(
    "command",
    [
        "ask",
        "chat",
        "up",
        "worker",
        "doctor",
        "model",
        "kb",
        "tone",
        "dead-letters",
        "handovers",
        "keys",
        "job",
    ],
)
def test_every_command_is_listed_with_what_it_does(parley: Parley, command: str) -> None:
    code, out, _ = parley("--help")
    assert code == 0
    (line,) = [line for line in out.splitlines() if f"│ {command} " in line]
    assert len(line.strip("│ ").split()) > 3


def test_a_wrong_setting_is_one_sentence(parley: Parley, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PARLEY_HTTP_PORT", "eighty")
    for command in (["up"], ["ask", "x"]):
        code, out, err = parley(*command)
        assert (code, out) == (ExitStatus.SETTINGS, "")
        assert err.startswith("PARLEY_HTTP_PORT is 'eighty'")
        assert len(err.splitlines()) == 1


def test_the_doctor_tells_a_wrong_setting_too(
    parley: Parley, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PARLEY_FLOWER_PORT", "0")
    code, out, _ = parley("doctor", "--json")
    told = json.loads(out)
    assert (code, told["sound"]) == (ExitStatus.DEGRADED, False)
    assert "PARLEY_FLOWER_PORT" in told["findings"][-1]["told"]


def test_the_doctor_looks_at_everything(
    parley: Parley, monkeypatch: pytest.MonkeyPatch, tmp_path: object
) -> None:
    monkeypatch.setenv("PARLEY_DATA_DIR", str(tmp_path))
    told = json.loads(parley("doctor", "--json")[1])
    states = {finding["name"]: finding["state"] for finding in told["findings"]}
    assert {"python", "settings", "packages", "redis", "model", "ports", "disk", "gpu"} <= set(
        states
    )
    assert states["model"] == "warn"
    assert states["redis"] == "ok"
    assert states["encoder"] == "ok"


def test_the_doctor_misses_a_large_encoder_that_is_asked_for(
    parley: Parley, monkeypatch: pytest.MonkeyPatch, tmp_path: object
) -> None:
    monkeypatch.setenv("PARLEY_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("PARLEY_ENCODER", "cascade")
    code, out, _ = parley("doctor", "--json")
    failed = [each["told"] for each in json.loads(out)["findings"] if each["state"] == "fail"]
    assert code == ExitStatus.DEGRADED
    assert any("--encoder large" in told for told in failed)


def test_the_doctor_looks_at_the_language_model(
    parley: Parley, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def told() -> tuple[str, str]:
        findings = json.loads(parley("doctor", "--json")[1])["findings"]
        (found,) = (each for each in findings if each["name"] == "voice")
        return found["state"], found["told"]

    monkeypatch.setenv("PARLEY_DATA_DIR", str(tmp_path))
    assert told() == ("ok", "off: the entries' own words go out")
    model = tmp_path / "small.gguf"
    model.write_bytes(b"GGUF")
    monkeypatch.setenv("PARLEY_LLM_GGUF", str(model))
    assert told() == ("ok", "small.gguf, 0 MB, served on port 8091")
    model.write_bytes(b"other")
    state, fault = told()
    assert (state, "is no GGUF file" in fault) == ("fail", True)
    monkeypatch.setenv("PARLEY_LLM_URL", "http://127.0.0.1:1/v1")
    state, warning = told()
    assert (state, "does not answer" in warning) == ("warn", True)


def test_sigterm_ends_a_command_as_ctrl_c_does(
    parley: Parley, monkeypatch: pytest.MonkeyPatch
) -> None:
    undone = []

    def wait(_seconds: float) -> None:
        try:
            os.kill(os.getpid(), signal.SIGTERM)
        finally:
            undone.append("undone")

    monkeypatch.setattr("time.sleep", wait)
    former = signal.getsignal(signal.SIGTERM)
    try:
        with played_gateway() as (url, script):
            script.play("GET /metrics", Played(text="parley_redis_up 1.0\n"))
            code, out, _ = parley("top", "--once", "--url", url)
    finally:
        signal.signal(signal.SIGTERM, former)
    assert (code, out, undone) == (ExitStatus.INTERRUPTED, "", ["undone"])


@pytest.mark.parametrize(
    "command",
    [("ask", "a\udcff"), ("chat", "--conversation", "\udcff"), ("handovers", "show", "\udcff")],
)
def test_an_argument_that_is_no_text_is_told(parley: Parley, command: tuple[str, ...]) -> None:
    code, _, err = parley(*command)
    assert (code, err) == (ExitStatus.USAGE, "A text among the arguments is not UTF-8.\n")


def test_lines_of_another_coding_are_read_and_a_narrow_one_is_written(
    parley: Parley, monkeypatch: pytest.MonkeyPatch
) -> None:
    written = io.BytesIO()
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"Wo ist f\xfcr\n"), "utf-8"))
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(written, "ascii"))
    with played_gateway() as (url, script):
        script.play("POST /chat", Played(events=(("reply", "reply", REPLY),)))
        code, _, err = parley("chat", "--url", url)
        assert [each.body for each in script.asked("POST /chat")] == [
            {"message": "Wo ist f\ufffdr"}
        ]
    sys.stdout.flush()
    assert (code, err) == (0, "")
    assert b"? 93% sure ?" in written.getvalue()

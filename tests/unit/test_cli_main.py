"""The `parley` command as a whole: quick, helpful, and no traces for expected failures."""

import json
import subprocess
import sys
from collections.abc import Callable

import pytest

from infra.cli.exit_status import ExitStatus

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

"""The doctor warns of settings that let in or show more than is wise."""

import json
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from infra.cli.exit_status import ExitStatus
from infra.cli.weak_settings import weak_settings
from infra.supervisor.settings import StackSettings
from shared.api_keys import ApiKey
from shared.settings import load
from tests.support.processes import free_port

Parley = Callable[..., tuple[int, str, str]]
NOW = 1_700_000_000.0
ANYWHERE = "0.0.0.0"  # noqa: S104
SOUND = {
    "http_host": ANYWHERE,
    "trusted_proxies": "10.0.0.0/8",
    "flower_basic_auth": "anna:a-long-password",
    "redis_url": "rediss://:secret@redis.example.com:6379/0",
    "handover_webhook": "https://desk.example.com/hook",
    "handover_webhook_secret": "x" * 24,
}
KEYS = [ApiKey("sound", expires_at=NOW + 1)]


def warned(keys: Sequence[ApiKey] = KEYS, **changes: object) -> list[tuple[str, str]]:
    return list(weak_settings(load(StackSettings, **SOUND | changes), keys, NOW))


def test_sound_settings_are_no_reason_to_warn() -> None:
    assert warned() == []
    assert list(weak_settings(load(StackSettings), (), NOW)) == []


@pytest.mark.parametrize(
    ("name", "told", "changes"),
    [
        ("access", "without a proxy", {"trusted_proxies": None}),
        ("access", "everybody who reaches", {"open_access": True, "keys": []}),
        ("limits", "PARLEY_RATE_LIMIT", {"rate_limit": "none"}),
        ("proxies", "0.0.0.0/0", {"trusted_proxies": "10.0.0.1 0.0.0.0/0"}),
        ("proxies", "::/0", {"trusted_proxies": "::/0"}),
        ("flower", "no login", {"flower_basic_auth": None}),
        ("flower", "less than 12", {"flower_basic_auth": "anna:a-long-password,eve:short"}),
        ("redis", "no password", {"redis_url": "redis://redis.example.com/0"}),
        ("redis", "no password", {"redis_url": "sentinel://10.0.0.1:26379/mymaster"}),
        ("webhook", "unencrypted", {"handover_webhook": "http://desk.example.com"}),
        ("keys", "key a never expire", {"keys": [ApiKey("a")]}),
        ("keys", "keys a, b, c and 1 more", {"keys": [ApiKey(name) for name in "abcd"]}),
        ("keys", "key a expired", {"keys": [ApiKey("a", expires_at=NOW)]}),
    ],
)
def test_each_weakness_is_told(name: str, told: str, changes: dict[str, object]) -> None:
    [(found, sentence)] = warned(**changes)  # type: ignore[arg-type]
    assert found == name
    assert told in sentence
    assert "a-long-password" not in sentence


@pytest.mark.parametrize("mode", [0o600, 0o640, 0o644, 0o602])
def test_a_key_file_that_everybody_can_read_is_named(tmp_path: Path, mode: int) -> None:
    file = tmp_path / "keys"
    file.write_text("a-key-of-24-characters-x\n")
    file.chmod(mode)
    found = warned(api_keys=f"@{file}")
    assert [name for name, _ in found] == (["keys"] if mode & 0o006 else [])


def test_the_doctor_shows_them_and_a_faulty_key_is_a_fault(
    parley: Parley, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PARLEY_REDIS_URL", f"redis://127.0.0.1:{free_port()}/0")
    monkeypatch.setenv("PARLEY_TRUSTED_PROXIES", "0.0.0.0/0")
    findings = json.loads(parley("doctor", "--json")[1])["findings"]
    assert ("proxies", "warn") in {(each["name"], each["state"]) for each in findings}
    monkeypatch.setenv("PARLEY_API_KEYS", "too-short")
    code, out, _ = parley("doctor", "--json")
    assert code == ExitStatus.DEGRADED
    [fault] = [each for each in json.loads(out)["findings"] if each["name"] == "security"]
    assert fault["state"] == "fail"
    assert "too-short" not in out

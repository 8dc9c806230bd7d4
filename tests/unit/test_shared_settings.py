"""A bad setting stops a process with a sentence that names it."""

import pytest

from shared.errors import SettingsError
from shared.settings import CommonSettings, load
from workers.settings import WorkerSettings


def test_without_an_address_redis_is_the_embedded_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PARLEY_REDIS_URL", raising=False)
    monkeypatch.setenv("PARLEY_REDIS_PORT", "7001")
    assert load(CommonSettings).redis_address == "redis://127.0.0.1:7001/0"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PARLEY_REDIS_PORT", "many"),
        ("PARLEY_REDIS_PORT", "70000"),
        ("PARLEY_REDIS_URL", "http://127.0.0.1"),
        ("PARLEY_QUEUE_LIMIT", "0"),
    ],
)
def test_a_bad_value_is_named(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(SettingsError, match=name) as fault:
        load(CommonSettings)
    assert value in str(fault.value)
    assert "\n" not in str(fault.value)


def test_a_knowledge_base_that_is_not_there_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PARLEY_KB", "/nowhere/at/all")
    with pytest.raises(SettingsError, match=r"PARLEY_KB is '/nowhere/at/all': no such file"):
        load(WorkerSettings)

"""A bad setting stops a process with a sentence that names it."""

import pytest

from gateway.settings import GatewaySettings
from infra.supervisor.settings import StackSettings
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


@pytest.mark.parametrize(
    ("name", "value", "port"),
    [
        ("PARLEY_REDIS_PORT", "tcp://10.96.0.12:6379", 6390),  # Kubernetes: service parley-redis
        ("PARLEY_REDIS_PORT", "tcp://[fd00::12]:6379", 6390),
        ("PARLEY_REDIS_PORT", "", 6390),
        ("PARLEY_REDIS_PORT", "  \r", 6390),
        ("PARLEY_REDIS_PORT", '""', 6390),
        ("PARLEY_REDIS_PORT", "7001\r", 7001),
        ("PARLEY_REDIS_PORT", " 7001 ", 7001),
        ("PARLEY_REDIS_PORT", '"7001"', 7001),
        ("PARLEY_REDIS_PORT", "'7001'\r\n", 7001),
        ("Parley_Redis_Port", "7001", 7001),
        ("parley_redis_port", "7001", 7001),
    ],
)
def test_what_says_nothing_is_unset_and_what_a_file_adds_is_dropped(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, port: int
) -> None:
    monkeypatch.delenv("PARLEY_REDIS_PORT", raising=False)
    monkeypatch.delenv("PARLEY_REDIS_URL", raising=False)
    monkeypatch.setenv(name, value)
    assert load(CommonSettings).redis_port == port


def test_the_name_in_capitals_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PARLEY_QUEUE_LIMIT", "7")
    monkeypatch.setenv("parley_queue_limit", "8")
    monkeypatch.setenv("Parley_Queue_Limit", "9")
    assert load(CommonSettings).queue_limit == 7


SERVICES = ("PARLEY", "PARLEY_REDIS", "PARLEY_HTTP", "PARLEY_FLOWER", "FLOWER", "REDIS")


@pytest.mark.parametrize("settings", [GatewaySettings, WorkerSettings, StackSettings])
def test_no_service_of_kubernetes_stops_a_process(
    monkeypatch: pytest.MonkeyPatch, settings: type[CommonSettings]
) -> None:
    monkeypatch.delenv("PARLEY_REDIS_URL", raising=False)
    unset = load(settings)
    for service in SERVICES:
        link = "tcp://10.96.0.12:8000"
        for name, value in (
            ("SERVICE_HOST", "10.96.0.12"),
            ("SERVICE_PORT", "8000"),
            ("SERVICE_PORT_HTTP", "8000"),
            ("PORT", link),
            ("PORT_8000_TCP", link),
            ("PORT_8000_TCP_PROTO", "tcp"),
            ("PORT_8000_TCP_PORT", "8000"),
            ("PORT_8000_TCP_ADDR", "10.96.0.12"),
        ):
            monkeypatch.setenv(f"{service}_{name}", value)
    assert load(settings) == unset


def test_a_port_that_is_not_used_stops_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PARLEY_REDIS_PORT", "many")
    monkeypatch.setenv("PARLEY_REDIS_URL", "redis://elsewhere:6379/0")
    assert load(CommonSettings).redis_address == "redis://elsewhere:6379/0"


def test_a_password_in_a_faulty_value_is_not_shown() -> None:
    with pytest.raises(SettingsError) as fault:
        load(CommonSettings, redis_url="redis://app:hush@one/five")
    assert "PARLEY_REDIS_URL" in str(fault.value)
    assert "hush" not in str(fault.value)


def test_a_knowledge_base_that_is_not_there_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PARLEY_KB", "/nowhere/at/all")
    with pytest.raises(SettingsError, match=r"PARLEY_KB is '/nowhere/at/all': no such file"):
        load(WorkerSettings)

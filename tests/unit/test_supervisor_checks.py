"""What is checked before anything starts: each fault one sentence that says what to do."""

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from infra.supervisor import checks
from infra.supervisor.lock import hold_data_folder, owner
from infra.supervisor.settings import StackSettings
from shared.errors import SettingsError, StackError
from shared.settings import load
from tests.support.processes import free_port


@pytest.fixture
def taken_port() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> StackSettings:
    monkeypatch.delenv("PARLEY_REDIS_URL", raising=False)
    return load(
        StackSettings,
        data_dir=tmp_path,
        http_port=free_port(),
        redis_port=free_port(),
        flower_port=free_port(),
    )


@pytest.mark.parametrize("setting", ["http_port", "redis_port", "flower_port"])
def test_a_taken_port_is_named_with_its_setting(
    setting: str, settings: StackSettings, taken_port: int
) -> None:
    faulty = settings.model_copy(update={setting: taken_port})
    with pytest.raises(StackError, match=rf"Port {taken_port} .*PARLEY_{setting.upper()}"):
        checks.check_ports(faulty)
    checks.check_ports(settings)


def test_the_embedded_port_does_not_matter_where_redis_is_elsewhere(
    settings: StackSettings, taken_port: int
) -> None:
    embedded = settings.model_copy(update={"redis_port": taken_port})
    with pytest.raises(StackError):
        checks.check_ports(embedded)
    checks.check_ports(embedded.model_copy(update={"redis_url": "redis://127.0.0.1:1/0"}))


def test_two_services_on_one_port_are_both_named(settings: StackSettings) -> None:
    same = settings.model_copy(update={"flower_port": settings.http_port})
    with pytest.raises(StackError, match=r"PARLEY_HTTP_PORT and PARLEY_FLOWER_PORT are both"):
        checks.check_ports(same)


def test_too_little_disk_says_how_much_there_is_and_what_to_do(tmp_path: Path) -> None:
    checks.check_space(tmp_path, 100, free_bytes=100)
    with pytest.raises(StackError, match=r"7 MB free and needs 300 MB.*PARLEY_DATA_DIR"):
        checks.check_space(tmp_path, 300_000_000, free_bytes=7_000_000)


def test_a_full_disk_is_called_full(tmp_path: Path) -> None:
    if not Path("/dev/full").exists():
        pytest.skip("no /dev/full here")
    trial = tmp_path / f".writable-{os.getpid()}"
    trial.symlink_to("/dev/full")
    with pytest.raises(StackError, match=r"The disk of .* free some"):
        checks.check_data_folder(tmp_path)


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StackError, match=r"data folder .*file/var cannot be written"):
        checks.check_data_folder(tmp_path / "file" / "var")


def test_a_redis_that_does_not_answer_is_one_sentence(settings: StackSettings) -> None:
    down = settings.model_copy(update={"redis_url": f"redis://127.0.0.1:{free_port()}/0"})
    with pytest.raises(StackError, match=r"Redis of PARLEY_REDIS_URL does not answer"):
        checks.check_redis(down, lambda _: None)


def test_a_redis_that_evicts_is_warned_of(
    settings: StackSettings, redis_url: str, redis_client: "object"
) -> None:
    warnings: list[str] = []
    checks.check_redis(settings.model_copy(update={"redis_url": redis_url}), warnings.append)
    assert warnings == []
    redis_client.config_set("maxmemory-policy", "allkeys-lru")  # type: ignore[attr-defined]
    try:
        checks.check_redis(settings.model_copy(update={"redis_url": redis_url}), warnings.append)
    finally:
        redis_client.config_set("maxmemory-policy", "noeviction")  # type: ignore[attr-defined]
    assert len(warnings) == 1
    assert "allkeys-lru" in warnings[0]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PARLEY_HTTP_PORT", "eighty"),
        ("PARLEY_HTTP_PORT", "70000"),
        ("PARLEY_FLOWER_BASIC_AUTH", "no colon"),
        ("PARLEY_REDIS_URL", "localhost:6379"),
        ("PARLEY_INFERENCE_WORKERS", "0"),
    ],
)
def test_a_wrong_setting_is_named(name: str, value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(SettingsError, match=name):
        load(StackSettings)


def test_every_setting_is_described() -> None:
    for name, field in StackSettings.model_fields.items():
        assert field.description, name


def test_one_folder_carries_one_stack(settings: StackSettings) -> None:
    with hold_data_folder(settings) as was_cut_off:
        assert not was_cut_off
        assert f"pid {os.getpid()}" in (owner(settings) or "")
        with (
            pytest.raises(
                StackError, match=rf"Another stack \(pid {os.getpid()},.*PARLEY_DATA_DIR"
            ),
            hold_data_folder(settings),
        ):
            pass
    assert owner(settings) is None


def test_a_stack_that_was_cut_off_is_noticed(settings: StackSettings) -> None:
    program = (
        "import os, sys; from pathlib import Path\n"
        "from infra.supervisor.lock import hold_data_folder\n"
        "from infra.supervisor.settings import StackSettings\n"
        "with hold_data_folder(StackSettings(data_dir=Path(sys.argv[1]))): os._exit(9)"
    )
    subprocess.run([sys.executable, "-c", program, str(settings.data_dir)], check=False)
    with hold_data_folder(settings) as was_cut_off:
        assert was_cut_off
    with hold_data_folder(settings) as was_cut_off:
        assert not was_cut_off


@pytest.mark.parametrize("host", ["::1", "[::1]", "::"])
def test_an_ipv6_address_is_checked_and_printed_as_urls_have_it(
    settings: StackSettings, host: str
) -> None:
    listening = load(StackSettings, http_host=host, http_port=settings.http_port)
    assert listening.gateway_url == f"http://[::1]:{settings.http_port}"
    assert checks.is_port_free(settings.http_port, listening.http_host)
    with socket.create_server(("::1", 0), family=socket.AF_INET6) as taken:
        assert not checks.is_port_free(taken.getsockname()[1], "::1")


def test_a_knowledge_base_behind_a_closed_folder_is_a_sentence(tmp_path: Path) -> None:
    too_long = tmp_path / ("a" * 300)
    with pytest.raises(SettingsError, match=r"PARLEY_KB is .*cannot be reached"):
        load(StackSettings, kb=too_long)

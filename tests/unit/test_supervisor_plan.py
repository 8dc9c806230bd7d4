"""Which services a stack has, with which settings, and what a person sees of them."""

import io
import os
from pathlib import Path

import pytest
from msgspec import json
from pydantic import SecretStr
from rich.console import Console

from infra.supervisor.checks import check_encoder
from infra.supervisor.logs import LogFolder
from infra.supervisor.paths import with_absolute_files
from infra.supervisor.plan import plan_services
from infra.supervisor.runner import run_stack
from infra.supervisor.service import Service
from infra.supervisor.settings import StackSettings
from infra.supervisor.terminal import Terminal, without_password
from shared.errors import SettingsError, StackError
from shared.settings import load
from workers.engines.manifest import SCHEMA


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> StackSettings:
    monkeypatch.delenv("PARLEY_REDIS_URL", raising=False)
    return load(StackSettings, data_dir=tmp_path)


def by_name(settings: StackSettings) -> dict[str, Service]:
    return {service.name: service for service in plan_services(settings)}


def test_redis_comes_first_and_the_gateway_after_the_workers(settings: StackSettings) -> None:
    assert list(by_name(settings)) == ["redis", "inference", "sentiment", "gateway", "flower"]
    assert {service.after for service in plan_services(settings)[1:]} == {("redis",)}


def test_a_redis_elsewhere_is_handed_on_instead_of_started(settings: StackSettings) -> None:
    url = "redis://127.0.0.1:7777/0"
    services = by_name(settings.model_copy(update={"redis_url": url}))
    assert "redis" not in services
    for service in services.values():
        assert service.after == ()
        assert service.environment["PARLEY_REDIS_URL"] == url


def test_inference_workers_are_as_many_as_asked_for(settings: StackSettings) -> None:
    services = by_name(settings.model_copy(update={"inference_workers": 3}))
    workers = [service for name, service in services.items() if name.startswith("inference")]
    assert [service.name for service in workers] == ["inference", "inference-2", "inference-3"]
    assert len({service.command for service in workers}) == 3
    assert all("-Q inference " in " ".join(service.command) for service in workers)


def build(folder: Path) -> None:
    """Leave what counts as a built model."""
    folder.mkdir()
    record = {"schema": SCHEMA, "digest": "d", "hidden_size": 1, "max_tokens": 1, "encoders": {}}
    source = {"name": "n", "folder": "f", "sha256": "s", "bytes": 1, "modified_ns": 1}
    (folder / "model.json").write_bytes(json.encode({**record, "source": source, "files": {}}))


@pytest.mark.parametrize(
    ("asked", "built", "choice"),
    [
        (None, ("model",), "small"),
        (None, ("model", "model-large"), "cascade"),
        ("small", ("model", "model-large"), "small"),
        ("large", ("model", "model-large"), "large"),
        ("cascade", ("model", "model-large"), "cascade"),
    ],
)
def test_a_cascade_has_a_large_worker_that_yields_to_the_others(
    settings: StackSettings, asked: str | None, built: tuple[str, ...], choice: str
) -> None:
    for folder in built:
        build(settings.data_dir / folder)
    settings = settings.model_copy(update={"encoder": asked})
    services = by_name(settings)
    check_encoder(settings)
    assert services["inference"].environment["PARLEY_ENCODER"] == choice
    assert ("inference-large" in services) == (choice == "cascade")
    if choice == "cascade":
        large = services["inference-large"]
        assert large.niceness > services["sentiment"].niceness > services["inference"].niceness
        assert "-Q inference-large " in " ".join(large.command)


def test_the_rewriting_of_the_queues_file_yields_to_the_others(settings: StackSettings) -> None:
    services = by_name(settings)
    assert [name for name, each in services.items() if each.child_niceness > 0] == ["redis"]


def test_without_a_language_model_nothing_of_it_is_there(settings: StackSettings) -> None:
    services = by_name(settings)
    assert not services.keys() & {"llm", "generation"}
    told = {name for service in services.values() for name in service.environment}
    assert not any(name.startswith(("PARLEY_LLM", "PARLEY_VOICE")) for name in told)


def test_a_model_file_is_served_before_the_worker_that_asks_it(
    settings: StackSettings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    voiced = settings.model_copy(update={"llm_gguf": Path("small.gguf"), "llm_port": 8_123})
    services = by_name(voiced)
    assert [*services] == [
        "redis", "inference", "sentiment", "llm", "generation", "gateway", "flower"
    ]  # fmt: skip
    model, worker = services["llm"], services["generation"]
    assert model.command[-2:] == ("-m", "infra.llama_server")
    assert model.environment["PARLEY_LLM_GGUF"] == str(tmp_path / "small.gguf")
    assert model.environment["PARLEY_LLM_PORT"] == "8123"
    assert model.environment["PARLEY_LLM_HOST"] == "127.0.0.1"
    assert model.niceness > worker.niceness > services["inference"].niceness
    assert worker.after == ("redis", "llm")
    assert "-Q generation -n generation@%h" in " ".join(worker.command)
    assert worker.environment["PARLEY_LLM_MAX_PLACES"] == "4"
    for name in ("inference", "sentiment", "generation"):
        assert services[name].environment["PARLEY_LLM_URL"] == "http://127.0.0.1:8123/v1"


def test_a_model_elsewhere_is_asked_and_none_is_started(settings: StackSettings) -> None:
    there = "https://models.example/v1"
    both = {"llm_url": there, "llm_gguf": Path("small.gguf")}
    services = by_name(settings.model_copy(update=both))
    assert "llm" not in services
    assert services["generation"].after == ("redis",)
    assert "PARLEY_LLM_MAX_PLACES" not in services["generation"].environment
    for name in ("inference", "generation"):
        assert services[name].environment["PARLEY_LLM_URL"] == there


@pytest.mark.parametrize("encoder", ["large", "cascade"])
def test_a_large_encoder_that_is_not_built_is_named(settings: StackSettings, encoder: str) -> None:
    with pytest.raises(StackError, match=rf"PARLEY_ENCODER is {encoder}.*model-large.*--encoder"):
        check_encoder(settings.model_copy(update={"encoder": encoder}))


def test_folders_do_not_depend_on_where_a_part_is_started(
    settings: StackSettings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    services = by_name(settings.model_copy(update={"data_dir": Path("here")}))
    assert services["inference"].environment["PARLEY_DATA_DIR"] == str(tmp_path / "here")
    assert services["inference"].environment["PARLEY_MODEL_DIR"] == str(tmp_path / "here" / "model")


def test_flowers_password_is_not_where_ps_shows_it(settings: StackSettings) -> None:
    flower = by_name(settings.model_copy(update={"flower_basic_auth": "ann:secret"}))["flower"]
    assert "secret" not in " ".join(flower.command)
    assert flower.environment["FLOWER_BASIC_AUTH"] == "ann:secret"


@pytest.mark.parametrize(
    ("host", "address"),
    [("127.0.0.1", "127.0.0.1"), ("0.0.0.0", "127.0.0.1"), ("10.1.2.3", "10.1.2.3")],  # noqa: S104
)
def test_the_gateway_is_asked_where_it_listens(
    settings: StackSettings, host: str, address: str
) -> None:
    assert settings.model_copy(update={"http_host": host}).gateway_url == f"http://{address}:8000"


def test_the_banner_names_the_model_that_speaks(settings: StackSettings, screen: Console) -> None:
    terminal = Terminal(screen, LogFolder(settings.log_folder))
    terminal.print_banner(settings, 1.0)
    assert "voice" not in fields(screen)
    voiced = settings.model_copy(update={"llm_gguf": Path("/models/small.gguf")})
    terminal.print_banner(voiced, 1.0)
    terminal.print_banner(voiced.model_copy(update={"llm_url": "https://models.example/v1"}), 1.0)
    assert "small.gguf at http://127.0.0.1:8091/v1" in fields(screen)
    assert "the first model at https://models.example/v1" in fields(screen)


@pytest.fixture
def screen() -> Console:
    return Console(file=io.StringIO(), width=100)


def fields(screen: Console) -> str:
    assert isinstance(screen.file, io.StringIO)
    return screen.file.getvalue()


def test_the_banner_names_every_address(settings: StackSettings, screen: Console) -> None:
    other = settings.model_copy(update={"http_port": 8123, "flower_basic_auth": "ann:secret"})
    Terminal(screen, LogFolder(other.log_folder)).print_banner(other, 3.21)
    text = fields(screen)
    pages = ("8123/", "8123/desk", "8123/dashboard")
    for words in ("ready after 3.2 s", *pages, ":5555", ":6390", "Ctrl-C"):
        assert words in text
    assert "PARLEY_HTTP_PORT=8123" in text
    assert "make run LARGE=1" in text
    assert "secret" not in text


def test_the_log_of_a_service_that_fails_its_first_start_is_quoted(
    settings: StackSettings, screen: Console
) -> None:
    logs = LogFolder(settings.log_folder)
    logs.begin(["part"])
    service = Service("part", ("run",))
    terminal = Terminal(screen, logs)
    terminal.died(service, os.EX_CONFIG, 1.0)  # what it says ends the stack
    assert fields(screen) == ""
    with logs.open("part", ("run",)) as log:
        log.write(b"the [engine] is missing\n")
    terminal.died(service, 1, 2.0)
    assert "ended (exit code 1); restart in 2 s" in fields(screen)
    assert "the [engine] is missing" in fields(screen)
    terminal.ready(service, 1.0)
    terminal.died(service, -9, 0.0)
    assert fields(screen).count("is missing") == 1
    assert "ended (killed by SIGKILL); restarted at once" in fields(screen)


def test_faulty_keys_end_the_start_before_any_service_runs(
    settings: StackSettings, screen: Console
) -> None:
    faulty = settings.model_copy(update={"api_keys": SecretStr("short")})
    with pytest.raises(SettingsError, match="PARLEY_API_KEYS: entry 1 is no key"):
        run_stack(faulty, screen)
    assert not settings.log_folder.exists()


def test_passwords_in_addresses_are_hidden() -> None:
    assert without_password("redis://me:pass@host:1/0") == "redis://me:***@host:1/0"
    assert without_password("redis://host:1/0") == "redis://host:1/0"


def test_the_gateway_has_the_time_to_answer_what_it_holds() -> None:
    from gateway import gunicorn_conf

    (gateway,) = [
        service for service in plan_services(load(StackSettings)) if service.name == "gateway"
    ]
    assert gateway.stop_seconds > gunicorn_conf.graceful_timeout


def test_relative_paths_count_from_where_the_stack_is_started(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "kb.yaml").touch()
    (tmp_path / "ca.pem").touch()
    monkeypatch.setenv("PARLEY_KB", "kb.yaml")
    monkeypatch.setenv("PARLEY_REDIS_URL", "rediss://me:x@host:1/0?ssl_ca_certs=ca.pem")
    for service in plan_services(load(StackSettings)):
        assert service.environment["PARLEY_KB"] == str(tmp_path / "kb.yaml")
        url = service.environment["PARLEY_REDIS_URL"]
        assert url == f"rediss://me:x@host:1/0?ssl_ca_certs={tmp_path}/ca.pem"


@pytest.mark.parametrize("url", ["redis://h:1/0", "rediss://h:1/0?ssl_cert_reqs=none"])
def test_an_address_without_files_stays_as_it_is(url: str) -> None:
    assert with_absolute_files(url) == url

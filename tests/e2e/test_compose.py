"""docker-compose.yml is true: every service's very command and health check, as local processes."""

import re
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from graphlib import TopologicalSorter
from pathlib import Path
from typing import Any

import pytest
import redis
import requests

from gateway.settings import GatewaySettings
from infra.supervisor.settings import LlamaSettings
from shared.settings import CommonSettings, load
from tests.e2e.compose import DOCKERFILE, ROOT, ComposeService, read_services, stage
from tests.support.processes import free_port, wait_until
from workers.settings import VoiceSettings, WorkerSettings

POLL_SECONDS = 0.5  # a check is a process, and takes the time of those that it waits for
IMAGE_DECIDES = {"data_dir", "model_dir", "redis_port"}
OF_ITS_OWN_SERVER = {"llm_gguf", "llm_port"}  # the service llm has them

SERVICES = read_services("docker-compose.yml")


@dataclass(frozen=True)
class ComposeSystem:
    """All services, running."""

    services: Mapping[str, ComposeService]
    url: str


@pytest.fixture(scope="module")
def system(tmp_path_factory: pytest.TempPathFactory, model_dir: Path) -> Iterator[ComposeSystem]:
    """Start the services in the order that depends_on asks for; stop them the other way round."""
    folder = tmp_path_factory.mktemp("compose")
    places = places_here(folder, model_dir)
    services = {
        name: ComposeService(name, wanted, places, folder)
        for name, wanted in SERVICES.items()
        if not wanted.get("profiles")  # they are started only if asked for
    }
    with ExitStack() as stops:
        for name in (each for each in start_order() if each in services):
            for other, link in SERVICES[name].get("depends_on", {}).items():
                if link["condition"] == "service_healthy":
                    wait_until(services[other].healthy, 60, POLL_SECONDS)
            services[name].start()
            stops.callback(services[name].stop)
        for service in services.values():
            wait_until(service.healthy, 120, POLL_SECONDS)
        yield ComposeSystem(services, f"http://127.0.0.1:{places['8000']}")


def start_order() -> list[str]:
    links = {name: wanted.get("depends_on", ()) for name, wanted in SERVICES.items()}
    return list(TopologicalSorter(links).static_order())


def places_here(folder: Path, model_dir: Path) -> dict[str, str]:
    """Map what is fixed in the containers to what is free here, longest first."""
    redis_port = str(free_port())
    for name in ("redis", "cache"):
        (folder / name).mkdir()
    return {
        "redis:6379": f"127.0.0.1:{redis_port}",
        "6379": redis_port,
        "8000": str(free_port()),
        "5555": str(free_port()),
        "0.0.0.0": "127.0.0.1",  # noqa: S104 - replaced, not bound
        "/var/lib/parley": str(folder / "cache"),
        "/opt/model": str(model_dir),
        "/data": str(folder / "redis"),
    }


def test_a_message_is_answered_from_end_to_end(system: ComposeSystem) -> None:
    assert requests.get(f"{system.url}/readyz", timeout=10).status_code == 200
    answer = requests.post(
        f"{system.url}/chat", json={"message": "How long does delivery take?"}, timeout=30
    )
    assert answer.status_code == 200, answer.text
    reply = answer.json()
    assert reply["answer"]["kind"] == "answer"
    assert reply["engine"].startswith("litert")


def test_health_checks_tell_what_is_missing(system: ComposeSystem) -> None:
    nowhere = f"redis://127.0.0.1:{free_port()}/0"
    for name in ("inference", "sentiment"):
        unwell = system.services[name].check(PARLEY_REDIS_URL=nowhere)
        assert unwell.returncode == 1
        assert "Redis" in unwell.stderr
    command = [*system.services["inference"].health_command[:-1], "http://127.0.0.1:1/healthz"]
    assert subprocess.run(command, cwd=ROOT, check=False, stderr=subprocess.PIPE).returncode == 1


def test_redis_is_durable_and_never_evicts(system: ComposeSystem) -> None:
    url = system.services["inference"].environment()["PARLEY_REDIS_URL"]
    with redis.Redis.from_url(url, decode_responses=True) as client:
        held: Any = client.config_get("append*")
        assert held["appendonly"] == "yes"
        assert held["appendfsync"] == "everysec"
        policy: Any = client.config_get("maxmemory-policy")
        assert policy["maxmemory-policy"] == "noeviction"
    assert SERVICES["redis"]["volumes"] == ["redis:/data"]


@pytest.mark.parametrize(
    ("name", "settings"),
    [
        ("gateway", GatewaySettings),
        ("inference", WorkerSettings),
        ("sentiment", WorkerSettings),
        ("generation", WorkerSettings),
    ],
)
def test_every_setting_can_be_handed_on(name: str, settings: type[CommonSettings]) -> None:
    wanted = settings.model_fields.keys() - IMAGE_DECIDES - OF_ITS_OWN_SERVER
    known = {f"PARLEY_{each}".upper() for each in wanted}
    handed_on = {each for each in SERVICES[name]["environment"] if each.startswith("PARLEY_")}
    assert known == handed_on


def test_what_is_reached_is_reached_only_from_this_machine() -> None:
    published = {name: service["ports"] for name, service in SERVICES.items() if "ports" in service}
    assert published.keys() == {"gateway", "flower", "prometheus", "grafana"}
    assert all(port.startswith("127.0.0.1:") for ports in published.values() for port in ports)


def test_where_ports_are_published_decides_whether_keys_are_asked_for() -> None:
    for name in ("gateway", "flower"):
        assert SERVICES[name]["environment"]["PARLEY_PUBLISH_ADDRESS"] == "127.0.0.1"
    environment = SERVICES["gateway"]["environment"]
    inside = {"http_host": environment["PARLEY_HTTP_HOST"], "open_access": False}
    assert not load(GatewaySettings, publish_address="127.0.0.1", **inside).asks_always
    assert load(GatewaySettings, publish_address="192.0.2.1", **inside).asks_always


def test_no_container_may_more_than_it_needs() -> None:
    for service in SERVICES.values():
        assert service["read_only"] is True
        assert service["cap_drop"] == ["ALL"]
        assert service["security_opt"] == ["no-new-privileges:true"]
        assert service["tmpfs"] == ["/tmp"]  # noqa: S108
        assert not {"privileged", "cap_add", "network_mode", "pid", "devices"} & service.keys()
    assert SERVICES["redis"]["user"] == "redis"
    for name in ("gateway", "worker-gpu", "llama"):
        assert re.findall(r"^USER (\S+)$", stage(name), re.MULTILINE)[-1] == "parley"


def test_workers_can_be_scaled() -> None:
    for name in ("inference", "sentiment"):
        assert not {"container_name", "hostname", "ports"} & SERVICES[name].keys()
        assert f"{name}@%h" in SERVICES[name]["command"]


def test_services_are_looked_after() -> None:
    for service in SERVICES.values():
        assert service["restart"] == "unless-stopped"
        assert {"healthcheck", "stop_grace_period"} <= service.keys()


def test_images_are_built_from_stages_that_exist() -> None:
    stages = set(re.findall(r"^FROM \S+ AS (\S+)$", DOCKERFILE.read_text(), re.MULTILINE))
    targets = {service["build"]["target"] for service in SERVICES.values() if "build" in service}
    assert targets == {"gateway", "worker", "worker-gpu", "llama"}
    assert targets <= stages


def test_the_gpu_profile_serves_the_same_queue_on_a_gpu_and_never_without_one() -> None:
    on_gpus, usual = SERVICES["inference-gpu"], SERVICES["inference"]
    assert on_gpus["profiles"] == ["gpu"]
    for what in ("command", "healthcheck", "volumes", "depends_on", "stop_grace_period"):
        assert on_gpus[what] == usual[what], what
    assert on_gpus["environment"] == usual["environment"] | {"PARLEY_ENGINE": "tensorflow"}
    (device,) = on_gpus["deploy"]["resources"]["reservations"]["devices"]
    assert device["driver"] == "nvidia"
    assert device["count"] == 1  # docker-compose 1.29 takes no text for it
    assert device["capabilities"] == ["gpu"]


def test_the_voice_is_there_only_if_asked_for_with_a_model_elsewhere_or_here() -> None:
    worker, model = SERVICES["generation"], SERVICES["llm"]
    assert worker["profiles"] == ["voice", "llama"]
    assert model["profiles"] == ["llama"]
    assert worker["environment"] == SERVICES["inference"]["environment"]
    assert "-Q generation -n generation@%h" in " ".join(worker["command"])
    known = {f"PARLEY_{name}".upper() for name in LlamaSettings.model_fields}
    assert set(model["environment"]) <= known
    own = LlamaSettings.model_fields.keys() - VoiceSettings.model_fields.keys()
    assert set(model["environment"]) >= {f"PARLEY_{name}".upper() for name in own}
    assert not {"ports", "depends_on"} & model.keys()
    (mounted,) = model["volumes"]
    assert mounted.endswith(f":{model['environment']['PARLEY_LLM_GGUF']}:ro")
    port = model["environment"]["PARLEY_LLM_PORT"]
    assert model["healthcheck"]["test"][-1] == f"http://127.0.0.1:{port}/health"


def test_no_image_holds_a_key_or_a_model_of_the_voice() -> None:
    assert "PARLEY_LLM" not in DOCKERFILE.read_text()
    assert ".gguf" not in DOCKERFILE.read_text()
    assert re.findall(r"install-lock /requirements/(\S+)", stage("packages-llama")) == ["llama.txt"]


def test_cpu_images_hold_no_tensorflow() -> None:
    locks = re.findall(r"install-lock /requirements/(\S+)", stage("packages"))
    assert locks == ["serve.txt", "tracing.txt"]
    assert "tensorflow" not in (ROOT / "requirements" / "serve.txt").read_text()
    assert "COPY --from=model /opt/packages" not in DOCKERFILE.read_text()


def test_no_image_holds_what_injects_faults() -> None:
    copied = re.findall(r"^COPY (infra\S*)", stage("source"), re.MULTILINE)
    assert copied == [
        "infra/*.py",
        *(f"infra/{name}" for name in ("cli", "deploy", "supervisor", "top")),
    ]
    ignored = (ROOT / ".dockerignore").read_text().splitlines()
    assert {"infra/bench", "infra/chaos", "infra/harness"} <= set(ignored)

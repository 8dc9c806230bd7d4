"""docker-compose.yml is true: every service's very command and health check, as local processes."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from graphlib import TopologicalSorter
from pathlib import Path
from typing import Any

import pytest
import redis
import requests
import yaml

from gateway.settings import GatewaySettings
from shared.settings import CommonSettings
from tests.processes import free_port, redis_binary, wait_until
from workers.settings import WorkerSettings

ROOT = Path(__file__).parent.parent.parent
DOCKERFILE = ROOT / "infra" / "docker" / "Dockerfile"
IMAGE_DECIDES = {"data_dir", "model_dir", "redis_port"}


def interpolate(value: Any) -> Any:
    """Fill in the defaults of `${NAME:-default}`, as for someone who has set nothing."""
    if isinstance(value, dict):
        return {key: interpolate(each) for key, each in value.items()}
    if isinstance(value, list):
        return [interpolate(each) for each in value]
    if not isinstance(value, str):
        return value
    return re.sub(r"\$\{\w+:-([^}]*)\}|\$(\$)", lambda found: found[1] or found[2] or "", value)


def read(name: str) -> dict[str, Any]:
    services: dict[str, Any] = interpolate(yaml.safe_load((ROOT / name).read_text()))["services"]
    return services


SERVICES = read("docker-compose.yml")
ON_GPUS = read("docker-compose.gpu.yml")


def seconds(duration: str) -> float:
    assert duration.endswith("s")
    return float(duration.removesuffix("s"))


@dataclass
class Service:
    """One service of the file, run on this machine."""

    name: str
    wanted: Mapping[str, Any]
    places: Mapping[str, str]
    folder: Path
    processes: list[subprocess.Popen[bytes]] = field(default_factory=list)

    @property
    def command(self) -> list[str]:
        return self.localise(self.wanted["command"])

    @property
    def health_command(self) -> list[str]:
        how, *command = self.localise(self.wanted["healthcheck"]["test"])
        assert how == "CMD"
        return command

    @property
    def log(self) -> Path:
        return self.folder / f"{self.name}.log"

    def localise(self, words: Sequence[str]) -> list[str]:
        """Put this machine's ports and folders in the place of the containers' own."""
        pattern = "|".join(re.escape(place) for place in self.places)
        return [re.sub(pattern, lambda found: self.places[found[0]], word) for word in words]

    def environment(self) -> dict[str, str]:
        asked = {name: v for name, v in self.wanted.get("environment", {}).items() if v is not None}
        here = {name: v for name, v in os.environ.items() if not name.startswith("PARLEY_")}
        programs = f"{Path(sys.executable).parent}:{redis_binary().parent}:{os.environ['PATH']}"
        return (
            here
            | dict(zip(asked, self.localise(list(asked.values())), strict=True))
            | {"PATH": programs}
        )

    def start(self) -> None:
        with self.log.open("wb") as log:
            process = subprocess.Popen(
                self.command,
                cwd=ROOT,
                env=self.environment(),
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        self.processes.append(process)

    def healthy(self) -> bool:
        """Run the health check; fail at once when the service has ended."""
        assert self.processes[-1].poll() is None, self.log.read_text()[-3000:]
        if self.health_command[0] == "redis-cli":
            return self._redis_answers()
        return self.check().returncode == 0

    def check(self, **environment: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            self.health_command,
            cwd=ROOT,
            env=self.environment() | environment,
            timeout=seconds(self.wanted["healthcheck"]["timeout"]),
            capture_output=True,
            text=True,
            check=False,
        )

    def _redis_answers(self) -> bool:
        """Do what `redis-cli -e` does, which the embedded Redis comes without."""
        _, exit_on_error, _, port, command = self.health_command
        assert exit_on_error == "-e"
        try:
            with redis.Redis(port=int(port)) as client:
                return bool(client.execute_command(command))
        except redis.RedisError:
            return False

    def stop(self) -> None:
        """Stop as `docker compose stop` does and expect a clean end in the time it grants."""
        for process in self.processes:
            process.terminate()
            try:
                status = process.wait(timeout=seconds(self.wanted["stop_grace_period"]))
            finally:
                process.kill()
            assert status == 0, f"{self.name} ended with {status}: {self.log.read_text()[-3000:]}"


@dataclass(frozen=True)
class System:
    """All services, running."""

    services: Mapping[str, Service]
    url: str


@pytest.fixture(scope="module")
def system(tmp_path_factory: pytest.TempPathFactory, model_dir: Path) -> Iterator[System]:
    """Start the services in the order that depends_on asks for; stop them the other way round."""
    folder = tmp_path_factory.mktemp("compose")
    places = places_here(folder, model_dir)
    services = {name: Service(name, wanted, places, folder) for name, wanted in SERVICES.items()}
    with ExitStack() as stops:
        for name in TopologicalSorter(
            {n: wanted.get("depends_on", {}) for n, wanted in SERVICES.items()}
        ).static_order():
            for other, link in SERVICES[name].get("depends_on", {}).items():
                if link["condition"] == "service_healthy":
                    wait_until(services[other].healthy, 60)
            services[name].start()
            stops.callback(services[name].stop)
        for service in services.values():
            wait_until(service.healthy, 120)
        yield System(services, f"http://127.0.0.1:{places['8000']}")


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


def test_a_message_is_answered_from_end_to_end(system: System) -> None:
    assert requests.get(f"{system.url}/readyz", timeout=10).status_code == 200
    answer = requests.post(
        f"{system.url}/chat", json={"message": "How long does delivery take?"}, timeout=30
    )
    assert answer.status_code == 200, answer.text
    reply = answer.json()
    assert reply["answer"]["kind"] == "answer"
    assert reply["engine"].startswith("litert")


def test_health_checks_tell_what_is_missing(system: System) -> None:
    nowhere = f"redis://127.0.0.1:{free_port()}/0"
    for name in ("inference", "sentiment"):
        unwell = system.services[name].check(PARLEY_REDIS_URL=nowhere)
        assert unwell.returncode == 1
        assert "Redis" in unwell.stderr
    command = [*system.services["inference"].health_command[:-1], "http://127.0.0.1:1/healthz"]
    assert subprocess.run(command, cwd=ROOT, check=False, stderr=subprocess.PIPE).returncode == 1


def test_redis_is_durable_and_never_evicts(system: System) -> None:
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
    [("gateway", GatewaySettings), ("inference", WorkerSettings), ("sentiment", WorkerSettings)],
)
def test_every_setting_can_be_handed_on(name: str, settings: type[CommonSettings]) -> None:
    known = {f"PARLEY_{each}".upper() for each in settings.model_fields.keys() - IMAGE_DECIDES}
    handed_on = {each for each in SERVICES[name]["environment"] if each.startswith("PARLEY_")}
    assert known == handed_on


def test_only_gateway_and_flower_are_reached_and_only_from_this_machine() -> None:
    published = {name: service["ports"] for name, service in SERVICES.items() if "ports" in service}
    assert published.keys() == {"gateway", "flower"}
    assert all(port.startswith("127.0.0.1:") for ports in published.values() for port in ports)


def test_workers_can_be_scaled() -> None:
    for name in ("inference", "sentiment"):
        assert not {"container_name", "hostname", "ports"} & SERVICES[name].keys()
        assert f"{name}@%h" in SERVICES[name]["command"]


def test_services_are_looked_after() -> None:
    for service in SERVICES.values():
        assert service["restart"] == "unless-stopped"
        assert {"healthcheck", "stop_grace_period"} <= service.keys()


@pytest.mark.parametrize("services", [SERVICES, ON_GPUS])
def test_images_are_built_from_stages_that_exist(services: Mapping[str, Any]) -> None:
    stages = set(re.findall(r"^FROM \S+ AS (\S+)$", DOCKERFILE.read_text(), re.MULTILINE))
    targets = {service["build"]["target"] for service in services.values() if "build" in service}
    assert targets
    assert targets <= stages


def test_the_gpu_variant_reserves_a_gpu_for_a_service_that_exists() -> None:
    assert ON_GPUS.keys() == {"inference"}
    (device,) = ON_GPUS["inference"]["deploy"]["resources"]["reservations"]["devices"]
    assert device["driver"] == "nvidia"
    assert device["capabilities"] == ["gpu"]


def test_cpu_images_hold_no_tensorflow() -> None:
    locks = re.findall(r"install-lock /requirements/(\S+)", stage("packages"))
    assert locks == ["serve.txt"]
    assert "tensorflow" not in (ROOT / "requirements" / "serve.txt").read_text()
    assert "COPY --from=model /opt/packages" not in DOCKERFILE.read_text()


def image_environment() -> dict[str, str]:
    """Return the settings that the images bring."""
    return dict(re.findall(r"(PARLEY_\w+)=(\S+)", stage("gateway")))


def stage(name: str) -> str:
    """Return a stage's lines of the Dockerfile."""
    found = re.search(
        rf"^FROM \S+ AS {name}$(.*?)(?=^FROM|\Z)", DOCKERFILE.read_text(), re.M | re.S
    )
    assert found is not None
    return found[1]

"""The system under test: two inference workers, two gateways, a proxy in front of Redis.

With a voice also a generation worker, and a scripted model server behind the same proxy.
"""

import dataclasses
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from infra.chaos.faults import GATEWAYS, INFERENCE, LINKED, MODEL_SERVER
from infra.chaos.plan import ChaosPlan
from infra.chaos.planted_bug import PLANTED_BUG
from infra.harness.ports import free_ports
from infra.harness.running_system import ProcessObserver
from infra.harness.systems import Allocation, System
from infra.supervisor.backoff import RestartPolicy
from infra.supervisor.logs import LogFolder
from infra.supervisor.plan import plan_services
from infra.supervisor.probes import HttpProbe
from infra.supervisor.service import Service

# A service that is killed again and again must come back quickly each time.
QUICK_RESTARTS = RestartPolicy(first_seconds=1.0, max_seconds=1.0, short_lives_max_seconds=1.0)
_LEFT_OUT = "flower"  # no message needs it
VOICE_TARGET_SECONDS = 3.0


@dataclass(frozen=True, slots=True)
class ChaosTestbed:
    """The services to start, and where they listen.

    `links` are the proxy's ports, `far_ports` where those of them lead that do not lead to Redis.
    """

    system: System
    gateway_urls: tuple[str, ...]
    redis_port: int
    links: Mapping[str, int]
    far_ports: Mapping[str, int]

    @property
    def redis_url(self) -> str:
        """Return the address of Redis itself, past the proxy."""
        return f"redis://127.0.0.1:{self.redis_port}/0"


def build_testbed(folder: Path, model_folder: Path, plan: ChaosPlan) -> ChaosTestbed:
    """Return a system on free ports whose services reach Redis through one link each."""
    names = (*LINKED, *MODEL_SERVER)
    http, second_http, redis, flower, model, *link_ports = free_ports(5 + len(names))
    links = dict(zip(names, link_ports, strict=True))
    allocation = Allocation(http, redis, flower, folder, model_folder, processors=1)
    llm_url = f"http://127.0.0.1:{links[MODEL_SERVER[0]]}/v1" if plan.voice else None
    settings = allocation.stack_settings(
        inference_workers=len(INFERENCE),
        llm_url=llm_url,
        llm_gguf=None,
    )
    services = [_model_server(model, plan.seed)] if plan.voice else []
    for service in plan_services(settings):
        if service.name == GATEWAYS[0]:
            services.append(_second_gateway(service, second_http))
        if service.name != _LEFT_OUT:
            services.append(service)
    linked = tuple(_linked(service, links, planted_bug=plan.planted_bug) for service in services)
    urls = (f"http://127.0.0.1:{http}", f"http://127.0.0.1:{second_http}")
    system = System("parley", urls[0], linked, "/readyz", settings.redis_address)
    return ChaosTestbed(system, urls, redis, links, {MODEL_SERVER[0]: model})


def _model_server(port: int, seed: int) -> Service:
    return Service(
        name=MODEL_SERVER[0],
        command=(sys.executable, "-m", "infra.chaos.model_server", str(port), str(seed)),
        probe=HttpProbe(f"http://127.0.0.1:{port}/health"),
    )


def _second_gateway(first: Service, port: int) -> Service:
    return dataclasses.replace(
        first,
        name=GATEWAYS[1],
        probe=HttpProbe(f"http://127.0.0.1:{port}/healthz"),
        environment={**first.environment, "PARLEY_HTTP_PORT": str(port)},
    )


def _linked(service: Service, links: Mapping[str, int], *, planted_bug: bool) -> Service:
    """Point a service at the proxy, and replace a worker by the campaign's own."""
    if service.name not in LINKED:
        return service
    command = tuple(
        "infra.chaos.celery_app" if word == "workers.celery_app" else word
        for word in service.command
    )
    environment = {
        **service.environment,
        "PARLEY_REDIS_URL": f"redis://127.0.0.1:{links[service.name]}/0",
        "PARLEY_LATENCY_TARGET_MS": "5000",  # so that second looks are under way when faults hit
        "PARLEY_VOICE_TARGET_MS": f"{1_000 * VOICE_TARGET_SECONDS:.0f}",
    }
    if planted_bug:
        environment[PLANTED_BUG] = "1"
    return dataclasses.replace(service, command=command, environment=environment)


class ChaosObserver(ProcessObserver):
    """Keep when each service was started, became ready and died; times are Unix seconds."""

    def __init__(self, logs: LogFolder) -> None:
        super().__init__(logs)
        self.ready_at: dict[str, list[float]] = {}
        self.deaths: dict[str, list[int]] = {}
        self._down: set[str] = set()

    def is_up(self, name: str) -> bool:
        """Tell whether a service is ready, as far as is known."""
        return name in self.ready_at and name not in self._down

    def started(self, service: Service, pid: int) -> None:
        """Keep the process; it is not ready yet."""
        super().started(service, pid)
        self._down.add(service.name)

    def ready(self, service: Service, seconds: float) -> None:
        """Keep the time from which the service is ready."""
        self._down.discard(service.name)
        self.ready_at.setdefault(service.name, []).append(time.time())

    def died(self, service: Service, code: int, wait_seconds: float) -> None:
        """Keep the death; in a campaign it is no failure."""
        self._down.add(service.name)
        self.deaths.setdefault(service.name, []).append(code)

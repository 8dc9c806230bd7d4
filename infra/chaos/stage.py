"""The system that is struck: two inference workers, two gateways, a proxy before Redis."""

import dataclasses
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from infra.bench.hosting import Watch
from infra.bench.systems import System, free_ports
from infra.chaos.faults import GATEWAYS, INFERENCE, LINKED
from infra.chaos.worker import PLANTED_BUG
from infra.stack.backoff import RestartPolicy
from infra.stack.logs import LogFolder
from infra.stack.part import Part
from infra.stack.plan import plan_parts
from infra.stack.probes import HttpProbe
from infra.stack.settings import StackSettings
from shared.settings import load

# A part that is struck again and again must come back quickly each time.
QUICK_RESTARTS = RestartPolicy(first_seconds=1.0, longest_seconds=1.0)
_LEFT_OUT = "flower"  # it takes no part in answering


@dataclass(frozen=True, slots=True)
class Stage:
    """The parts to start, and where they listen; `links` are the proxy's ports."""

    system: System
    gateway_urls: tuple[str, ...]
    redis_port: int
    links: Mapping[str, int]

    @property
    def redis_url(self) -> str:
        """Return the address of Redis itself, past the proxy."""
        return f"redis://127.0.0.1:{self.redis_port}/0"


def build_stage(folder: Path, model_folder: Path, *, planted_bug: bool) -> Stage:
    """Return a system on free ports whose parts reach Redis through their own link each."""
    http, second_http, redis, flower, *link_ports = free_ports(4 + len(LINKED))
    links = dict(zip(LINKED, link_ports, strict=True))
    settings = load(
        StackSettings,
        http_host="127.0.0.1",
        http_port=http,
        redis_url=None,
        redis_port=redis,
        flower_port=flower,
        data_dir=folder,
        model_dir=model_folder,
        inference_workers=len(INFERENCE),
    )
    settings.redis_folder.mkdir(parents=True)
    parts = []
    for part in plan_parts(settings):
        if part.name == GATEWAYS[0]:
            parts.append(_second_gateway(part, second_http))
        if part.name != _LEFT_OUT:
            parts.append(part)
    linked = tuple(_linked(part, links, planted_bug=planted_bug) for part in parts)
    urls = (f"http://127.0.0.1:{http}", f"http://127.0.0.1:{second_http}")
    system = System("parley", urls[0], linked, "/readyz", settings.redis_address)
    return Stage(system, urls, redis, links)


def _second_gateway(first: Part, port: int) -> Part:
    return dataclasses.replace(
        first,
        name=GATEWAYS[1],
        probe=HttpProbe(f"http://127.0.0.1:{port}/healthz"),
        environment={**first.environment, "PARLEY_HTTP_PORT": str(port)},
    )


def _linked(part: Part, links: Mapping[str, int], *, planted_bug: bool) -> Part:
    """Lead a part to the proxy, and let a worker be the campaign's own."""
    if part.name not in links:
        return part
    command = tuple(
        "infra.chaos.celery_app" if word == "workers.celery_app" else word for word in part.command
    )
    environment = {
        **part.environment,
        "PARLEY_REDIS_URL": f"redis://127.0.0.1:{links[part.name]}/0",
    }
    if planted_bug:
        environment[PLANTED_BUG] = "1"
    return dataclasses.replace(part, command=command, environment=environment)


class StageWatch(Watch):
    """Remember when each part was started, served and died; times are Unix seconds."""

    def __init__(self, logs: LogFolder) -> None:
        super().__init__(logs)
        self.ready_at: dict[str, list[float]] = {}
        self.deaths: dict[str, list[int]] = {}
        self._down: set[str] = set()

    def is_up(self, name: str) -> bool:
        """Tell whether a part serves, as far as is known."""
        return name in self.ready_at and name not in self._down

    def started(self, part: Part, pid: int) -> None:
        """Remember the process; it does not serve yet."""
        super().started(part, pid)
        self._down.add(part.name)

    def ready(self, part: Part, seconds: float) -> None:
        """Remember that the part serves from now on."""
        self._down.discard(part.name)
        self.ready_at.setdefault(part.name, []).append(time.time())

    def died(self, part: Part, code: int, wait_seconds: float) -> None:
        """Remember the death; here it is no fault."""
        self._down.add(part.name)
        self.deaths.setdefault(part.name, []).append(code)

"""A system that can be run and asked, and Parley as one."""

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from infra.supervisor.plan import plan_services
from infra.supervisor.service import Service
from infra.supervisor.settings import StackSettings
from shared import keys
from shared.settings import load
from workers.encoder_choice import EncoderChoice

_NOTHING: Mapping[str, str] = {}
CACHES_OFF = {"PARLEY_PHRASE_CACHE": "0", "PARLEY_VECTOR_CACHE": "0"}


@dataclass(frozen=True, slots=True)
class Allocation:
    """What a system may use: three free ports, an empty folder, the model, the processors.

    `cluster_url` is of a Redis Cluster that runs already, in the place of a Redis of its own.
    """

    http_port: int
    redis_port: int
    flower_port: int
    folder: Path
    model_folder: Path
    processors: int
    caches: bool = False
    cluster_url: str | None = None

    @property
    def url(self) -> str:
        """Return the address of the HTTP side."""
        return f"http://127.0.0.1:{self.http_port}"

    @property
    def redis_url(self) -> str:
        """Return the address of the system's Redis."""
        return self.cluster_url or f"redis://127.0.0.1:{self.redis_port}/0"

    def stack_settings(
        self,
        inference_workers: int = 1,
        encoder: EncoderChoice | None = None,
        **more: Any,
    ) -> StackSettings:
        """Return a whole stack's settings on these ports and folders; make its Redis folder."""
        settings = load(
            StackSettings,
            http_host="127.0.0.1",
            http_port=self.http_port,
            redis_url=self.cluster_url,
            redis_port=self.redis_port,
            flower_port=self.flower_port,
            data_dir=self.folder,
            model_dir=self.model_folder,
            inference_workers=inference_workers,
            encoder=encoder,
            **more,
        )
        settings.redis_folder.mkdir(parents=True)
        return settings


@dataclass(frozen=True, slots=True)
class System:
    """A system that answers POST /chat.

    It is ready once `ready_path` answers 200 and, if workers send heartbeats to `redis_url`, once
    that number of inference workers is alive. `api_key` is sent with each request, if it has one.
    """

    name: str
    url: str
    services: tuple[Service, ...]
    ready_path: str = "/healthz"
    redis_url: str | None = None
    inference_workers: int = 1
    api_key: str | None = None


def parley(
    name: str,
    allocation: Allocation,
    environment: Mapping[str, str] = _NOTHING,
    inference_environment: Mapping[str, str] = _NOTHING,
    workers: int = 1,
    encoder: EncoderChoice | None = None,
) -> System:
    """Return the whole stack under a name; settings for all services, or for inference alone."""
    common = {**({} if allocation.caches else CACHES_OFF), **environment}
    inference = {**common, **inference_environment}
    services = tuple(
        dataclasses.replace(
            service,
            environment={
                **service.environment,
                **(inference if service.name.startswith(keys.INFERENCE) else common),
            },
        )
        for service in plan_services(allocation.stack_settings(workers, encoder))
    )
    return System(name, allocation.url, services, "/readyz", allocation.redis_url, workers)

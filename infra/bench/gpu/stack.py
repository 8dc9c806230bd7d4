"""Parley with workers on a GPU, as a system that can be started."""

import dataclasses
from collections.abc import Iterator, Mapping

from infra.bench.gpu.plan import GpuPlan, Stack
from infra.harness.systems import Allocation, System, parley
from infra.supervisor.service import Service
from shared import keys


def gpu_stack(plan: GpuPlan, stack: Stack, allocation: Allocation) -> System:
    """Return the whole stack; all inference and sentiment workers share the GPU."""
    common = {
        "PARLEY_GATEWAY_WORKERS": str(plan.around),
        "PARLEY_ENGINE": plan.engine,
        "PARLEY_MAX_BATCH": str(stack.max_batch),
        "PARLEY_TOKEN_BUDGET": str(stack.token_budget),
        **({"PARLEY_PARTITIONS": str(stack.masters)} if stack.masters > 1 else {}),
    }
    system = parley("parley", allocation, common, {}, stack.workers, stack.encoder)
    engine = {"PARLEY_ENGINE": plan.sentiment_engine(stack)}
    services = tuple(
        each
        for service in system.services
        for each in (
            _copies(service, plan.sentiment_workers, engine)
            if service.name == keys.SENTIMENT
            else (service,)
        )
    )
    return dataclasses.replace(system, services=services)


def _copies(service: Service, count: int, own: Mapping[str, str]) -> Iterator[Service]:
    """Yield a worker with settings of its own, and further ones under names of their own."""
    service = dataclasses.replace(service, environment={**service.environment, **own})
    yield service
    for number in range(2, count + 1):
        name = f"{service.name}-{number}"
        command = (*service.command[:-1], f"{name}@%h")
        yield dataclasses.replace(service, name=name, command=command)

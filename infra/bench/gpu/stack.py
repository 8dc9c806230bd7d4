"""Parley with workers on a GPU, as a system that can be started."""

import dataclasses
from collections.abc import Iterator

from infra.bench.gpu.plan import GpuPlan, Stack
from infra.harness.systems import Allocation, System, parley
from infra.supervisor.service import Service
from shared import keys


def gpu_stack(plan: GpuPlan, stack: Stack, allocation: Allocation) -> System:
    """Return the whole stack; all inference and sentiment workers share the GPU."""
    common = {
        "PARLEY_GATEWAY_WORKERS": str(plan.around),
        "PARLEY_ENGINE": plan.engine,  # of tones too
        "PARLEY_MAX_BATCH": str(stack.max_batch),
        "PARLEY_TOKEN_BUDGET": str(stack.token_budget),
        "TF_FORCE_GPU_ALLOW_GROWTH": "true",  # several processes must find room
    }
    system = parley("parley", allocation, common, {}, stack.workers, stack.encoder)
    services = tuple(
        each
        for service in system.services
        for each in _copies(service, plan.sentiment_workers if _is_sentiment(service) else 1)
    )
    return dataclasses.replace(system, services=services)


def _is_sentiment(service: Service) -> bool:
    return service.name == keys.SENTIMENT


def _copies(service: Service, count: int) -> Iterator[Service]:
    """Yield a worker, and further ones under names of their own."""
    yield service
    for number in range(2, count + 1):
        name = f"{service.name}-{number}"
        command = (*service.command[:-1], f"{name}@%h")
        yield dataclasses.replace(service, name=name, command=command)

"""Real processes for tests: started on free ports, ended by id."""

import time
from collections.abc import Callable

from infra.harness.ports import free_ports
from infra.harness.scratch_redis import ScratchRedis as RedisServer

__all__ = ["RedisServer", "free_port", "wait_until"]


def free_port() -> int:
    """Return a port that nothing listens on now."""
    (port,) = free_ports(1)
    return port


def wait_until(
    condition: Callable[[], bool], timeout_seconds: float, poll_seconds: float = 0.02
) -> None:
    """Return as soon as the condition holds; raise TimeoutError when it does not in time."""
    deadline = time.monotonic() + timeout_seconds
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError(f"{condition} did not hold within {timeout_seconds} s")
        time.sleep(poll_seconds)

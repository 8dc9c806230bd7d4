"""How many of our own functions lie between the route of a message and the enqueue script."""

import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from types import FrameType

import pytest
import redis

from gateway.app import create_app
from gateway.settings import GatewaySettings
from gateway.wsgi import connect_dependencies
from shared.settings import load
from tests.processes import wait_until

ROOT = Path(__file__).parent.parent.parent
OWN = (str(ROOT / "gateway"), str(ROOT / "shared"))
MAX_FRAMES = 8


def own_functions(frame: FrameType | None) -> Iterator[str]:
    """Yield the names of our functions on a stack, innermost first."""
    while frame is not None:
        if frame.f_code.co_filename.startswith(OWN):
            yield frame.f_code.co_qualname
        frame = frame.f_back


@pytest.mark.parametrize("prefer", ["wait=1", "respond-async"])
def test_a_message_passes_few_functions_from_route_to_script(
    prefer: str, redis_client: "redis.Redis"
) -> None:
    settings = load(GatewaySettings)
    dependencies = connect_dependencies(redis_client, settings)
    client = create_app(dependencies, settings).test_client()
    wait_until(dependencies.feed.is_live, 10)
    stacks: list[tuple[str, ...]] = []

    def record(frame: FrameType, event: str, _argument: object) -> None:
        if event == "call" and frame.f_code.co_filename.startswith(OWN):
            stacks.append(tuple(own_functions(frame)))

    threading.setprofile(record)
    sys.setprofile(record)
    try:
        client.post("/chat", json={"message": "Hello"}, headers={"Prefer": prefer})
    finally:
        sys.setprofile(None)
        threading.setprofile(None)
        dependencies.feed.stop()  # type: ignore[attr-defined]

    handoff = ("Coalescer.post", "Dispatcher.submit"), ("Coalescer.submit", "Dispatcher.submit")
    request = next(stack for stack in stacks if stack[:2] in handoff)
    sender = max((stack for stack in stacks if "RedisPublisher._enqueue" in stack), key=len)
    assert sender[-1] == "Coalescer._run"
    assert len(request) + len(sender) <= MAX_FRAMES, (request, sender)

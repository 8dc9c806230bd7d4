"""How many of our own functions lie between the route of a message and the enqueue script."""

import pytest
import redis

from gateway.app import create_app
from gateway.settings import GatewaySettings
from gateway.wsgi import connect_dependencies
from shared.partitions import one_partition
from shared.settings import load
from tests.support.frames import recorded_stacks
from tests.support.processes import wait_until

MAX_FRAMES = 8


@pytest.mark.parametrize("prefer", ["wait=1", "respond-async"])
def test_a_message_passes_few_functions_from_route_to_script(
    prefer: str, redis_client: "redis.Redis"
) -> None:
    settings = load(GatewaySettings)
    dependencies = connect_dependencies(one_partition(redis_client), settings)
    client = create_app(dependencies, settings).test_client()
    wait_until(dependencies.feed.is_live, 10)
    with recorded_stacks() as stacks:
        client.post("/chat", json={"message": "Hello"}, headers={"Prefer": prefer})
    dependencies.feed.stop()  # type: ignore[attr-defined]

    handoff = ("Coalescer.post", "Dispatcher.submit"), ("Coalescer.submit", "Dispatcher.submit")
    request = next(stack for stack in stacks if stack[:2] in handoff)
    request = request[: request.index("register.<locals>.chat") + 1]
    sender = max((stack for stack in stacks if "RedisPublisher._enqueue" in stack), key=len)
    assert sender[-1] == "Coalescer._run"
    assert len(request) + len(sender) <= MAX_FRAMES, (request, sender)

"""Every list that kombu makes for a queue is served; others are seen and told."""

from typing import Any

import pytest
import redis
from celery import Celery

from shared import keys
from shared.foreign_lists import ForeignLists
from shared.queue_lists import QueueLists
from tests.contract.broker import POLICY, Broker
from workers.consumer.lease_queue import QueuePolicy

ASKED = {"message": "How can I pay?"}


def send(url: str, transport: dict[str, Any]) -> None:
    app = Celery("shop", broker=url, backend="disabled://", set_as_current=False)
    app.conf.broker_transport_options = transport
    for priority in (9, 5, 4, 1, 0):
        app.send_task("chat.infer", [ASKED], queue="inference", priority=priority)
    app.close()


@pytest.mark.parametrize(
    ("transport", "lists"),
    [
        ({}, QueueLists()),
        ({"priority_steps": list(range(10))}, QueueLists()),
        ({"priority_steps": [0, 2, 5, 8]}, QueueLists()),
        ({"priority_steps": list(range(10)), "sep": ":"}, QueueLists(":")),
        ({"sep": ":", "global_keyprefix": "shop_"}, QueueLists(":", "shop_")),
        ({"global_keyprefix": "shop_"}, QueueLists(prefix="shop_")),
    ],
)
def test_each_clients_messages_are_leased(
    broker: Broker, transport: dict[str, Any], lists: QueueLists
) -> None:
    send(broker.url, transport)
    policy = QueuePolicy(deliveries=POLICY.deliveries, lists=lists)
    leases = broker.inference("w", policy).lease(9)
    assert len(leases) == 5
    assert b'"priority": 9' in leases[-1].raw
    assert ForeignLists(broker.client, lists).look_at_all() == {}


def test_messages_that_nobody_serves_are_seen(broker: Broker, redis_client: redis.Redis) -> None:
    send(broker.url, {"sep": ":", "global_keyprefix": "shop_"})
    redis_client.lpush("shop_orders", b"x")
    redis_client.lpush(keys.quarantine(keys.INFERENCE), b"x")
    found = ForeignLists(redis_client, QueueLists())
    assert found.look_at_all() == {
        "shop_inference": 2,
        "shop_inference:3": 2,
        "shop_inference:9": 1,
    }
    redis_client.delete("shop_inference")
    assert found.look_at_all().keys() == {"shop_inference:3", "shop_inference:9"}

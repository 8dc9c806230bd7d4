"""Connections that rest between two calls: whose they are, and what they may have missed."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import redis

from shared import connection as module
from shared.connection import MAX_CONNECTIONS, connect
from tests.contract.broker import Broker


def test_no_connection_is_given_to_two_at_once(broker: Broker) -> None:
    with connect(broker.url) as client:
        pool: Any = client.connection_pool
        one, other = pool.get_connection(), pool.get_connection()
        assert one is not other
        for again in (one, one, other):  # who gives one back twice has it once
            pool.release(again)
        taken = [pool.get_connection() for _ in range(3)]
        assert taken[:2] == [other, one]
        assert len({id(each) for each in taken}) == 3


def test_many_threads_need_no_more_connections_than_they_are(broker: Broker) -> None:
    with connect(broker.url) as client, ThreadPoolExecutor(8) as callers:
        found = list(callers.map(client.echo, [b"%d" % n for n in range(400)]))
        assert found == [b"%d" % n for n in range(400)]
        assert len(set(callers.map(lambda _: client.client_id(), range(400)))) <= 8


def test_all_that_rest_count_among_the_most_there_may_be(broker: Broker) -> None:
    with connect(broker.url) as client:
        pool: Any = client.connection_pool
        for _ in range(2):
            taken = [pool.get_connection() for _ in range(MAX_CONNECTIONS)]
            for connection in taken:
                pool.release(connection)
        assert client.ping()


@pytest.mark.parametrize("rest_seconds", [0.0, 1.0])
def test_one_that_was_cut_meanwhile_is_replaced(
    broker: Broker, monkeypatch: pytest.MonkeyPatch, rest_seconds: float
) -> None:
    monkeypatch.setattr(module._Pool, "rest_seconds", rest_seconds)
    with connect(broker.url) as client, redis.Redis.from_url(broker.url) as admin:
        number = client.client_id()
        admin.client_kill_filter(_id=str(number))
        assert client.client_id() != number


def test_a_client_that_is_closed_leaves_no_connection_open(broker: Broker) -> None:
    with connect(broker.url) as client, redis.Redis.from_url(broker.url) as admin:
        number = client.client_id()
        client.close()
        assert number not in {int(each["id"]) for each in admin.client_list()}
        assert client.ping()

"""Calls of Lua scripts on a real Redis that forgets them, fails them or drops the connection."""

from importlib import resources

import pytest
import redis

from shared.connection import connect
from shared.scripts import register_script, script_text


@pytest.fixture
def client(redis_url: str, redis_client: redis.Redis) -> redis.Redis:
    return connect(redis_url)


def heartbeat(client: redis.Redis, worker: str) -> object:
    script = register_script(client, "heartbeat.lua", "#!lua flags=allow-oom\n")
    return script(
        keys=[f"parley:worker:{worker}", "parley:workers:q"], args=["{}", 1_000, 1, worker]
    )


def test_a_script_that_redis_has_forgotten_is_sent_again(client: redis.Redis) -> None:
    assert heartbeat(client, "a") == 1
    client.script_flush()
    assert heartbeat(client, "b") == 1
    assert client.zcard("parley:workers:q") == 2


def test_a_script_that_fails_leaves_the_connection_usable(client: redis.Redis) -> None:
    client.set("parley:workers:q", "not a sorted set")
    with pytest.raises(redis.ResponseError, match="WRONGTYPE"):
        heartbeat(client, "a")
    assert client.echo("fine") == b"fine"


def test_a_connection_that_was_cut_is_replaced(
    client: redis.Redis, redis_client: redis.Redis
) -> None:
    number = client.client_id()
    redis_client.client_kill_filter(_id=str(number))
    assert heartbeat(client, "a") == 1
    assert client.client_id() != number


@pytest.mark.parametrize("in_partition", [False, True])
def test_redis_compiles_every_script(redis_client: redis.Redis, in_partition: bool) -> None:
    files = resources.files("shared.lua").iterdir()
    names = [each.name for each in files if each.name.endswith(".lua")]
    digests = {
        redis_client.script_load(script_text(name, in_partition=in_partition)) for name in names
    }
    assert len(digests) > 40

"""Calls over a connection of the thread's own, against a real Redis."""

import threading

import pytest
import redis

from shared.caller import Caller, Script
from shared.connection import connect
from tests.processes import free_port

_ECHO = "return {KEYS[1], ARGV[1], redis.call('INCR', 'calls')}"


@pytest.fixture
def caller(redis_url: str, redis_client: redis.Redis) -> Caller:
    return Caller(connect(redis_url))


def test_answers_come_as_redis_gives_them(caller: Caller, redis_client: redis.Redis) -> None:
    redis_client.rpush("list", "a", "b")
    assert caller.call("LRANGE", "list", 0, -1) == [b"a", b"b"]
    assert caller.call("LLEN", "list") == 2
    assert caller.call("GET", "nothing") is None


def test_a_script_is_sent_once(caller: Caller, redis_client: redis.Redis) -> None:
    redis_client.config_resetstat()
    script = Script(caller, _ECHO)
    assert script(["key"], [1.5]) == [b"key", b"1.5", 1]
    assert script(["key"], [b"\x00"]) == [b"key", b"\x00", 2]
    redis_client.script_flush()
    assert script(["key"], ["again"]) == [b"key", b"again", 3]
    stats = redis_client.info("commandstats")
    assert stats["cmdstat_eval"]["calls"] == 2


def test_a_fault_of_the_script_leaves_the_connection_in_step(caller: Caller) -> None:
    broken = Script(caller, "return redis.call('LPUSH', KEYS[1])")
    with pytest.raises(redis.ResponseError):
        broken(["key"])
    assert caller.call("ECHO", "fine") == b"fine"


def test_a_connection_that_was_cut_is_made_anew(caller: Caller, redis_client: redis.Redis) -> None:
    number = caller.call("CLIENT", "ID")
    redis_client.client_kill_filter(_id=str(number))
    assert caller.call("CLIENT", "ID") != number


def test_each_thread_has_a_connection_of_its_own(caller: Caller) -> None:
    seen = [caller.call("CLIENT", "ID"), caller.call("CLIENT", "ID")]
    other = threading.Thread(target=lambda: seen.append(caller.call("CLIENT", "ID")))
    other.start()
    other.join(20)
    assert seen[0] == seen[1] != seen[2]


def test_a_blocked_call_does_not_hold_up_another_thread(
    caller: Caller, redis_client: redis.Redis
) -> None:
    moved: list[bytes | None] = []
    blocked = threading.Thread(
        target=lambda: moved.append(caller.call("BLMOVE", "from", "to", "RIGHT", "LEFT", 10))
    )
    blocked.start()
    caller.call("LPUSH", "from", "message")
    blocked.join(20)
    assert moved == [b"message"]


def test_without_a_server_a_call_says_so() -> None:
    caller = Caller(connect(f"redis://127.0.0.1:{free_port()}/0", timeout_seconds=0.5))
    with pytest.raises(redis.ConnectionError):
        caller.call("PING")

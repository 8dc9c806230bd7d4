"""Old and new processes register on a real Redis; none touches data that it would misread."""

import json
import os
import re
import threading
from collections.abc import Callable
from types import SimpleNamespace

import pytest
import redis

from shared import keys
from shared.errors import ProtocolMismatch
from shared.protocol_version import (
    SPOKEN,
    ProtocolKeeper,
    ProtocolRegister,
    Spoken,
    check_protocol_at_start,
)
from workers.consumer.bootstep import build_consumers

OLD, NEW, NEWEST = Spoken(1, 1), Spoken(2, 1), Spoken(4, 3)


def register(client: "redis.Redis", spoken: Spoken, process: str = "p") -> int:
    return ProtocolRegister(client, spoken).register(process)


def leave(client: "redis.Redis", spoken: Spoken, process: str) -> None:
    """Let a process's time run out at once."""
    ProtocolRegister(client, spoken).register(process, live_seconds=-1.0)


def test_an_empty_redis_takes_the_version_of_the_first(redis_client: "redis.Redis") -> None:
    assert register(redis_client, NEW) == 2
    assert redis_client.hget(keys.PROTOCOL, "data") == b"2"


def test_the_version_rises_only_when_nobody_older_lives(redis_client: "redis.Redis") -> None:
    register(redis_client, OLD, "old")
    assert register(redis_client, NEW, "new") == 1
    assert register(redis_client, OLD, "old") == 1
    assert ProtocolRegister(redis_client).live() == {1: 1, 2: 1}
    leave(redis_client, OLD, "old")
    assert register(redis_client, NEW, "new") == 2
    assert ProtocolRegister(redis_client).live() == {2: 1}


def test_who_has_ended_is_not_counted_among_the_live(redis_client: "redis.Redis") -> None:
    leave(redis_client, OLD, "old")
    assert ProtocolRegister(redis_client).live() == {}


def test_an_older_one_comes_back_until_it_has_risen(redis_client: "redis.Redis") -> None:
    register(redis_client, OLD, "old")
    register(redis_client, NEW, "new")
    leave(redis_client, NEW, "new")
    assert register(redis_client, OLD, "old again") == 1


def test_newer_data_is_refused_with_what_to_do(redis_client: "redis.Redis") -> None:
    register(redis_client, NEW, "new")
    with pytest.raises(ProtocolMismatch, match=r"is of protocol 2, .* up to 1: start the newer"):
        register(redis_client, OLD, "old")
    assert redis_client.hkeys(keys.PROTOCOL) == [b"new", b"data"]


def test_the_doctor_tells_versions_and_registers_nobody(
    parley: Callable[..., tuple[int, str, str]],
    redis_url: str,
    redis_client: "redis.Redis",
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("PARLEY_REDIS_URL", redis_url)

    def told() -> tuple[str, str]:
        found = json.loads(parley("doctor", "--json")[1])["findings"]
        return next((each["state"], each["told"]) for each in found if each["name"] == "protocol")

    assert told() == ("ok", "none stored yet; live processes: none")
    register(redis_client, SPOKEN)
    assert told() == ("ok", f"{SPOKEN.version}; live processes: 1 of {SPOKEN.version}")
    redis_client.hset(keys.PROTOCOL, "data", SPOKEN.version + 1)
    assert told()[0] == "fail"
    assert redis_client.hlen(keys.PROTOCOL) == 2


def test_data_that_is_too_old_is_refused_too(redis_client: "redis.Redis") -> None:
    register(redis_client, OLD, "old")
    with pytest.raises(ProtocolMismatch, match=r"reads 3 and newer: let a version in between"):
        register(redis_client, NEWEST, "newest")


def test_a_process_checks_before_it_starts(redis_url: str, redis_client: "redis.Redis") -> None:
    check_protocol_at_start(redis_url, "one")
    assert ProtocolRegister(redis_client).live() == {SPOKEN.version: 1}
    redis_client.hset(keys.PROTOCOL, "data", SPOKEN.version + 1)
    with pytest.raises(ProtocolMismatch):
        check_protocol_at_start(redis_url, "two")


def test_a_worker_on_newer_data_ends_as_one_that_no_restart_helps(
    redis_url: str, redis_client: "redis.Redis", monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PARLEY_REDIS_URL", redis_url)
    redis_client.hset(keys.PROTOCOL, "data", SPOKEN.version + 1)
    queues = SimpleNamespace(consume_from=["inference"])
    app = SimpleNamespace(amqp=SimpleNamespace(queues=queues), conf=SimpleNamespace())
    with pytest.raises(SystemExit) as ended:
        build_consumers(SimpleNamespace(app=app, hostname="w"), threading.Event())
    assert ended.value.code == os.EX_CONFIG


def test_a_redis_that_is_away_is_no_fault(caplog: pytest.LogCaptureFixture) -> None:
    check_protocol_at_start("redis://127.0.0.1:1/0", "one")
    assert "was not checked" in caplog.text


def test_one_that_was_frozen_while_the_others_went_on_ends(redis_client: "redis.Redis") -> None:
    ended: list[int] = []
    keeper = ProtocolKeeper(ProtocolRegister(redis_client), "frozen", end=ended.append)
    keeper.renew()
    assert (ended, ProtocolRegister(redis_client).live()) == ([], {SPOKEN.version: 1})
    redis_client.hset(keys.PROTOCOL, "data", SPOKEN.version + 1)
    keeper.renew()
    assert ended == [os.EX_CONFIG]


def test_what_is_stored_without_a_number_is_served(redis_client: "redis.Redis") -> None:
    redis_client.set(keys.LEASE_TOKEN, 5)
    assert register(redis_client, OLD) == 1


def test_a_live_time_is_on_the_clock_of_redis(redis_client: "redis.Redis") -> None:
    register(redis_client, NEW, "new")
    found = re.fullmatch(r"b'2 ([0-9.]+)'", str(redis_client.hget(keys.PROTOCOL, "new")))
    assert found
    assert 0 < float(found[1]) - redis_client.time()[0] < 25

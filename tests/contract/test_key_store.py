"""API keys in Redis and in the fake of it."""

import os
import runpy
from dataclasses import replace
from typing import cast

import pytest
import redis

from gateway.exposure import check_exposure
from gateway.settings import GatewaySettings
from shared import keys
from shared.api_keys import ApiKey, KeyStore, digest_of, new_key
from shared.connection import connect
from shared.errors import QueueUnavailable, SettingsError
from shared.key_store import RedisKeyStore
from shared.settings import load
from tests.fakes.access import FakeKeyStore
from tests.support.processes import free_port

DAY = "2026-01-31"
WHOLE = ApiKey("b", "acme", frozenset(("chat", "read")), "Web shop ✓", 2.5, 9.5, "20/s,40")


@pytest.fixture(params=["redis", "fake"])
def store(request: pytest.FixtureRequest) -> KeyStore:
    if request.param == "fake":
        return FakeKeyStore()
    return RedisKeyStore(request.getfixturevalue("redis_client"))


def test_a_key_is_found_by_its_digest_and_its_use_is_noted(store: KeyStore) -> None:
    store.create(digest_of("k"), WHOLE)
    assert store.find(digest_of("k"), DAY) == replace(WHOLE, last_used=DAY)
    assert store.find(digest_of("k"), "2026-02-01") == replace(WHOLE, last_used="2026-02-01")
    assert store.find(digest_of("other"), DAY) is None


def test_keys_are_listed_the_oldest_first(store: KeyStore) -> None:
    assert not store.has_keys()
    store.create(digest_of("k"), WHOLE)
    store.create(digest_of("l"), ApiKey("a", created_at=1.0))
    assert store.has_keys()
    assert [key.id for key in store.all_keys()] == ["a", "b"]
    assert store.all_keys()[1] == WHOLE


def test_a_revoked_key_leaves_nothing(store: KeyStore) -> None:
    store.create(digest_of("k"), WHOLE)
    assert store.revoke("b")
    assert not store.revoke("b")
    assert store.find(digest_of("k"), DAY) is None
    assert not store.has_keys()
    assert store.all_keys() == []


def test_redis_holds_no_key_and_forgets_all_of_a_revoked_one(redis_client: "redis.Redis") -> None:
    store = RedisKeyStore(redis_client)
    key_id, key = new_key()
    store.create(digest_of(key), ApiKey(key_id))
    store.find(digest_of(key), DAY)
    names = cast("list[bytes]", redis_client.keys())
    held = {name: redis_client.hgetall(name) for name in names}
    assert set(held) == {keys.API_KEYS.encode(), keys.api_key(digest_of(key)).encode()}
    assert key.rpartition("_")[2] not in repr(held)
    store.revoke(key_id)
    store.find(digest_of(key), DAY)
    assert redis_client.keys() == []


def test_without_redis_nothing_is_said_of_a_key() -> None:
    with connect(f"redis://127.0.0.1:{free_port()}/0", retries=0) as client:
        store = RedisKeyStore(client)
        for ask in (store.has_keys, store.all_keys, lambda: store.find("0", DAY)):
            with pytest.raises(QueueUnavailable):
                ask()


def test_a_gateway_that_others_reach_needs_a_key(
    redis_url: str,
    redis_client: "redis.Redis",
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    exposed = load(GatewaySettings, redis_url=redis_url, http_host="0.0.0.0")  # noqa: S104
    with pytest.raises(SettingsError, match="there is no API key: make one with `parley keys"):
        check_exposure(exposed)
    monkeypatch.setenv("PARLEY_REDIS_URL", redis_url)
    monkeypatch.setenv("PARLEY_HTTP_HOST", "0.0.0.0")  # noqa: S104
    with pytest.warns(RuntimeWarning), pytest.raises(SystemExit) as end:
        runpy.run_module("gateway.exposure", run_name="__main__")
    assert end.value.code == os.EX_CONFIG  # who starts it knows that no restart helps
    assert "parley gateway: 0.0.0.0 is reached" in capsys.readouterr().err
    RedisKeyStore(redis_client).create(digest_of("k"), WHOLE)
    check_exposure(exposed)
    assert exposed.asks_always

"""`parley keys`: a key is shown once, listed without its secret, and revoked."""

import json
from collections.abc import Callable

import pytest
import redis

from infra.cli.exit_status import ExitStatus
from shared.api_keys import digest_of
from shared.key_store import RedisKeyStore

Parley = Callable[..., tuple[int, str, str]]
DAY = "2026-01-31"


@pytest.fixture
def parley(parley: Parley, redis_url: str, monkeypatch: pytest.MonkeyPatch) -> Parley:
    monkeypatch.setenv("PARLEY_REDIS_URL", redis_url)
    return parley


def test_a_key_is_made_with_the_least_that_it_needs(
    parley: Parley, redis_client: "redis.Redis"
) -> None:
    code, told, _ = parley("keys", "create")
    key = told.splitlines()[0]
    assert code == 0
    found = RedisKeyStore(redis_client).find(digest_of(key), DAY)
    assert found is not None
    assert (found.tenant, found.scopes, found.expires_at) == (
        "default",
        frozenset(("chat",)),
        None,
    )
    assert found.id in key
    assert key not in parley("keys", "list")[1]


def test_all_of_a_key_can_be_said(parley: Parley, redis_client: "redis.Redis") -> None:
    options = (
        *("--tenant", "acme", "--scopes", "read,chat", "--name", "Web shop"),
        *("--expires", "30d", "--rate-limit", "20/s,40"),
    )
    made = json.loads(parley("keys", "create", *options, "--json")[1])
    found = RedisKeyStore(redis_client).find(digest_of(made.pop("key")), DAY)
    assert found is not None
    assert found.expires_at is not None
    assert found.expires_at - found.created_at == 30 * 86_400
    listed = json.loads(parley("keys", "list", "--json")[1])
    assert listed == [made | {"last_used": DAY}]
    assert {"tenant": "acme", "scopes": ["chat", "read"], "rate_limit": "20/s,40"}.items() <= (
        made.items()
    )
    table = parley("keys", "list")[1]
    assert all(
        each in table for each in ("acme", "Web shop", "chat,read", DAY, made["expires"][:10])
    )


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("--tenant", "Acme"),
        ("--scopes", "write"),
        ("--name", "a\x1bb"),
        ("--expires", "soon"),
        ("--expires", "0d"),
        ("--rate-limit", "often"),
    ],
)
def test_a_faulty_option_makes_no_key(
    parley: Parley, redis_client: "redis.Redis", option: str, value: str
) -> None:
    code, told, fault = parley("keys", "create", option, value)
    assert (code, told) == (ExitStatus.USAGE, "")
    assert option in fault
    assert redis_client.keys() == []


def test_revoking_the_last_key_says_what_that_means(parley: Parley) -> None:
    ids = [json.loads(parley("keys", "create", "--json")[1])["id"] for _ in range(2)]
    assert parley("keys", "revoke", ids[0]) == (0, "revoked\n", "")
    assert "lets everybody in" in parley("keys", "revoke", ids[1])[2]
    assert parley("keys", "list") == (0, "No keys.\n", "")
    assert parley("keys", "revoke", ids[0])[0] == ExitStatus.NOT_FOUND

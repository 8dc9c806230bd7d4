"""Who is let in: keys, scopes, and what is open without one."""

from typing import Any

import pytest

from gateway.authentication import CACHE_SECONDS, MAX_CACHED_KEYS, REFRESH_SECONDS, Authenticator
from gateway.caller import ANYONE
from gateway.openapi.document import read_document
from gateway.scopes import OPEN_ENDPOINTS, OPENAI_PREFIX, SCOPES, may_call, wanted_scopes
from gateway.settings import GatewaySettings
from shared.api_keys import ApiKey, Scope, digest_of, new_key
from shared.errors import QueueUnavailable, Unauthenticated
from shared.settings import load
from shared.tenants import DEFAULT_TENANT
from tests.fakes.access import FakeKeyStore
from tests.fakes.clock import ManualClock
from tests.support.gateway_harness import GatewayHarness

WRONG = "pk_0000000000_nobody-has-this-one"


def harness(**settings: Any) -> GatewayHarness:
    made = GatewayHarness(settings=load(GatewaySettings, wait_seconds=5, **settings))
    made.answer_at_once()
    return made


def issue(store: FakeKeyStore, *scopes: Scope, **fields: Any) -> str:
    """Put a new key into a store and return it."""
    key_id, key = new_key()
    store.create(digest_of(key), ApiKey(key_id, scopes=frozenset(scopes or ("chat",)), **fields))
    return key


def bearer(key: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {key}"}


def test_every_endpoint_is_in_the_table() -> None:
    served = {rule.endpoint for rule in GatewayHarness().app.url_map.iter_rules()}
    listed = OPEN_ENDPOINTS | SCOPES.keys()
    assert not {each for each in served - listed if not each.startswith(OPENAI_PREFIX)}


def test_the_document_says_which_calls_need_no_key() -> None:
    rules = {(rule.rule, rule.endpoint) for rule in GatewayHarness().app.url_map.iter_rules()}
    open_paths = {path for path, endpoint in rules if endpoint in OPEN_ENDPOINTS}
    for path, item in read_document()["paths"].items():
        for operation in (each for name, each in item.items() if name != "parameters"):
            assert (operation.get("security") == []) is (path in open_paths)
            assert ("401" in operation["responses"]) is (path not in open_paths)


def test_what_is_not_in_the_table_is_for_the_operator() -> None:
    assert wanted_scopes("added_tomorrow") == frozenset(("admin",))
    assert not may_call("added_tomorrow", "acme")
    assert may_call("added_tomorrow", DEFAULT_TENANT)
    assert wanted_scopes("v1_models") == frozenset(("chat",))


def test_without_any_key_everybody_is_let_in() -> None:
    gateway = harness()
    assert gateway.client.post("/chat", json={"message": "Hi"}).status_code == 200
    # A client that always sends one need not know.
    answer = gateway.client.post("/chat", json={"message": "Hi"}, headers=bearer("sk-none"))
    assert answer.status_code == 200


OWN_HOSTS = ["127.0.0.1:8000", "localhost", "LOCALHOST.:8000", "[::1]:8000", "[::ffff:127.0.0.1]",
             "127.1", "gateway:8000", "shop.localhost:8000", ""]  # fmt: skip


@pytest.mark.parametrize("host", OWN_HOSTS)
def test_without_keys_this_machine_is_served_under_each_of_its_names(host: str) -> None:
    response = harness().client.get("/handovers", environ_overrides={"HTTP_HOST": host})
    assert response.status_code == 200


@pytest.mark.parametrize("host", ["evil.example", "evil.example:8000", "127.0.0.1.evil.example"])
def test_without_keys_no_page_reads_under_its_own_sites_name(host: str) -> None:
    """Else it need only let its name stand for 127.0.0.1 to be of the same origin."""
    closed = harness(trusted_proxies="10.0.0.0/8")
    sent: Any = {"headers": {"Host": host}}
    for path in ("/handovers", "/conversations/c", "/metrics", "/v1/models"):
        assert closed.client.get(path, **sent).status_code == 403
    refused = closed.client.get("/handovers", **sent).get_json()
    assert refused["type"] == "urn:parley:problem:foreign-host"
    proxied = {"REMOTE_ADDR": "10.1.2.3"}
    assert closed.client.get("/handovers", environ_overrides=proxied, **sent).status_code == 200
    assert closed.client.get("/healthz", **sent).status_code == 200
    assert harness(open_access=True).client.get("/handovers", **sent).status_code == 200
    key = issue(closed.keys, "read")
    closed.clock.advance(CACHE_SECONDS)
    sent["headers"] |= bearer(key)
    assert closed.client.get("/handovers", **sent).status_code == 200


def test_the_first_key_closes_the_door_within_seconds() -> None:
    gateway = harness()
    assert gateway.client.get("/conversations/c").status_code == 200
    key = issue(gateway.keys)
    gateway.clock.advance(CACHE_SECONDS)
    assert gateway.client.get("/conversations/c").status_code == 401
    assert gateway.client.get("/conversations/c", headers=bearer(key)).status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"Authorization": "Bearer {}"},
        {"Authorization": "bearer   {}"},
        {"X-API-Key": "{}"},
        {"Authorization": "Basic cHJveHk6c2VjcmV0", "X-API-Key": "{}"},
    ],
)
def test_a_key_is_taken_from_both_headers(headers: dict[str, str]) -> None:
    gateway = harness()
    key = issue(gateway.keys)
    sent = {name: text.format(key) for name, text in headers.items()}
    assert gateway.client.post("/chat", json={"message": "Hi"}, headers=sent).status_code == 200


@pytest.mark.parametrize("sent", [{}, {"X-API-Key": ""}, {"Authorization": "Bearer "}])
def test_without_a_key_a_client_is_told_how_to_send_one(sent: dict[str, str]) -> None:
    gateway = harness()
    issue(gateway.keys)
    answer = gateway.client.post("/chat", json={"message": "Hi"}, headers=sent)
    assert answer.status_code == 401
    assert answer.content_type == "application/problem+json"
    assert answer.json is not None
    assert answer.json["type"] == "urn:parley:problem:unauthenticated"
    assert answer.headers["WWW-Authenticate"] == 'Bearer realm="parley"'


@pytest.mark.parametrize("wrong", [WRONG, "\xff\xfe", "x" * 5_000, "pk__", "Bearer"])
def test_a_wrong_key_is_refused_and_not_repeated(wrong: str) -> None:
    gateway = harness()
    issue(gateway.keys)
    answer = gateway.client.get("/conversations/c", headers=bearer(wrong))
    assert answer.status_code == 401
    assert 'error="invalid_token"' in answer.headers["WWW-Authenticate"]
    assert wrong not in answer.text.replace("Bearer", "") or wrong == "Bearer"


def test_an_expired_key_is_refused_also_while_it_is_remembered() -> None:
    gateway = harness()
    key = issue(gateway.keys, expires_at=gateway.clock.now() + 1)
    assert gateway.client.get("/conversations/c", headers=bearer(key)).status_code == 200
    gateway.clock.advance(1)
    assert gateway.client.get("/conversations/c", headers=bearer(key)).status_code == 401


def test_a_revoked_key_is_refused_within_seconds() -> None:
    gateway = harness()
    issue(gateway.keys)
    key = issue(gateway.keys)
    assert gateway.client.get("/conversations/c", headers=bearer(key)).status_code == 200
    gateway.keys.revoke(key.split("_")[1])
    gateway.clock.advance(CACHE_SECONDS + REFRESH_SECONDS)
    assert gateway.client.get("/conversations/c", headers=bearer(key)).status_code == 401


@pytest.mark.parametrize(
    ("method", "path", "scopes"),
    [
        ("POST", "/chat", {"chat"}),
        ("GET", "/jobs/j", {"chat"}),
        ("DELETE", "/jobs/j", {"chat"}),
        ("POST", "/feedback", {"chat"}),
        ("GET", "/conversations/c", {"chat", "read"}),
        ("GET", "/handovers", {"read"}),
        ("GET", "/handovers/h", {"read"}),
        ("POST", "/handovers/h/claim", {"admin"}),
        ("POST", "/handovers/h/reply", {"admin"}),
        ("POST", "/handovers/h/close", {"admin"}),
        ("DELETE", "/conversations/c", {"admin"}),
        ("DELETE", "/users/u", {"admin"}),
        ("GET", "/metrics", {"admin", "metrics"}),
    ],
)
def test_each_call_asks_for_its_scope(method: str, path: str, scopes: set[Scope]) -> None:
    gateway = harness()
    every: tuple[Scope, ...] = ("chat", "read", "admin", "metrics")
    for scope in every:
        key = issue(gateway.keys, scope)
        answer = gateway.client.open(path, method=method, headers=bearer(key))
        assert (answer.status_code == 403) is (scope not in scopes), scope
        if scope not in scopes:
            assert answer.json is not None
            assert answer.json["type"] == "urn:parley:problem:scope-missing"
            assert (
                f'scope="{" ".join(s for s in every if s in scopes)}"'
                in (answer.headers["WWW-Authenticate"])
            )


def test_the_metrics_of_all_tenants_are_for_the_default_tenant() -> None:
    gateway = harness()
    stranger = issue(gateway.keys, "admin", tenant="acme")
    owner = issue(gateway.keys, "metrics")
    own = gateway.client.get("/metrics", headers=bearer(stranger))
    everything = gateway.client.get("/metrics", headers=bearer(owner))
    assert "parley_worker_up" not in own.text
    assert "parley_handovers" in own.text
    assert "parley_worker_up" in everything.text


@pytest.mark.parametrize(
    "path", ["/", "/widget.js", "/docs", "/healthz", "/readyz", "/openapi.json"]
)
def test_probes_and_pages_need_no_key(path: str) -> None:
    gateway = harness()
    issue(gateway.keys)
    assert gateway.client.get(path).status_code == 200
    assert gateway.client.head(path).status_code == 200


def test_a_preflight_needs_no_key_and_an_unknown_address_is_one() -> None:
    gateway = harness()
    issue(gateway.keys)
    assert gateway.client.options("/chat").status_code == 200
    assert gateway.client.get("/nowhere").status_code == 404
    assert gateway.client.put("/chat").status_code == 405


def test_without_redis_a_key_is_neither_good_nor_wrong() -> None:
    gateway = harness()
    key = issue(gateway.keys)
    gateway.keys.available = False
    answer = gateway.client.get("/conversations/c", headers=bearer(key))
    assert answer.status_code == 503
    gateway.keys.available = True
    assert gateway.client.get("/conversations/c", headers=bearer(key)).status_code == 200
    gateway.keys.available = False
    assert gateway.client.get("/conversations/c", headers=bearer(key)).status_code == 200
    assert gateway.client.get("/conversations/c", headers=bearer(WRONG)).status_code == 503
    gateway.clock.advance(CACHE_SECONDS)
    assert gateway.client.get("/conversations/c", headers=bearer(key)).status_code == 503


def test_keys_of_the_settings_are_good_without_redis() -> None:
    gateway = harness(
        api_keys="acme:read+chat=a-key-of-24-characters-x, another-key-of-24-characters=="
    )
    gateway.keys.available = False
    for key, status in (
        ("a-key-of-24-characters-x", 200),
        ("another-key-of-24-characters==", 200),
        (None, 401),
    ):
        headers = bearer(key) if key else {}
        assert gateway.client.get("/conversations/c", headers=headers).status_code == status
    limited = gateway.client.delete("/users/u", headers=bearer("a-key-of-24-characters-x"))
    assert limited.status_code == 403


def authenticator(store: FakeKeyStore, clock: ManualClock, **kind: Any) -> Authenticator:
    return Authenticator(store, {}, clock, **kind)


def test_beyond_this_machine_a_key_is_asked_for_even_if_there_is_none() -> None:
    asked = authenticator(FakeKeyStore(), ManualClock(), always=True)
    with pytest.raises(Unauthenticated):
        asked.identify(None)


def test_the_caller_of_a_key_is_as_it_was_made() -> None:
    store = FakeKeyStore()
    key = issue(store, "chat", "read", tenant="acme", rate_limit="5/s")
    caller = authenticator(store, ManualClock()).identify(key)
    assert (caller.tenant, caller.scopes, caller.key_id) == (
        "acme",
        frozenset(("chat", "read")),
        key.split("_")[1],
    )
    assert caller.rate_limit is not None
    assert caller.rate_limit.burst == 5


def test_a_key_is_looked_up_once_in_some_seconds() -> None:
    store, clock = FakeKeyStore(), ManualClock()
    key, asked = issue(store), authenticator(store, clock)
    for _ in range(8):
        asked.identify(key)
        clock.advance(CACHE_SECONDS / 8)
    assert store.looked_up == 1
    asked.identify(key)
    assert store.looked_up == 2


def test_keys_that_do_not_exist_are_not_remembered() -> None:
    store = FakeKeyStore()
    key, asked = issue(store), authenticator(store, ManualClock())
    asked.identify(key)
    for number in range(MAX_CACHED_KEYS + 10):
        with pytest.raises(Unauthenticated):
            asked.identify(f"wrong-{number}")
    looked_up = store.looked_up
    asked.identify(key)
    assert store.looked_up == looked_up


def test_many_keys_are_remembered_up_to_a_bound() -> None:
    store = FakeKeyStore()
    keys, asked = [issue(store) for _ in range(MAX_CACHED_KEYS + 10)], None
    asked = authenticator(store, ManualClock())
    for key in keys:
        asked.identify(key)
    assert len(asked._cache) == MAX_CACHED_KEYS


def test_while_redis_is_down_it_stays_as_it_was_known() -> None:
    store, clock = FakeKeyStore(), ManualClock()
    asked = authenticator(store, clock)
    store.available = False
    with pytest.raises(QueueUnavailable):
        asked.identify(None)
    store.available = True
    assert asked.identify(None) is ANYONE
    store.available = False
    clock.advance(CACHE_SECONDS)
    assert asked.identify(None) is ANYONE


def test_while_redis_is_down_a_key_that_was_good_may_scrape_that() -> None:
    gateway = harness()
    key, other = (issue(gateway.keys, "admin", "read") for _ in range(2))
    assert gateway.client.get("/metrics", headers=bearer(key)).status_code == 200
    gateway.keys.available = gateway.health.available = False
    for _ in range(3):
        gateway.clock.advance(CACHE_SECONDS)
        scrape = gateway.client.get("/metrics", headers=bearer(key))
        assert "\nparley_redis_up 0.0\n" in scrape.text
    assert gateway.client.get("/metrics", headers=bearer(other)).status_code == 503
    gateway.clock.advance(CACHE_SECONDS)
    assert gateway.client.get("/conversations/c", headers=bearer(key)).status_code == 503
    gateway.keys.available = True
    del gateway.keys.held[digest_of(key)]
    gateway.clock.advance(CACHE_SECONDS)
    assert gateway.client.get("/metrics", headers=bearer(key)).status_code == 401

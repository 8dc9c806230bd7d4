"""Who is charged for a request, and what clients are told of their limits."""

from typing import Any

import pytest

from gateway.caller import ANYONE, Caller
from gateway.client_address import read_trusted_proxies
from gateway.rate_limits import RateLimits
from gateway.settings import GatewaySettings
from shared.api_keys import ApiKey, digest_of
from shared.rate_limits import RateLimit
from shared.settings import load
from tests.support.gateway_harness import GatewayHarness

USUAL, OWN, PER_ADDRESS = RateLimit(1, 1), RateLimit(2, 2), RateLimit(3, 3)
KEY = "pk_1_a"


def harness(**settings: Any) -> GatewayHarness:
    made = GatewayHarness(settings=load(GatewaySettings, wait_seconds=5, **settings))
    made.answer_at_once()
    return made


@pytest.mark.parametrize(
    ("limits", "caller", "charged"),
    [
        (RateLimits(), ANYONE, []),
        (RateLimits(), Caller(key_id="k"), []),
        (RateLimits(), Caller(key_id="k", rate_limit=OWN), [("key", "k", OWN)]),
        (RateLimits(USUAL), ANYONE, [("address", "192.0.2.1", USUAL)]),
        (RateLimits(USUAL), Caller(key_id="k"), [("key", "k", USUAL)]),
        (RateLimits(USUAL), Caller(key_id="k", rate_limit=OWN), [("key", "k", OWN)]),
        (RateLimits(None, PER_ADDRESS), ANYONE, [("address", "192.0.2.1", PER_ADDRESS)]),
        (
            RateLimits(USUAL, PER_ADDRESS),
            Caller(key_id="k"),
            [("key", "k", USUAL), ("address", "192.0.2.1", PER_ADDRESS)],
        ),
    ],
)
def test_who_is_charged(limits: RateLimits, caller: Caller, charged: list[Any]) -> None:
    buckets = limits.buckets(caller, {"REMOTE_ADDR": "192.0.2.1"})
    assert [(each.kind, each.owner, each.limit) for each in buckets] == charged


def test_behind_a_proxy_each_client_has_its_own_bucket() -> None:
    limits = RateLimits(USUAL, proxies=read_trusted_proxies("192.0.2.1"))
    environ = {"REMOTE_ADDR": "192.0.2.1", "HTTP_X_FORWARDED_FOR": "9.9.9.9, 2001:db8::1"}
    assert limits.buckets(ANYONE, environ)[0].arguments == (
        "address:2001:db8::/64",
        1_000_000,
        1,
    )


def test_without_a_limit_nothing_is_charged_or_said() -> None:
    gateway = harness()
    answer = gateway.client.post("/chat", json={"message": "Hi"})
    assert gateway.limiter.taken == {}
    assert "RateLimit" not in answer.headers


def test_a_message_is_charged_once_and_the_client_is_told_what_is_left() -> None:
    gateway = harness(rate_limit="20/s burst 40")
    answer = gateway.client.post("/chat", json={"message": "Hi"})
    assert answer.status_code == 200
    assert gateway.limiter.taken == {"address:127.0.0.1": 1}
    assert answer.headers["RateLimit-Policy"] == '"address";q=40;w=2'
    assert answer.headers["RateLimit"] == '"address";r=39;t=2'


def test_too_many_requests_are_refused_with_the_time_to_wait() -> None:
    gateway = harness(rate_limit="2/min")
    for _ in range(2):
        assert gateway.client.post("/chat", json={"message": "Hi"}).status_code == 200
    answer = gateway.client.post("/chat", json={"message": "Hi"})
    assert answer.status_code == 429
    assert answer.content_type == "application/problem+json"
    assert answer.json is not None
    assert answer.json["type"] == "urn:parley:problem:rate-limited"
    assert answer.headers["Retry-After"] == "2"
    assert answer.headers["RateLimit"] == '"address";r=0;t=2'
    assert len(gateway.published) == 2


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", "/conversations/c", None),
        ("DELETE", "/jobs/j", None),
        ("GET", "/metrics", None),
        ("POST", "/chat", {"message": ""}),
        ("POST", "/chat", {"message": 1}),
    ],
)
def test_every_call_is_charged_also_one_that_is_not_valid(
    method: str, path: str, body: Any
) -> None:
    gateway = harness(rate_limit="2/s")
    statuses = [gateway.client.open(path, method=method, json=body).status_code for _ in range(3)]
    assert statuses[2] == 429
    assert 429 not in statuses[:2]


@pytest.mark.parametrize("path", ["/", "/widget.js", "/healthz", "/readyz", "/docs", "/nowhere"])
def test_probes_and_pages_are_never_refused(path: str) -> None:
    gateway = harness(rate_limit="1/h")
    assert {gateway.client.get(path).status_code for _ in range(3)} <= {200, 404}
    assert gateway.limiter.taken == {}


def test_wrong_keys_are_charged_to_their_address_and_good_ones_to_themselves() -> None:
    gateway = harness(rate_limit="2/s")
    gateway.keys.create(digest_of(KEY), ApiKey("1"))
    wrong = {"X-API-Key": "pk_1_b"}
    statuses = [gateway.client.get("/jobs/j", headers=wrong).status_code for _ in range(3)]
    assert statuses == [401, 401, 429]
    good = {"X-API-Key": KEY}
    statuses = [gateway.client.get("/jobs/j", headers=good).status_code for _ in range(3)]
    assert statuses == [404, 404, 429]
    assert gateway.limiter.taken == {"address:127.0.0.1": 2, "key:1": 2}


def test_a_key_may_have_a_limit_of_its_own() -> None:
    gateway = harness()
    gateway.keys.create(digest_of(KEY), ApiKey("1", rate_limit="1/h"))
    good = {"X-API-Key": KEY}
    first, second = (gateway.client.get("/jobs/j", headers=good) for _ in range(2))
    assert (first.status_code, second.status_code) == (404, 429)
    assert first.headers["RateLimit-Policy"] == '"key";q=1;w=3600'


def test_what_is_not_allowed_is_charged_too() -> None:
    gateway = harness(rate_limit="1/s")
    gateway.keys.create(digest_of(KEY), ApiKey("1", scopes=frozenset(("chat",))))
    good = {"X-API-Key": KEY}
    statuses = [gateway.client.get("/handovers", headers=good).status_code for _ in range(2)]
    assert statuses == [403, 429]


def test_a_late_refusal_has_all_that_other_answers_have() -> None:
    gateway = harness(rate_limit="1/s", cors_origins="https://shop.example")
    page = {"Origin": "https://shop.example"}
    for _ in range(2):
        answer = gateway.client.post("/chat", json={}, headers=page)
    assert answer.status_code == 429
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Access-Control-Allow-Origin"] == "https://shop.example"
    counted = gateway.metrics.registry.get_sample_value(
        "parley_http_request_duration_seconds_count", {"route": "chat", "status": "429"}
    )
    assert counted == 1
    problems = {"problem": "rate-limited"}
    assert gateway.metrics.registry.get_sample_value("parley_http_problems_total", problems) == 1


def test_under_v1_refusals_have_the_form_of_openai() -> None:
    gateway = harness(rate_limit="1/s")
    gateway.keys.create(digest_of(KEY), ApiKey("1", scopes=frozenset(("read",))))
    asked = {"model": "parley", "messages": [{"role": "user", "content": "Hi"}]}
    for headers, status, code in (
        ({}, 401, "invalid_api_key"),
        ({"Authorization": f"Bearer {KEY}"}, 403, "scope_missing"),
        ({"Authorization": f"Bearer {KEY}"}, 429, "rate_limit_exceeded"),
    ):
        answer = gateway.client.post("/v1/chat/completions", json=asked, headers=headers)
        assert answer.json is not None
        assert (answer.status_code, answer.json["error"]["code"]) == (status, code)


@pytest.mark.parametrize("endpoint", ["chat", "v1_chat_completions", "v1_responses"])
@pytest.mark.parametrize("stream", [False, True])
def test_a_message_is_charged_once_whichever_way_it_comes(endpoint: str, stream: bool) -> None:
    gateway = harness(rate_limit="2/s")
    path, body = {
        "chat": ("/chat", {"message": "Hi"}),
        "v1_chat_completions": (
            "/v1/chat/completions",
            {"model": "parley", "messages": [{"role": "user", "content": "Hi"}], "stream": stream},
        ),
        "v1_responses": ("/v1/responses", {"model": "parley", "input": "Hi", "stream": stream}),
    }[endpoint]
    headers = {"Accept": "text/event-stream"} if stream else {}
    statuses = []
    for _ in range(3):
        answer = gateway.client.post(path, json=body, headers=headers)
        statuses.append(answer.status_code)
        answer.close()
    assert statuses == [200, 200, 429]
    assert len(gateway.published) == 2
    assert gateway.limiter.taken == {"address:127.0.0.1": 2}


def test_without_redis_a_limit_is_no_reason_to_refuse_as_if_it_were_over() -> None:
    gateway = harness(rate_limit="1/s")
    gateway.limiter.available = False
    assert gateway.client.get("/conversations/c").status_code == 503
    assert gateway.client.post("/chat", json={"message": ""}).status_code == 400


def test_a_scrape_says_that_redis_is_down_whatever_its_limit() -> None:
    gateway = harness(rate_limit="1/s")
    gateway.limiter.available = gateway.health.available = False
    scrape = gateway.client.get("/metrics")
    assert scrape.status_code == 200
    assert "\nparley_redis_up 0.0\n" in scrape.text

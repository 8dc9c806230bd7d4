"""Pages on other origins: who may call, and what a browser is told."""

import pytest
from werkzeug.test import TestResponse

from gateway.cors_policy import CorsPolicy, read_cors_origins
from gateway.settings import GatewaySettings
from shared.errors import AdmissionRefused, SettingsError
from shared.settings import load
from tests.support.gateway_harness import GatewayHarness

SHOP = "https://shop.example"


def gateway(origins: str, *, always: bool = False, **settings: str) -> GatewayHarness:
    read = load(GatewaySettings, wait_seconds=5, cors_origins=origins, **settings)
    return GatewayHarness(settings=read, always=always)


def preflight(origins: str, origin: str = SHOP, path: str = "/chat", **asked: str) -> TestResponse:
    headers = {
        "Origin": origin,
        "Access-Control-Request-Method": "POST",
        **{name.replace("_", "-"): value for name, value in asked.items()},
    }
    return gateway(origins).client.options(path, headers=headers)


def words(listed: str) -> set[str]:
    return {word.strip().lower() for word in listed.split(",")}


def test_by_default_no_page_elsewhere_is_told_anything() -> None:
    response = preflight("")
    posted = gateway("").client.post("/chat", json={}, headers={"Origin": SHOP})
    for answer in (response, posted):
        assert not [name for name, _ in answer.headers if name.startswith("Access-Control")]


@pytest.mark.parametrize("path", ["/chat", "/jobs/x", "/conversations/c/events", "/nowhere"])
def test_a_preflight_names_what_may_be_sent(path: str) -> None:
    headers = preflight(SHOP, path=path).headers

    assert headers["Access-Control-Allow-Origin"] == SHOP
    assert {"get", "post", "delete"} <= words(headers["Access-Control-Allow-Methods"])
    assert words(headers["Access-Control-Allow-Headers"]) >= {
        *("authorization", "x-api-key", "content-type"),
        *("idempotency-key", "prefer", "last-event-id"),
    }
    assert int(headers["Access-Control-Max-Age"]) > 0
    assert "Origin" in headers["Vary"]
    assert "Access-Control-Allow-Private-Network" not in headers


def test_a_preflight_has_no_body_and_needs_no_queue() -> None:
    harness = gateway(SHOP)
    harness.health.available = False
    headers = {"Origin": SHOP, "Access-Control-Request-Method": "DELETE"}
    response = harness.client.options("/jobs/x", headers=headers)
    assert (response.status_code, response.data) == (204, b"")


def test_a_library_s_own_headers_may_be_sent_too() -> None:
    asked = "x-stainless-lang, Traceparent, authorization, bad name, \u00e9, x\r\ny"
    response = preflight(SHOP, Access_Control_Request_Headers=asked.replace("\r\n", " "))
    allowed = words(response.headers["Access-Control-Allow-Headers"])
    assert {"x-stainless-lang", "traceparent"} <= allowed
    assert not allowed & {"bad name", "\u00e9"}
    assert "Access-Control-Request-Headers" in response.headers["Vary"]


def test_a_page_on_the_internet_may_reach_a_private_network_if_it_is_named() -> None:
    response = preflight(SHOP, Access_Control_Request_Private_Network="true")
    refused = preflight("https://other.example", Access_Control_Request_Private_Network="true")
    assert response.headers["Access-Control-Allow-Private-Network"] == "true"
    assert "Access-Control-Allow-Private-Network" not in refused.headers


def test_answers_and_errors_may_be_read() -> None:
    harness = gateway(SHOP)
    harness.answer_at_once()
    client, origin = harness.client, {"Origin": SHOP}
    answers = [
        client.post("/chat", json={"message": "x"}, headers=origin),
        client.post("/chat", json={"message": "x"}, headers={**origin, "Prefer": "respond-async"}),
        client.post("/chat", data=b"{", content_type="application/json", headers=origin),
        client.post("/chat", data=b"x", content_type="text/plain", headers=origin),
        client.get("/nowhere", headers=origin),
        client.put("/chat", headers=origin),
        client.get("/openapi.json", headers=origin),
    ]
    harness.publisher.answer = AdmissionRefused("full", 3)
    answers.append(client.post("/chat", json={"message": "x"}, headers=origin))
    harness.publisher.answer = ZeroDivisionError("a fault")
    harness.clock.advance(1)  # a full queue is not asked again at once
    answers.append(client.post("/chat", json={"message": "x"}, headers=origin))

    found = [answer.status_code for answer in answers]
    assert found == [200, 202, 400, 415, 404, 405, 200, 503, 500]
    for answer in answers:
        assert answer.headers["Access-Control-Allow-Origin"] == SHOP
        assert answer.headers["Access-Control-Allow-Credentials"] == "true"
        exposed = words(answer.headers["Access-Control-Expose-Headers"])
        assert exposed >= {"location", "retry-after", "ratelimit", "ratelimit-policy"}
        assert "Origin" in answer.headers["Vary"]


def test_another_origin_is_told_nothing_but_that_it_depends_on_the_origin() -> None:
    client = gateway(SHOP).client
    for headers in ({"Origin": "https://evil.example"}, {"Origin": "null"}, {}):
        response = client.get("/healthz", headers=headers)
        assert "Access-Control-Allow-Origin" not in response.headers
        assert "Origin" in response.headers["Vary"]


def test_a_star_is_everybody_without_credentials() -> None:
    response = gateway("*").client.get("/healthz", headers={"Origin": "null"})
    assert response.headers["Access-Control-Allow-Origin"] == "*"
    assert "Access-Control-Allow-Credentials" not in response.headers
    assert preflight("*").headers["Access-Control-Allow-Origin"] == "*"


@pytest.mark.parametrize(
    ("origins", "origin"),
    [
        ("https://a.example, https://shop.example", SHOP),
        ("https://a.example https://shop.example", SHOP),
        ("https://shop.example/", SHOP),
        ("HTTPS://Shop.Example:443", SHOP),
        ("http://localhost:3000", "http://localhost:3000"),
        ("http://127.0.0.1:80", "http://127.0.0.1"),
        ("http://[::1]:5173", "http://[::1]:5173"),
        ("capacitor://localhost", "capacitor://localhost"),
        ("https://*.shop.example", "https://eu.shop.example"),
        ("https://*.shop.example:8443", "https://a.b.shop.example:8443"),
    ],
)
def test_an_origin_is_named_as_people_write_it(origins: str, origin: str) -> None:
    assert read_cors_origins(origins).allows(origin)


@pytest.mark.parametrize(
    ("origins", "origin"),
    [
        (SHOP, "http://shop.example"),
        (SHOP, "https://shop.example:8443"),
        (SHOP, "https://shop.example.evil.example"),
        (SHOP, "https://evil-shop.example"),
        (SHOP, "null"),
        ("https://*.shop.example", "https://shop.example"),
        ("https://*.shop.example", "https://evilshop.example"),
        ("https://*.shop.example", "http://eu.shop.example"),
        ("https://*.shop.example", "https://eu.shop.example:444"),
        ("https://*.shop.example", "https://evil.example/.shop.example"),
        ("https://*.shop.example", "https://evil.example#.shop.example"),
    ],
)
def test_no_other_origin_passes_for_it(origins: str, origin: str) -> None:
    assert not read_cors_origins(origins).allows(origin)


@pytest.mark.parametrize(
    "origins",
    [
        *("*, https://shop.example", "shop.example", "https://shop.example/widget", "null", "://x"),
        *(
            "https://user@shop.example",
            "https://münchen.example",
            "https://*",
            "https://a.*.example",
        ),
    ],
)
def test_what_is_no_origin_stops_the_gateway_with_a_sentence(origins: str) -> None:
    with pytest.raises(SettingsError, match="PARLEY_CORS_ORIGINS"):
        load(GatewaySettings, cors_origins=origins)


@pytest.mark.parametrize("origins", ["", " ", ","])
def test_blank_means_nobody(origins: str) -> None:
    assert read_cors_origins(origins) == CorsPolicy()


def test_a_preflight_needs_no_key_and_a_refusal_can_be_read() -> None:
    harness = gateway(SHOP, always=True)
    asks = {"Origin": SHOP, "Access-Control-Request-Method": "POST"}
    preflights = [harness.client.options(path, headers=asks) for path in ("/chat", "/v1/models")]
    refused = harness.client.post("/chat", json={"message": "x"}, headers={"Origin": SHOP})
    assert [answer.status_code for answer in preflights] == [204, 204]
    assert refused.status_code == 401
    assert refused.headers["Access-Control-Allow-Origin"] == SHOP


def test_a_rate_limit_can_be_read() -> None:
    harness = gateway(SHOP, rate_limit="1/min")
    harness.answer_at_once()
    asked = [
        harness.client.post("/chat", json={"message": "x"}, headers={"Origin": SHOP})
        for _ in range(2)
    ]
    assert [answer.status_code for answer in asked] == [200, 429]
    assert {answer.headers["Access-Control-Allow-Origin"] for answer in asked} == {SHOP}
    assert asked[1].headers["Retry-After"]


def test_an_event_stream_can_be_read() -> None:
    harness = gateway(SHOP)
    response = harness.client.get("/conversations/c/events", headers={"Origin": SHOP})
    assert response.headers["Access-Control-Allow-Origin"] == SHOP
    assert response.headers["Content-Security-Policy"].startswith("default-src 'none'")
    response.close()

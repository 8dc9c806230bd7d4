"""What browsers are told that answers and pages may do."""

import pytest

from tests.support.gateway_harness import GatewayHarness

DATA = ("/healthz", "/readyz", "/metrics", "/openapi.json", "/jobs/x", "/nowhere", "/handovers")
PAGES = ("/", "/docs")


@pytest.mark.parametrize("path", [*DATA, *PAGES])
def test_every_answer_is_what_it_says_and_stands_alone(path: str) -> None:
    headers = GatewayHarness().client.get(path).headers
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["X-Frame-Options"] == "DENY"
    assert headers["Referrer-Policy"] == "no-referrer"
    assert headers["Cross-Origin-Resource-Policy"] == "same-origin"
    assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]
    assert headers["Content-Security-Policy"].startswith("default-src 'none'")
    assert "unsafe" not in headers["Content-Security-Policy"]
    assert all(len(headers.getlist(name)) == 1 for name, _ in headers)


@pytest.mark.parametrize("path", PAGES)
def test_a_page_has_no_powers(path: str) -> None:
    headers = GatewayHarness().client.get(path).headers
    assert headers["Cross-Origin-Opener-Policy"] == "same-origin"
    assert "camera=()" in headers["Permissions-Policy"]


def test_what_is_private_is_not_stored() -> None:
    harness = GatewayHarness()
    harness.answer_at_once()
    client = harness.client
    answers = [
        client.post("/chat", json={"message": "x"}),
        client.post("/chat", json={}),
        client.get("/conversations/c"),
        client.delete("/conversations/c"),
        client.get("/jobs/x"),
        client.get("/metrics"),
    ]
    assert [answer.status_code for answer in answers] == [200, 400, 200, 204, 404, 200]
    assert {answer.headers["Cache-Control"] for answer in answers} == {"no-store"}


def test_strict_transport_is_asked_for_over_tls_alone() -> None:
    client = GatewayHarness().client
    plain = client.get("/healthz", base_url="http://x.example")
    secure = client.get("/healthz", base_url="https://x.example")
    assert "Strict-Transport-Security" not in plain.headers
    assert secure.headers["Strict-Transport-Security"].startswith("max-age=")

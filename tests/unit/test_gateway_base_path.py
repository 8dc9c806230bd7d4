"""Behind a proxy that serves Parley under a path of its own."""

import re

import pytest

from gateway.settings import GatewaySettings
from shared.errors import SettingsError
from shared.results import JobRecord
from shared.settings import load
from tests.support.gateway_harness import GatewayHarness

PROXY = {"REMOTE_ADDR": "10.1.2.3"}


def gateway(base_path: str = "", trusted_proxies: str = "") -> GatewayHarness:
    settings = load(
        GatewaySettings, wait_seconds=5, base_path=base_path, trusted_proxies=trusted_proxies
    )
    return GatewayHarness(settings=settings)


def location(harness: GatewayHarness, path: str, **headers: str) -> str:
    sent = {"Prefer": "respond-async"} | {k.replace("_", "-"): v for k, v in headers.items()}
    response = harness.client.post(
        path, json={"message": "x"}, headers=sent, environ_overrides=PROXY
    )
    assert response.status_code == 202
    return response.headers["Location"].removesuffix(harness.published[-1].id)


@pytest.mark.parametrize("path", ["/chat", "/support/chat"])
def test_the_path_may_be_stripped_or_left(path: str) -> None:
    assert location(gateway("/support"), path) == "/support/jobs/"


@pytest.mark.parametrize("written", ["/support", "/support/", " /support// "])
def test_slashes_at_the_end_do_not_count(written: str) -> None:
    assert location(gateway(written), "/chat") == "/support/jobs/"


def test_a_base_path_may_be_called_as_a_route_is() -> None:
    harness = gateway("/chat")
    assert location(harness, "/chat") == location(harness, "/chat/chat") == "/chat/jobs/"
    assert harness.client.get("/chat").mimetype == "text/html"


def test_problems_name_the_address_that_was_asked_for() -> None:
    problem = gateway("/support").client.get("/jobs/unknown").get_json()
    assert problem["instance"] == "/support/jobs/unknown"


@pytest.mark.parametrize("path", ["/", "/support", "/support/"])
def test_the_page_knows_its_path(path: str) -> None:
    page = gateway("/support").client.get(path)
    assert 'data-base="/support"' in page.text
    assert page.headers["ETag"] != gateway().client.get("/").headers["ETag"]


def test_without_a_path_the_page_s_addresses_are_relative() -> None:
    page = gateway().client.get("/").text
    assert 'data-base=""' in page
    assert not re.findall(r"(?:fetch|request|EventSource)\([\"'`]", page)


def test_the_document_says_where_it_is_served() -> None:
    client = gateway("/support").client
    assert client.get("/support/openapi.json").get_json()["servers"] == [{"url": "/support/"}]
    assert gateway().client.get("/openapi.json").get_json()["servers"] == [{"url": "/"}]


def test_a_trusted_proxy_names_the_path() -> None:
    harness = gateway(trusted_proxies="10.0.0.0/8")
    named = location(harness, "/chat", X_Forwarded_Prefix="/support/")
    nested = location(harness, "/chat", X_Forwarded_Prefix="/eu, /support")
    assert (named, nested) == ("/support/jobs/", "/eu/support/jobs/")


def test_nobody_else_does() -> None:
    for proxies in ("", "192.0.2.1"):
        harness = gateway(trusted_proxies=proxies)
        assert location(harness, "/chat", X_Forwarded_Prefix="/evil") == "/jobs/"


@pytest.mark.parametrize(
    "prefix",
    [
        *("evil", "//evil.example", "/a/../b", '/"onload=x', "/<x>", "https://evil.example", "/"),
        *("/" + "a" * 300, "/a b", "", "/a,//b", "/.", "/%2e%2e"),
    ],
)
def test_what_is_no_path_is_ignored(prefix: str) -> None:
    harness = gateway(trusted_proxies="10.0.0.0/8")
    assert location(harness, "/chat", X_Forwarded_Prefix=prefix) == "/jobs/"


@pytest.mark.parametrize("path", ["support", "/a b", "/a//b", "https://x.example/a", "/..", '/"'])
def test_a_setting_that_is_no_path_is_one_sentence(path: str) -> None:
    with pytest.raises(SettingsError, match="PARLEY_BASE_PATH"):
        load(GatewaySettings, base_path=path)


def test_tls_at_a_trusted_proxy_is_kept() -> None:
    tls = {"X-Forwarded-Proto": "https"}
    trusted = gateway(trusted_proxies="10.0.0.0/8").client
    kept = trusted.get("/healthz", headers=tls, environ_overrides=PROXY)
    claimed = gateway().client.get("/healthz", headers=tls, environ_overrides=PROXY)
    assert "max-age" in kept.headers["Strict-Transport-Security"]
    assert "Strict-Transport-Security" not in claimed.headers


def test_an_id_may_hold_an_escaped_slash_there_too() -> None:
    harness = gateway("/support")
    harness.jobs.records["a/b"] = JobRecord("queued")
    for path in ("/jobs/a%2Fb", "/support/jobs/a%2Fb"):
        assert harness.client.get(path).get_json()["job_id"] == "a/b"

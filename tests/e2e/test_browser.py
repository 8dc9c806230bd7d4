"""What a real browser does with pages, with hostile text, and with pages on other origins."""

import json
from dataclasses import replace
from typing import Any

import msgspec
import pytest

from gateway.settings import GatewaySettings
from shared import results
from shared.api_keys import ApiKey, digest_of, new_key
from shared.jobs import Alternative, Answer, ChatJob, Turn
from shared.results import JobRecord
from shared.settings import load
from tests.support.browser import Browser, behind, page, served
from tests.support.gateway_harness import GatewayHarness, reply_to
from tests.support.hostile_texts import HOSTILE

SEEN = """(() => {
  const log = document.getElementById("log");
  const all = [...log.querySelectorAll("*")].filter((one) => !one.closest("svg.icon"));
  return {
    tags: [...new Set(all.map((one) => one.localName))],
    handlers: all.flatMap((one) => one.getAttributeNames()).filter((name) => name.startsWith("on")),
    links: [...log.querySelectorAll("a")].map((a) => [a.href, a.rel, a.target]),
    pwned: window.pwned === undefined ? null : window.pwned,
    text: log.textContent,
  };
})()"""
TAGS = {
    *("li", "span", "div", "p", "a", "code", "pre", "strong", "em", "ol", "ul", "i"),
    *("dl", "dt", "dd", "button"),
}


def echo(harness: GatewayHarness) -> None:
    """Answer every message with itself, and offer it as a choice."""

    def answer(job: ChatJob) -> None:
        offered = Answer("clarify", job.message, 0.5, (Alternative("x", job.message, 0.5),))
        reply = replace(reply_to(job), response=job.message, answer=offered, engine=job.message)
        body = results.encode_reply(reply)
        harness.jobs.records[job.id] = JobRecord("done", body)
        harness.feed.publish(results.encode_notification(job.id, "done", body))

    harness.publisher.on_publish = answer


def check(browser: Browser, origin: str) -> dict[str, Any]:
    """Assert that nothing of what is shown has any power; return what the page holds."""
    seen: dict[str, Any] = browser.evaluate(SEEN)
    assert seen["pwned"] is None
    assert not browser.dialogs()
    assert set(seen["tags"]) <= TAGS
    assert not seen["handlers"]
    assert seen["links"]
    for address, rel, target in seen["links"]:
        assert address.startswith(("https://", "http://", "mailto:"))
        assert "noopener" in rel.split()
        assert target == "_blank"
    assert {url for url in browser.requested() if not url.startswith("data:")} <= {
        url for url in browser.requested() if url.startswith(f"{origin}/")
    }
    return seen


def test_hostile_text_is_shown_and_never_run(browser: Browser) -> None:
    harness = GatewayHarness(max_streams=50)
    echo(harness)
    with served(harness.app) as origin:
        browser.open(f"{origin}/")
        browser.evaluate(f"for (const text of {json.dumps(HOSTILE)}) chat.ask(text)")
        browser.wait_for(f"document.querySelectorAll('.facts').length === {len(HOSTILE)}")
        asked = check(browser, origin)
        conversation = browser.evaluate("chat.conversation.id")
        turns = [
            turn
            for at, text in enumerate(HOSTILE)
            for turn in (
                Turn("user", text, "job", at),
                Turn("assistant", text, "job", at),
                Turn("assistant", text, "job", at, by=text),
            )
        ]
        harness.conversations.stored[conversation] = [msgspec.json.encode(one) for one in turns]
        browser.open(f"{origin}/?again")
        browser.wait_for(f"document.querySelectorAll('.turn').length >= {len(turns)}")
        restored = check(browser, origin)
    for seen in (asked, restored):
        assert "<script>window.pwned=1;alert(1)</script>" in seen["text"]
        found = [address for address, _, _ in seen["links"]]
        assert {"https://x.example/a?b=c#d", "mailto:help@x.example"} <= set(found)


@pytest.mark.parametrize("path", ["/", "/docs", "/dashboard"])
def test_no_page_breaks_its_own_policy(browser: Browser, path: str) -> None:
    with served(GatewayHarness().app) as origin:
        browser.open(f"{origin}{path}")
        browser.wait_for("getComputedStyle(document.body).margin !== '8px'")  # its style applies
        injected = browser.evaluate(
            "new Promise((told) => {"
            "  const tell = (event) => told(event.violatedDirective);"
            "  document.addEventListener('securitypolicyviolation', tell);"
            "  const one = document.createElement('script');"
            "  one.textContent = 'window.pwned = 1';"
            "  document.body.append(one);"
            "  setTimeout(() => told('nothing'), 2000);"
            "})"
        )
        pwned = browser.evaluate("window.pwned === 1")
    complaints = [each for each in browser.events if each["method"] == "Log.entryAdded"]
    assert injected.startswith("script-src")
    assert not pwned
    assert len(complaints) == 1  # of the script that was injected


@pytest.mark.parametrize("base_path", [None, "/support"])
def test_the_page_chats_behind_a_proxy_that_strips_its_path(
    browser: Browser, base_path: str | None
) -> None:
    settings = load(GatewaySettings, wait_seconds=5, base_path=base_path)
    harness = GatewayHarness(settings=settings)
    echo(harness)
    with served(behind("/support", harness.app)) as origin:
        browser.open(f"{origin}/support/")
        browser.evaluate("chat.ask('Hello from below')")
        browser.wait_for("document.querySelectorAll('.facts').length === 1")
        browser.wait_for("document.getElementById('status').dataset.state === 'ready'")
        asked = {url for url in browser.requested() if url.startswith("http")}
    assert all(url.startswith(f"{origin}/support/") for url in asked)
    assert [job.message for job in harness.published] == ["Hello from below"]


def test_the_page_asks_for_a_key_and_sends_it_from_then_on(browser: Browser) -> None:
    harness = GatewayHarness()
    echo(harness)
    key_id, key = new_key()
    harness.keys.create(digest_of(key), ApiKey(key_id, scopes=frozenset(("chat",))))
    with served(harness.app) as origin:
        browser.open(f"{origin}/?key")
        browser.wait_for("!document.getElementById('key-form').hidden")
        browser.evaluate("chat.ask('Is anybody there?')")
        browser.wait_for("document.querySelectorAll('.again').length === 1")
        browser.evaluate(f"document.getElementById('key').value = '{key}'")
        browser.evaluate("document.getElementById('key-form').requestSubmit()")
        browser.wait_for("document.querySelectorAll('.facts').length === 1")
        person = Turn("assistant", "Here I am.", "job", 1.0, by="Anna")
        conversation = browser.evaluate("chat.conversation.id")
        harness.conversations.stored[conversation] = [msgspec.json.encode(person)]
        browser.evaluate("chat.conversation.follow()")
        browser.wait_for("document.getElementById('log').textContent.includes('Here I am.')")
        hidden = browser.evaluate("document.getElementById('key-form').hidden")
        browser.evaluate("chat.conversation.unfollow()")
    assert hidden
    assert [job.message for job in harness.published] == ["Is anybody there?"]
    assert all(key not in url for url in browser.requested())


WIDGET = """<!doctype html><title>A shop</title><script>
async function chat(api, message) {
  const headers = { "Content-Type": "application/json", "Authorization": "Bearer x",
    "X-API-Key": "x", "Idempotency-Key": "k" + Math.random(), "Prefer": "respond-async" };
  const options = { method: "POST", headers, body: JSON.stringify({ message }) };
  const accepted = await fetch(`${api}/chat`, options);
  delete headers.Prefer;
  const answered = await fetch(`${api}/chat`, { ...options, headers });
  const refused = await fetch(`${api}/chat`, { ...options, body: "{}" });
  return {
    location: accepted.headers.get("Location"), retry: accepted.headers.get("Retry-After"),
    answered: answered.status, response: (await answered.json()).response,
    refused: refused.status, detail: (await refused.json()).detail,
    erased: (await fetch(`${api}/conversations/c`, { method: "DELETE" })).status,
  };
}
</script>"""


def test_a_page_on_another_origin_chats_if_it_may(browser: Browser) -> None:
    with served(page(WIDGET)) as shop:
        harness = GatewayHarness(settings=load(GatewaySettings, wait_seconds=5, cors_origins=shop))
        with served(harness.app) as api:
            echo(harness)
            browser.open(f"{shop}/")
            told = browser.evaluate(f"chat('{api}', 'Do you ship to Malta?')")
    assert told["location"].startswith("/jobs/")
    assert told["retry"] == "1"
    assert (told["answered"], told["response"]) == (200, "Do you ship to Malta?")
    assert (told["refused"], told["detail"]) == (400, "message is missing.")
    assert told["erased"] == 204


def test_a_page_that_may_not_reaches_nothing(browser: Browser) -> None:
    harness = GatewayHarness()
    echo(harness)
    body = """'{"message":"x"}'"""
    posts = (
        "chat(api, 'x')",
        f"fetch(`${{api}}/chat`, {{method: 'POST', body: {body}}})",
        f"fetch(`${{api}}/chat`, {{method: 'POST', mode: 'no-cors', body: new Blob([{body}])}})",
        "fetch(`${api}/healthz`)",
    )
    with served(page(WIDGET)) as shop, served(harness.app) as api:
        browser.open(f"{shop}/")
        browser.evaluate(f"window.api = '{api}'")
        outcomes = [
            browser.evaluate(f"{post}.then((answer) => answer.type, () => 'refused')")
            for post in posts
        ]
    assert outcomes == ["refused"] * len(posts)
    assert harness.published == []

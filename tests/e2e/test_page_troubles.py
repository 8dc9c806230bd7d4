"""Pages in a real browser under bad conditions: networks, small screens, what a browser refuses."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from itertools import chain, repeat
from typing import Any

import pytest

from gateway.problems import QUEUE_UNAVAILABLE
from shared.api_keys import ApiKey, digest_of, new_key
from shared.errors import QueueUnavailable, RateLimited
from tests.support.browser import NOTHING_IS_KEPT, Browser, WsgiApp, served
from tests.support.chat_stage import LONG_WORD, ChatStage, ChatView
from tests.support.gateway_harness import GatewayHarness
from tests.support.made_up_day import fill

TIMES_RUN_OUT_SOON = """{ const start = setTimeout, timeout = AbortSignal.timeout.bind(AbortSignal);
  window.setTimeout = (then, ms) => start(then, ms / 20);
  AbortSignal.timeout = (ms) => timeout(ms / 20); }"""
READ_A_SILENT_STREAM = """(async () => {
  const heard = [], body = new ReadableStream({ start(stream) {
    stream.enqueue(new TextEncoder().encode("event: delta\\ndata: {}\\n\\n"));
  } });
  await readEvents(new Response(body), (event) => { heard.push(event.event); }, 50);
  return heard;
})()"""


@pytest.fixture
def stage() -> ChatStage:
    return ChatStage()


@pytest.fixture
def view(browser: Browser, stage: ChatStage) -> Iterator[ChatView]:
    """The chat page on which every wait is over soon."""
    with served(stage.harness.app) as origin, before_pages(browser, TIMES_RUN_OUT_SOON):
        browser.open(f"{origin}/")
        yield ChatView(browser)


@contextmanager
def before_pages(browser: Browser, script: str) -> Iterator[None]:
    """Run a script in each page before its own ones."""
    added = browser.call("Page.addScriptToEvaluateOnNewDocument", source=script)
    try:
        yield
    finally:
        browser.call("Page.removeScriptToEvaluateOnNewDocument", **added)


def restarting(app: WsgiApp, path: str, failures: int = 2) -> WsgiApp:
    """Return what a proxy shows while the app behind it restarts: an error that is no problem."""
    left = [failures]

    def proxy(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        if environ["PATH_INFO"] == path and left[0]:
            left[0] -= 1
            start_response("502 Bad Gateway", [("Content-Type", "text/html")])
            return [b"<h1>502 Bad Gateway</h1>"]
        return app(environ, start_response)

    return proxy


def test_a_browser_that_keeps_nothing_chats_with_a_key_all_the_same(browser: Browser) -> None:
    stage = ChatStage()
    key_id, key = new_key()
    stage.harness.keys.create(digest_of(key), ApiKey(key_id, scopes=frozenset(("chat",))))
    with served(stage.harness.app) as origin, before_pages(browser, NOTHING_IS_KEPT):
        browser.open(f"{origin}/")
        browser.wait_for("!byId('key-form').hidden")
        browser.evaluate("byId('key').value = 'two words'; byId('key-form').requestSubmit()")
        asked_again = not browser.evaluate("byId('key-form').hidden")
        browser.evaluate(f"byId('key').value = ' {key}'; byId('key-form').requestSubmit()")
        view = ChatView(browser)
        view.ask("Hello")
        view.wait_for(".assistant .bubble", "You said 5 characters.")
        view.wait_for(".thumb")
    assert asked_again


def test_a_conversation_that_cannot_be_loaded_comes_later(
    view: ChatView, stage: ChatStage, monkeypatch: pytest.MonkeyPatch
) -> None:
    view.ask("Hello")
    view.wait_for(".facts")
    conversations = stage.harness.conversations
    away = QueueUnavailable("switched off by a test")
    troubles = chain([away, RateLimited("too much", 1)], repeat(away))

    def fail(_id: str) -> list[bytes]:
        raise next(troubles)

    with monkeypatch.context() as patched:
        patched.setattr(conversations, "turns", fail)
        view.browser.reload()
        view.wait_for(".note", "cannot be loaded at the moment")
        view.ask("And now?")
        view.browser.wait_for(f"{view.find('.facts')}.length === 1")
    view.browser.wait_for(f"{view.find('.facts')}.length === 2")
    assert view.texts(".user .bubble") == ["Hello", "And now?"]
    assert view.texts(".note") == []


def test_a_restart_behind_a_proxy_costs_no_message(browser: Browser, stage: ChatStage) -> None:
    proxy = restarting(stage.harness.app, "/chat")
    with served(proxy) as origin, before_pages(browser, TIMES_RUN_OUT_SOON):
        browser.open(f"{origin}/")
        view = ChatView(browser)
        view.ask("Hello")
        view.wait_for(".assistant .bubble", "You said 5 characters.")
        errors = view.texts(".error")
    assert errors == []
    assert len(stage.harness.published) == 1


def test_a_redis_that_is_away_for_a_moment_costs_no_message(
    view: ChatView, stage: ChatStage
) -> None:
    stage.harness.publisher.answer = QueueUnavailable("switched off by a test")
    view.ask("Hello")
    view.wait_for(".why", "Trying to connect again")
    stage.harness.publisher.answer = None
    view.wait_for(".assistant .bubble", "You said 5 characters.")
    assert view.texts(".error") == []
    assert QUEUE_UNAVAILABLE.name == "queue-unavailable"  # as calls.js knows it


def test_a_stream_that_has_fallen_silent_is_left(view: ChatView) -> None:
    assert view.browser.evaluate(READ_A_SILENT_STREAM) == ["delta"]


def test_the_last_characters_are_read_aloud_seldom(view: ChatView) -> None:
    browser = view.browser
    browser.evaluate("window.told = []; chat.composer.tell = (text) => told.push(text); 0")
    browser.evaluate(f"{view.find('#message')}[0].focus()")
    browser.type_text("x" * 3490)
    for _ in range(15):
        browser.type_text("y")
    seen = view.texts(".count")
    browser.type_text("z" * 600)
    assert seen == ["495 characters left"]
    assert browser.evaluate("told") == ["499 characters left", "0 characters left"]


def test_enter_that_ends_a_composition_sends_nothing(view: ChatView, stage: ChatStage) -> None:
    view.browser.evaluate(
        "chat.composer.box.value = 'にほん'; chat.composer.box.dispatchEvent("
        "new KeyboardEvent('keydown', {key: 'Enter', keyCode: 229, bubbles: true}))"
    )
    assert view.browser.evaluate("chat.composer.box.value") == "にほん"
    assert stage.harness.published == []


@pytest.mark.parametrize("status", ["Almost ready", "Not reachable"])
def test_nothing_overlaps_on_the_smallest_phone(view: ChatView, status: str) -> None:
    browser = view.browser
    view.ask("Hello")
    view.wait_for(".facts")
    browser.emulate(width=320, height=568, phone=True)
    ends = browser.evaluate(
        f"showStatus('down', '{status}');"
        "[byId('status-text').getBoundingClientRect().right,"
        " byId('restart').getBoundingClientRect().left,"
        " byId('restart').getBoundingClientRect().right]"
    )
    assert ends == sorted(ends)
    assert ends[-1] <= 320


def test_what_was_said_last_stays_in_sight_when_a_keyboard_opens(view: ChatView) -> None:
    browser = view.browser
    browser.emulate(width=360, height=740, phone=True)
    browser.reload()
    for number in range(1, 4):
        view.ask(f"I am angry! {LONG_WORD}")
        browser.wait_for(f"{view.find('.facts')}.length === {number}")
    browser.emulate(width=360, height=400, phone=True)
    browser.wait_for("innerHeight === 400 && chat.transcript.isAtEnd()")
    browser.evaluate("chat.scroller.scrollTop = 0")
    browser.wait_for("!chat.transcript.wasAtEnd")
    browser.emulate(width=360, height=740, phone=True)
    browser.wait_for("innerHeight === 740")
    assert browser.evaluate("chat.scroller.scrollTop") == 0


def test_the_whole_conversation_is_printed(view: ChatView) -> None:
    browser = view.browser
    for number in range(1, 4):
        view.ask(f"I am angry! {LONG_WORD}")
        browser.wait_for(f"{view.find('.facts')}.length === {number}")
    browser.call("Emulation.setEmulatedMedia", media="print")
    cut = browser.evaluate("chat.scroller.scrollHeight - chat.scroller.clientHeight")
    tall = browser.evaluate("document.documentElement.scrollHeight > innerHeight")
    seen = browser.evaluate("chat.composer.box.checkVisibility()")
    assert (cut, tall, seen) == (0, True, False)


def test_figures_that_do_not_come_leave_no_green_dashboard(browser: Browser) -> None:
    harness = GatewayHarness()
    fill(harness.history, harness.clock.now())
    troubles = (
        "Promise.resolve(new Response('<h1>Sign in to this network</h1>'))",
        "new Promise((_, fail) => signal?.addEventListener('abort', () => fail(signal.reason)))",
    )
    told = []
    with served(harness.app) as origin, before_pages(browser, TIMES_RUN_OUT_SOON):
        browser.open(f"{origin}/dashboard")
        browser.evaluate("window.truly = fetch; 0")
        for trouble in troubles:
            browser.wait_for("byId('state').dataset.level === 'good'")
            browser.evaluate(f"window.fetch = (_, {{ signal }} = {{}}) => {trouble}; 0")
            browser.wait_for("byId('state').dataset.level === 'bad'")
            told.append(browser.evaluate("byId('state').textContent"))
            browser.evaluate("window.fetch = truly; 0")
    assert "The server's answer cannot be read." in told[0]
    assert "The server cannot be reached." in told[1]
    assert all("The figures below are old." in each for each in told)

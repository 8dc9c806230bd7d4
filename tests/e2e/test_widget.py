"""The chat on a page of another site, in a real browser: a script tag, and nothing else."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from shared.api_keys import ApiKey, digest_of, new_key
from tests.support.accessibility import find_violations
from tests.support.browser import NOTHING_IS_KEPT, Browser, WsgiApp, served
from tests.support.chat_stage import ChatStage, ChatView
from tests.support.processes import wait_until

DEVICES: dict[str, Any] = {
    "desktop": {},
    "dark": {"color_scheme": "dark"},
    "phone": {"width": 360, "height": 740, "phone": True},
}
TREE = "document.querySelector('parley-chat').shadowRoot"
HOSTILE = """<style>
* { all: unset !important; font: 900 40px/1 serif !important; color: red !important;
    display: block !important; letter-spacing: 9px !important; --accent: red; --surface: red; }
parley-chat { display: none !important; visibility: hidden !important; opacity: 0 !important;
    transform: scale(9) !important; width: 100vw !important; position: static !important;
    pointer-events: none !important; z-index: -1 !important; }
html { font-size: 62.5%; } button, dialog, textarea { display: none !important; }
body { transform: scale(.5); overflow: hidden; }
</style><script>
Array.prototype.extra = () => "everywhere";
window.at = window.send = window.words = null;
window.typed = [];
window.names = [];
window.names = Object.getOwnPropertyNames(window);
for (const name of ["keydown", "keyup", "input"])
  document.addEventListener(name, (event) => typed.push(event.type));
</script>"""
LOOKS = f"""(() => {{
  const find = (selector) => {TREE}.querySelector(selector);
  const bubble = find(".assistant .bubble"), launcher = find(".launcher").getBoundingClientRect();
  const {{ fontSize: size, color, letterSpacing: spacing }} = getComputedStyle(bubble);
  const over = document.elementFromPoint(launcher.left + 20, launcher.top + 20).localName;
  const side = document.documentElement.clientWidth - launcher.right;
  return {{ size, color, spacing, side, over, send: find(".send").offsetWidth }};
}})()"""


def shop(origin: str, attributes: str = "", before: str = "", policy: str = "") -> WsgiApp:
    """Return a site whose pages name the widget of this origin."""
    page = (
        "<!doctype html><html lang=en><meta charset=utf-8><title>A shop</title>"
        '<meta name=viewport content="width=device-width">'
        f"{before}<main><h1>A shop</h1><a href=/next>Next</a></main>"
        f'<script src="{origin}/widget.js" async {attributes}></script>'
    )
    headers = [("Content-Type", "text/html; charset=utf-8")]
    headers += [("Content-Security-Policy", policy)] if policy else []

    def show(_environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        start_response("200 OK", headers)
        return [page.encode()]

    return show


@contextmanager
def widget_on(browser: Browser, stage: ChatStage, **page: str) -> Iterator[ChatView]:
    """Open a page of another site with the widget."""
    with served(stage.harness.app) as origin:
        policy = page.pop("policy", "").replace("PARLEY", origin)
        with served(shop(origin, policy=policy, **page)) as elsewhere:
            browser.open(f"{elsewhere}/")
            browser.wait_for("document.querySelector('parley-chat')")
            yield ChatView(browser, TREE)


def said_on_console(browser: Browser) -> list[str]:
    """Return what was written to the console since the page was opened."""
    browser.evaluate("0")  # what has happened by now is told
    said = [each for each in browser.events if each["method"] == "Runtime.consoleAPICalled"]
    return [each["params"]["args"][0]["value"] for each in said]


@pytest.fixture
def stage() -> ChatStage:
    return ChatStage(cors_origins="*")


@pytest.mark.parametrize("device", DEVICES)
def test_no_violation_of_accessibility(browser: Browser, stage: ChatStage, device: str) -> None:
    browser.emulate(**DEVICES[device], reduced_motion=True)
    look = 'data-color="gold" data-details data-questions="Where is it?|Why?"'
    before = (
        "<style>html { color-scheme: light dark } a { color: inherit }</style>"
        if device == "dark"
        else ""
    )
    with widget_on(browser, stage, attributes=look, before=before) as view:
        closed = find_violations(browser)
        view.click(".launcher")
        welcome = find_violations(browser)
        for number, message in enumerate(("I am angry!", "Change my address"), 1):
            view.ask(message)
            browser.wait_for(f"{view.find('.facts')}.length === {number}")
        view.ask("I want a person")
        view.wait_for(".banner", "waiting")
        view.click(".thumb")
        view.wait_for(".comment")
        wide = browser.evaluate(
            f"{view.find('.panel, .scroller, .turn, .meta')}"
            ".filter((e) => e.scrollWidth > e.clientWidth + 1).map((e) => e.className)"
        )
        chatting = find_violations(browser)
    assert (closed, welcome, chatting) == ([], [], [])
    assert wide == []


def test_neither_page_nor_widget_breaks_the_other(browser: Browser, stage: ChatStage) -> None:
    strict = (
        "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline' PARLEY; "
        "connect-src PARLEY; require-trusted-types-for 'script'"
    )
    with widget_on(browser, stage, before=HOSTILE, policy=strict) as view:
        view.click(".launcher")
        view.ask("Hello there")
        view.wait_for(".assistant .bubble", "You said 11 characters.")
        looks = browser.evaluate(LOOKS)
        typed = browser.evaluate("typed")
        left = browser.evaluate(
            "Object.getOwnPropertyNames(window).filter((name) => !names.includes(name))"
        )
        complaints = [each for each in browser.events if each["method"] == "Log.entryAdded"]
    assert left == []
    assert looks["size"] == "16px"
    assert (looks["color"], looks["spacing"]) == ("rgb(23, 32, 42)", "normal")
    assert 30 < looks["send"] < 45
    assert 15 < looks["side"] < 25
    assert looks["over"] == "parley-chat"
    assert typed == []
    assert complaints == []


def test_the_conversation_goes_on_on_the_next_page(browser: Browser, stage: ChatStage) -> None:
    key_id, key = new_key()
    stage.harness.keys.create(digest_of(key), ApiKey(key_id, scopes=frozenset(("chat",))))
    attributes = f'data-key="{key}" data-user="customer 7"'
    with widget_on(browser, stage, attributes=attributes) as view:
        view.click(".launcher")
        view.ask("Hello there")
        view.wait_for(".rating")
        browser.evaluate("document.querySelector('a').click()")
        browser.wait_for("location.pathname === '/next' && document.querySelector('parley-chat')")
        view.wait_for(".user .bubble", "Hello there")
        opened = browser.evaluate(f"{TREE}.querySelector('.panel').open")
        stolen = browser.evaluate("document.activeElement.localName")
        view.ask("I want a person")
        view.wait_for(".banner", "waiting")
        view.click(".launcher")
        stage.person("claim")
        stage.person("reply", "Hello, Anna here.")
        view.wait_for(".badge:not([hidden])", "1")
        label = view.attribute(".launcher", "aria-label")
    assert opened
    assert stolen == "body"
    assert label == ["Open chat, new messages: 1"]
    assert {job.user_id for job in stage.harness.published} == {"customer 7"}
    assert len({job.conversation_id for job in stage.harness.published}) == 1


def test_on_a_phone_it_is_a_dialog_that_keeps_the_focus(browser: Browser, stage: ChatStage) -> None:
    browser.emulate(**DEVICES["phone"])
    with widget_on(browser, stage, attributes='data-label="Chat"') as view:
        browser.evaluate(f"{view.find('.launcher')}[0].focus()")
        browser.press("Enter")
        browser.wait_for(f"{TREE}.querySelector('.panel:modal')")
        reached = set()
        for _ in range(8):
            browser.press("Tab")
            reached.add(browser.evaluate("document.activeElement.localName"))
        size = browser.evaluate(
            f"(({{width, height}}) => [width, height])({TREE}.querySelector('.panel')"
            ".getBoundingClientRect())"
        )
        browser.press("Escape")
        browser.wait_for(f"!{TREE}.querySelector('.panel').open")
        focused = browser.evaluate(f"{TREE}.activeElement.className")
    assert "a" not in reached
    assert size == [360, 740]
    assert focused == "launcher"


def test_on_a_desktop_escape_closes_it(browser: Browser, stage: ChatStage) -> None:
    with widget_on(browser, stage) as view:
        view.click(".launcher")
        focused = browser.evaluate(f"{TREE}.activeElement.id")
        expanded = view.attribute(".launcher", "aria-expanded")
        browser.press("Escape")
        browser.wait_for(f"!{TREE}.querySelector('.panel').open")
        back = browser.evaluate(f"{TREE}.activeElement.className")
    assert (focused, expanded, back) == ("message", ["true"], "launcher")


def test_it_looks_and_speaks_as_the_tag_says(browser: Browser, stage: ChatStage) -> None:
    browser.emulate(color_scheme="dark")
    words = '{"placeholder": "Nachricht", "rate": "Hilfreich?"}'
    attributes = f"data-title='Leuchten &amp; Co.' data-greeting='Guten Abend!' data-position=left \
        data-theme=light data-lang=de data-words='{words}'"
    before = "<style>parley-chat { --parley-accent: rgb(255 215 0); --parley-width: 300px }</style>"
    with widget_on(browser, stage, attributes=attributes, before=before) as view:
        view.click(".launcher")
        looks = browser.evaluate(
            f"((root) => [getComputedStyle(root.querySelector('.launcher')).backgroundColor,"
            "  getComputedStyle(root.querySelector('.launcher')).color,"
            "  root.querySelector('.panel').getBoundingClientRect().width,"
            "  root.querySelector('.panel').getBoundingClientRect().left < 30,"
            "  getComputedStyle(root.querySelector('.panel')).backgroundColor,"
            f"  root.querySelector('.frame').lang])({TREE})"
        )
        said = view.texts(".head h2, .welcome h2") + view.attribute("#message", "placeholder")
    assert looks == ["rgb(255, 215, 0)", "rgb(0, 0, 0)", 300, True, "rgb(244, 246, 248)", "de"]
    assert said == ["Leuchten & Co.", "Guten Abend!", "Nachricht"]


def test_two_tags_make_one_chat_that_a_visit_later_still_knows(
    browser: Browser, stage: ChatStage
) -> None:
    with widget_on(browser, stage, attributes="data-storage=local") as view:
        view.click(".launcher")
        view.ask("Hello there")
        view.wait_for(".rating")
        again = (
            "(one => { one.src = document.scripts[0].src; document.head.append(one);"
            " return new Promise((done) => { one.onload = () => done(1); }); })"
            "(document.createElement('script'))"
        )
        browser.evaluate(again)
        count = browser.evaluate("document.querySelectorAll('parley-chat').length")
        view.click(".launcher")
        browser.evaluate("sessionStorage.clear()")
        browser.reload()
        browser.wait_for("document.querySelector('parley-chat')")
        asked_unopened = {url for url in browser.requested() if "/conversations/" in url}
        view.click(".launcher")
        view.wait_for(".user .bubble", "Hello there")
    assert count == 1
    assert asked_unopened == set()


def test_words_that_do_not_exist_are_complained_of_and_the_chat_is_there(
    browser: Browser, stage: ChatStage
) -> None:
    words = '{"send": null, "sned": "Senden", "close": "Zu"}'
    with widget_on(browser, stage, attributes=f"data-words='{words}'") as view:
        wait_until(lambda: len(said_on_console(browser)) == 2, 10)
        told = said_on_console(browser)
        view.click(".launcher")
        labels = view.attribute(".send, .launcher", "aria-label")
    assert ["send" in told[0], "sned" in told[1]] == [True, True]
    assert labels == ["Zu", "Send"]


def test_where_nothing_may_be_kept_the_widget_chats_all_the_same(
    browser: Browser, stage: ChatStage
) -> None:
    with widget_on(browser, stage, before=f"<script>{NOTHING_IS_KEPT}</script>") as view:
        view.click(".launcher")
        view.ask("Hello there")
        view.wait_for(".assistant .bubble", "You said 11 characters.")
        complaints = [each for each in browser.events if each["method"] == "Log.entryAdded"]
    assert complaints == []


def test_who_takes_the_element_off_the_page_ends_the_chat(
    browser: Browser, stage: ChatStage
) -> None:
    noted = (
        "<script>{ const ask = fetch; window.streams = [];"
        " window.fetch = (address, options = {}) => {"
        "  if (address.includes('/conversations/') && address.endsWith('/events'))"
        "   streams.push(options.signal);"
        "  return ask(address, options); }; }</script>"
    )
    with widget_on(browser, stage, before=noted) as view:
        view.click(".launcher")
        view.ask("I want a person")
        view.wait_for(".banner", "waiting")
        browser.evaluate("window.gone = document.querySelector('parley-chat'); gone.remove()")
        browser.wait_for("streams.length === 1 && streams[0].aborted")
        browser.evaluate(
            "(one => { one.src = document.scripts[1].src; document.head.append(one); })"
            "(document.createElement('script'))"
        )
        browser.wait_for("document.querySelector('parley-chat')")
        view.wait_for(".user .bubble", "I want a person")
        count = browser.evaluate("document.querySelectorAll('parley-chat').length")
    assert count == 1


def test_a_page_that_is_never_dark_has_a_light_chat(browser: Browser, stage: ChatStage) -> None:
    browser.emulate(color_scheme="dark")
    ground = f"getComputedStyle({TREE}.querySelector('.panel')).backgroundColor"
    with widget_on(browser, stage):
        plain = browser.evaluate(ground)

    with widget_on(browser, stage, before="<style>:root { color-scheme: dark }</style>"):
        follows = browser.evaluate(ground)
    with widget_on(browser, stage, attributes="data-theme=dark"):
        wanted = browser.evaluate(ground)
    assert plain == "rgb(244, 246, 248)"
    assert follows == wanted == "rgb(15, 19, 24)"


def test_who_builds_a_page_that_may_not_is_told_why(browser: Browser) -> None:
    with widget_on(browser, ChatStage()) as view:
        view.click(".launcher")
        view.wait_for(".note", "The chat cannot be reached at the moment.")
        wait_until(lambda: bool(said_on_console(browser)), 10)
        told = said_on_console(browser)
    assert len(told) == 1
    assert "Add this origin to PARLEY_CORS_ORIGINS." in told[0]

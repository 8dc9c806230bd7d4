"""The chat page in a real browser: what a customer sees and does, and how it copes with trouble."""

import json
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from shared import results
from shared.errors import AdmissionRefused
from shared.jobs import ChatJob
from shared.results import Failure, JobRecord
from tests.support.accessibility import find_violations
from tests.support.browser import Browser, page, served
from tests.support.chat_stage import CHOICES, LONG_WORD, ChatStage, ChatView

DEVICES: dict[str, Any] = {
    "desktop": {},
    "dark": {"color_scheme": "dark"},
    "phone": {"width": 360, "height": 740, "phone": True},
    "forced-colors": {"forced_colors": True},
}


@pytest.fixture
def stage() -> ChatStage:
    return ChatStage()


@pytest.fixture
def view(browser: Browser, stage: ChatStage) -> Iterator[ChatView]:
    """The page, opened by somebody who has never been there."""
    with served(stage.harness.app) as origin:
        browser.open(f"{origin}/")
        yield ChatView(browser)


def ask_and_wait(view: ChatView, stage: ChatStage, message: str) -> ChatJob:
    """Send a message that the test itself answers; return its job once the page knows it."""
    view.ask(message)
    view.browser.wait_for("chat.conversation.pending.at(-1)?.job")
    return stage.last_job


def said_aloud(browser: Browser) -> None:
    """Note from now on what a screen reader is told."""
    browser.evaluate(
        "window.told = []; new MutationObserver(() => {"
        "  const text = document.querySelector('.talk > [role=status]').textContent;"
        "  if (text) told.push(text);"
        "}).observe(document.querySelector('.talk > [role=status]'), {childList: true}); 0"
    )


def test_a_page_with_faults_has_them_found(browser: Browser) -> None:
    document = "<!doctype html><html lang=en><title>x</title><main><h1>x</h1>"
    faults = "<p style='color:#aaa;background:#fff'>pale</p><button></button>"
    with served(page(document + faults)) as origin:
        browser.open(f"{origin}/")
        found = find_violations(browser)
    assert {each.id for each in found} == {"button-name", "color-contrast"}
    assert all(each.nodes and each.impact and each.help for each in found)


def test_the_page_needs_nothing_from_elsewhere(view: ChatView) -> None:
    view.ask("Hello")
    view.wait_for(".facts")
    origin = view.browser.evaluate("location.origin")
    asked = [url for url in view.browser.requested() if not url.startswith("data:")]
    assert all(url.startswith(f"{origin}/") for url in asked)


@pytest.mark.parametrize("device", DEVICES)
def test_no_violation_of_accessibility_and_nothing_wider_than_the_screen(
    view: ChatView, stage: ChatStage, device: str
) -> None:
    browser = view.browser
    browser.emulate(**DEVICES[device], reduced_motion=True)  # half a fade has half the contrast
    empty = find_violations(browser)
    for number, message in enumerate((f"I am angry! {LONG_WORD}", "Change my address"), 1):
        view.ask(message)
        browser.wait_for(f"{view.find('.facts')}.length === {number}")
    view.click(".chip:not(.welcome *)")
    view.wait_for(".chip[aria-pressed=true]")
    view.click(".more")
    view.ask("I want a person")
    view.wait_for(".banner", "waiting")
    stage.person("claim")
    stage.person("reply", f"Hello. {LONG_WORD}")
    view.wait_for(".person")
    stage.harness.publisher.answer = AdmissionRefused("5,000 wait", 1)
    view.ask("Are you there?")
    view.wait_for(".again")
    view.click(".thumb", 1)
    view.wait_for(".comment")
    wide = browser.evaluate(
        "[...document.querySelectorAll('body, .scroller, .turn, .meta')]"
        ".filter((e) => e.scrollWidth > e.clientWidth + 1).map((e) => e.className)"
    )
    assert empty == []
    assert find_violations(browser) == []
    assert wide == []


def test_a_reply_appears_as_it_is_written_and_is_read_aloud_once(
    view: ChatView, stage: ChatStage
) -> None:
    said_aloud(view.browser)
    job = ask_and_wait(view, stage, "Please wait")
    stage.write(job, "You **sa")
    view.wait_for(".assistant .bubble", "You **sa")
    stage.write(job, "You **said** ")
    view.wait_for(".assistant strong", "said")
    early = view.browser.evaluate("told")
    goes_on = len(view.texts(".typing"))
    stage.finish(job)
    view.wait_for(".assistant .bubble", "You said 11 characters.")
    view.wait_for(".facts", "90 % sure")
    view.browser.wait_for("told.length")
    assert early == []
    assert (goes_on, len(view.texts(".typing"))) == (1, 0)
    assert view.browser.evaluate("told") == ["Parley: You said 11 characters."]
    assert view.attribute("#log", "aria-live") == ["off"]


def test_a_choice_is_sent_marked_and_may_be_changed(view: ChatView, stage: ChatStage) -> None:
    view.ask("How do I change my address?")
    view.wait_for("#log .chip", CHOICES[1].question)
    assert view.texts(".assistant .bubble") == ["One of these?"]
    view.click("#log .chip", 0)
    view.browser.wait_for(f"{view.find('.facts')}.length === 2")
    first = view.attribute("#log .chip", "aria-pressed")
    view.click("#log .chip", 1)
    view.browser.wait_for(f"{view.find('.facts')}.length === 3")
    assert first[:2] == ["true", "false"]
    assert view.attribute("#log .chip", "aria-pressed")[:2] == ["false", "true"]
    assert [job.message for job in stage.harness.published][1:] == [one.question for one in CHOICES]


def test_thumbs_with_a_comment_are_kept_and_may_be_changed(
    view: ChatView, stage: ChatStage
) -> None:
    given = stage.harness.feedback.given
    view.ask("Hello")
    view.wait_for(".thumb")
    job_id = stage.last_job.id
    view.click(".thumb", 1)
    view.wait_for(".comment")
    assert given == {job_id: (1, None)}
    view.browser.evaluate("document.querySelector('.comment input').focus()")
    view.browser.type_text("Too short.")
    view.browser.press("Enter")
    view.browser.wait_for("!document.querySelector('.comment')")
    assert given == {job_id: (1, "Too short.")}
    assert view.browser.evaluate("document.activeElement.getAttribute('aria-label')") != ""
    view.click(".thumb", 0)
    view.wait_for(".comment")
    view.browser.reload()
    view.browser.wait_for("document.querySelector('.thumb[aria-pressed=true]')")
    assert given == {job_id: (5, None)}
    assert view.attribute(".thumb", "aria-pressed") == ["true", "false"]


def test_who_has_the_conversation_is_seen(view: ChatView, stage: ChatStage) -> None:
    view.wait_until_gone(".banner")
    view.ask("I want to talk to a person")
    view.wait_for(".banner", "waiting for a person")
    stage.person("claim")
    view.wait_for(".banner", "You are talking to a person now: Anna")
    view.wait_for(".note", "Anna has joined.")
    stage.person("reply", "Hello, how can I help?")
    view.wait_for(".person .bubble", "Hello, how can I help?")
    assert view.texts(".person .who") == ["Anna"]
    view.browser.reload()
    view.wait_for(".banner", "You are talking to a person now: Anna")
    assert view.texts(".person .bubble") == ["Hello, how can I help?"]
    stage.person("close")
    view.wait_for(".note", "Anna has left.")
    view.wait_until_gone(".banner")


def test_a_reload_goes_on_with_the_reply_that_is_on_its_way(
    view: ChatView, stage: ChatStage
) -> None:
    view.ask("Hello")
    view.wait_for(".facts")
    job = ask_and_wait(view, stage, "Please wait for it")
    stage.write(job, "So far")
    view.wait_for(".assistant .bubble", "So far")
    view.browser.reload()
    view.browser.wait_for("document.querySelectorAll('.turn').length === 4")
    view.wait_for(".assistant .bubble", "So far")
    stage.finish(job)
    view.wait_for(".assistant .bubble", "You said 18 characters.")
    view.browser.reload()
    view.browser.wait_for("document.querySelectorAll('.facts').length === 2")
    assert view.texts(".user .bubble") == ["Hello", "Please wait for it"]
    assert [job.message for job in stage.harness.published] == ["Hello", "Please wait for it"]
    view.click("#restart")
    view.wait_for(".welcome h2", "How can we help?")
    view.wait_until_gone(".turn")


def test_a_reload_before_the_server_has_answered_sends_the_same_request_again(
    view: ChatView, stage: ChatStage
) -> None:
    ask_and_wait(view, stage, "Please wait")
    view.browser.evaluate("chat.conversation.pending[0].job = null; chat.conversation.save()")
    view.browser.reload()
    view.browser.wait_for("document.querySelector('.typing') && chat.conversation.pending[0].job")
    keys = [each.key for each in stage.harness.publisher.requests]
    assert len(keys) == 2
    assert keys[0] is not None
    assert keys[0] == keys[1]


def test_who_asks_before_the_conversation_is_there_finds_all_in_order(
    view: ChatView, stage: ChatStage, monkeypatch: pytest.MonkeyPatch
) -> None:
    view.ask("Hello")
    view.wait_for(".facts")
    conversations, may_go = stage.harness.conversations, threading.Event()
    turns = conversations.turns
    monkeypatch.setattr(conversations, "turns", lambda id_: may_go.wait(20) and turns(id_))
    view.browser.reload()
    view.ask("And now?")
    view.wait_for(".facts")
    ask_and_wait(view, stage, "Please wait")
    may_go.set()
    view.browser.wait_for("document.querySelectorAll('.turn').length === 6")
    stage.finish(stage.last_job)
    view.browser.wait_for("document.querySelectorAll('.facts').length === 3")
    assert view.texts(".user .bubble") == ["Hello", "And now?", "Please wait"]
    assert len(stage.harness.published) == 3


def test_a_full_queue_is_told_in_plain_words_with_the_time_to_wait(
    view: ChatView, stage: ChatStage
) -> None:
    stage.harness.publisher.answer = AdmissionRefused("5,000 messages are waiting", 1)
    view.ask("Hello")
    view.wait_for(".error", "Very many people are writing just now.")
    view.wait_for(".again[disabled]", "Try again in")
    stage.harness.publisher.answer = None
    view.wait_for(".again:not([disabled])", "Try again")
    view.click(".again")
    view.wait_for(".facts")
    assert view.texts(".error") == []
    assert len(view.texts(".user")) == 1


def test_a_message_that_failed_is_asked_anew_also_after_a_reload(
    view: ChatView, stage: ChatStage
) -> None:
    failed = ask_and_wait(view, stage, "Please wait")
    body = results.encode_failure(Failure("failed", "The engine failed."))
    stage.harness.jobs.records[failed.id] = JobRecord("failed", body)
    stage.harness.feed.publish(results.encode_notification(failed.id, "failed", body))
    view.wait_for(".error", "could not be answered")
    view.browser.reload()
    view.browser.wait_for("document.querySelector('.again')")
    view.click(".again")
    view.wait_for(".typing")
    view.browser.wait_for("chat.conversation.pending[0].job")
    assert stage.last_job.id != failed.id
    stage.finish(stage.last_job)
    view.wait_for(".facts")


def test_who_is_offline_is_told_and_the_message_goes_out_once(
    view: ChatView, stage: ChatStage
) -> None:
    network = {"latency": 0, "downloadThroughput": -1, "uploadThroughput": -1}
    view.browser.call("Network.emulateNetworkConditions", offline=True, **network)
    view.ask("Hello?")
    view.wait_for(".why", "You are offline.")
    view.browser.call("Network.emulateNetworkConditions", offline=False, **network)
    view.wait_for(".facts")
    assert [job.message for job in stage.harness.published] == ["Hello?"]


def test_what_was_said_stays_while_the_page_is_offline(view: ChatView, stage: ChatStage) -> None:
    network = {"latency": 0, "downloadThroughput": -1, "uploadThroughput": -1}
    job = ask_and_wait(view, stage, "Please wait")
    stage.write(job, "You said")
    view.wait_for(".assistant .bubble", "You said")
    view.browser.call("Network.emulateNetworkConditions", offline=True, **network)
    view.wait_for(".why", "You are offline.")
    meanwhile = view.texts(".assistant .bubble")
    view.browser.call("Network.emulateNetworkConditions", offline=False, **network)
    stage.finish(job)
    view.wait_for(".facts")
    assert meanwhile == ["You saidYou are offline. The reply comes as soon as you are back."]
    assert view.texts(".assistant .bubble") == ["You said 11 characters."]


def test_where_no_stream_is_free_the_reply_comes_all_the_same(
    browser: Browser,
) -> None:
    stage = ChatStage(max_streams=0)
    with served(stage.harness.app) as origin:
        browser.open(f"{origin}/")
        view = ChatView(browser)
        view.ask("Hello")
        view.wait_for(".assistant .bubble", "You said 5 characters.")
    assert len(stage.harness.published) == 1


def test_all_is_done_by_keyboard(view: ChatView, stage: ChatStage) -> None:
    browser = view.browser

    def go_to(label: str) -> None:
        for _ in range(20):
            browser.press("Tab")
            name = "((e) => e.ariaLabel || (e.localName === 'button' ? e.textContent : ''))"
            if label in browser.evaluate(f"{name}(document.activeElement)"):
                return
        pytest.fail(f"{label} is not reached")

    assert browser.evaluate("document.activeElement.id") == "message"
    view.ask("How do I change my address?")
    view.wait_for("#log .chip")
    assert browser.evaluate("document.activeElement.id") == "message"
    browser.evaluate("document.activeElement.blur()")
    go_to(CHOICES[0].question)
    browser.press(" ")
    browser.wait_for(f"{view.find('.facts')}.length === 2")
    go_to("Not helpful")
    browser.press("Enter")
    view.wait_for(".comment")
    go_to("What was missing?")
    browser.press("Escape")
    browser.wait_for("!document.querySelector('.comment')")
    assert browser.evaluate("document.activeElement.ariaLabel") == "Not helpful"
    assert list(stage.harness.feedback.given.values()) == [(1, None)]


def test_the_markdown_of_replies_becomes_elements(view: ChatView) -> None:
    text = "# Head\nOne\n*two*.\n\n2. b **c**\n   d\n3. e\n- f\n```\n- `g`\n```\n`h`\r\n\n```\ni"
    shown = f"markdown({json.dumps(text)}).map((block) => block.outerHTML).join('')"
    assert view.browser.evaluate(shown) == (
        "<p><strong>Head</strong></p><p>One <em>two</em>.</p>"
        '<ol start="2"><li>b <strong>c</strong> d</li><li>e</li></ol><ul><li>f</li></ul>'
        "<pre><code>- `g`</code></pre><p><code>h</code></p><pre><code>i</code></pre>"
    )


def test_right_to_left_text_runs_from_the_right(view: ChatView) -> None:
    view.ask("أين طلبي؟")
    view.wait_for(".facts")
    direction = "getComputedStyle(document.querySelector('.user .bubble')).direction"
    assert view.browser.evaluate(direction) == "rtl"


def test_who_wants_less_motion_gets_none(view: ChatView) -> None:
    view.browser.emulate(reduced_motion=True)
    view.ask("Please wait")
    view.wait_for(".typing")
    moving = view.browser.evaluate("document.getAnimations().length")
    assert moving == 0

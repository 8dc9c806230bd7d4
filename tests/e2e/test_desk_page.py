"""The desk in a real browser: taken, answered, closed; stories, feedback, gaps; on any device."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from gateway.authentication import CACHE_SECONDS, REFRESH_SECONDS
from gateway.queue.ratings import Rating
from gateway.queue.story import Death
from shared.api_keys import digest_of
from shared.drafts import DraftOutcome
from shared.feedback import Feedback
from shared.handovers import Attempt, HandoverSummary
from shared.jobs import Turn
from tests.support.accessibility import find_violations
from tests.support.browser import Browser, served
from tests.support.desk_stage import GROUP, Desk
from tests.support.hostile_texts import HOSTILE

CARDS = "document.querySelectorAll('.card').length"
NAMES = "[...document.querySelectorAll('.card .who')]"
COLUMNS = "[...document.querySelectorAll('.columns > section')]"
OPEN_ALL = "document.querySelectorAll('details').forEach((one) => one.open = true)"


@pytest.fixture
def desk(browser: Browser) -> Iterator[Desk]:
    desk = Desk(browser)
    with served(desk.harness.app) as desk.origin:
        yield desk


def test_a_conversation_is_taken_answered_and_closed_by_keyboard_alone(desk: Desk) -> None:
    desk.open()
    browser = desk.browser
    browser.wait_for(f"{CARDS} === 2")
    names = browser.evaluate(
        "[...document.querySelectorAll('.card .who')].map((a) => a.textContent)"
    )
    assert names == ["anna@example.com", "c-2"], "who waits longest comes first"
    assert browser.evaluate("document.title") == "(2) Desk · Parley"

    browser.evaluate("document.querySelector('.card').focus()")
    desk.press("ArrowDown", "ArrowUp", "Enter")
    desk.has("I want a person!")
    browser.wait_for("byId('actions').children.length === 2")
    browser.evaluate("byId('middle').focus()")
    for _ in range(6):
        if desk.focused() == "Take it":
            break
        desk.press("Tab")
    desk.press("Enter")
    browser.wait_for("byId('name-dialog').open")
    browser.type_text("Mira")
    desk.press("Enter")
    browser.wait_for("document.activeElement === byId('reply')")
    assert desk.harness.handovers.find("h-1").claimed_by == "Mira"
    assert browser.evaluate("localStorage.getItem('desk name')") == "Mira"

    browser.type_text("Hello, Mira here.")
    desk.browser.press("Enter", control=True)
    desk.has("Hello, Mira here.")
    browser.wait_for("byId('reply').value === ''")
    assert browser.evaluate("document.activeElement === byId('reply')")

    for _ in range(12):
        if desk.focused() == "Close":
            break
        desk.browser.press("Tab", shift=True)
    desk.press("Enter")
    browser.wait_for("byId('close-dialog').open")
    browser.type_text("Found it.")
    desk.press("Tab", "Tab", "Enter")
    browser.wait_for("byId('composer').hidden")
    closed = desk.harness.handovers.find("h-1")
    assert (closed.state, closed.note, closed.closed_by) == ("closed", "Found it.", "Mira")
    desk.has("by Mira", "middle-note")


def test_what_somebody_else_took_is_told_plainly_and_nothing_is_lost(desk: Desk) -> None:
    desk.open("#/inbox/c-1", name="Mira")
    browser = desk.browser
    browser.wait_for("byId('actions').children.length === 2")
    desk.harness.handovers.claim("h-1", "Ben")
    browser.evaluate("take()")
    desk.has("Ben was faster: Ben has this conversation now.", "alert-text")
    desk.has("Ben has it", "middle-note")
    assert browser.evaluate("byId('composer').hidden")

    desk.go("#/inbox/c-2")
    browser.wait_for("byId('actions').children.length === 2")
    browser.evaluate("take()")
    browser.wait_for("!byId('composer').hidden")
    desk.harness.handovers.release("h-2", None)
    browser.evaluate(
        "byId('reply').value = 'One moment'; byId('send').disabled = false; sendReply()"
    )
    desk.has("You do not have this conversation any more", "alert-text")
    assert browser.evaluate("byId('reply').value") == "One moment"


def test_what_was_written_is_neither_lost_nor_sent_twice(desk: Desk) -> None:
    desk.harness.handovers.claim("h-1", "Mira")
    desk.open("#/inbox/c-1", name="Mira")
    browser, text = desk.browser, "byId('reply').value"
    browser.wait_for("!byId('composer').hidden")
    browser.evaluate(f"{text} = 'One'; showSend(); sendReply(); {text} += ' and two'; 0")
    browser.wait_for(f"{text} === 'and two'")
    desk.has("One")

    browser.evaluate("window.sent = sendReply(); location.hash = '#/inbox/c-2'; sent")
    desk.go("#/inbox/c-1")
    assert browser.evaluate(text) == "", "it was sent while another one was looked at"

    browser.evaluate(f"{text} = 'Later'; showSend()")
    desk.go("#/inbox/c-2")
    desk.go("#/inbox/c-1")
    browser.wait_for("!byId('send').disabled")
    browser.evaluate(ANSWER_IS_LOST)
    browser.evaluate("sendReply()")
    browser.wait_for(f"{text} === '' && byId('alert').hidden")
    desk.has("Later")

    browser.evaluate(f"{text} = 'Too late'; showSend()")
    desk.harness.handovers.close("h-1", None)
    browser.evaluate("sendReply()")
    desk.has("Somebody has closed this handover meanwhile.", "alert-text")
    shown = "[byId('composer').hidden, byId('reply').value, byId('reply').readOnly]"
    assert browser.evaluate(shown) == [False, "Too late", True]
    said = [turn["text"] for turn in desk.turns("c-1")]
    assert said[-3:] == ["One", "and two", "Later"]


ANSWER_IS_LOST = """
  const whole = window.fetch;
  window.fetch = async (...call) => {
    window.fetch = whole;
    await whole(...call);
    throw new TypeError("no answer");
  };
"""


def test_an_address_that_was_cut_off_does_no_harm(desk: Desk) -> None:
    desk.open("#/inbox/%")
    desk.browser.wait_for(f"{CARDS} === 2")


def test_the_keyboard_keeps_its_place_while_cards_come_and_go(desk: Desk) -> None:
    desk.wait_in_line("h-3", "c-3", "zoe", "Hi", opened_at=300.0)
    desk.open(name="Mira")
    desk.browser.wait_for(f"{CARDS} === 3")
    desk.browser.evaluate("document.querySelectorAll('.card')[1].focus()")
    desk.harness.handovers.claim("h-1", "Ben")
    desk.browser.evaluate("lookAtQueue()")
    assert desk.focused().startswith("c-2")
    desk.harness.handovers.claim("h-2", "Ben")
    desk.browser.evaluate("lookAtQueue()")
    assert desk.focused().startswith("zoe"), "the next one, since its own is gone"
    desk.harness.handovers.claim("h-3", "Ben")
    desk.browser.evaluate("lookAtQueue()")
    assert desk.browser.evaluate("document.activeElement.id") == "list"


def test_all_pages_of_handovers_are_read(desk: Desk) -> None:
    for number in range(501):
        desk.wait_in_line(f"x-{number}", f"x-{number}", None, "Hi", opened_at=300.0 + number)
        desk.harness.handovers.claim(f"x-{number}", "Ben")
    desk.open(name="Mira")
    desk.has("Others 501", "filters")
    assert desk.browser.evaluate(CARDS) == 2, "only those who wait are listed"


def test_news_appear_by_themselves(desk: Desk) -> None:
    desk.open("#/inbox/c-1", name="Mira")
    desk.has("I want a person!")
    kept = "document.querySelector('.turn')"
    desk.browser.evaluate(f"window.first = {kept}; 0")
    desk.say("c-1", Turn("user", "Are you there?", "job-9", 300.0))
    desk.has("Are you there?")
    assert desk.browser.evaluate(f"window.first === {kept}"), "what is shown stays"
    desk.has("Customer: Are you there?", "news")
    desk.wait_in_line("h-3", "c-3", "zoe", "Help!", opened_at=300.0)
    urgent = replace(desk.harness.handovers.records["h-3"], reason="emergency")
    desk.harness.handovers.records["h-3"] = urgent
    desk.browser.evaluate("lookAtQueue()")
    desk.has("New handover: Emergency, zoe", "news")
    first = desk.browser.evaluate(f"{NAMES}[0].textContent")
    assert first == "zoe", "an emergency goes before those who wait longer"
    assert desk.browser.evaluate("document.title") == "(3) Desk · Parley"


def test_a_claimed_one_is_given_back_and_lists_say_whose_is_whose(desk: Desk) -> None:
    desk.harness.handovers.claim("h-1", "Mira")
    desk.harness.handovers.claim("h-2", "Ben")
    desk.open("#/inbox/c-1", name="Mira")
    desk.has("Mine 1Others 1", "filters")
    desk.browser.wait_for("byId('actions').children.length === 2")
    desk.browser.evaluate("byId('actions').firstChild.click()")
    desk.has("Waiting 1", "filters")
    assert desk.harness.handovers.find("h-1").state == "open"

    desk.go("#/inbox/c-2")
    desk.has("Give back for them", "actions")
    desk.browser.evaluate("byId('actions').firstChild.click()")
    desk.has("Waiting 2", "filters")
    assert desk.harness.handovers.find("h-2").state == "open", "Ben has gone home"


def test_a_story_is_found_and_tells_all_that_is_kept(desk: Desk) -> None:
    desk.harness.stories.users["anna"] = ["c-1"]
    desk.say("c-1", Turn("user", "More", "job-2", 400.0))
    desk.harness.stories.extra["h-1"] = {"feedback": Feedback(1, "No help.", 1.0, "2026-01-01")}
    desk.harness.stories.extra["job-2"] = {"dead_letter": Death("inference", "poison", 5.0)}
    desk.open("#/stories")
    browser = desk.browser
    browser.evaluate("byId('about').value = 'anna'; byId('search').requestSubmit()")
    desk.has("I call somebody.")
    browser.evaluate("document.querySelector('.said-of summary').click()")
    for told in ("late (43 %)", "other (20 %)", "70 %", "negative, 90 %", "angry 80 %", "abc123"):
        desk.has(told)
    desk.has("engine 9 ms")
    desk.has("“No help.”")
    desk.has("kept no longer")
    assert browser.evaluate("document.querySelectorAll('.times i').length") == 4
    browser.evaluate("byId('about').value = 'nobody'; byId('search').requestSubmit()")
    desk.has("Nothing is known of “nobody”", "list-empty")


def test_bad_ratings_lead_to_their_story(desk: Desk) -> None:
    rated = Rating("h-1", "c-1", 2, "Not what I asked.", 1.0, "late", "answer", "Where?", "There.")
    good = replace(rated, job_id="h-2", score=5, comment="Great")
    desk.harness.ratings.given["default"] = [rated, good]
    desk.open("#/feedback")
    desk.browser.wait_for(f"{CARDS} === 1")
    desk.browser.evaluate("document.querySelector('.card').click()")
    desk.browser.wait_for("document.querySelectorAll('.turn.marked').length === 1")
    desk.browser.evaluate("byId('filters').lastChild.click()")
    desk.browser.wait_for(f"{CARDS} === 2")


def test_a_gap_becomes_an_entry_and_its_way_into_the_base_is_shown(desk: Desk) -> None:
    desk.harness.gaps.groups["default"] = [GROUP]
    desk.open("#/gaps", name="Mira")
    browser = desk.browser
    browser.wait_for(f"{CARDS} === 1")
    browser.evaluate("document.querySelector('.card').click()")
    browser.wait_for("document.querySelectorAll('.wordings input').length === 3")
    browser.evaluate("document.querySelectorAll('[name=as]')[1].click()")
    browser.evaluate("byId('field-answer').focus()")
    browser.type_text("Yes, **Guest**.")
    browser.evaluate("document.querySelectorAll('.wordings input')[2].click()")
    desk.go("#/inbox")
    desk.go("#/gaps/gap/g-1")
    assert browser.evaluate("byId('field-answer').value") == "Yes, **Guest**.", "it stays"
    twice = "document.querySelector('.editor form').requestSubmit();" * 2
    browser.evaluate(twice)
    desk.has("A worker will take it in", "editor")
    [draft] = (each.draft for each in desk.harness.drafts.all_of("default"))
    assert (draft.question, draft.answer, draft.by) == ("Is there wifi?", "Yes, **Guest**.", "Mira")
    assert draft.phrasings == ("wifi in the shop",)
    desk.harness.drafts.outcomes[draft.id] = DraftOutcome("live", draft.at)
    desk.has("Live: customers are answered with it.", "editor")

    browser.evaluate("byId('field-answer').value = 'No.'")
    browser.evaluate("document.querySelector('.editor form').requestSubmit()")
    browser.wait_for("gaps.drafts[0].draft.answer === 'No.'")
    assert desk.harness.drafts.all_of("default")[0].draft.answer == "No."
    browser.evaluate("document.querySelector('.editor .quiet').click()")
    browser.wait_for("location.hash === '#/gaps'")
    assert desk.harness.drafts.all_of("default") == []


def test_a_gap_becomes_wordings_of_the_nearest_entry_or_none(desk: Desk) -> None:
    other = replace(GROUP, id="g-2", question="Moon?", gaps=("m",))
    desk.harness.gaps.groups["default"] = [GROUP, other]
    desk.open("#/gaps/gap/g-1")
    browser = desk.browser
    browser.wait_for("document.querySelectorAll('.wordings input').length === 3")
    browser.evaluate("document.querySelector('.editor form').requestSubmit()")
    browser.wait_for("location.hash.startsWith('#/gaps/draft/')")
    [draft] = (each.draft for each in desk.harness.drafts.all_of("default"))
    assert (draft.kind, draft.entry, len(draft.phrasings)) == ("phrasings", "hours", 3)
    desk.go("#/gaps/gap/g-2")
    browser.wait_for("document.querySelectorAll('.editor .quiet').length === 1")
    browser.evaluate("document.querySelector('.editor .quiet').click()")
    desk.has("Every question that got no answer is settled.", "list-empty")


def test_a_refusal_of_the_gateway_is_shown(desk: Desk) -> None:
    desk.harness.gaps.groups["default"] = [GROUP]
    desk.open("#/gaps/gap/g-1")
    desk.browser.wait_for("document.querySelectorAll('[name=as]').length === 2")
    desk.browser.evaluate("document.querySelectorAll('[name=as]')[1].click()")
    desk.browser.evaluate("document.querySelector('.editor form').requestSubmit()")
    desk.has("answer is empty.", "alert-text")


def test_a_key_is_asked_for_and_sent_from_then_on(desk: Desk) -> None:
    key, lesser = desk.key("read", "admin"), desk.key("chat")
    browser, use = desk.browser, "byId('key').value = '{}'; byId('key-form').requestSubmit()"
    browser.open(f"{desk.origin}/desk")
    browser.wait_for("!byId('key-form').hidden")
    browser.evaluate(use.format(lesser))
    desk.has("scope", "alert-text")
    browser.wait_for("!byId('key-form').hidden")
    browser.evaluate(use.format(key))
    browser.wait_for(f"{CARDS} === 2 && byId('alert').hidden")
    assert browser.evaluate("byId('key-form').hidden")
    assert all(key not in url for url in browser.requested())

    del desk.harness.keys.held[digest_of(key)]
    desk.harness.clock.advance(CACHE_SECONDS + REFRESH_SECONDS)
    browser.evaluate("lookAtQueue()")
    browser.wait_for("!byId('key-form').hidden && !byId('alert').hidden")
    browser.evaluate("sessionStorage.clear()")


def test_hostile_texts_are_shown_and_never_run(desk: Desk) -> None:
    harness = desk.harness
    for number, text in enumerate(HOSTILE):
        name = f"x-{number}"
        turns = (
            Turn("user", text, name, number),
            Turn("assistant", text, name, number),
            Turn("assistant", text, "h-1", number, by=text),
        )
        for turn in turns:
            desk.say("c-1", turn)
        desk.answer(name, "c-1", text[:80])
        harness.stories.extra[name] = {
            "feedback": Feedback(1, text, 1.0, "d"),
            "dead_letter": Death(text, text, 1.0),
        }
    summary = HandoverSummary(HOSTILE, tuple(Attempt(text, text) for text in HOSTILE), ())
    record = harness.handovers.find("h-1")
    harness.handovers.records["h-1"] = replace(
        record, summary=summary, user_id=HOSTILE[0], state="closed", note=HOSTILE[1], closed_at=1.0
    )
    harness.ratings.given["default"] = [
        Rating(f"j-{n}", "c-1", 1, text, 1.0, text, text, text, text)
        for n, text in enumerate(HOSTILE)
    ]
    harness.gaps.groups["default"] = [
        replace(GROUP, id=f"g-{n}", question=text, wordings=(text,), nearest=text)
        for n, text in enumerate(HOSTILE)
    ]
    desk.open("#/inbox", name=HOSTILE[1])
    for place, done in (
        ("#/stories/c-1", f"document.querySelectorAll('.turn').length > {3 * len(HOSTILE)}"),
        ("#/feedback", f"{CARDS} === {len(HOSTILE)}"),
        ("#/gaps/gap/g-1", f"{CARDS} === {len(HOSTILE)}"),
    ):
        desk.go(place)
        desk.browser.wait_for(done)
        desk.browser.evaluate(OPEN_ALL)
        check_powerless(desk)


POWERS = """(() => {
  const FOREIGN = /^(img|iframe|style|link|base|meta|object|embed)$/;
  const all = [...document.querySelectorAll("body *")];
  return {
    foreign: all.filter((one) => FOREIGN.test(one.localName)).length,
    scripts: document.scripts.length,
    handlers: all.flatMap((one) => one.getAttributeNames()).filter((name) => name.startsWith("on")),
    links: [...document.querySelectorAll("main a")].map((a) => a.href),
    pwned: window.pwned === undefined ? null : window.pwned,
  };
})()"""


def check_powerless(desk: Desk) -> None:
    found: dict[str, Any] = desk.browser.evaluate(POWERS)
    assert (found["foreign"], found["scripts"], found["handlers"]) == (0, 1, [])
    assert found["pwned"] is None
    assert not desk.browser.dialogs()
    allowed = ("https://", "http://", "mailto:")
    assert all(address.startswith(allowed) for address in found["links"])
    asked = {url for url in desk.browser.requested() if not url.startswith("data:")}
    assert all(url.startswith(f"{desk.origin}/") for url in asked)


PLACES = ("#/inbox", "#/inbox/c-1", "#/stories/c-2", "#/feedback/c-1/h-1", "#/gaps/gap/g-1")


def test_no_part_breaks_a_rule_of_accessibility(desk: Desk) -> None:
    desk.fill()
    desk.browser.emulate(reduced_motion=True)
    desk.open("#/inbox", name="Mira")
    for place in PLACES:
        desk.go(place)
        desk.browser.evaluate(OPEN_ALL)
        assert find_violations(desk.browser) == [], place
    desk.browser.emulate(color_scheme="dark", reduced_motion=True)
    for place in PLACES:
        desk.go(place)
        desk.browser.evaluate(OPEN_ALL)
        assert find_violations(desk.browser, rules=("wcag2aa",)) == [], place


def test_a_phone_shows_one_column_at_a_time_and_nothing_is_cut(desk: Desk) -> None:
    desk.fill()
    desk.browser.emulate(width=360, height=640, phone=True, reduced_motion=True)
    shown = f"{COLUMNS}.filter((one) => one.offsetWidth).map((one) => one.id)"
    fits = "document.documentElement.scrollWidth <= 360"
    desk.open("#/inbox", name="Mira")
    for place in PLACES:
        desk.go(place)
        desk.browser.evaluate(OPEN_ALL)
        expected = ["left"] if place == "#/inbox" else ["middle"]
        assert desk.browser.evaluate(shown) == expected, place
        assert desk.browser.evaluate(fits), place
    assert find_violations(desk.browser) == []
    desk.browser.evaluate("byId('to-facts').click()")
    assert desk.browser.evaluate(shown) == ["right"]
    desk.browser.evaluate("byId('back-facts').click(); byId('back').click()")
    desk.browser.wait_for(f"JSON.stringify({shown}) === '[\"left\"]'")

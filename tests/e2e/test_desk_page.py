"""The desk in a real browser: stories, feedback, gaps; keys; on any device."""

from dataclasses import replace
from typing import Any

from gateway.authentication import CACHE_SECONDS, REFRESH_SECONDS
from gateway.queue.ratings import Rating
from gateway.queue.story import Death
from shared.api_keys import digest_of
from shared.drafts import DraftOutcome
from shared.feedback import Feedback
from shared.handovers import Attempt, HandoverSummary
from shared.jobs import Turn
from tests.support.accessibility import find_violations
from tests.support.desk_stage import CARDS, GROUP, Desk
from tests.support.hostile_texts import HOSTILE

COLUMNS = "[...document.querySelectorAll('.columns > section')]"
OPEN_ALL = "document.querySelectorAll('details').forEach((one) => one.open = true)"


def test_an_address_that_was_cut_off_does_no_harm(desk: Desk) -> None:
    desk.open("#/inbox/%")
    desk.browser.wait_for(f"{CARDS} === 2")


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

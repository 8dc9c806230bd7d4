"""The inbox of the desk in a real browser: taken, answered, given back, closed."""

from dataclasses import replace

from shared.jobs import Turn
from tests.support.desk_stage import CARDS, Desk

NAMES = "[...document.querySelectorAll('.card .who')]"


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

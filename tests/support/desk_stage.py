"""The desk's page in a browser, over a gateway of fakes."""

import json
from dataclasses import replace
from typing import Any

import msgspec

from gateway.queue.ratings import Rating
from shared import results
from shared.api_keys import ApiKey, Scope, digest_of, new_key
from shared.feedback import Feedback
from shared.gap_groups import GapGroup
from shared.handovers import Attempt, Handover, HandoverSummary
from shared.jobs import Alternative, Answer, ChatJob, Timings, Tone, Turn
from shared.results import JobRecord
from tests.support.browser import Browser
from tests.support.gateway_harness import GatewayHarness, reply_to

TEXT = "document.getElementById('{}').textContent"
CARDS = "document.querySelectorAll('.card').length"
GROUP = GapGroup(
    *("g-1", "Is there wifi?", ("wifi in the shop", "wlan?"), 7, {"fallback": 7}),
    *("hours", "When are you open?", 0.31),
    gaps=("x", "y", "z"),
)


class Desk:
    """The page over a gateway of fakes, with two who wait."""

    def __init__(self, browser: Browser) -> None:
        self.browser = browser
        self.harness = GatewayHarness()
        self.origin = ""
        self.wait_in_line("h-1", "c-1", "anna@example.com", "I want a person!", opened_at=100.0)
        self.wait_in_line("h-2", "c-2", None, "And now?", opened_at=200.0)

    def wait_in_line(
        self, name: str, conversation: str, user: str | None, text: str, opened_at: float
    ) -> None:
        summary = HandoverSummary((text,), (Attempt("late", "My parcel is late?"),), ("negative",))
        opened = Handover(name, conversation, user, opened_at, "wish", summary)
        self.harness.handovers.records[name] = opened
        self.say(conversation, Turn("user", text, name, opened_at))
        self.say(conversation, Turn("assistant", "I call **somebody**.", name, opened_at + 1))
        self.answer(name, conversation)

    def answer(self, job: str, conversation: str, text: str = "x") -> None:
        offered = (Alternative("other", text, 0.2),)
        reply = replace(
            reply_to(ChatJob(job, text, conversation, 1.0)),
            answer=Answer("handover", "late", 0.43, offered, reask_score=0.7),
            tone=Tone("negative", 0.9, {"angry": 0.8}),
            timings=Timings(3, 1, 9, 2, 15),
            knowledge_revision="abc123",
        )
        self.harness.jobs.records[job] = JobRecord("done", results.encode_reply(reply))

    def say(self, conversation: str, turn: Turn) -> None:
        stored = self.harness.conversations.stored.setdefault(conversation, [])
        stored.append(msgspec.json.encode(turn))
        self.harness.watches.wake([conversation])

    def turns(self, conversation: str) -> list[dict[str, Any]]:
        return [
            msgspec.json.decode(each) for each in self.harness.conversations.stored[conversation]
        ]

    def key(self, *scopes: Scope) -> str:
        """Make a key, and return its secret."""
        key_id, key = new_key()
        self.harness.keys.create(digest_of(key), ApiKey(key_id, scopes=frozenset(scopes)))
        return key

    def open(self, place: str = "", name: str = "") -> None:
        """Load the page at a place, as whoever is named."""
        named = f"if (origin !== 'null') localStorage.setItem('desk name', {json.dumps(name)})"
        first = self.browser.call("Page.addScriptToEvaluateOnNewDocument", source=named)
        self.browser.open(f"{self.origin}/desk{place}")
        self.browser.call("Page.removeScriptToEvaluateOnNewDocument", **first)
        self.browser.wait_for("queue.seen !== null || !byId('key-form').hidden")

    def go(self, place: str) -> None:
        """Go to another place of the page that is loaded, and wait until it is shown."""
        self.browser.evaluate(f"location.hash = {place!r}")
        chosen = "byId('placeholder').hidden === (location.hash.split('/').length > 2)"
        self.browser.wait_for(f"location.hash === {place!r} && {chosen}")
        self.browser.wait_for("byId('log').hidden || view.story !== null")

    def press(self, *keys: str) -> None:
        for key in keys:
            self.browser.press(key)

    def has(self, text: str, place: str = "log") -> None:
        self.browser.wait_for(f"{TEXT.format(place)}.includes({json.dumps(text)})")

    def focused(self) -> str:
        found: str = self.browser.evaluate("document.activeElement.textContent.trim()")
        return found

    def fill(self) -> None:
        """Let each part have something to show."""
        self.harness.handovers.claim("h-1", "Mira")
        self.harness.stories.extra["h-1"] = {"feedback": Feedback(1, "No.", 1.0, "2026-01-01")}
        rated = Rating("h-1", "c-1", 1, "No.", 1.0, "late", "answer", "Where?", "There.")
        self.harness.ratings.given["default"] = [rated]
        self.harness.gaps.groups["default"] = [GROUP]

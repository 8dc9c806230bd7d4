"""A gateway over fakes whose replies a test writes bit by bit, and what a browser shows of it."""

import json
from dataclasses import replace
from typing import Any

import msgspec

from gateway.queue.job_follower import JobProgress
from gateway.settings import GatewaySettings
from shared import results
from shared.handovers import Handover, HandoverSummary
from shared.jobs import Alternative, Answer, ChatJob, Reply, Tone, Turn
from shared.results import JobRecord
from shared.settings import load
from tests.support.browser import Browser
from tests.support.gateway_harness import GatewayHarness, reply_to

CHOICES = (
    Alternative("delivery-address", "How do I change my delivery address?", 0.5),
    Alternative("email", "How do I change my email address?", 0.3),
)
LONG_WORD = "Donaudampfschifffahrtsgesellschaftskapitän" * 4
ANSWER = (
    "Your parcel comes within **2 to 4 days**:\n\n1. Open *Orders*.\n"
    f"2. Press [Track](https://shop.example/{'track' * 20}).\n\n"
    f"```\n{'code ' * 40}\n```\n{LONG_WORD}"
)


class ChatStage:
    """Answers messages by what they contain; one that says "wait" is answered by the test."""

    def __init__(self, cors_origins: str | None = None, max_streams: int = 50) -> None:
        settings = load(GatewaySettings, wait_seconds=20, cors_origins=cors_origins)
        self.harness = GatewayHarness(settings=settings, max_streams=max_streams)
        self.harness.publisher.on_publish = self._take

    @property
    def last_job(self) -> ChatJob:
        """Return the message that came last."""
        return self.harness.published[-1]

    def write(self, job: ChatJob, text: str) -> None:
        """Let a reply have this much text."""
        progress = JobProgress("started", job.conversation_id, b'{"label":"neutral","score":0.5}')
        self.harness.follower.progress[job.id] = replace(progress, text=text.encode())
        self.harness.job_watches.wake([job.id])

    def finish(self, job: ChatJob) -> None:
        """End a message with its reply."""
        reply = _reply_for(job)
        self._keep(Turn("user", job.message, job.id, job.accepted_at), job)
        self._keep(Turn("assistant", reply.response, job.id, job.accepted_at), job)
        if reply.answer.kind == "handover":
            self.harness.handovers.records[job.id] = Handover(
                job.id, job.conversation_id, None, job.accepted_at, "wish", HandoverSummary()
            )
        body = results.encode_reply(reply)
        self.harness.jobs.records[job.id] = JobRecord("done", body)
        self.harness.feed.publish(results.encode_notification(job.id, "done", body))

    def person(self, does: str, text: str = "") -> None:
        """Let Anna claim, reply or close the handover that was opened last."""
        handovers = self.harness.handovers
        handover_id, found = list(handovers.records.items())[-1]
        if does == "claim":
            handovers.claim(handover_id, "Anna")
        elif does == "reply":
            handovers.reply(handover_id, text, None)
        else:
            handovers.close(handover_id, None)
        self.harness.watches.wake([found.conversation_id])

    def _keep(self, turn: Turn, job: ChatJob) -> None:
        turns = self.harness.conversations.stored.setdefault(job.conversation_id, [])
        turns.append(msgspec.json.encode(turn))

    def _take(self, job: ChatJob) -> None:
        waiting = JobProgress("queued", job.conversation_id, waiting=1)
        self.harness.jobs.records[job.id] = JobRecord("queued")
        self.harness.follower.progress[job.id] = waiting
        if "wait" not in job.message:
            self.finish(job)


class ChatView:
    """What a browser shows of the chat below `root`, an expression in its page."""

    def __init__(self, browser: Browser, root: str = "document") -> None:
        self.browser = browser
        self._root = root

    def find(self, selector: str) -> str:
        """Return an expression for the elements that a selector finds."""
        return f"[...{self._root}.querySelectorAll({json.dumps(selector)})]"

    def texts(self, selector: str) -> list[str]:
        """Return what these elements say."""
        found: list[str] = self.browser.evaluate(f"{self.find(selector)}.map((e) => e.textContent)")
        return found

    def wait_for(self, selector: str, text: str = "") -> None:
        """Return once such an element says this."""
        self.browser.wait_for(
            f"{self.find(selector)}.some((e) => e.textContent.includes({json.dumps(text)}))"
        )

    def wait_until_gone(self, selector: str) -> None:
        """Return once no such element is there to be seen."""
        self.browser.wait_for(f"!{self.find(selector)}.some((e) => e.checkVisibility())")

    def click(self, selector: str, number: int = 0) -> None:
        """Click one of these elements."""
        self.browser.evaluate(f"{self.find(selector)}[{number}].click()")

    def ask(self, message: str) -> None:
        """Type a message and send it."""
        self.browser.evaluate(f"{self.find('#message')}[0].focus()")
        self.browser.type_text(message)
        self.browser.press("Enter")

    def attribute(self, selector: str, name: str) -> list[Any]:
        """Return an attribute of these elements."""
        found: list[Any] = self.browser.evaluate(
            f"{self.find(selector)}.map((e) => e.getAttribute({json.dumps(name)}))"
        )
        return found


def _reply_for(job: ChatJob) -> Reply:
    message = job.message
    if "address" in message and "delivery" not in message:
        answer = Answer("clarify", "email", 0.45, CHOICES)
        listed = "\n".join(f"{at}. {one.question}" for at, one in enumerate(CHOICES, 1))
        return replace(reply_to(job), response=f"One of these?\n\n{listed}", answer=answer)
    if "person" in message:
        answer, response = Answer("handover", "person", 0.97), "A colleague has been called."
        return replace(reply_to(job), response=response, answer=answer)
    if "angry" in message:
        tone = Tone("negative", 0.9, {"anger": 0.8})
        return replace(reply_to(job), response=ANSWER, tone=tone)
    return reply_to(job)

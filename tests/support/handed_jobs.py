"""A chat job that carries its result, as it is handed over to be put into words."""

from shared.jobs import Answer, ChatJob, Reply, Timings, Tone
from tests.fakes.clock import ManualClock
from workers.consumer.chat_result import ChatResult
from workers.consumer.draft_header import encode_draft
from workers.voice.brief import Brief, Source

WORDS = "Orders arrive within 3 to 5 days. You get a link by e-mail."
BRIEF = Brief("answer", "when", (Source("late", "When?", WORDS),), WORDS)
TIMINGS = Timings(1, 1, 1, 1, 4)
REPLY = Reply(
    WORDS, "j", "c", Tone("neutral", 0.9), Answer("answer", "late", 0.9), TIMINGS, "engine"
)
RESULT = ChatResult(REPLY, b"dialogue", b"memory", brief=BRIEF)


def job(name: str, draft: str | None) -> ChatJob:
    return ChatJob(name, f"text of {name}", "c", ManualClock().now(), draft=draft)


def handed(name: str = "back") -> ChatJob:
    return job(name, encode_draft(RESULT, ManualClock().now()))

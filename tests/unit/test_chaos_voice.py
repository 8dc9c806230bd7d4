"""A campaign with a language model: what its server says, what clients follow, what is judged."""

import random
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import pytest

from infra.chaos import follower as follower_module
from infra.chaos.faults import CATALOGUE, VOICE_FAULTS
from infra.chaos.follower import Follower
from infra.chaos.inspection import FoundTurn, Inspection
from infra.chaos.ledger import LedgerEntry, MessageHistory, histories
from infra.chaos.model_server import FALSEHOODS, MANNERS, MARKS, ScriptedReply, reply_to
from infra.chaos.plan import ChaosPlan, quick_plan, specs_named, with_voice
from infra.chaos.script import Conversation, Message, write_script
from infra.chaos.voice_verdict import (
    KnownSentences,
    VoiceFigures,
    voice_figures,
    voice_violations,
)
from infra.event_source import ServerEvent, StreamBroken
from shared.errors import CommandMisused
from tests.fakes.clock import ManualClock

ANSWER = "Your parcel takes two to three working days. To an island it takes two days more."
MESSAGE = Message(7, "When does it come? (ref 7)")
KNOWN = KnownSentences([ANSWER, "- Put the **article** into its box again."])


def replies(count: int = 400) -> list[ScriptedReply]:
    system = {"content": f"<source>\n<answer>\n{ANSWER}\n</answer>\n</source>"}
    return [reply_to(3, [system, {"content": f"(ref {n})"}]) for n in range(count)]


def said(reply: ScriptedReply) -> str:
    return "".join(reply.pieces)


def test_a_server_answers_the_same_again_and_in_every_manner() -> None:
    assert replies() == replies()
    assert {each.manner for each in replies()} == {manner for _, manner in MANNERS.values()}
    assert sum(share for share, _ in MANNERS.values()) == 100


def test_true_replies_are_the_source_s_and_planted_ones_are_marked_where_they_stand() -> None:
    for each in replies():
        is_false = any(mark in said(each).casefold() for mark in MARKS)
        assert is_false == (each.planted_after > 0) == (each.manner.false_at is not None)
        if is_false:
            until = "".join(each.pieces[: each.planted_after])
            assert until.endswith(FALSEHOODS)
        elif not (each.manner.torn or each.manner.stalls):
            assert said(each) in ANSWER


def test_torn_replies_end_within_a_sentence_and_are_known_by_it() -> None:
    torn = [each for each in replies() if each.manner.torn]
    assert torn
    assert all(KNOWN.torn_in(said(each)) for each in torn)


@pytest.mark.parametrize("falsehood", FALSEHOODS)
def test_every_falsehood_has_a_mark(falsehood: str) -> None:
    assert any(mark in falsehood.casefold() for mark in MARKS)


def test_what_is_whole_is_not_torn() -> None:
    whole = f"{ANSWER}\n\n- Put the article into its box again."
    assert KNOWN.torn_in(whole) is None
    assert KNOWN.torn_in("Hello! What do you mean?") is None
    assert KNOWN.torn_in("To an island it\n\nYour parcel is lost.") == "To an island it"


def turn(text: str) -> FoundTurn:
    return FoundTurn("assistant", "j", text, "digest")


def test_falsehoods_and_tears_are_broken_promises() -> None:
    script = [Conversation("c", 0.0, "following", (MESSAGE,))]
    stored = [turn(ANSWER), turn(f"It costs 777,777 EUR. {ANSWER}"), turn(ANSWER[:30])]
    found = Inspection(conversations={"c": stored})
    sent = {7: MessageHistory(torn=["'To an', then ''"])}
    broken = list(voice_violations(script, sent, found, KNOWN))
    assert [each.kind for each in broken] == ["falsehood", "torn reply", "torn stream"]
    assert broken[2].number == 7


def test_answers_are_counted_by_whose_words_they_are() -> None:
    script = [Conversation("c", 0.0, "following", (MESSAGE, Message(8, "")))]
    sent = {
        7: MessageHistory(ending="answered", words="model"),
        8: MessageHistory(ending="failed"),
        9: MessageHistory(ending="answered", words="entry"),
    }
    printed = {"asked": 6, "planted": 5}
    figures = VoiceFigures(1, 0, 1, followed=1, asked=6, planted=5)
    assert voice_figures(script, sent, printed) == figures


def test_a_plan_with_a_voice_hits_it_unless_its_faults_were_chosen() -> None:
    plan = with_voice(quick_plan(1, voice=True))
    assert plan.faults == len(CATALOGUE) + len(VOICE_FAULTS)
    assert plan.voice
    specs = specs_named("kill generation", voice=True)
    chosen = with_voice(ChaosPlan(specs=specs, faults=3))
    assert (chosen.faults, [spec.title for spec in chosen.specs]) == (3, ["kill generation"])
    with pytest.raises(CommandMisused, match="--only"):
        specs_named("kill generation")


def test_some_conversations_follow_and_all_else_is_drawn_as_without() -> None:
    plain = write_script(1, 500, 60.0, ["hello"], [])
    script = write_script(1, 500, 60.0, ["hello"], [], following=0.1)
    assert [each.messages for each in script] == [each.messages for each in plain]
    followed = sum(each.pacing == "following" for each in script)
    assert 0.03 < followed / len(script) < 0.2


class Streams:
    """What gateways answer, one after the other: events that end in a break, or a problem."""

    def __init__(self, *answers: Any) -> None:
        self.answers = list(answers)
        self.asked: list[tuple[str, str, str | None]] = []
        self.is_stream, self.status = True, 200

    @contextmanager
    def open(
        self,
        url: str,
        method: str,
        path: str,
        value: object = None,
        headers: Mapping[str, str] | None = None,
    ) -> "Iterator[Streams]":
        self.asked.append((method, path, (headers or {}).get("Last-Event-ID")))
        self.answer = self.answers.pop(0)
        self.is_stream = isinstance(self.answer, list)
        self.status = 200 if self.is_stream else self.answer[0]
        yield self

    def events(self) -> Iterator[ServerEvent]:
        yield from self.answer
        raise StreamBroken("gone")

    def problem(self) -> dict[str, Any]:
        return {"type": self.answer[1]}


QUEUED = ServerEvent("queued", {"job_id": "j"}, "queued-1")
ENDS = {"job_id": "j", "response": "One. Two.", "words": "model"}


def delta(text: str, bytes_shown: int) -> ServerEvent:
    return ServerEvent("delta", {"text": text}, f"delta-{bytes_shown}")


def follow(monkeypatch: pytest.MonkeyPatch, streams: Streams) -> list[LedgerEntry]:
    monkeypatch.setattr(follower_module, "EventSource", streams.open)
    recorded: list[LedgerEntry] = []
    clock = ManualClock()
    urls = ("http://a", "http://b")
    follower = Follower(
        *(urls, 0, recorded.append, random.Random(1), 60.0), now=clock.now, sleep=clock.advance
    )
    follower.send("c", MESSAGE)
    return recorded


def test_a_stream_that_breaks_goes_on_where_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    rest = [delta(" Two.", 9), ServerEvent("reply", ENDS, "reply")]
    streams = Streams([QUEUED, delta("One.", 4)], (503, "urn:parley:problem:queue"), rest)
    recorded = follow(monkeypatch, streams)
    assert streams.asked == [
        ("POST", "/chat", None),
        *2 * [("GET", "/jobs/j/events", "delta-4")],
    ]
    events = [entry.event for entry in recorded]
    assert events == ["sent", "accepted", "trouble", "trouble", "answered"]
    history = histories(recorded)[7]
    assert (history.words, history.torn, history.ending) == ("model", [], "answered")


def test_a_stream_that_says_something_else_than_its_reply_is_torn(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    streams = Streams([QUEUED, delta("One. T", 6), ServerEvent("reply", ENDS, "reply")])
    (torn,) = histories(follow(monkeypatch, streams))[7].torn
    assert torn == "'One. T', then 'One. Two.'"


def test_errors_end_a_message_or_are_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    expired = ServerEvent("error", {"type": "urn:parley:problem:job-expired"}, "error")
    recorded = follow(monkeypatch, Streams((429, "urn:busy"), [QUEUED, expired]))
    assert [entry.event for entry in recorded] == ["sent", "trouble", "sent", "accepted", "failed"]
    refused = follow(monkeypatch, Streams((400, "urn:wrong")))
    assert [entry.event for entry in refused] == ["sent", "refused"]

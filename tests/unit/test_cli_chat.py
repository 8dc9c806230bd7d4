"""`parley chat` against a gateway that a test plays, which also breaks off and goes away."""

import copy
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pytest

from infra.cli.exit_status import ExitStatus
from infra.cli.reply_stream import ReplyStream
from infra.event_source import ServerEvent, read_events
from shared.errors import GatewayRefuses, GatewayUnavailable
from tests.support.played_events import REPLY, Played, Script, played_gateway
from tests.support.processes import free_port, wait_until

Parley = Callable[..., tuple[int, str, str]]

IDS = {"job_id": "job-1", "conversation_id": "talk-1"}
QUEUED = ("queued", "queued-1", {**IDS, "position": 1})
DELTA = ("delta", "delta-29", {"text": REPLY["response"]})


def answered(**changes: Any) -> Played:
    reply = copy.deepcopy(REPLY) | changes
    delta = ("delta", "delta-9", {"text": reply["response"]})
    return Played(events=(QUEUED, *((delta,) if reply["response"] else ()), end(reply)))


def end(reply: dict[str, Any] = REPLY) -> tuple[str, str, object]:
    return ("reply", "reply", reply)


@pytest.fixture
def gateway() -> Iterator[tuple[str, Script]]:
    with played_gateway() as (url, script):
        script.play("POST /chat", answered())
        script.play("POST /feedback", Played(204))
        yield url, script


@pytest.fixture
def chat(
    parley: Parley, gateway: tuple[str, Script], monkeypatch: pytest.MonkeyPatch
) -> Callable[..., tuple[int, str, str]]:
    """Type lines; a callable among them is called when its turn comes."""

    def type_lines(lines: Sequence[str | Callable[[], None]], *options: str) -> Any:
        left = list(lines)

        def read(prompt: str) -> str:
            while left:
                line = left.pop(0)
                if isinstance(line, str):
                    return line
                line()
            raise EOFError

        monkeypatch.setattr("builtins.input", read)
        return parley("chat", "--url", gateway[0], *options)

    return type_lines


Chat = Callable[..., tuple[int, str, str]]


def test_a_conversation_goes_on_and_blank_lines_are_not_sent(
    chat: Chat, gateway: tuple[str, Script]
) -> None:
    code, out, err = chat(["Where is it?", "  ", "And when?"], "--user", "anna")
    assert (code, err) == (0, "")
    assert [each.body for each in gateway[1].asked("POST /chat")] == [
        {"message": "Where is it?", "user_id": "anna"},
        {"message": "And when?", "conversation_id": "talk-1", "user_id": "anna"},
    ]
    assert out.count("Your parcel is on its way.") == 2
    assert out.count("93% sure") == 2


def test_a_number_is_the_alternative_that_was_offered(
    chat: Chat, gateway: tuple[str, Script]
) -> None:
    alternatives = [{"id": "a", "question": "Return a gift?"}, {"id": "b", "question": "A card?"}]
    answer = {**REPLY["answer"], "kind": "clarify", "alternatives": alternatives}
    gateway[1].play("POST /chat", answered(answer=answer), answered())
    out = chat(["gift", "2", "2"])[1]
    asked = [each.body["message"] for each in gateway[1].asked("POST /chat")]
    assert asked == ["gift", "A card?", "2"]
    assert "1 Return a gift?\n  2 A card?" in out


def test_alternatives_that_the_reply_lists_itself_are_not_listed_again(
    chat: Chat, gateway: tuple[str, Script]
) -> None:
    answer = {**REPLY["answer"], "kind": "clarify", "alternatives": [{"question": "A card?"}]}
    gateway[1].play("POST /chat", answered(answer=answer, response="Do you mean: A card?"))
    assert chat(["gift"])[1].count("A card?") == 1


def test_thumbs_rate_the_last_reply(chat: Chat, gateway: tuple[str, Script]) -> None:
    out = chat(["/good", "Where?", "/good", "/bad  not [clear]"])[1]
    assert "no reply yet" in out
    assert [each.body for each in gateway[1].asked("POST /feedback")] == [
        {"job_id": "job-1", "score": 5},
        {"job_id": "job-1", "score": 1, "comment": "not [clear]"},
    ]


def test_a_new_conversation_has_no_id(chat: Chat, gateway: tuple[str, Script]) -> None:
    chat(["Where?", "/new", "When?"])
    assert gateway[1].asked("POST /chat")[-1].body == {"message": "When?"}


def test_quitting_leaves_the_rest_unsaid(chat: Chat, gateway: tuple[str, Script]) -> None:
    code, out, _ = chat(["/help", "/nonsense", "/quit", "Where?"])
    assert code == 0
    assert "begin another conversation" in out
    assert "no /nonsense" in out
    assert gateway[1].sent == []


def test_a_refusal_is_told_and_the_conversation_goes_on(
    chat: Chat, gateway: tuple[str, Script]
) -> None:
    full = Played(503, {"title": "Queue full", "detail": "Try in 3 s."})
    gateway[1].play("POST /chat", full, answered())
    code, out, err = chat(["Where?", "When?"])
    assert code == ExitStatus.BUSY, "from a pipe the last failure counts"
    assert err == "The gateway refused (503): Try in 3 s.\n\n"
    assert "93% sure" in out


def test_a_message_without_an_answer_says_why(chat: Chat, gateway: tuple[str, Script]) -> None:
    late = ("error", "error", {"title": "Expired", "detail": "It came too late."})
    gateway[1].play("POST /chat", Played(events=(QUEUED, late)))
    assert "It came too late." in chat(["Where?"])[2]


def test_a_conversation_is_resumed_with_what_was_said(
    chat: Chat, gateway: tuple[str, Script]
) -> None:
    turns = [
        {"role": "user", "text": "Where [is] it?", "job_id": "j", "at": 1.0},
        {"role": "assistant", "text": "Here.", "job_id": "j", "at": 2.0, "by": None},
        {"role": "assistant", "text": "Sorry!", "job_id": "h", "at": 3.0, "by": "anna"},
    ]
    gateway[1].play("GET /conversations/a%2Fb/events", Played(events=(), stays_open=True))
    gateway[1].play("GET /conversations/a%2Fb", Played(body={"turns": turns}))
    out = chat(["Hello?", "/history"], "--conversation", "a/b")[1]
    assert out.startswith("› Where [is] it?\nHere.\n\nanna\nSorry!\n")
    assert gateway[1].asked("POST /chat")[0].body["conversation_id"] == "a/b"


def test_what_a_person_writes_appears_and_who_has_it(
    chat: Chat, gateway: tuple[str, Script]
) -> None:
    handed = {**REPLY["answer"], "kind": "handover"}
    gateway[1].play("POST /chat", answered(answer=handed), answered(answer=handed, response=""))
    written = {"role": "assistant", "text": "I am **here**.", "at": 4.0, "by": "anna"}
    claimed = ("handover", "", {"id": "h", "state": "claimed", "claimed_by": "anna"})
    closed = ("handover", "", {"id": "h", "state": "closed", "claimed_by": "anna"})
    of_bot = ("turn", "t0", {"role": "assistant", "text": "A bot.", "at": 3.0, "by": None})
    first = Played(events=(of_bot, claimed, ("turn", "t1", written)))
    last = Played(events=(("turn", "t1", written), closed), stays_open=True)
    gateway[1].play("GET /conversations/talk-1/events", first, last)

    def wait_for_events() -> None:
        wait_until(lambda: len(gateway[1].asked("GET /conversations")) == 2, 10)

    out = chat(["A person!", wait_for_events, "Are you there?"])[1]
    assert out.count("I am here.") == 1
    assert "A bot." not in out
    assert "anna has joined.\n\nanna\nI am here." in out
    assert gateway[1].asked("GET /conversations")[1].headers["Last-Event-ID"] == "t1"


def stream(url: str, patience_seconds: float = 5.0) -> ReplyStream:
    return ReplyStream(url, {}, patience_seconds=patience_seconds, pause=lambda _: None)


def names(events: Iterator[ServerEvent]) -> list[str]:
    return [event.name for event in events]


def test_a_stream_that_breaks_off_is_followed_further(gateway: tuple[str, Script]) -> None:
    url, script = gateway
    script.play("POST /chat", Played(events=(QUEUED,)))
    script.play("GET /jobs/job-1/events", Played(503), Played(events=(DELTA, end())))
    assert names(stream(url).ask({"message": "Where?"})) == ["queued", "away", "delta", "reply"]
    assert len(script.asked("POST /chat")) == 1
    assert script.asked("GET /jobs")[-1].headers["Last-Event-ID"] == "queued-1"


def test_a_question_that_nobody_took_is_sent_again_under_the_same_key(
    gateway: tuple[str, Script],
) -> None:
    url, script = gateway
    script.play("POST /chat", Played(502), answered())
    assert names(stream(url).ask({"message": "Where?"})) == ["away", "queued", "delta", "reply"]
    first, second = script.asked("POST /chat")
    assert first.headers["Idempotency-Key"] == second.headers["Idempotency-Key"]


def test_patience_ends() -> None:
    url = f"http://127.0.0.1:{free_port()}"
    with pytest.raises(GatewayUnavailable, match="No gateway answers"):
        names(stream(url, patience_seconds=2.0).ask({"message": "Where?"}))


def test_a_refusal_is_not_waited_for(gateway: tuple[str, Script]) -> None:
    gateway[1].play("POST /chat", Played(403, {"detail": "No scope chat."}))
    with pytest.raises(GatewayRefuses, match="No scope chat"):
        names(stream(gateway[0]).ask({"message": "Where?"}))


def test_a_job_that_is_gone_ends_the_wait(gateway: tuple[str, Script]) -> None:
    gateway[1].play("POST /chat", Played(events=(QUEUED,)))
    with pytest.raises(GatewayRefuses) as refused:
        names(stream(gateway[0]).ask({"message": "Where?"}))
    assert refused.value.status == 404


def test_comments_and_half_an_event_are_passed_over() -> None:
    lines = b'retry: 2000\n\n: here\n\nid: 1\r\nevent: a\r\ndata: {"x":\r\ndata: 1}\r\n\r\ndata: 2'
    assert list(read_events(iter(lines.splitlines(keepends=True)))) == [
        ServerEvent("a", {"x": 1}, "1")
    ]


def test_what_is_no_gateway_is_called_so(chat: Chat, gateway: tuple[str, Script]) -> None:
    gateway[1].play("POST /chat", Played(200, []))
    assert "not a Parley gateway" in chat(["Where?"])[2]


def test_an_unreachable_gateway_has_its_own_status(parley: Parley) -> None:
    code = parley("chat", "--url", f"http://127.0.0.1:{free_port()}", "--conversation", "c")[0]
    assert code == ExitStatus.UNREACHABLE

"""What OpenAI-compatible servers send, and what they should not."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.errors import ModelUnavailable
from workers.voice.brief import Usage
from workers.voice.completion import Completion
from workers.voice.event_stream import Event, read_events, read_lines
from workers.voice.thoughts import without_thoughts

DONE = b"data: [DONE]\n\n"


def event(**delta: object) -> bytes:
    return line({"choices": [{"index": 0, "delta": delta}]})


def line(told: object) -> bytes:
    return b"data: " + json.dumps(told).encode() + b"\n\n"


def finish(reason: str) -> bytes:
    return line({"choices": [{"delta": {}, "finish_reason": reason}]})


def read(*chunks: bytes) -> tuple[str, Completion]:
    completion = Completion(iter(chunks), lambda: None)
    return "".join(completion.pieces()), completion


A, B = event(content="Two "), event(content="days.")


@pytest.mark.parametrize(
    "body",
    [
        A + B + DONE,
        A + B + finish("stop"),
        A + B + finish("eos") + DONE,
        A + B + DONE.strip(),
        (A + B + DONE).replace(b"\n", b"\r\n"),
        (A + B + DONE).replace(b"\n", b"\r"),
        (A + B + DONE).replace(b"data: ", b"data:"),
        b"\xef\xbb\xbf" + A + B + DONE,
        b": hello\n\n" + A + b":\n: ping\n\n\n\n" + B + b"retry: 5\nid: 7\n\n" + DONE,
        A.replace(b'{"choices": ', b'{"choices":\ndata: ') + B + DONE,
        event(role="assistant") + event(content=None) + event(content="") + A + B + DONE,
        event(reasoning_content="Hm.") + event(reasoning="Hm.", content=None) + A + B + DONE,
        line({"choices": []}) + line({"choices": None}) + line({}) + A + B + DONE,
        b"event: message\n" + A + B + DONE,
        event(content="<think>Two or three?</think>\n\nTwo ") + B + DONE,
        A + B + finish("stop") + b"data: {broken\n\n",
        A
        + line({"choices": [{"delta": {"content": "days."}}, {"delta": {"content": "x"}}]})
        + DONE,
        json.dumps({"choices": [{"message": {"content": "Two days."}}], "error": None}).encode(),
        b"\n  " + json.dumps({"choices": [{"message": {"content": "Two days."}}]}).encode(),
    ],
)
def test_a_reply_is_read_however_it_is_written_and_cut(body: bytes) -> None:
    for size in (1, 7, len(body)):
        chunks = [body[at : at + size] for at in range(0, len(body), size)]
        completion = Completion(iter(chunks), lambda: None)
        assert "".join(without_thoughts(completion.pieces())) == "Two days."
        assert completion.is_ended


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (A, "broken"),
        (b"", "broken"),
        (A + b"data: {broken\n\n", "broken"),
        (A + b'data: {"choices": 1}\n\n', "broken"),
        (A + b'data: {"choices": [{"delta": {"content": [1]}}]}\n\n', "broken"),
        (A + b"data: []\n\n" + DONE, "broken"),
        (A + b'data: {"choices": [{"delta": {"content": "\xff"}}]}\n\n', "broken"),
        (A + b"data: " + b"[" * 100_000 + b"\n\n", "broken"),
        (A + line({"error": {"message": "out of memory: How long?"}}), "failed"),
        (A + line({"error": "no"}) + DONE, "failed"),
        (A + b"event: error\ndata: no\n\n", "failed"),
        (A + b'error: {"code": 500}\n\n', "failed"),
        (json.dumps({"error": {"message": "no"}}).encode(), "failed"),
        (A + finish("length") + DONE, "length"),
        (A + finish("content_filter") + DONE, "broken"),
        (A + finish("tool_calls") + DONE, "broken"),
        (b"<html>Bad gateway</html>", "broken"),
        (b'{"choices": [', "broken"),
        (b'{"object": "list"}' + b" " * 1_000_001, "broken"),
        (b"data: " + b"x" * 1_000_001, "broken"),
        (b"data: x\n" * 1_000_001, "broken"),
        (event(content="x" * 1_000) * 66 + DONE, "broken"),
    ],
)
def test_a_reply_that_cannot_be_used_is_told(body: bytes, reason: str) -> None:
    with pytest.raises(ModelUnavailable) as caught:
        read(*(body[at : at + 4_096] for at in range(0, len(body), 4_096)))
    assert caught.value.reason == reason
    assert "How long" not in str(caught.value)


@pytest.mark.parametrize(
    ("told", "usage"),
    [
        ({"prompt_tokens": 7, "completion_tokens": 2}, Usage(7, 2)),
        ({"prompt_tokens": -7, "completion_tokens": 2}, None),
        ({"prompt_tokens": 10**12, "completion_tokens": 2}, None),
        ({"prompt_tokens": "7", "completion_tokens": 2}, None),
        ({"prompt_tokens": 7}, None),
        ("7", None),
        (None, None),
    ],
)
def test_usage_is_what_can_be(told: object, usage: Usage | None) -> None:
    text, completion = read(A, line({"choices": [], "usage": told}), DONE)
    assert (text, completion.usage) == ("Two ", usage)


def test_nothing_but_usage_is_waited_for_once_the_text_is_at_its_end() -> None:
    hurried: list[bool] = []
    completion = Completion(iter([A, finish("stop"), DONE]), lambda: hurried.append(True))
    pieces = completion.pieces()
    assert (next(pieces), hurried) == ("Two ", [])
    assert (list(pieces), hurried) == ([], [True])


@pytest.mark.parametrize(
    ("pieces", "text"),
    [
        (["Two days."], "Two days."),
        (["<th", "ink>no</thi", "nk>Two"], "Two"),
        (["<think>no</think>"], ""),
        (["<think>no"], ""),
        (["<thanks>"], "<thanks>"),
        (["<th"], "<th"),
        (["\n", " ", "Two ", " days <think>"], "Two  days <think>"),
        (["<think></think><think>no</think>", "Two"], "Two"),
        ([], ""),
    ],
)
def test_thoughts_are_left_out(pieces: list[str], text: str) -> None:
    assert "".join(without_thoughts(pieces)) == text


@given(
    st.binary(max_size=60).map(
        lambda drawn: drawn.translate(bytes(b"\n\ra:"[n % 4] for n in range(256)))
    ),
    st.integers(1, 9),
)
def test_lines_are_the_same_wherever_chunks_are_cut(text: bytes, size: int) -> None:
    chunks = [text[at : at + size] for at in range(0, len(text), size)]
    assert list(read_lines(chunks)) == text.splitlines()


def test_an_event_is_all_its_data() -> None:
    body = b"event: one\ndata: a\ndata:b\ndata\n\ndata: c"
    assert list(read_events([body])) == [Event(b"one", b"a\nb\n"), Event(b"", b"c")]

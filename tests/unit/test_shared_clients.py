"""Whatever a Celery client of any version or language writes is read, or told what is wrong."""

import base64
import gzip
import json
import zlib
from typing import Any
from uuid import UUID

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from shared.errors import MalformedMessage
from shared.follow_ups import decode_ended, peek_ended
from shared.jobs import ChatJob
from shared.task_body import MAX_BODY_BYTES
from shared.task_message import decode, peek_id
from shared.wire import read_chat_job
from tests.support.stock_message import stock_message

REPLY = {"response": "Hello", "job_id": "j", "conversation_id": "talk", "answer": {}}
OWN = {"message": "How can I pay?"}


def read(raw: bytes, now: float = 1e9) -> ChatJob:
    return read_chat_job(raw, now)


def foreign(body: object, headers: object, **properties: Any) -> bytes:
    """Return a message as a client in another language writes it."""
    return json.dumps(
        {
            "body": base64.b64encode(json.dumps(body).encode()).decode(),
            "content-type": "application/json",
            "content-encoding": "utf-8",
            "headers": headers,
            "properties": {"body_encoding": "base64", "correlation_id": "other", **properties},
        }
    ).encode()


@pytest.mark.parametrize("protocol", [1, 2])
@pytest.mark.parametrize("serializer", ["json", "yaml", "msgpack"])
@pytest.mark.parametrize("compression", [None, "gzip", "zlib", "bzip2", "lzma"])
def test_each_protocol_serializer_and_compression_is_read(
    protocol: int, serializer: str, compression: str | None
) -> None:
    raw = stock_message(
        args=[{"message": "Grüße 👋", "conversation_id": "c"}],
        protocol=protocol,
        serializer=serializer,
        compression=compression,
        expires=60,
    )
    job = read(raw)
    assert (job.id, job.message, job.conversation_id) == ("id-1", "Grüße 👋", "c")
    assert job.expires_at is not None
    assert job.external
    assert peek_id(raw) == "id-1"


GOCELERY = {"id": "go-1", "task": "chat.infer", "args": [OWN], "kwargs": None, "retries": 0}


@pytest.mark.parametrize("headers", [None, {}])
def test_gocelerys_message_is_read_and_answered_under_its_own_id(headers: object) -> None:
    raw = foreign({**GOCELERY, "eta": None, "expires": "2099-01-01T00:00:00.123456789Z"}, headers)
    assert read(raw).id == peek_id(raw) == "go-1"
    assert read(raw).expires_at == pytest.approx(4070908800.12, abs=0.1)


def test_node_celerys_message_is_read() -> None:
    body: Any = {"task": "chat.infer", "args": [OWN], "kwargs": {}, "id": "node-1", "expires": None}
    delivery = {"priority": 0, "routing_key": "inference", "exchange": "inference"}
    assert read(foreign(body, {}, delivery_info=delivery)).message == OWN["message"]


def test_celery_rusts_message_is_read() -> None:
    headers: Any = {
        "id": "rust-1",
        "task": "chat.infer",
        "lang": "rust",
        "eta": None,
        "timelimit": [],
    }
    assert read(foreign([[OWN], {}, {"callbacks": None}], headers)).id == "rust-1"


def test_a_body_that_is_not_wrapped_is_read() -> None:
    headers = {"id": "id-1", "task": "chat.infer"}
    raw = json.dumps({"body": json.dumps([[OWN], {}, {}]), "headers": headers}).encode()
    assert read(raw).message == OWN["message"]


@pytest.mark.parametrize("packed", [gzip.compress, lambda data: zlib.compress(data)[2:-4]])
def test_other_languages_forms_of_gzip_are_inflated(packed: Any) -> None:
    envelope = json.loads(stock_message(args=[OWN]))
    envelope["headers"]["compression"] = "application/x-gzip"
    content = packed(base64.b64decode(envelope["body"]))
    envelope["body"] = base64.b64encode(content).decode()
    assert read(json.dumps(envelope).encode()).message == OWN["message"]


@pytest.mark.parametrize("compression", ["gzip", "bzip2", "lzma"])
def test_a_bomb_is_refused(compression: str) -> None:
    raw = stock_message(args=[{"message": " " * 20_000_000}], compression=compression)
    assert len(raw) < MAX_BODY_BYTES
    with pytest.raises(MalformedMessage, match="once inflated"):
        decode(raw)
    assert peek_id(raw) == "id-1"


@pytest.mark.parametrize(
    ("args", "kwargs"),
    [
        ([], {"message": "hi", "conversation_id": "c", "user_id": "u"}),
        ([{"message": "hi"}], {"conversation_id": "c", "user_id": "u"}),
        ([], {"request": {"message": "hi", "conversation_id": "c", "user_id": "u"}}),
        (["hi", "c", "u"], {}),
        (["hi"], {"conversation_id": "c", "user_id": "u"}),
        ([REPLY, {"message": "hi", "conversation_id": "c", "user_id": "u"}], {}),
        ([[REPLY, REPLY], {"message": "hi", "conversation_id": "c", "user_id": "u"}], {}),
        ([REPLY], {"message": "hi", "conversation_id": "c", "user_id": "u"}),
        (["a result", {"message": "hi", "conversation_id": "c", "user_id": "u"}], {}),
        ([7, {"message": "hi", "conversation_id": "c", "user_id": "u"}], {}),
    ],
)
def test_arguments_may_be_written_as_a_function_takes_them(args: Any, kwargs: Any) -> None:
    job = read(stock_message(args=args, kwargs=kwargs))
    assert (job.message, job.conversation_id, job.user_id) == ("hi", "c", "u")


@pytest.mark.parametrize("own", [{"args": [REPLY, OWN]}, {"args": [REPLY], "kwargs": OWN}])
def test_the_next_step_of_a_chain_stays_in_the_conversation(own: Any) -> None:
    assert read(stock_message(**own)).conversation_id == "talk"


@pytest.mark.parametrize(
    ("args", "kwargs", "reason"),
    [
        ([REPLY], {}, "result of the step before"),
        ([[REPLY]], {}, "result of the step before"),
        ([], {}, "message must be a text"),
        ([], {"text": "hi"}, "no argument 'text'"),
        ([OWN], {"message": "hi"}, "message is given twice"),
        ([OWN, OWN], {}, "there are several"),
        ([5], {}, "takes one object"),
        (["a", "b", "c", "d"], {}, "takes one object"),
        ([{"message": "hi", "user_id": ["u"]}], {}, "user_id must be 1 to 255 bytes"),
        ([{"message": "hi", "user_id": 10**600}], {}, "user_id must be 1 to 255 bytes"),
        ([{"message": "hi", "user_id": True}], {}, "user_id must be 1 to 255 bytes"),
    ],
)
def test_other_arguments_get_a_sentence(args: Any, kwargs: Any, reason: str) -> None:
    with pytest.raises(MalformedMessage, match=reason):
        read(stock_message(args=args, kwargs=kwargs))


def test_uuids_and_integers_are_ids() -> None:
    name = UUID("0b1c8a8e-8c1c-4e0e-9a52-6f6c0a1f2d3e")
    raw = stock_message(args=[{"message": "hi", "conversation_id": name, "user_id": 4711}])
    assert (read(raw).conversation_id, read(raw).user_id) == (str(name), "4711")
    numbered = stock_message(args=[OWN], task_id=17)
    assert read(numbered).id == peek_id(numbered) == "17"


def test_yaml_runs_nothing_and_does_not_grow() -> None:
    for text in (
        "!!python/object/apply:os.system [echo]",
        "[[&a [x, x], *a, *a], {}, {}]",
        "[" * 20_000,
    ):
        envelope = json.loads(stock_message(serializer="yaml"))
        envelope["body"] = base64.b64encode(text.encode()).decode()
        with pytest.raises(MalformedMessage):
            decode(json.dumps(envelope).encode())


def test_an_unknown_compression_is_named() -> None:
    envelope = json.loads(stock_message())
    envelope["headers"]["compression"] = "application/x-brotli"
    with pytest.raises(MalformedMessage, match="x-brotli"):
        decode(json.dumps(envelope).encode())


def test_another_encoding_is_read() -> None:
    envelope = json.loads(stock_message())
    text = json.dumps([[{"message": "Grüße"}], {}, {}], ensure_ascii=False)
    envelope |= {
        "content-encoding": "iso-8859-1",
        "body": base64.b64encode(text.encode("iso-8859-1")).decode(),
    }
    assert read(json.dumps(envelope).encode()).message == "Grüße"


def test_eta_is_when_it_is_due() -> None:
    raw = stock_message(args=[OWN], eta="2099-01-01T00:00:00")
    assert read(raw, now=4070908800.0 - 3600).due_at == 4070908800.0
    with pytest.raises(MalformedMessage, match="24 hours ahead"):
        read(raw, now=1e9)


@pytest.mark.parametrize(
    ("task_id", "served"), [("", None), ("x" * 300, "x" * 300), ("a\tb", "a\tb")]
)
def test_an_id_that_cannot_be_served_is_still_known(task_id: str, served: str | None) -> None:
    raw = stock_message(task_id=task_id)
    with pytest.raises(MalformedMessage):
        decode(raw)
    assert peek_id(raw) == served


@pytest.mark.parametrize("protocol", [1, 2])
def test_a_text_that_was_cut_within_an_emoji_is_read(protocol: int) -> None:
    raw = stock_message(
        args=[{"message": "thanks \ud83d"}], task_id="cut \ud83d", protocol=protocol
    )
    assert read(raw).message == "thanks \ufffd"
    assert read(raw).id == peek_id(raw) == "cut \ufffd"


@pytest.mark.parametrize("written", [float("nan"), float("inf")])
def test_what_only_pythons_json_has_does_not_hide_a_message(written: float) -> None:
    assert read(stock_message(args=[OWN], headers={"score": written})).id == "id-1"
    faulty = stock_message(args=[{**OWN, "user_id": written}])
    with pytest.raises(MalformedMessage):
        decode(faulty)
    assert peek_id(faulty) == "id-1"


def test_the_id_of_a_message_of_any_length_is_known() -> None:
    raw = stock_message(args=[{"message": "x" * 5_000_000}], chord=SIGNATURE)
    assert peek_id(raw) == "id-1"


@pytest.mark.parametrize("compression", [None, "zlib", "bzip2", "lzma"])
def test_what_follows_a_message_that_is_too_large_is_known(compression: str | None) -> None:
    raw = stock_message(
        args=[{"message": "x" * 1_000_000}], compression=compression, chord=SIGNATURE, group_id="g"
    )
    with pytest.raises(MalformedMessage):
        decode(raw)
    assert decode_ended(peek_ended(raw, "failed", 1.0, b"{}")).follow_ups.chord == SIGNATURE


SIGNATURE = {"task": "shop.ship", "args": [1], "kwargs": {}, "options": {}, "immutable": False}


def test_what_is_to_follow_is_read() -> None:
    raw = stock_message(
        args=[OWN], callbacks=[SIGNATURE], chain=[SIGNATURE], group_id="g", group_index=3
    )
    follow_ups = read(raw).follow_ups
    assert follow_ups is not None
    (callback,) = follow_ups.callbacks
    assert follow_ups.chain == [SIGNATURE]
    assert callback["options"].pop("task_id") != read(raw).id
    assert callback == SIGNATURE
    assert (follow_ups.group, follow_ups.group_index, follow_ups.root_id) == ("g", 3, "id-1")
    assert read(stock_message(args=[OWN])).follow_ups is None


@pytest.mark.parametrize("protocol", [1, 2])
def test_what_is_to_follow_a_faulty_message_is_read_too(protocol: int) -> None:
    raw = stock_message(args=[], protocol=protocol, errbacks=[SIGNATURE], group_id="g")
    ended = decode_ended(peek_ended(raw, "failed", 5.0, b"{}"))
    assert (ended.id, ended.state, ended.follow_ups.group) == ("id-1", "failed", "g")
    assert ended.follow_ups.errbacks == [SIGNATURE]
    assert peek_ended(stock_message(args=[]), "failed", 5.0, b"{}") == b""


JUNK = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@given(JUNK, JUNK, JUNK, st.sampled_from(["json", "yaml", "msgpack"]))
def test_no_body_raises_anything_but_malformed(
    first: Any, second: Any, third: Any, serializer: str
) -> None:
    body = {"args": first, "kwargs": second, "callbacks": third, "task": "chat.infer", "id": "id"}
    for written in (body, [first, second, third]):
        envelope = json.loads(stock_message(serializer=serializer))
        text = yaml.safe_dump(written) if serializer == "yaml" else json.dumps(written)
        envelope["body"] = base64.b64encode(text.encode()).decode()
        raw = json.dumps(envelope).encode()
        try:
            assert read(raw).message
        except MalformedMessage:
            assert peek_id(raw)
        assert isinstance(peek_ended(raw, "failed", 1.0, b"{}"), bytes)

"""The bytes on the queue: what goes in comes out; nothing that lies there can break a worker."""

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared import keys, tenants
from shared.chat_arguments import MAX_MESSAGE_CHARACTERS
from shared.errors import MalformedMessage
from shared.jobs import ChatJob, ToneJob
from shared.task_message import decode, peek_id
from shared.visible_text import has_visible_character
from shared.wire import decode_job, decode_tone, encode_infer, encode_tone, new_job_id
from tests.support.blank_texts import BLANK_TEXTS
from tests.support.stock_message import FAULTS, stock_message

GATEWAYS = st.from_regex(r"[A-Za-z0-9_.:@-]{1,128}", fullmatch=True)
NAMES = st.text(st.characters(exclude_categories=["Cc", "Cs", "Zl", "Zp"]), min_size=1, max_size=63)
IDS = NAMES | NAMES.map(lambda name: tenants.scope("acme", name))
TEXTS = st.text(
    st.characters(exclude_categories=["Cs"]), min_size=1, max_size=MAX_MESSAGE_CHARACTERS
).filter(has_visible_character)
JOBS = st.builds(
    ChatJob,
    id=IDS,
    message=TEXTS,
    conversation_id=IDS,
    accepted_at=st.floats(1e9, 4e9),
    user_id=st.none() | IDS,
    expires_at=st.none() | st.integers(1_000_000_000, 4_000_000_000).map(float),
    gateway=st.none() | GATEWAYS,
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**6), 10**6) | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)


@given(JOBS)
def test_a_job_survives_the_queue(job: ChatJob) -> None:
    task = decode(encode_infer(job))
    assert decode_job(task, received_at=0.0) == job
    assert not job.external


@given(JOBS)
def test_a_tone_task_carries_the_job_and_the_message(job: ChatJob) -> None:
    task = decode(encode_tone(job))
    assert decode_tone(task) == ToneJob(
        job.id, task.id, job.message, job.expires_at, accepted_at=job.accepted_at
    )
    assert task.headers["ignore_result"] is True


@given(st.binary(max_size=2_000))
def test_no_bytes_raise_anything_but_malformed(raw: bytes) -> None:
    with pytest.raises(MalformedMessage):
        decode(raw)
    assert peek_id(raw) is None


@given(JSON, JSON, JSON)
def test_no_json_raises_anything_but_malformed(body: Any, headers: Any, properties: Any) -> None:
    envelope = {"body": body, "headers": headers, "properties": properties}
    raw = json.dumps(envelope).encode()
    try:
        decode_job(decode(raw), received_at=0.0)
    except MalformedMessage:
        return
    pytest.fail("arbitrary JSON passed for a job")


@given(JSON)
def test_no_argument_raises_anything_but_malformed(argument: Any) -> None:
    raw = stock_message(args=[argument])
    try:
        job = decode_job(decode(raw), received_at=5.0)
    except MalformedMessage:
        return
    assert has_visible_character(job.message)


@pytest.mark.parametrize("written", [-1e308, 1e308, -1.0, "soon", None])
def test_an_acceptance_that_cannot_be_is_the_reception(written: object) -> None:
    task = decode(stock_message())
    task = replace(task, headers={**task.headers, "parley_accepted_at": written})
    assert decode_job(task, received_at=5.0).accepted_at == 5.0


def test_a_stock_clients_task_is_read() -> None:
    task = decode(stock_message(expires=60))
    job = decode_job(task, received_at=5.0)
    assert (job.id, job.message, job.conversation_id) == ("id-1", "hi", "id-1")
    assert job.accepted_at == 5.0
    assert job.expires_at is not None
    assert job.external


@pytest.mark.parametrize("fault", FAULTS)
def test_a_faulty_task_is_malformed_with_a_reason(fault: str) -> None:
    with pytest.raises(MalformedMessage) as malformed:
        decode_job(decode(FAULTS[fault]), received_at=0.0)
    assert len(str(malformed.value)) > 10


@pytest.mark.parametrize("message", BLANK_TEXTS)
def test_a_message_that_shows_nothing_is_malformed(message: str) -> None:
    with pytest.raises(MalformedMessage, match="blank"):
        decode_job(decode(stock_message(args=[{"message": message}])), received_at=0.0)


def test_the_id_of_a_faulty_task_can_still_be_read() -> None:
    assert peek_id(FAULTS["no argument"]) == "id-1"
    assert peek_id(FAULTS["bad id"]) == "a\nb"
    assert peek_id(FAULTS["pickle"]) == "id-1"


def test_ids_are_new_each_time() -> None:
    assert new_job_id() != new_job_id()


def test_a_worker_of_celery_itself_could_read_what_parley_writes() -> None:
    from kombu.transport.virtual import Channel

    raw = encode_infer(ChatJob("id-1", "hi", "c", 1e9, expires_at=2e9))
    envelope = json.loads(raw)
    codec = Channel.codecs[envelope["properties"]["body_encoding"]]
    args, kwargs, embed = json.loads(codec.decode(envelope["body"]))
    assert args == [{"message": "hi", "conversation_id": "c", "user_id": None}]
    assert kwargs == {}
    assert set(embed) == {"callbacks", "errbacks", "chain", "chord"}
    assert envelope["properties"]["delivery_info"]["routing_key"] == keys.INFERENCE

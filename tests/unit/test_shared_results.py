"""Results in Celery's format, and the lines that gateways are told."""

from celery import Celery
from hypothesis import given
from hypothesis import strategies as st

from shared.jobs import Answer, Reply, Timings, Tone
from shared.results import (
    Failure,
    JobRecord,
    celery_result,
    decode_notifications,
    encode_failure,
    encode_notification,
    encode_reply,
    failure_detail,
    read_celery_result,
)

TEXTS = st.text(st.characters(exclude_categories=["Cs"]))
REPLIES = st.builds(
    Reply,
    response=TEXTS,
    job_id=st.just("j"),
    conversation_id=st.just("c"),
    tone=st.builds(Tone, st.just("negative"), st.floats(0, 1)),
    answer=st.just(Answer("answer", "e", 0.5)),
    timings=st.just(Timings(1, 2, 3, 4, 5)),
    engine=st.just("litert-int8"),
)
FAILURES = st.builds(Failure, st.sampled_from(["failed", "expired", "cancelled"]), TEXTS)


@given(REPLIES)
def test_a_reply_is_stored_and_read(reply: Reply) -> None:
    body = encode_reply(reply)
    assert read_celery_result(celery_result("j", "done", body, 1e9)) == JobRecord("done", body)


@given(FAILURES)
def test_a_failure_keeps_its_state_and_its_sentence(failure: Failure) -> None:
    body = encode_failure(failure)
    record = read_celery_result(celery_result("j", failure.state, body, 1e9))
    assert record == JobRecord(failure.state, body)
    assert failure_detail(body) == failure.detail


@given(st.lists(REPLIES, min_size=1, max_size=5))
def test_lines_part_the_jobs_of_one_publication(replies: list[Reply]) -> None:
    bodies = [encode_reply(reply) for reply in replies]
    payload = b"\n".join(
        encode_notification(f"j{n}", "done", body) for n, body in enumerate(bodies)
    )
    expected = [(f"j{n}", JobRecord("done", body)) for n, body in enumerate(bodies)]
    assert decode_notifications(payload) == expected


@given(REPLIES)
def test_celery_itself_reads_a_stored_reply(reply: Reply) -> None:
    backend = Celery("somebody", backend="cache+memory://", set_as_current=False).backend
    meta = backend.decode_result(celery_result("j", "done", encode_reply(reply), 1e9))
    assert meta["status"] == "SUCCESS"
    assert meta["result"]["response"] == reply.response


def test_celery_itself_raises_a_stored_failure() -> None:
    backend = Celery("somebody", backend="cache+memory://", set_as_current=False).backend
    body = encode_failure(Failure("failed", "It broke."))
    meta = backend.meta_from_decoded(backend.decode_result(celery_result("j", "failed", body, 1e9)))
    assert meta["status"] == "FAILURE"
    assert "It broke." in str(meta["result"])

"""What the spans of a worker say of how messages end."""

import json
import logging
from dataclasses import replace

import pytest
from opentelemetry.trace import StatusCode

from shared.jobs import ChatJob
from shared.message_headers import with_first_look
from shared.tracing.context import TraceContext
from shared.wire import encode_infer, read_chat_job
from tests.fakes.consumer import NEUTRAL, FakeQueue, chat_role
from tests.fakes.tracing import PARENT, TRACE_ID, trace_of
from tests.support.stock_message import FAULTS, stock_message
from tests.support.traced_steps import STEP_SECONDS, TracedSteps, seconds

SECRET = "poison is in here"  # noqa: S105 - of nothing


@pytest.mark.parametrize(
    ("claim", "outcome"), [("cancelled", "cancelled"), ("refused", "failed"), ("ended", None)]
)
def test_what_ends_before_the_engine_says_how(claim: str, outcome: str | None) -> None:
    harness = TracedSteps()
    harness.queue.claims["a"] = claim  # type: ignore[assignment]
    if outcome is None:
        harness.queue.verdicts["a"], outcome = "duplicate", "duplicate"
    harness.answer(harness.message("a"))
    process = harness.memory.named("process inference")
    assert harness.attributes("process inference")["parley.outcome"] == outcome
    is_error = process.status.status_code is StatusCode.ERROR
    assert is_error == (outcome != "duplicate")


def test_an_expired_message_is_an_error_with_a_reason() -> None:
    harness = TracedSteps()
    job = ChatJob(
        "a", "two words", "c", harness.clock.now(), expires_at=harness.clock.now() + 0.005
    )
    harness.answer(encode_infer(job.traced(TraceContext(TRACE_ID, "b7ad6b7169203331", True))))
    process = harness.memory.named("process inference")
    assert harness.attributes("process inference")["error.type"] == "expired"
    assert "time ran out" in (process.status.description or "")
    assert seconds(harness.memory.named("queue inference")) == STEP_SECONDS


def test_a_dead_letter_is_an_error_with_a_reason_and_its_log_line_names_the_trace(
    caplog: pytest.LogCaptureFixture,
) -> None:
    harness = TracedSteps()
    with caplog.at_level(logging.INFO, "workers.consumer.recorded_traces"):
        harness.answer(harness.message("bad", text="two words"))
    process = harness.memory.named("process inference")
    assert process.status.status_code is StatusCode.ERROR
    assert "ValueError" in (process.status.description or "")
    assert harness.attributes("process inference")["parley.outcome"] == "dead_letter"
    assert [record.__dict__["trace_id"] for record in caplog.records] == [TRACE_ID]


def test_one_over_the_delivery_limit_is_an_error_in_its_trace() -> None:
    harness = TracedSteps()
    harness.queue.delivered["a"] = 6
    harness.preparer.dead_letter(harness.queue.push(harness.message("a")), "delivered too often")
    process = harness.memory.named("process inference")
    assert (trace_of(process), process.status.description) == (TRACE_ID, "delivered too often")
    assert harness.attributes("process inference")["parley.delivery"] == 6


@pytest.mark.parametrize("fault", ["no argument", "yaml", "wrong task"])
def test_a_malformed_message_is_an_error_in_its_trace_without_its_text(fault: str) -> None:
    message = json.loads(FAULTS.get(fault) or stock_message())
    message["headers"]["traceparent"] = PARENT
    if fault == "yaml":
        message |= {"content-type": "application/x-yaml", "body": f"- [{SECRET}", "properties": {}}
    harness = TracedSteps()
    harness.answer(json.dumps(message).encode())
    process = harness.memory.named("process inference")
    assert trace_of(process) == TRACE_ID
    assert process.status.description == "the message is malformed"
    assert SECRET not in process.to_json()


def test_a_batch_with_a_poisonous_message_says_so_and_the_others_are_answered() -> None:
    harness = TracedSteps()
    harness.queue.known_tones = {"a": NEUTRAL, "b": NEUTRAL}
    good, other = harness.prepare(harness.message("a"), harness.message("b"))
    (passage,) = other.passages
    poisonous = replace(other, passages=(replace(passage, ids=(666,)),))
    harness.run([good, poisonous])
    batch = harness.memory.named("batch inference")
    assert batch.status.status_code is StatusCode.ERROR
    assert harness.attributes("batch inference")["parley.batch.faults"] == 1
    outcomes = {
        span.attributes["messaging.message.id"]: span.attributes["parley.outcome"]
        for span in harness.memory.spans
        if span.name == "process inference" and span.attributes
    }
    assert outcomes == {"a": "done", "b": "dead_letter"}


def test_a_lost_lease_is_no_error_of_this_worker() -> None:
    harness = TracedSteps()
    harness.queue.known_tones = {"a": NEUTRAL}
    harness.queue.verdicts["a"] = "lost"
    harness.answer(harness.message("a"))
    assert harness.attributes("process inference")["parley.outcome"] == "lost"


def test_what_is_handed_over_ends_here_and_goes_on_in_the_same_trace() -> None:
    harness = TracedSteps()
    role = chat_role(harness.queue)
    unsure = replace(
        role,
        second_looks=harness.queue,
        draft=lambda batch: [
            replace(each, first_look=lambda: "look") for each in role.draft(batch)
        ],
    )
    harness = TracedSteps(unsure)
    assert isinstance(unsure.second_looks, FakeQueue)
    unsure.second_looks.hand_overs["a"] = "handed"
    message = harness.message("a")
    (prepared,) = harness.prepare(message)
    harness.run([prepared])
    assert harness.attributes("process inference")["parley.outcome"] == "handed_over"
    handed = with_first_look(message, prepared.job, "look")
    assert handed is not None
    assert read_chat_job(handed, 0.0).trace == prepared.job.trace

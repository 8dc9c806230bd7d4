"""/v1/responses as clients of OpenAI meet it, over fakes."""

import pytest

from tests.support.gateway_harness import GatewayHarness, reply_to
from tests.support.openai_calls import error, respond, said, sent


@pytest.fixture
def harness() -> GatewayHarness:
    harness = GatewayHarness()
    harness.answer_at_once()
    return harness


def test_a_response_has_the_form_of_openai(harness: GatewayHarness) -> None:
    body = respond(harness, metadata={"shop": "one"}).get_json()

    [job] = harness.published
    assert (body["id"], body["status"]) == (f"resp_{job.id}", "completed")
    [item] = body["output"]
    assert item["content"][0]["text"] == reply_to(job).response
    assert body["usage"]["input_tokens"] == 1
    assert body["metadata"] == {"shop": "one"}
    assert body["conversation"] == {"id": job.conversation_id}
    assert body["parley"]["job_id"] == job.id


def test_a_response_follows_another_or_a_conversation(harness: GatewayHarness) -> None:
    first = respond(harness, conversation="c-1").get_json()
    respond(harness, [{"role": "user", "content": [{"type": "input_text", "text": "Two"}]}],
            previous_response_id=first["id"])  # fmt: skip
    respond(harness, "Three", conversation={"id": "c-1"})
    items = [{"type": "reasoning", "summary": []}, *said("Hello", "Hi.", "Four")]
    respond(harness, items, metadata={"conversation_id": "c-1"})

    assert [job.conversation_id for job in harness.published] == ["c-1"] * 4
    assert [job.message for job in harness.published] == ["Hello", "Two", "Three", "Four"]


def test_an_unknown_previous_response_is_refused_as_openai_does(harness: GatewayHarness) -> None:
    found = error(respond(harness, previous_response_id="resp_x"), 400)
    assert found["code"] == "previous_response_not_found"
    both = error(respond(harness, previous_response_id="resp_x", conversation="c"), 400)
    assert both["param"] == "previous_response_id"


def test_a_streamed_response_tells_each_step(harness: GatewayHarness) -> None:
    events = list(sent(respond(harness, stream=True)))

    [job] = harness.published
    assert [event["sequence_number"] for event in events] == list(range(len(events)))
    assert [event["type"].removeprefix("response.") for event in events] == [
        *("created", "in_progress", "output_item.added", "content_part.added"),
        *("output_text.delta", "output_text.done", "content_part.done", "output_item.done"),
        "completed",
    ]
    assert events[4]["delta"] == events[5]["text"] == reply_to(job).response
    assert events[0]["response"]["output"] == []
    assert events[-1]["response"]["output"][0]["id"] == events[4]["item_id"]

"""What the OpenAI-compatible routes refuse, and in which form, over fakes."""

from typing import Any

import pytest

from gateway.openai_api.messages import read_messages
from shared.api_keys import ApiKey, digest_of, new_key
from shared.errors import (
    ConversationBusy,
    InvalidRequest,
)
from tests.support.gateway_harness import GatewayHarness
from tests.support.openai_calls import COMPLETIONS, HELLO, RESPONSES, complete, error


@pytest.fixture
def harness() -> GatewayHarness:
    harness = GatewayHarness()
    harness.answer_at_once()
    return harness


@pytest.mark.parametrize(
    ("members", "param"),
    [
        ({"n": 2}, "n"),
        ({"response_format": {"type": "json_object"}}, "response_format"),
        ({"tool_choice": "required"}, "tool_choice"),
        ({"tool_choice": {"type": "function"}}, "tool_choice"),
        ({"logprobs": True}, "logprobs"),
        ({"modalities": ["text", "audio"]}, "modalities"),
        ({"stream": "yes"}, "stream"),
        ({"stream_options": {"include_usage": 1}}, "include_usage"),
        ({"metadata": {"conversation_id": 1}}, "metadata"),
        ({"metadata": {"conversation_id": ""}}, "metadata.conversation_id"),
        ({"user": "a\nb"}, "user"),
        ({"messages": []}, "messages"),
        ({"messages": "Hello"}, "messages"),
        ({"messages": ["Hello"]}, "messages[0]"),
        ({"messages": [{"role": "robot", "content": "x"}]}, "messages[0].role"),
        ({"messages": [{"role": "assistant", "content": "x"}]}, "messages"),
        ({"messages": [{"role": "user", "content": 4}]}, "messages[0].content"),
        ({"messages": [{"role": "user", "content": [{"text": "x"}]}]}, "messages[0].content"),
        ({"messages": [{"role": "user", "content": [{"type": "text"}]}]}, "messages[0].content"),
        ({"messages": [{"role": "user", "content": [{"type": "image_url"}]}]}, "messages"),
        ({"messages": [{"role": "user", "content": " "}]}, "messages"),
        ({"messages": [{"role": "user", "content": "x" * 4001}]}, "messages"),
        ({"model": None}, "model"),
    ],
)
def test_what_is_not_served_is_refused_by_name(
    members: dict[str, Any], param: str, harness: GatewayHarness
) -> None:
    found = error(complete(harness, **members), 400)
    assert (found["type"], found["param"]) == ("invalid_request_error", param)
    assert harness.published == []


@pytest.mark.parametrize(
    "members",
    [
        {"n": 1, "response_format": {"type": "text"}, "tools": [], "tool_choice": "auto"},
        {"logprobs": False, "max_completion_tokens": 5, "seed": 1, "stop": ["x"], "store": True},
        {"stream": None, "metadata": None, "user": None, "reasoning_effort": "low"},
    ],
)
def test_what_changes_nothing_is_taken(members: dict[str, Any], harness: GatewayHarness) -> None:
    assert complete(harness, **members).status_code == 200


def test_an_image_that_was_sent_before_does_not_matter(harness: GatewayHarness) -> None:
    image = {"role": "user", "content": [{"type": "image_url", "image_url": {"url": "data:,"}}]}
    assert complete(harness, image, HELLO).status_code == 200


@pytest.mark.parametrize(
    "members",
    [
        {"input": None},
        {"input": []},
        {"input": [{"type": "reasoning"}]},
        {"input": " "},
        {"background": True},
        {"text": {"format": {"type": "json_schema"}}},
        {"conversation": 4},
        {"prompt": {"id": "p"}},
    ],
)
def test_responses_that_are_not_served_are_refused(
    members: dict[str, Any], harness: GatewayHarness
) -> None:
    body = {"model": "parley", "input": "Hello", **members}
    error(harness.client.post(RESPONSES, json=body), 400)
    assert harness.published == []


def test_every_error_under_v1_is_openais(harness: GatewayHarness) -> None:
    client = harness.client
    unknown = error(client.post(COMPLETIONS, json={"model": "gpt-9", "messages": [HELLO]}), 404)
    assert unknown["code"] == "model_not_found"
    assert error(client.get("/v1/nothing"), 404)["type"] == "invalid_request_error"
    assert client.get("/nothing").content_type == "application/problem+json"
    assert error(client.get(COMPLETIONS), 405)["code"] == "method_not_allowed"
    plain = client.post(COMPLETIONS, data=b"{}", content_type="text/plain")
    assert error(plain, 415)["param"] is None
    broken = client.post(COMPLETIONS, data=b"{", content_type="application/json")
    assert "JSON" in error(broken, 400)["message"]
    error(client.post(COMPLETIONS, json=[]), 400)
    huge = client.post(COMPLETIONS, data=b" " * 2**21, content_type="application/json")
    error(huge, 413)


def test_messages_name_the_one_at_fault() -> None:
    with pytest.raises(InvalidRequest, match=r"input\[1\]\.role"):
        read_messages([HELLO, {"role": "x"}], "input")


def test_keys_are_asked_for_in_openais_form(harness: GatewayHarness) -> None:
    key_id, key = new_key()
    harness.keys.create(digest_of(key), ApiKey(key_id, scopes=frozenset(("read",))))
    client = harness.client

    missing = error(client.get("/v1/models"), 401)
    wrong = client.get("/v1/models", headers={"Authorization": f"Bearer {key}x"})
    other = client.get("/v1/models", headers={"Authorization": f"Bearer {key}"})

    assert (missing["type"], missing["code"]) == ("authentication_error", "invalid_api_key")
    assert error(wrong, 401)["code"] == "invalid_api_key"
    assert error(other, 403)["type"] == "permission_error"


def test_limits_are_told_in_openais_form(harness: GatewayHarness) -> None:
    harness.publisher.answer = ConversationBusy("32 messages are waiting already", 1.0)
    response = complete(harness)

    found = error(response, 429)
    assert (found["type"], found["code"]) == ("rate_limit_error", "rate_limit_exceeded")
    assert response.headers["Retry-After"] == "1"

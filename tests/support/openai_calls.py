"""What clients of OpenAI send and read, over the gateway's harness."""

import json
from collections.abc import Iterator
from typing import Any

from werkzeug.test import TestResponse

from tests.support.gateway_harness import GatewayHarness

COMPLETIONS = "/v1/chat/completions"


RESPONSES = "/v1/responses"


HELLO: dict[str, Any] = {"role": "user", "content": "Hello"}


def complete(harness: GatewayHarness, *messages: Any, **members: Any) -> TestResponse:
    body = {"model": "parley", "messages": list(messages) or [HELLO], **members}
    return harness.client.post(COMPLETIONS, json=body)


def respond(harness: GatewayHarness, given: Any = "Hello", **members: Any) -> TestResponse:
    return harness.client.post(RESPONSES, json={"model": "parley", "input": given, **members})


def error(response: TestResponse, status: int) -> dict[str, Any]:
    assert response.status_code == status, response.text
    assert response.content_type == "application/json"
    found: dict[str, Any] = response.get_json()["error"]
    assert set(found) == {"message", "type", "param", "code"}
    return found


def sent(response: TestResponse) -> Iterator[Any]:
    """Yield the data of each server-sent event."""
    for line in response.get_data(as_text=True).splitlines():
        if line.startswith("data: "):
            data = line.removeprefix("data: ")
            yield data if data == "[DONE]" else json.loads(data)


def said(*texts: str) -> list[dict[str, str]]:
    """Return texts as messages of user and assistant in turn."""
    roles = ("user", "assistant")
    return [{"role": roles[at % 2], "content": text} for at, text in enumerate(texts)]


def converse(harness: GatewayHarness, texts: list[str], **members: Any) -> str:
    """Ask, note the answer, and return the conversation."""
    body = complete(harness, *said(*texts), **members).get_json()
    texts.append(body["choices"][0]["message"]["content"])
    conversation: str = body["parley"]["conversation_id"]
    return conversation

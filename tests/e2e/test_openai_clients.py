"""The official clients of OpenAI, unchanged, on a running stack."""

import math
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import openai
import pytest
from openai import OpenAI

from tests.e2e.conftest import Stack

JAVASCRIPT = Path(__file__).parent.parent / "javascript"
ASKED = "Where is my parcel?"


@pytest.fixture
def client(stack: Stack) -> OpenAI:
    return OpenAI(base_url=f"{stack.url}/v1", api_key="none", max_retries=0)


def user(text: str) -> Any:
    return {"role": "user", "content": text}


def parley(answer: Any) -> dict[str, Any]:
    """Return what Parley adds to an answer."""
    members: dict[str, Any] = answer.parley
    return members


def test_a_completion_says_what_post_chat_says(client: OpenAI) -> None:
    system: Any = {"role": "system", "content": "Answer in rhyme."}
    completion = client.chat.completions.create(model="parley", messages=[system, user(ASKED)])

    [choice] = completion.choices
    assert choice.finish_reason == "stop"
    assert parley(completion)["answer"]["id"] == "delivery-track"
    assert "Track" in (choice.message.content or "")
    assert completion.usage
    assert completion.usage.prompt_tokens == 9
    assert completion.usage.total_tokens == 9 + completion.usage.completion_tokens


def test_a_client_that_sends_all_that_was_said_goes_on_with_its_conversation(
    client: OpenAI,
) -> None:
    said: list[Any] = [user(ASKED)]
    conversations = []
    for further in ("And to Switzerland?", "Thank you!"):
        answer = client.chat.completions.create(model="parley", messages=said)
        conversations.append(parley(answer)["conversation_id"])
        said += [{"role": "assistant", "content": answer.choices[0].message.content}, user(further)]
    stranger = client.chat.completions.create(model="parley", messages=said[:1])
    unknown: list[Any] = [user("Hello"), {"role": "assistant", "content": "From elsewhere."}]
    elsewhere = client.chat.completions.create(model="parley", messages=[*unknown, user(ASKED)])

    assert conversations[0] == conversations[1]
    assert parley(stranger)["conversation_id"] != conversations[0]
    assert parley(elsewhere)["answer"]["id"] == "delivery-track"


def test_a_streamed_completion_is_the_same_text(client: OpenAI) -> None:
    chunks = list(
        client.chat.completions.create(
            model="parley",
            messages=[user(ASKED)],
            stream=True,
            stream_options={"include_usage": True},
            metadata={"conversation_id": "streamed", "user_id": "anna"},
        )
    )

    text = "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)
    assert "Track" in text
    assert parley(chunks[-2])["conversation_id"] == "streamed"
    assert chunks[-1].usage
    assert chunks[-1].usage.completion_tokens > 0


def test_responses_follow_each_other(client: OpenAI) -> None:
    first = client.responses.create(model="parley", input=ASKED)
    second = client.responses.create(
        model="parley", input=[user("Thank you!")], previous_response_id=first.id
    )
    with client.responses.stream(model="parley", input=ASKED) as stream:
        types = [event.type for event in stream]
        streamed = stream.get_final_response()

    assert "Track" in first.output_text
    assert second.conversation == first.conversation
    assert (types[0], types[-1]) == ("response.created", "response.completed")
    assert streamed.output_text.split("**")[1:2] == first.output_text.split("**")[1:2]


def test_embeddings_are_unit_vectors_that_know_what_is_alike(client: OpenAI) -> None:
    long = " ".join(f"Sentence {number} of a long story about a garden." for number in range(120))
    texts = ["Where is my parcel?", "Where has my package got to?", "I like jazz.", long]
    given = client.embeddings.create(model="parley", input=texts * 5)
    plain = client.embeddings.create(model="parley", input=texts[0], encoding_format="float")

    vectors = [each.embedding for each in given.data]
    assert [each.index for each in given.data] == list(range(20))
    assert all(math.isclose(dot(each, each), 1, abs_tol=1e-3) for each in vectors)
    assert dot(vectors[0], vectors[1]) > dot(vectors[0], vectors[2]) + 0.2
    assert dot(vectors[0], plain.data[0].embedding) > 0.99
    assert given.usage.prompt_tokens > 5 * 1_000


def dot(one: list[float], other: list[float]) -> float:
    return sum(a * b for a, b in zip(one, other, strict=True))


def test_errors_are_those_that_the_client_knows(client: OpenAI) -> None:
    with pytest.raises(openai.NotFoundError) as unknown:
        client.chat.completions.create(model="gpt-9", messages=[user("Hello")])
    with pytest.raises(openai.BadRequestError) as refused:
        client.embeddings.create(model="parley", input="Hello", dimensions=64)
    with pytest.raises(openai.BadRequestError) as previous:
        client.responses.create(model="parley", input="Hello", previous_response_id="resp_x")

    assert (unknown.value.code, unknown.value.param) == ("model_not_found", "model")
    assert refused.value.param == "dimensions"
    assert previous.value.code == "previous_response_not_found"
    assert [model.id for model in client.models.list()] == ["parley"]


def test_the_javascript_client(stack: Stack, tmp_path: Path) -> None:
    if shutil.which("npm") is None:
        pytest.skip("there is no npm here")
    for name in ("package.json", "package-lock.json", "openai.test.mjs"):
        shutil.copy(JAVASCRIPT / name, tmp_path)
    install = ["npm", "ci", "--no-audit", "--no-fund", "--ignore-scripts"]
    if subprocess.run(install, cwd=tmp_path, capture_output=True, timeout=120).returncode:
        pytest.skip("npm cannot install the package")
    done = subprocess.run(
        ["node", "--test", "openai.test.mjs"],
        cwd=tmp_path,
        env={**os.environ, "PARLEY_URL": stack.url},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stdout + done.stderr

"""A changed knowledge base answers without a restart and without one failed request."""

import threading
from collections.abc import Iterator
from typing import Any

import pytest
import requests

from shared.connection import connect
from shared.heartbeats import read_heartbeats
from shared.worker_status import KnowledgeStatus
from tests.e2e.conftest import Stack
from tests.support.processes import wait_until

QUESTION = "Do you repair grandfather clocks?"
OURS = "tests-clocks.yaml"


def write(stack: Stack, answer: str) -> None:
    """Put an entry into the running stack's base, as an editor saves a file."""
    partial = stack.kb / "clocks.part"
    partial.write_text(f"- {{id: clocks, question: {QUESTION}, answer: {answer}}}\n")
    partial.replace(stack.kb / OURS)


def ask(stack: Stack) -> dict[str, Any]:
    response = requests.post(f"{stack.url}/chat", json={"message": QUESTION}, timeout=30)
    assert response.status_code == 200, response.text
    reply: dict[str, Any] = response.json()
    return reply


def bases(stack: Stack) -> list[KnowledgeStatus]:
    with connect(stack.redis_url) as client:
        return [base for worker in read_heartbeats(client) for base in worker.knowledge]


@pytest.fixture
def asked(stack: Stack) -> Iterator[list[dict[str, Any]]]:
    """Ask the same all the time; the list grows with the replies."""
    replies: list[dict[str, Any]] = []
    over = threading.Event()

    def ask_on() -> None:
        while not over.is_set():
            replies.append(ask(stack))

    thread = threading.Thread(target=ask_on, daemon=True)
    thread.start()
    try:
        yield replies
    finally:
        over.set()
        thread.join(60)
        (stack.kb / OURS).unlink(missing_ok=True)
        wait_until(lambda: ask(stack)["answer"]["id"] != "clocks", 60)


def test_an_edited_base_answers_and_a_faulty_one_changes_nothing(
    stack: Stack, asked: list[dict[str, Any]]
) -> None:
    wait_until(lambda: len(asked) > 3, 60)
    before = asked[-1]["knowledge_revision"]
    write(stack, "In our own workshop.")
    wait_until(lambda: asked[-1]["response"].endswith("In our own workshop."), 60)
    after = asked[-1]["knowledge_revision"]
    write(stack, "[]")
    wait_until(lambda: all(each.refused for each in bases(stack)), 60)
    assert {each.revision for each in bases(stack)} == {after}
    so_far = len(asked)
    wait_until(lambda: len(asked) > so_far + 3, 60)
    assert asked[-1]["response"].endswith("In our own workshop.")
    revisions = [each["knowledge_revision"] for each in asked]
    assert revisions == sorted(revisions, key=[before, after].index), "one swap, and no way back"
    assert all((each["answer"]["id"] == "clocks") == (each["knowledge_revision"] == after)
               for each in asked)  # fmt: skip

"""A customer's message goes in over HTTP and comes back answered, by real parts."""

import json
import re
import uuid
from collections import Counter
from collections.abc import Mapping
from http.client import HTTPConnection
from typing import Any
from urllib.parse import urlsplit

import msgspec
import pytest
import redis
import requests

from shared import keys
from shared.worker_status import WorkerStatus
from tests.e2e.conftest import Stack
from tests.support.processes import wait_until


def ask(stack: Stack, message: str, **fields: str) -> dict[str, Any]:
    response = requests.post(f"{stack.url}/chat", json={"message": message, **fields}, timeout=30)
    assert response.status_code == 200, response.text
    reply: dict[str, Any] = response.json()
    return reply


def test_a_question_is_answered_from_the_knowledge_base(stack: Stack) -> None:
    reply = ask(stack, "How long does delivery take?")
    assert reply["answer"]["kind"] == "answer"
    assert reply["answer"]["id"] == "delivery-times"
    assert 0.5 < reply["answer"]["confidence"] <= 1
    assert reply["response"]
    assert reply["engine"].startswith("litert")
    assert reply["timings"]["total_ms"] > 0
    assert not reply["truncated"]
    rating = {"job_id": reply["job_id"], "score": 5}
    assert requests.post(f"{stack.url}/feedback", json=rating, timeout=30).status_code == 204


def test_two_questions_get_two_answers(stack: Stack) -> None:
    reply = ask(stack, "How do I change my email address and do you deliver abroad?")
    named = {reply["answer"]["id"], *(each["id"] for each in reply["answer"]["alternatives"])}
    assert {"account-change-email", "delivery-countries"} <= named


@pytest.mark.parametrize(
    "message",
    [
        "I do NOT want to cancel my order, please leave it as it is.",
        "I have not forgotten my password.",
    ],
)
def test_what_is_not_wanted_is_not_explained(stack: Stack, message: str) -> None:
    answer = ask(stack, message)["answer"]
    assert answer["kind"] in ("clarify", "fallback", "handover")
    assert answer["confidence"] < 0.5


def test_what_is_wanted_instead_is_found(stack: Stack) -> None:
    answer = ask(stack, "I do NOT want a refund, I want a replacement")["answer"]
    named = {answer["id"], *(each["id"] for each in answer["alternatives"])}
    assert "return-exchange" in named
    assert not any(name.startswith("refund") for name in named)


def test_a_late_parcel_is_understood(stack: Stack) -> None:
    reply = ask(stack, "where is my parcel?? it should have been here 5 days ago!!")
    assert (reply["answer"]["kind"], reply["answer"]["id"]) == ("answer", "delivery-late")


def test_who_asks_for_a_person_gets_one_who_sees_what_was_said(stack: Stack) -> None:
    reply = ask(stack, "ur app sux i want to talk to a human")
    assert reply["answer"]["kind"] == "handover"
    assert reply["tone"]["label"] == "negative"
    open_ones = requests.get(f"{stack.url}/handovers?limit=200", timeout=30).json()["handovers"]
    (mine,) = [each for each in open_ones if each["id"] == reply["job_id"]]
    assert mine["reason"] == "wish"


def test_a_follow_up_and_a_recall_know_what_was_said(stack: Stack) -> None:
    user = f"u-{uuid.uuid4()}"
    first = ask(stack, "How long is the warranty on a garden bench?", user_id=user)
    told = {"conversation_id": first["conversation_id"], "user_id": user}
    assert ask(stack, "and on mattresses?", **told)["answer"]["id"] == "warranty-length"
    ask(stack, "I want the bench in moss green", **told)
    recalled = ask(stack, "Which colour did I want for the bench?", user_id=user)
    stranger = ask(stack, "Which colour did I want for the bench?", user_id=f"u-{uuid.uuid4()}")
    assert recalled["answer"]["kind"] == "recall"
    assert "moss green" in recalled["response"]
    assert "moss green" not in stranger["response"]


def test_an_angry_customer_is_met_with_empathy_and_no_phrase_twice(stack: Stack) -> None:
    conversation = f"c-{uuid.uuid4()}"
    angry = "This is a disgrace!! My parcel is STILL not here, I am furious, awful service"
    replies = [ask(stack, angry, conversation_id=conversation) for _ in range(3)]
    assert {reply["tone"]["label"] for reply in replies} == {"negative"}
    plain = ask(stack, "how long does delivery take")
    assert plain["tone"]["label"] == "neutral"
    openings = [reply["response"].split("\n")[0] for reply in replies]
    assert len(set(openings)) > 1


def test_in_a_burst_tones_come_from_the_answer_encoder_and_none_is_missing(stack: Stack) -> None:
    before = tones_by_source(stack)
    texts = [f"How do I return order number {number}?" for number in range(40)]
    replies = ask_at_once(stack, texts)
    wait_until(lambda: tones_by_source(stack).total() - before.total() >= len(texts), 10)
    assert tones_by_source(stack)["answer_encoder"] > before["answer_encoder"]
    in_time = [reply for reply in replies if reply["tone"]["label"] != "unknown"]
    assert len(in_time) > len(texts) / 2  # on a machine that is busy with other tests


def tones_by_source(stack: Stack) -> Counter[str]:
    scrape = requests.get(f"{stack.url}/metrics", timeout=10).text
    found = re.findall(
        r'^parley_tone_vectors_total{.*source="(\w+)".*} (\d+)', scrape, re.MULTILINE
    )
    return Counter({source: int(count) for source, count in found})


def test_what_the_base_does_not_hold_is_not_answered(stack: Stack) -> None:
    reply = ask(stack, "What is the boiling point of mercury on the moon?")
    assert reply["answer"]["kind"] == "fallback"


def test_a_person_is_fetched_where_one_is_asked_for(stack: Stack) -> None:
    reply = ask(stack, "I want to talk to a human being please")
    assert reply["answer"]["kind"] == "handover"


def test_a_long_message_is_read_to_its_end(stack: Stack) -> None:
    story = "We moved house in spring and it has been raining ever since. " * 12
    reply = ask(stack, f"{story}Now to my question: how do I cancel my order?")
    assert reply["truncated"] is False
    assert reply["answer"]["id"] == "order-cancel"


def test_a_job_can_be_fetched_later(stack: Stack) -> None:
    accepted = requests.post(
        f"{stack.url}/chat",
        json={"message": "How can I pay?"},
        headers={"Prefer": "respond-async"},
        timeout=10,
    )
    assert accepted.status_code == 202
    location = accepted.headers["Location"]
    reply = wait_for_job(stack, location)
    assert reply["state"] == "done"
    assert reply["reply"]["answer"]["id"]


def wait_for_job(stack: Stack, location: str) -> dict[str, Any]:
    found: dict[str, Any] = {}

    def ended() -> bool:
        found.update(requests.get(f"{stack.url}{location}", timeout=5).json())
        return found["state"] not in ("queued", "started")

    wait_until(ended, 20)
    return found


def test_two_hundred_at_once_are_all_answered_in_batches(stack: Stack) -> None:
    before = counters_at_next_beat(stack)
    questions = [f"Question {n}: how do I return an item from order {n}?" for n in range(200)]
    replies = ask_at_once(stack, questions)
    assert len({reply["job_id"] for reply in replies}) == 200
    after = counters_at_next_beat(stack)
    messages = after["messages"] - before["messages"]
    batches = after["batches"] - before["batches"]
    assert messages == 200
    assert messages / batches >= 16


def ask_at_once(stack: Stack, questions: list[str]) -> list[dict[str, Any]]:
    """Open a connection for each question, send them all within milliseconds, then read.

    An HTTP client in threads takes longer to send than the system takes to answer.
    """
    address = urlsplit(stack.url)
    connections = [HTTPConnection(address.netloc, timeout=30) for _ in questions]
    for connection in connections:
        connection.connect()
    headers = {"Content-Type": "application/json"}
    for connection, question in zip(connections, questions, strict=True):
        connection.request("POST", "/chat", json.dumps({"message": question}), headers)
    replies = []
    for connection in connections:
        response = connection.getresponse()
        assert response.status == 200
        replies.append(json.loads(response.read()))
        connection.close()
    return replies


def counters_at_next_beat(stack: Stack) -> Mapping[str, float]:
    """Return what the inference worker counts, as of a heartbeat that is yet to come."""
    workers = keys.workers(keys.INFERENCE)
    with redis.Redis.from_url(stack.redis_url) as client:
        ((worker, last),) = client.zrange(workers, 0, -1, withscores=True)
        wait_until(lambda: client.zscore(workers, worker) != last, 10)
        heartbeat: bytes = client.get(keys.worker(worker.decode()))
    counters = msgspec.json.decode(heartbeat, type=WorkerStatus).counters
    return {"messages": 0.0, "batches": 0.0, **counters}

"""How tones get to the jobs that wait for them."""

import json
from dataclasses import replace

from shared import keys
from shared.jobs import UNKNOWN_TONE, Tone, ToneJob
from shared.results import Failure
from shared.wire import encode_tone, read_tone_job
from tests.contract.broker import (
    Broker,
    claim,
    job,
    push,
    status,
    toned,
)
from tests.support.stock_message import stock_message
from workers.consumer.lease_queue import (
    Completion,
    Lease,
)
from workers.consumer.redis_sentiment_queue import RedisSentimentQueue


def test_an_external_job_gets_its_tone_task_once(broker: Broker) -> None:
    queue = broker.inference("w")
    push(broker, job("a"))
    (lease,) = queue.lease(1)
    external = replace(job("a"), external=True)
    assert [claim(queue, lease, external) for _ in range(2)] == ["run", "run"]
    (tone_task,) = broker.waiting(keys.SENTIMENT)
    assert read_tone_job(tone_task, 0.0) == ToneJob(
        "a", "tone-a", "text of a", accepted_at=external.accepted_at
    )


def test_a_gateways_job_gets_no_second_tone_task(broker: Broker) -> None:
    queue = broker.inference("w")
    push(broker, job("a"))
    (lease,) = queue.lease(1)
    assert claim(queue, lease, job("a")) == "run"
    assert broker.waiting(keys.SENTIMENT) == []


def test_tones_meet_the_jobs_that_wait_for_them(broker: Broker) -> None:
    inference, sentiment = broker.inference("w"), broker.sentiment("s")
    sentiment.heartbeat(status("s", keys.SENTIMENT))
    for name in ("early", "late"):
        broker.push(keys.SENTIMENT, encode_tone(job(name)))
    early, late = sentiment.lease(2)
    sad = Tone("negative", 0.9, {"anger": 0.5})
    heard: list[tuple[str, Tone]] = []
    stop = inference.subscribe_tones(lambda job_id, tone: heard.append((job_id, tone)))
    try:
        sentiment.complete([toned(early, "early", sad)])
        assert inference.tones(["early", "late"]) == {"early": sad}
        verdicts = complete_until_heard(sentiment, late, sad, heard)
        assert verdicts[0] == "applied"
    finally:
        stop()
    assert heard == [("late", sad)]
    assert inference.tones(["late"]) == {"late": sad}


def test_no_job_waits_for_a_tone_while_no_sentiment_worker_lives(broker: Broker) -> None:
    assert broker.inference("w").tones(["a"]) == {"a": UNKNOWN_TONE}


def complete_until_heard(
    sentiment: RedisSentimentQueue, lease: Lease, tone: Tone, heard: list[tuple[str, Tone]]
) -> list[str]:
    from tests.support.processes import wait_until

    verdicts: list[str] = list(sentiment.complete([toned(lease, "late", tone)]))
    wait_until(lambda: bool(heard), 5)
    return verdicts


def test_the_sentiment_worker_sees_how_many_answers_wait(broker: Broker) -> None:
    queue = broker.sentiment("s")
    assert queue.answers_waiting() == 0
    broker.client.lpush(keys.INFERENCE, *range(15))
    assert queue.answers_waiting() == 15


def test_a_client_who_waits_for_a_tone_gets_it_or_the_reason_why_not(broker: Broker) -> None:
    queue = broker.sentiment("s")
    for raw in (encode_tone(job("a")), stock_message(task="chat.tone", task_id="b"), b"junk"):
        broker.push(keys.SENTIMENT, raw)
    asked, foreign, junk = queue.lease(3)
    wanted = replace(read_tone_job(asked.raw, 0.0), wants_result=True)
    fault = Failure("failed", "It has no job_id.")
    ends = [
        Completion(lease=asked, job=wanted, task_id="t", done_at=1.0, result=UNKNOWN_TONE),
        Completion(lease=foreign, job=None, task_id="b", done_at=1.0, failure=fault),
        Completion(lease=junk, job=None, task_id=None, done_at=1.0, failure=fault),
    ]
    assert queue.complete(ends) == ["applied"] * 3
    tone, refused = broker.result("t"), broker.result("b")
    assert tone
    assert json.loads(tone.body or b"")["label"] == "unknown"
    assert refused
    assert refused.state == "failed"
    assert not read_tone_job(encode_tone(job("a")), 0.0).wants_result
    assert len(broker.client.keys(keys.result("*"))) == 2

"""How tones get to the jobs that wait for them."""

import redis

from shared import keys
from shared.jobs import UNKNOWN_TONE, Tone
from shared.wire import decode, decode_tone, encode_tone
from tests.contract.queue_bench import (
    LIMITS,
    Bench,
    begin,
    job,
    push,
    status,
)
from tests.fakes.clock import ManualClock
from workers.consumer.lease_queue import (
    Lease,
    SentimentQueue,
    ToneCompletion,
)
from workers.consumer.redis_queue import RedisSentimentQueue


def test_a_foreign_job_gets_its_tone_task_once(bench: Bench) -> None:
    queue = bench.inference("w")
    push(bench, job("a"))
    (lease,) = queue.lease(1)
    begin(queue, lease, job("a"))
    begin(queue, lease, job("a"))
    (tone_task,) = bench.waiting(keys.SENTIMENT)
    assert decode_tone(decode(tone_task)) == ("a", "text of a")


def test_a_gateways_job_gets_no_second_tone_task(bench: Bench) -> None:
    queue = bench.inference("w")
    push(bench, job("a"))
    (lease,) = queue.lease(1)
    assert begin(queue, lease, job("a"), external=False) == "go"
    assert bench.waiting(keys.SENTIMENT) == []


def test_tones_meet_the_jobs_that_wait_for_them(bench: Bench) -> None:
    inference, sentiment = bench.inference("w"), bench.sentiment("s")
    sentiment.heartbeat(status("s", keys.SENTIMENT))
    for name in ("early", "late"):
        bench.push(keys.SENTIMENT, encode_tone(job(name)))
    early, late = sentiment.lease(2)
    sad = Tone("negative", 0.9, {"anger": 0.5})
    heard: list[tuple[str, Tone]] = []
    stop = inference.subscribe_tones(lambda job_id, tone: heard.append((job_id, tone)))
    try:
        sentiment.complete([ToneCompletion(early.token, "early", sad)])
        assert inference.tones(["early", "late"]) == {"early": sad}
        verdicts = complete_until_heard(sentiment, late, sad, heard)
        assert verdicts[0] == "applied"
    finally:
        stop()
    assert heard == [("late", sad)]
    assert inference.tones(["late"]) == {"late": sad}


def test_nobody_waits_for_a_tone_that_nobody_judges(bench: Bench) -> None:
    assert bench.inference("w").tones(["a"]) == {"a": UNKNOWN_TONE}


def complete_until_heard(
    sentiment: SentimentQueue, lease: Lease, tone: Tone, heard: list[tuple[str, Tone]]
) -> list[str]:
    from tests.processes import wait_until

    verdicts: list[str] = list(sentiment.complete([ToneCompletion(lease.token, "late", tone)]))
    wait_until(lambda: bool(heard), 5)
    return verdicts


def test_the_sentiment_worker_sees_how_many_answers_wait(
    redis_url: str, redis_client: redis.Redis
) -> None:
    queue = RedisSentimentQueue(redis_url, "s", ManualClock(), LIMITS)
    assert queue.answers_waiting() == 0
    redis_client.lpush(keys.INFERENCE, *range(15))
    assert queue.answers_waiting() == 15

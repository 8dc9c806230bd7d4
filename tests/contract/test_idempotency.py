"""A repeated POST meets the first one's job: in flight or ended, at another gateway too."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
import redis
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from gateway.app import create_app
from gateway.settings import GatewaySettings
from gateway.wsgi import connect_dependencies
from shared import keys
from shared.connection import connect
from shared.partitions import one_partition
from shared.settings import load
from shared.wire import read_chat_job
from tests.contract.broker import claim, done
from tests.fakes.clock import ManualClock
from tests.support.processes import wait_until
from workers.consumer.context import WorkerContext
from workers.consumer.lease_queue import QueuePolicy
from workers.consumer.redis_inference_queue import RedisInferenceQueue

KEY = "order/4711:#1"
StartGateway = Callable[[], FlaskClient]


@pytest.fixture
def start(redis_client: "redis.Redis") -> Iterator[StartGateway]:
    feeds = []

    def start() -> FlaskClient:
        settings = load(GatewaySettings, queue_limit=2, wait_seconds=20)
        dependencies = connect_dependencies(one_partition(redis_client), settings)
        feeds.append(dependencies.feed)
        wait_until(dependencies.feed.is_live, 10)
        return create_app(dependencies, settings).test_client()

    yield start
    for feed in feeds:
        feed.stop()  # type: ignore[attr-defined]


@pytest.fixture
def clients() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor() as pool:
        yield pool


def ask(gateway: FlaskClient, message: str = "Hello", **headers: str) -> TestResponse:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return gateway.post(
        "/chat", json={"message": message}, headers={"Idempotency-Key": KEY} | named
    )


def work(redis_url: str) -> list[str]:
    """Answer all that is queued as a worker does; return the jobs."""
    context = WorkerContext("w", clock=ManualClock())
    queue = RedisInferenceQueue(connect(redis_url), context, QueuePolicy())
    answered = []
    for lease in queue.lease(9):
        job = read_chat_job(lease.raw, 0.0)
        if claim(queue, lease, job) != "run":
            continue
        assert queue.complete([done(lease, job)]) == ["applied"]
        answered.append(job.id)
    return answered


def waiting(client: "redis.Redis", count: int) -> Callable[[], bool]:
    return lambda: client.llen(keys.INFERENCE) == count


def watched(client: "redis.Redis") -> bool:
    jobs = client.keys("parley:job:*")
    return any(client.hexists(job, "watchers") for job in jobs)


def test_a_repetition_waits_for_the_first_at_whichever_gateway(
    start: StartGateway, clients: ThreadPoolExecutor, redis_client: "redis.Redis", redis_url: str
) -> None:
    one, other = start(), start()
    first = clients.submit(ask, one)
    wait_until(waiting(redis_client, 1), 10)
    again = clients.submit(ask, other)
    beside = clients.submit(ask, one, "Hello", Idempotency_Key=f'"{KEY}"')
    wait_until(lambda: watched(redis_client), 10)

    assert len(work(redis_url)) == 1
    answers = [asked.result(10) for asked in (first, again, beside)]
    assert [answer.status_code for answer in answers] == [200] * 3
    assert [answer.get_json()["response"] for answer in answers] == ["r"] * 3
    assert {answer.data for answer in answers} == {answers[0].data}
    assert redis_client.llen(keys.INFERENCE) == 0


def test_a_repetition_after_the_end_gets_the_stored_reply_after_a_restart_too(
    start: StartGateway, clients: ThreadPoolExecutor, redis_client: "redis.Redis", redis_url: str
) -> None:
    first = clients.submit(ask, start())
    wait_until(waiting(redis_client, 1), 10)
    work(redis_url)

    again = ask(start())

    assert (again.status_code, again.data) == (200, first.result(10).data)
    assert redis_client.llen(keys.INFERENCE) == 0


def test_repetitions_that_do_not_wait_name_the_first_job(
    start: StartGateway, redis_client: "redis.Redis"
) -> None:
    first, again = (ask(start(), Prefer="respond-async") for _ in range(2))

    assert first.status_code == again.status_code == 202
    assert first.data == again.data
    assert first.headers["Location"] == again.headers["Location"]
    assert redis_client.llen(keys.INFERENCE) == 1


def test_a_key_stands_for_one_body(start: StartGateway, redis_client: "redis.Redis") -> None:
    gateway = start()
    ask(gateway, Prefer="respond-async")

    refused = ask(gateway, "Something else")

    assert refused.status_code == 422
    assert refused.get_json()["type"] == "urn:parley:problem:idempotency-key-reused"
    assert redis_client.llen(keys.INFERENCE) == 1


def test_a_refused_request_leaves_its_key_unused(
    start: StartGateway, redis_client: "redis.Redis", redis_url: str
) -> None:
    gateway = start()
    for number in range(2):
        ask(gateway, Prefer="respond-async", Idempotency_Key=f"other-{number}")
    assert ask(gateway).status_code == 503
    work(redis_url)

    accepted = ask(gateway, "Another body", Prefer="respond-async")

    assert accepted.status_code == 202


def test_a_key_whose_job_is_forgotten_can_be_used_again(
    start: StartGateway, redis_client: "redis.Redis", redis_url: str
) -> None:
    gateway = start()
    ask(gateway, Prefer="respond-async")
    [job_id] = work(redis_url)
    redis_client.delete(keys.result(job_id))

    assert ask(gateway, "Another body", Prefer="respond-async").status_code == 202
    assert redis_client.llen(keys.INFERENCE) == 1

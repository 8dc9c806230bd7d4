"""Event streams of jobs as gateways serve them that gunicorn runs."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
import requests

from tests.e2e.gateway_process import Gateway, Worker
from tests.support.processes import RedisServer, wait_until

CLOSE = {"Connection": "close"}  # a gateway that stops would wait for kept ones


@pytest.fixture(scope="module")
def gateways(
    redis_server: RedisServer, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Gateway, Gateway]]:
    one, other = (
        Gateway(redis_server.url, tmp_path_factory.mktemp(name)) for name in ("one", "other")
    )
    with one, other:
        yield one, other


def events(response: requests.Response) -> Iterator[dict[str, Any]]:
    """Yield the fields of each event as it comes."""
    fields: dict[str, Any] = {}
    for line in response.iter_lines(chunk_size=1, decode_unicode=True):
        if not line and "event" in fields:
            yield {**fields, "data": json.loads(fields["data"])}
            fields = {}
        elif line and not line.startswith(":"):
            name, _, value = line.partition(": ")
            fields[name] = value


def open_streams(gateway: Gateway) -> float:
    metrics = requests.get(f"{gateway.url}/metrics", headers=CLOSE, timeout=10).text
    [line] = [line for line in metrics.splitlines() if line.startswith("parley_gateway_streams ")]
    return float(line.split()[1])


def ask(gateway: Gateway, message: str) -> requests.Response:
    return requests.post(
        f"{gateway.url}/chat",
        json={"message": message},
        headers={"Accept": "text/event-stream", "Connection": "close"},
        stream=True,
        timeout=30,
    )


def test_a_stream_that_breaks_off_goes_on_at_another_gateway(
    gateways: tuple[Gateway, Gateway], redis_url: str
) -> None:
    one, other = gateways
    asked = ask(one, "Where is my parcel?")
    queued = next(events(asked))
    assert open_streams(one) == 1
    asked.close()
    wait_until(lambda: open_streams(one) == 0, 10)

    resumed = requests.get(
        f"{other.url}/jobs/{queued['data']['job_id']}/events",
        headers={"Last-Event-ID": queued["id"]},
        stream=True,
        timeout=30,
    )
    with Worker(redis_url):
        rest = list(events(resumed))

    assert (queued["event"], queued["data"]["position"]) == ("queued", 1)
    assert [event["event"] for event in rest] == ["started", "tone", "delta", "reply"]
    assert rest[-1]["data"]["response"] == "Where is my parcel?"
    wait_until(lambda: open_streams(other) == 0, 10)


def test_a_gateway_that_stops_ends_what_goes_on_elsewhere_and_answers_what_does_not(
    gateways: tuple[Gateway, Gateway], redis_url: str
) -> None:
    one, other = gateways
    asked = ask(one, "Hello")
    answers = events(asked)
    job_id = next(answers)["data"]["job_id"]
    followed = requests.get(
        f"{one.url}/jobs/{job_id}/events", headers=CLOSE, stream=True, timeout=30
    )
    follow = events(followed)
    last = next(follow)

    one.process.terminate()
    assert list(follow) == []
    with Worker(redis_url):
        assert [event["event"] for event in answers] == ["started", "tone", "delta", "reply"]
    rest = requests.get(
        f"{other.url}/jobs/{job_id}/events", headers={"Last-Event-ID": last["id"]}, timeout=30
    )
    assert "event: reply\n" in rest.text
    assert one.process.wait(timeout=20) == 0

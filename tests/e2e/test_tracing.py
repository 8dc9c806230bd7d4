"""One trace through real processes, as a collector gets it."""

import json
from pathlib import Path

from tests.e2e.gateway_process import Gateway
from tests.e2e.worker_process import WorkerProcess, wait_until_alive
from tests.support.collector import Collector, Span
from tests.support.processes import wait_until

TRACE_ID = "0af7651916cd43dd8448eb211c80319c"
PARENT = f"00-{TRACE_ID}-b7ad6b7169203331-01"
SECRET = "my cat is called 4711"  # noqa: S105 - of nothing


def below(spans: list[Span], parent: Span | str) -> list[str]:
    """Return the names of a span's children, in the order of their beginning."""
    own = parent if isinstance(parent, str) else parent["spanId"]
    children = [span for span in spans if span["parentSpanId"] == own]
    return [span["name"] for span in sorted(children, key=lambda span: span["start"])]


def test_one_trace_goes_from_the_request_to_the_reply_and_is_sent_before_the_end(
    redis_url: str, tmp_path: Path, model_dir: Path
) -> None:
    with Collector() as collector:
        settings = {
            "PARLEY_TRACES": collector.url,
            "PARLEY_LOG_FORMAT": "json",
            "OTEL_BSP_SCHEDULE_DELAY": "60000",  # what comes was sent because a process ended
        }
        inference, sentiment = (
            WorkerProcess(redis_url, queue, tmp_path, model_dir, (), **settings)
            for queue in ("inference", "sentiment")
        )
        access = {"PARLEY_ACCESS_LOG": "true"}
        with inference, sentiment, Gateway(redis_url, tmp_path, **settings, **access) as gateway:
            wait_until_alive(inference, sentiment)
            reply = gateway.ask(SECRET, traceparent=PARENT, tracestate="congo=t61")
            assert reply.status_code == 200
            unsampled = PARENT[:-1] + "0"
            assert gateway.ask("not recorded", traceparent=unsampled).status_code == 200
            gateway.process.terminate()
            assert [worker.stop() for worker in (inference, sentiment)] == [0, 0]
            gateway.process.wait(timeout=40)
            wait_until(lambda: len(collector.requests) >= 3, 5)
    spans = [span for span in collector.spans() if span["traceId"] == TRACE_ID]
    named = {span["name"]: span for span in spans}
    assert below(spans, PARENT.split("-")[2]) == ["POST /chat"]
    assert below(spans, named["POST /chat"]) == ["send inference"]
    assert sorted(below(spans, named["send inference"])) == [
        *("process inference", "process sentiment", "queue inference", "queue sentiment")
    ]
    stages = below(spans, named["process inference"])
    assert [name for name in stages if name != "tone wait"] == [
        *("prepare", "engine wait", "engine", "compose", "complete")
    ]
    assert (
        named["process inference"]["attributes"]["messaging.message.id"] == reply.json()["job_id"]
    )
    assert {span["service"] for span in spans} == {
        *("parley-gateway", "parley-inference", "parley-sentiment")
    }
    batches = [span for span in collector.spans() if span["name"].startswith("batch ")]
    assert {link for span in batches for link in span["links"]} == {
        (TRACE_ID, named[f"process {queue}"]["spanId"]) for queue in ("inference", "sentiment")
    }
    assert "4711" not in json.dumps(spans)
    requests = [json.loads(line) for line in gateway.log().splitlines() if "POST /chat" in line]
    assert [line.get("trace_id") for line in requests] == [TRACE_ID, None]

"""A scrape in which every metric has a sample."""

from dataclasses import replace

from prometheus_client.parser import text_string_to_metric_families

from gateway.worker_figures import COUNTERS, GAUGES, SUMMARIES
from shared import keys
from shared.counts import Facts, VoiceFacts, fields_of
from shared.histograms import BATCH_BOUNDS_MESSAGES, STAGE_BOUNDS_SECONDS, STAGES, Histogram
from shared.worker_status import KnowledgeStatus, WorkerStatus
from tests.support.gateway_harness import GatewayHarness, worker_status

_FACTS = Facts("bert", "small", "handover", "parcel", 0.9, "negative", 0.9, True, "wish", 120.0)
_VOICE = VoiceFacts("both", 700, 40, 800.0, 250.0, 3, ("number",), is_faulty=True)


def full_harness() -> GatewayHarness:
    """Return a gateway that has seen everything of which there is a metric."""
    harness = GatewayHarness()
    harness.answer_at_once()
    harness.health.live = [_worker(queue) for queue in keys.QUEUES]
    harness.health.foreign = {"shop_inference": 3}
    harness.health.tenants = {"acme": 2}
    each = fields_of(replace(_FACTS, voice=_VOICE))
    counted = {each.reply: 1, each.time: 1, each.time_sum: each.milliseconds}
    counted |= {each.words: 1, **dict(each.costs)}
    counted |= {"variant=bert|encoder=small|resolved=0": 1, "failure=expired": 2}
    harness.traffic.counted = counted | {"variant=bert|encoder=small|score=4": 3}
    harness.metrics.count_enqueued(2, waiting=1)
    harness.metrics.count_delivery("ok")
    harness.client.post("/chat", json={"message": "x"})
    harness.client.post("/chat", json={})
    return harness


def full_scrape() -> str:
    """Return what /metrics shows of it."""
    response = full_harness().client.get("/metrics")
    assert response.status_code == 200
    return response.text


def shown(scrape: str) -> dict[str, tuple[str, str]]:
    """Return type and labels of each metric of a scrape, by the name that is queried."""
    found = {}
    for family in text_string_to_metric_families(scrape):
        name = family.name + ("_total" if family.type == "counter" else "")
        labels = {label for sample in family.samples for label in sample.labels} - {"le"}
        if name.endswith("_created"):  # the gateway has the client library leave them out
            continue
        found[name] = (family.type, ", ".join(f"`{label}`" for label in sorted(labels)))
    return found


def _worker(queue: str) -> WorkerStatus:
    figures = [each.figure for each in (*COUNTERS, *GAUGES, *(sums for sums, _ in SUMMARIES))]
    counted = dict.fromkeys([*figures, *(number for _, number in SUMMARIES)], 1.0)
    stage = Histogram((1,) * (len(STAGE_BOUNDS_SECONDS) + 1), 1.0)
    return replace(
        worker_status(queue, **counted),
        knowledge=(KnowledgeStatus("acme", "a1b2", 180, 1.0),),
        stage_seconds=dict.fromkeys(STAGES, stage),
        batch_messages=Histogram((1,) * (len(BATCH_BOUNDS_MESSAGES) + 1), 9.0),
        loaded_per_second=50.0,
    )

"""KEDA's objects: fields as it documents them, targets that exist, metrics that we have."""

import re

import pytest

from shared import keys
from tests.support.manifests import ROOT, Document, documents, kustomizations, of_kind

SCALED = {
    file: document
    for file, document in documents()
    if document["apiVersion"] == "keda.sh/v1alpha1" and document["kind"] == "ScaledObject"
}
WORKLOADS = {
    each["metadata"]["name"] for each in of_kind([d for _, d in documents()], "Deployment")
}
SPEC = {
    "scaleTargetRef", "pollingInterval", "cooldownPeriod", "minReplicaCount", "maxReplicaCount",
    "advanced", "triggers",
}  # fmt: skip
TRIGGER = {"type", "name", "metricType", "metadata", "authenticationRef"}
METADATA = {
    "prometheus": {"serverAddress", "query", "threshold", "ignoreNullValues"},
    "metrics-api": {"url", "format", "valueLocation", "targetValue", "authMode"},
}
objects = pytest.mark.parametrize("scaled", SCALED.values(), ids=SCALED.keys())


def queue_of(scaled: Document) -> str:
    name: str = scaled["spec"]["scaleTargetRef"]["name"]
    return name.removeprefix("parley-")


@objects
def test_fields_are_those_that_keda_documents(scaled: Document) -> None:
    spec = scaled["spec"]
    assert spec.keys() <= SPEC
    assert spec.keys() >= {"scaleTargetRef", "minReplicaCount", "maxReplicaCount", "triggers"}
    assert 0 <= spec["minReplicaCount"] < spec["maxReplicaCount"]
    names = [trigger["name"] for trigger in spec["triggers"]]
    assert len(set(names)) == len(names)
    for trigger in spec["triggers"]:
        assert trigger.keys() <= TRIGGER
        assert trigger["metricType"] in {"Value", "AverageValue"}
        assert trigger["metadata"].keys() == METADATA[trigger["type"]]
        assert all(isinstance(value, str) for value in trigger["metadata"].values())


@objects
def test_pools_grow_at_once_and_shrink_slowly(scaled: Document) -> None:
    behavior = scaled["spec"]["advanced"]["horizontalPodAutoscalerConfig"]["behavior"]
    assert behavior["scaleUp"]["stabilizationWindowSeconds"] == 0
    assert 300 <= behavior["scaleDown"]["stabilizationWindowSeconds"] <= 3600
    for direction in behavior.values():
        for policy in direction["policies"]:
            assert policy["type"] in {"Percent", "Pods"}
            assert 0 < policy["periodSeconds"] <= 1800


@objects
def test_a_pool_is_scaled_by_the_work_that_waits_on_its_own_queue(scaled: Document) -> None:
    queue = queue_of(scaled)
    assert scaled["spec"]["scaleTargetRef"]["name"] in WORKLOADS
    assert queue in keys.QUEUES
    work, *others = scaled["spec"]["triggers"]
    asked = work["metadata"].get("query") or work["metadata"]["valueLocation"]
    assert f'parley_queue_work_seconds{{queue="{queue}"}}' in asked
    # The metric is of all workers together. Divided by their number once more, as AverageValue
    # would, it would ask for the square root of what is needed.
    assert work["metricType"] == "Value"
    assert 0 < float(work["metadata"].get("threshold") or work["metadata"]["targetValue"]) <= 0.5
    assert all(f'queue="{queue}"' in each["metadata"]["query"] for each in others)


def test_each_pool_is_scaled_with_prometheus_and_without() -> None:
    for kind in ("prometheus", "metrics-api"):
        of_kind = (o for o in SCALED.values() if o["spec"]["triggers"][0]["type"] == kind)
        assert sorted(map(queue_of, of_kind)) == sorted(keys.QUEUES)


def test_only_second_looks_may_be_without_a_worker() -> None:
    may_be_empty = {queue_of(o) for o in SCALED.values() if o["spec"]["minReplicaCount"] == 0}
    assert may_be_empty == {keys.INFERENCE_LARGE}


def test_what_keda_scales_has_no_number_in_its_manifest() -> None:
    for file, scaled in SCALED.items():
        name = scaled["spec"]["scaleTargetRef"]["name"]
        patches = kustomizations()[file.rsplit("/", 1)[0]]["patches"]
        assert any(
            re.fullmatch(patch["target"]["name"], name) and "remove" in patch["patch"]
            for patch in patches
        ), file


def test_the_gateway_is_asked_with_the_key_for_metrics() -> None:
    authentications = {
        document["metadata"]["name"]: document["spec"]["secretTargetRef"]
        for _, document in documents()
        if document["kind"] == "TriggerAuthentication"
    }
    triggers = [trigger for each in SCALED.values() for trigger in each["spec"]["triggers"]]
    for trigger in (each for each in triggers if each["type"] == "metrics-api"):
        assert trigger["metadata"]["url"].startswith("http://parley-gateway.parley.svc:8000/")
        assert trigger["metadata"]["authMode"] == "bearer"
        (secret,) = authentications[trigger["authenticationRef"]["name"]]
        assert secret == {"parameter": "token", "name": "parley-keys", "key": "metrics-key"}
    overlays = [each for name, each in kustomizations().items() if name.startswith("overlays/")]
    assert {each["namespace"] for each in overlays} == {"parley"}


def test_every_metric_that_is_asked_for_is_documented() -> None:
    page = (ROOT / "docs" / "metrics.md").read_text()
    triggers = [trigger for each in SCALED.values() for trigger in each["spec"]["triggers"]]
    asked = {
        name
        for each in triggers
        for name in re.findall(r"parley_[a-z_]+", str(each["metadata"].values()))
    }
    assert asked == {"parley_queue_work_seconds", "parley_worker_engine_busy_seconds_total"}
    assert all(f"| `{name}` |" in page for name in asked)


def test_thresholds_are_those_of_the_page() -> None:
    page = (ROOT / "docs" / "kubernetes.md").read_text()
    for scaled in SCALED.values():
        work = scaled["spec"]["triggers"][0]["metadata"]
        threshold = work.get("threshold") or work["targetValue"]
        assert re.search(rf"^\| `{queue_of(scaled)}` \| {threshold} s ", page, re.M)

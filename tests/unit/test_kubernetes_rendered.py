"""What kubectl makes of the overlays and of all components together keeps to the same rules."""

import os
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from pathlib import Path

import pytest
import yaml

from tests.support.manifest_rules import RULES
from tests.support.manifests import (
    KUBECTL,
    KUBERNETES,
    PODS_OF,
    Document,
    containers,
    of_kind,
    pod_templates,
    render,
)

pytestmark = pytest.mark.skipif(KUBECTL is None, reason="kubectl is not installed")

Rule = Callable[[Sequence[Document]], Iterator[str]]
TOGETHER = (
    *("redis", "gpu", "large", "voice", "knowledge", "ingress", "monitoring"),
    *("keda", "keda-large", "keda-voice"),
)
WITHOUT_PROMETHEUS = (
    *("large", "voice"),
    *("keda-metrics-api", "keda-metrics-api-large", "keda-metrics-api-voice"),
)


@cache
def rendered(folder: Path) -> list[Document]:
    return render(folder)


@pytest.fixture(params=["quickstart", "production", "together", "without-prometheus"])
def manifests(request: pytest.FixtureRequest, tmp_path: Path) -> list[Document]:
    if request.param in {"quickstart", "production"}:
        return rendered(KUBERNETES / "overlays" / request.param)
    parts = TOGETHER if request.param == "together" else WITHOUT_PROMETHEUS
    there = Path(os.path.relpath(KUBERNETES, tmp_path))
    kustomization = {
        "apiVersion": "kustomize.config.k8s.io/v1beta1",
        "kind": "Kustomization",
        "namespace": "parley",
        "resources": [f"{there}/base"],
        "components": [f"{there}/components/{part}" for part in parts],
    }
    (tmp_path / "kustomization.yaml").write_text(yaml.safe_dump(kustomization))
    return render(tmp_path)


def test_what_is_rendered_keeps_to_the_rules(manifests: list[Document]) -> None:
    assert [fault for rule in RULES for fault in rule(manifests)] == []


def test_everything_is_in_the_namespace(manifests: list[Document]) -> None:
    assert {each["metadata"]["namespace"] for each in manifests} == {"parley"}


def test_what_keda_scales_has_no_number_of_its_own(manifests: list[Document]) -> None:
    scaled = {e["spec"]["scaleTargetRef"]["name"] for e in of_kind(manifests, "ScaledObject")}
    for each in of_kind(manifests, *PODS_OF):
        assert ("replicas" in each["spec"]) == (each["metadata"]["name"] not in scaled)


def test_all_components_go_together(tmp_path: Path) -> None:
    there = Path(os.path.relpath(KUBERNETES, tmp_path))
    kustomization = {
        "resources": [f"{there}/base"],
        "components": [f"{there}/components/{part}" for part in TOGETHER],
    }
    (tmp_path / "kustomization.yaml").write_text(yaml.safe_dump(kustomization))
    made = render(tmp_path)
    workers = {name: each for name, each in containers(made) if each["name"] == "worker"}
    assert workers["parley-inference"]["image"].startswith("parley-worker-gpu:")
    assert workers["parley-inference"]["resources"]["limits"]["nvidia.com/gpu"] == 1
    for name in ("parley-inference", "parley-inference-large"):
        env = {each["name"]: each.get("value") for each in workers[name]["env"]}
        assert env["PARLEY_KB"] == "/etc/parley/knowledge"
        assert {"name": "knowledge", "mountPath": env["PARLEY_KB"], "readOnly": True} in workers[
            name
        ]["volumeMounts"]
    (settings,) = (
        each
        for each in of_kind(made, "ConfigMap")
        if each["metadata"]["name"].startswith("parley-settings-")
    )
    assert settings["data"]["PARLEY_ENCODER"] == "cascade"
    for name, template in pod_templates(made):
        read = [
            e["configMapRef"]["name"]
            for c in template["spec"]["containers"]
            for e in c.get("envFrom", ())
        ]
        assert read in ([settings["metadata"]["name"]], []), name

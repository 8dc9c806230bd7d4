"""The manifests under infra/deploy/kubernetes, as they lie there and as kubectl renders them."""

import os
import shutil
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parent.parent.parent
KUBERNETES = ROOT / "infra" / "deploy" / "kubernetes"
KUBECTL = shutil.which("kubectl")
PODS_OF = ("Deployment", "StatefulSet")

Document = dict[str, Any]


def kustomizations() -> dict[str, Document]:
    """Return every kustomization by its folder."""
    return {
        str(path.parent.relative_to(KUBERNETES)): yaml.safe_load(path.read_text())
        for path in sorted(KUBERNETES.rglob("kustomization.yaml"))
    }


def documents() -> list[tuple[str, Document]]:
    """Return each manifest that a kustomization takes in whole, with its file."""
    return [
        (f"{folder}/{name}", document)
        for folder, kustomization in kustomizations().items()
        for name in kustomization.get("resources", ())
        if name.endswith(".yaml")
        for document in yaml.safe_load_all((KUBERNETES / folder / name).read_text())
    ]


def of_kind(manifests: Sequence[Document], *kinds: str) -> list[Document]:
    return [each for each in manifests if each["kind"] in kinds]


def pod_templates(manifests: Sequence[Document]) -> list[tuple[str, Document]]:
    """Return the templates of all pods, labels and spec, by the name of what makes them."""
    makers = of_kind(manifests, *PODS_OF)
    return [(each["metadata"]["name"], each["spec"]["template"]) for each in makers]


def containers(manifests: Sequence[Document]) -> list[tuple[str, Document]]:
    return [
        (name, container)
        for name, template in pod_templates(manifests)
        for container in template["spec"]["containers"]
    ]


def probes(container: Document) -> Iterator[tuple[str, Document]]:
    for name in ("startupProbe", "readinessProbe", "livenessProbe"):
        yield name, container[name]


def selects(selector: Mapping[str, str], labels: Mapping[str, str]) -> bool:
    return bool(selector) and selector.items() <= labels.items()


def render(folder: Path) -> list[Document]:
    """Build a kustomization with kubectl, which asks no cluster for it."""
    assert KUBECTL is not None
    built = subprocess.run(
        (KUBECTL, "kustomize", os.fspath(folder)), check=True, capture_output=True, text=True
    )
    assert built.stderr == ""
    return [each for each in yaml.safe_load_all(built.stdout) if each]

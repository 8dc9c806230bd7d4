"""What every manifest of ours keeps to, rendered or not; each rule names what breaks it."""

import re
import tomllib
from collections.abc import Iterator, Sequence

import kubernetes_validate
from kubernetes_validate.utils import all_versions

from gateway.settings import GatewaySettings
from infra.settings_table import setting_rows
from shared import keys
from tests.support.manifests import (
    PODS_OF,
    ROOT,
    Document,
    containers,
    of_kind,
    pod_templates,
    probes,
    selects,
)

OWN_KINDS = ("keda.sh/v1alpha1", "monitoring.coreos.com/v1")
"""Kinds of operators, which Kubernetes' own schemas do not know."""
WAIT_AND_GRACE_SECONDS = GatewaySettings.model_fields["wait_seconds"].default + 5
_QUANTITY = re.compile(r"\d+(m|[KMGT]i)?")
_ENDPOINTS = {
    "gateway": {"/healthz", "/readyz"},
    "flower": {"/healthcheck"},
}
_HEALTH = ["python", "-m", "infra.deploy.health"]
_CONFIG_MAPS = ("parley-settings", "parley-redis", "parley-knowledge")
_SECRETS = {
    "parley-redis": {"url", "password"},
    "parley-llm": {"key"},
    "parley-keys": {"api-keys", "metrics-key", "flower-basic-auth"},
}


def schema_faults(manifests: Sequence[Document]) -> Iterator[str]:
    """Check against the schemas of the oldest and the newest Kubernetes that is known, strictly."""
    versions = all_versions()
    for manifest in manifests:
        for version in (versions[0], versions[-1]):
            if manifest["apiVersion"] in OWN_KINDS:
                continue
            try:
                kubernetes_validate.validate(manifest, version, strict=True)
            except kubernetes_validate.ValidationError as fault:
                yield f"{_name(manifest)} ({version}): {fault.message}"


def security_faults(manifests: Sequence[Document]) -> Iterator[str]:
    for name, template in pod_templates(manifests):
        spec = template["spec"]
        pod = spec["securityContext"]
        if not (pod["runAsNonRoot"] and pod["runAsUser"] and pod["fsGroup"]):
            yield f"{name} may run as root"
        if pod["seccompProfile"] != {"type": "RuntimeDefault"}:
            yield f"{name} has no seccomp profile"
        if spec["automountServiceAccountToken"] or spec["enableServiceLinks"]:
            yield f"{name} is given a token, or variables of services"
        if {"hostNetwork", "hostPID", "hostIPC"} & spec.keys():
            yield f"{name} sees its node"
    for name, container in containers(manifests):
        wanted = {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        }
        if container["securityContext"] != wanted:
            yield f"{name}'s container may more than it needs"


def resource_faults(manifests: Sequence[Document]) -> Iterator[str]:
    for name, container in containers(manifests):
        requests, limits = container["resources"]["requests"], container["resources"]["limits"]
        if not {"cpu", "memory", "ephemeral-storage"} <= requests.keys():
            yield f"{name} requests too little"
        if not {"memory", "ephemeral-storage"} <= limits.keys():
            yield f"{name} has no limits"
        for quantity in (*requests.values(), *limits.values()):
            if not _QUANTITY.fullmatch(str(quantity)):
                yield f"{name}: {quantity} is no quantity"


def volume_faults(manifests: Sequence[Document]) -> Iterator[str]:
    for name, template in pod_templates(manifests):
        for volume in template["spec"]["volumes"]:
            if not volume.get("emptyDir", {"sizeLimit": 1}).get("sizeLimit"):
                yield f"{name}: the volume {volume['name']} has no limit"


def image_faults(manifests: Sequence[Document]) -> Iterator[str]:
    version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    for name, container in containers(manifests):
        repository, _, tag = container["image"].partition(":")
        if not tag or tag == "latest":
            yield f"{name}: {container['image']} is no fixed version"
        if "parley" in repository and tag != version:
            yield f"{name}: {container['image']} is not {version}"


def probe_faults(manifests: Sequence[Document]) -> Iterator[str]:
    for name, container in containers(manifests):
        ports = {each["name"] for each in container.get("ports", ())}
        for kind, probe in probes(container):
            if "httpGet" in probe:
                get = probe["httpGet"]
                if get["port"] not in ports or get["path"] not in _ENDPOINTS[container["name"]]:
                    yield f"{name}: {kind} asks {get}"
            elif container["name"] == "worker":
                yield from _worker_probe_faults(name, kind, probe, container["command"])
            elif probe["exec"]["command"][0] != "redis-cli":
                yield f"{name}: {kind} runs {probe['exec']}"
        if "/readyz" in str(container["livenessProbe"]):
            yield f"{name} would be restarted while Redis is down"


def _worker_probe_faults(
    name: str, kind: str, probe: Document, command: list[str]
) -> Iterator[str]:
    queue = command[command.index("-Q") + 1]
    if queue not in keys.QUEUES:
        yield f"{name} serves {queue}"
    liveness = ["--liveness"] if kind == "livenessProbe" else []
    if probe["exec"]["command"] != [*_HEALTH, *liveness, queue]:
        yield f"{name}: {kind} runs {probe['exec']['command']}"


def termination_faults(manifests: Sequence[Document]) -> Iterator[str]:
    for name, template in pod_templates(manifests):
        spec = template["spec"]
        (container,) = spec["containers"]
        grace, needed = spec["terminationGracePeriodSeconds"], 20
        if container["name"] == "gateway":
            *_, seconds = container["lifecycle"]["preStop"]["exec"]["command"]
            needed = int(seconds) + WAIT_AND_GRACE_SECONDS
        if grace <= needed:
            yield f"{name} has {grace} s to end and may need {needed}"


def label_faults(manifests: Sequence[Document]) -> Iterator[str]:
    """Check that whatever selects pods finds those of exactly one workload."""
    pods = {name: template["metadata"]["labels"] for name, template in pod_templates(manifests)}
    for each in of_kind(manifests, "Service", "PodDisruptionBudget", *PODS_OF):
        selector = each["spec"]["selector"]
        wanted = selector if each["kind"] == "Service" else selector["matchLabels"]
        found = {name for name, labels in pods.items() if selects(wanted, labels)}
        if found != {each["metadata"]["name"]}:
            yield f"{_name(each)} selects {found}"


def settings_faults(manifests: Sequence[Document]) -> Iterator[str]:
    known = {row.variable for row in setting_rows()} | {"REDISCLI_AUTH"}
    for name, container in containers(manifests):
        for variable in container.get("env", ()):
            if variable["name"] not in known:
                yield f"{name}: {variable['name']} is no setting"
            secret = variable.get("valueFrom", {}).get("secretKeyRef")
            if secret and secret["key"] not in _SECRETS[secret["name"]]:
                yield f"{name}: nobody is told to make {secret}"
            if secret is None and re.search("KEY|AUTH|SECRET|REDIS_URL", variable["name"]):
                yield f"{name}: {variable['name']} belongs in a Secret"


def reference_faults(manifests: Sequence[Document]) -> Iterator[str]:
    """Check that pods run as an account that exists and read no unknown ConfigMap."""
    accounts = {each["metadata"]["name"] for each in of_kind(manifests, "ServiceAccount")}
    services = {each["metadata"]["name"] for each in of_kind(manifests, "Service")}
    for name, template in pod_templates(manifests):
        if template["spec"]["serviceAccountName"] not in accounts:
            yield f"{name} runs as nobody"
        for volume in template["spec"]["volumes"]:
            configured = volume.get("configMap", {"name": "parley-redis"})["name"]
            if not configured.startswith(_CONFIG_MAPS):
                yield f"{name} reads {configured}"
    for each in of_kind(manifests, "StatefulSet"):
        if each["spec"]["serviceName"] not in services:
            yield f"{_name(each)}: no service {each['spec']['serviceName']}"


RULES = (
    schema_faults,
    security_faults,
    resource_faults,
    volume_faults,
    image_faults,
    probe_faults,
    termination_faults,
    label_faults,
    settings_faults,
    reference_faults,
)


def _name(manifest: Document) -> str:
    return f"{manifest['kind']} {manifest['metadata']['name']}"

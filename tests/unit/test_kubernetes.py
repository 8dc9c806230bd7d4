"""infra/deploy/kubernetes: what lies there is valid, safe, and agrees with the code."""

import re
from collections.abc import Callable, Iterator, Sequence

import pytest
import yaml

from infra.settings_table import setting_rows
from shared import keys
from tests.e2e.compose import read_services
from tests.support import manifest_rules
from tests.support.manifests import (
    KUBERNETES,
    ROOT,
    Document,
    containers,
    documents,
    kustomizations,
    of_kind,
    pod_templates,
    probes,
    selects,
)

ALL = [document for _, document in documents()]
PAGE = (ROOT / "docs" / "kubernetes.md").read_text()
Rule = Callable[[Sequence[Document]], Iterator[str]]


@pytest.mark.parametrize("rule", manifest_rules.RULES, ids=lambda rule: rule.__name__)
def test_every_manifest_keeps_to_the_rule(rule: Rule) -> None:
    assert list(rule(ALL)) == []


def test_there_is_one_workload_for_each_part() -> None:
    assert {name for name, _ in pod_templates(ALL)} == {
        "parley-gateway",
        "parley-flower",
        "parley-redis",
        *(f"parley-{queue}" for queue in keys.QUEUES),
    }


def test_commands_are_those_of_the_compose_file() -> None:
    services = read_services("docker-compose.yml")
    for name, container in containers(ALL):
        if name != "parley-redis":  # it reads a file, which another test compares
            assert container["command"] == services[name.removeprefix("parley-")]["command"], name


def test_redis_is_set_as_in_the_compose_file() -> None:
    _, *options = read_services("docker-compose.yml")["redis"]["command"]
    names = [name.removeprefix("--") for name in options[::2]]
    wanted = dict(zip(names, options[1::2], strict=True))
    lines = (KUBERNETES / "components" / "redis" / "redis.conf").read_text().splitlines()
    here = dict(line.split(" ", 1) for line in lines if line and not line.startswith("#"))
    here["save"] = here["save"].strip('"')
    # There is a password there, so it need not be unprotected, and a limit of memory.
    differ = {"bind", "protected-mode", "maxmemory"}
    assert {k: v for k, v in here.items() if k not in differ} == {
        k: v for k, v in wanted.items() if k not in differ
    }


def test_redis_leaves_memory_for_copies_of_itself() -> None:
    (redis,) = (each for name, each in containers(ALL) if name == "parley-redis")
    limit = redis["resources"]["limits"]["memory"]
    conf = (KUBERNETES / "components" / "redis" / "redis.conf").read_text()
    maxmemory = re.search(r"^maxmemory (\d+)mb$", conf, re.M)
    assert maxmemory is not None
    assert limit.endswith("Gi")
    assert int(maxmemory[1]) <= int(limit.removesuffix("Gi")) * 1024 * 0.75


def test_kustomizations_name_files_and_settings_that_exist() -> None:
    known = {row.variable for row in setting_rows()}
    for folder, kustomization in kustomizations().items():
        here = KUBERNETES / folder
        for name in (*kustomization.get("resources", ()), *kustomization.get("components", ())):
            assert (here / name).exists(), f"{folder}: {name}"
        for generator in kustomization.get("configMapGenerator", ()):
            lines = [
                line
                for file in generator.get("envs", ())
                for line in (here / file).read_text().splitlines()
                if line and not line.startswith("#")
            ]
            set_here = [line.split("=")[0] for line in (*lines, *generator.get("literals", ()))]
            assert set(set_here) <= known, folder
            assert all((here / file).exists() for file in generator.get("files", ())), folder


def test_every_component_is_described() -> None:
    for folder in kustomizations():
        assert f"`{folder.removeprefix('components/')}`" in PAGE, folder


def test_patches_meet_workloads_containers_and_settings() -> None:
    known = {row.variable for row in setting_rows()}
    workloads = {each["metadata"]["name"]: each for each in of_kind(ALL, "Deployment")}
    for folder, kustomization in kustomizations().items():
        for patch in kustomization.get("patches", ()):
            if "path" not in patch:
                continue
            change = yaml.safe_load((KUBERNETES / folder / patch["path"]).read_text())
            wanted = patch.get("target", change["metadata"])["name"]
            met = [each for name, each in workloads.items() if re.fullmatch(wanted, name)]
            assert met, f"{folder}: {wanted}"
            for container in change["spec"]["template"]["spec"]["containers"]:
                assert container["name"] == "worker"
                assert {each["name"] for each in container["env"]} <= known
                assert met[0]["spec"]["template"]["spec"]["containers"][0]["name"] == "worker"


def test_only_the_gateway_is_reached_and_redis_by_ours_alone() -> None:
    policies = {each["metadata"]["name"]: each["spec"] for each in of_kind(ALL, "NetworkPolicy")}
    pods = {name: template["metadata"]["labels"] for name, template in pod_templates(ALL)}
    everything = policies["parley"]
    assert all(selects(everything["podSelector"]["matchLabels"], each) for each in pods.values())
    assert set(everything["policyTypes"]) == {"Ingress", "Egress"}
    assert "ingress" not in everything
    open_to_all = {
        name
        for policy in policies.values()
        for rule in policy.get("ingress", ())
        if "from" not in rule
        for name, labels in pods.items()
        if selects(policy["podSelector"]["matchLabels"], labels)
    }
    assert open_to_all == {"parley-gateway"}
    (rule,) = policies["parley-redis"]["ingress"]
    (peer,) = rule["from"]
    assert peer.keys() == {"podSelector"}  # of this namespace
    assert all(selects(peer["podSelector"]["matchLabels"], each) for each in pods.values())


def test_only_workers_of_the_voice_reach_a_language_model() -> None:
    policies = {each["metadata"]["name"]: each["spec"] for each in of_kind(ALL, "NetworkPolicy")}
    reach_models = {
        name
        for policy in policies.values()
        for rule in policy.get("egress", ())
        if {8000, 11434} <= {each.get("port") for each in rule["ports"]}
        for name, template in pod_templates(ALL)
        if selects(policy["podSelector"]["matchLabels"], template["metadata"]["labels"])
    }
    assert reach_models == {"parley-generation"}


def test_no_drain_waits_for_a_pool_of_one() -> None:
    budgets = of_kind(ALL, "PodDisruptionBudget")
    assert {each["metadata"]["name"] for each in budgets} == {
        "parley-gateway",
        *(f"parley-{queue}" for queue in keys.QUEUES),
    }
    assert all(each["spec"]["maxUnavailable"] == 1 for each in budgets)


def test_a_rollout_takes_no_capacity_away() -> None:
    for each in of_kind(ALL, "Deployment"):
        assert each["spec"]["strategy"] == {"rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0}}


def test_a_redis_outage_takes_no_gateway_out_of_the_service() -> None:
    (gateway,) = (each for name, each in containers(ALL) if name == "parley-gateway")
    asked = {kind: probe["httpGet"]["path"] for kind, probe in probes(gateway)}
    assert asked == {
        "startupProbe": "/readyz",
        "readinessProbe": "/healthz",
        "livenessProbe": "/healthz",
    }


def test_secrets_are_made_as_the_page_says() -> None:
    for secret, names in {
        "parley-redis": ("url", "password"),
        "parley-keys": ("metrics-key",),
        "parley-llm": ("key",),
    }.items():
        assert f"kubectl create secret generic {secret}" in PAGE
        assert all(f"--from-literal={name}=" in PAGE for name in names)


def test_the_ingress_outlasts_waits_and_buffers_nothing() -> None:
    (ingress,) = of_kind(ALL, "Ingress")
    said = {k.split("/")[1]: v for k, v in ingress["metadata"]["annotations"].items()}
    assert said["proxy-buffering"] == "off"
    assert int(said["proxy-read-timeout"]) > manifest_rules.WAIT_AND_GRACE_SECONDS
    (rule,) = ingress["spec"]["rules"]
    (path,) = rule["http"]["paths"]
    assert path["backend"]["service"]["name"] == "parley-gateway"


def test_the_key_for_metrics_is_handed_to_the_monitor() -> None:
    (monitor,) = of_kind(ALL, "ServiceMonitor")
    (endpoint,) = monitor["spec"]["endpoints"]
    assert endpoint["path"] == "/metrics"
    assert endpoint["authorization"]["credentials"] == {"name": "parley-keys", "key": "metrics-key"}
    (gateway,) = (
        each for each in of_kind(ALL, "Service") if each["metadata"]["name"] == "parley-gateway"
    )
    assert selects(monitor["spec"]["selector"]["matchLabels"], gateway["metadata"]["labels"])
    assert endpoint["port"] in {each["name"] for each in gateway["spec"]["ports"]}
    job = gateway["metadata"]["labels"][monitor["spec"]["jobLabel"]]
    rules = (ROOT / "infra" / "deploy" / "prometheus" / "rules.yml").read_text()
    assert set(re.findall(r'job="(\w+)"', rules)) == {job}

"""Alerts and dashboards in infra/deploy name metrics that there are, and promtool takes them."""

import json
import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.support.full_scrape import full_scrape, shown

ROOT = Path(__file__).parent.parent.parent
PROMETHEUS = ROOT / "infra" / "deploy" / "prometheus"
GRAFANA = ROOT / "infra" / "deploy" / "grafana"
RULES = yaml.safe_load((PROMETHEUS / "rules.yml").read_text())["groups"]
ALERTS = {rule["alert"]: rule for group in RULES for rule in group["rules"]}
BOARDS = {path.name: json.loads(path.read_text()) for path in GRAFANA.glob("dashboards/*.json")}
NAME = re.compile(r"\b(?:parley|process)_\w+")
needs_promtool = pytest.mark.skipif(
    shutil.which("promtool") is None, reason="promtool is not installed"
)


def panels(board: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return [panel for panel in board["panels"] if panel["type"] != "row"]


def dashboard_expressions() -> Iterator[str]:
    for board in BOARDS.values():
        for panel in panels(board):
            for target in panel["targets"]:
                yield target["expr"].replace("$__rate_interval", "1m").replace("$tenant", ".*")


@pytest.fixture(scope="module")
def queried_names() -> set[str]:
    """Return the names under which a scrape's samples can be asked for."""
    parts = {"histogram": ("_bucket", "_sum", "_count"), "summary": ("_sum", "_count")}
    return {
        name + part
        for name, (kind, _) in shown(full_scrape()).items()
        for part in parts.get(kind, ("",))
    }


def test_every_expression_names_metrics_of_a_scrape(queried_names: set[str]) -> None:
    expressions = [*dashboard_expressions(), *(rule["expr"] for rule in ALERTS.values())]
    named = {name for expression in expressions for name in NAME.findall(expression)}
    assert len(named) > 40
    assert named - queried_names == set()


@pytest.mark.parametrize("name", ALERTS)
def test_an_alert_says_what_is_wrong_and_where_help_is(name: str) -> None:
    rule = ALERTS[name]
    told = rule["annotations"]
    assert rule["for"]
    assert rule["labels"]["severity"] in ("critical", "warning")
    assert told["summary"]
    assert "$value" in told["description"]
    page, _, section = told["runbook_url"].partition("#")
    headings = re.findall(r"^### (\w+)$", (ROOT / page).read_text(), re.MULTILINE)
    assert section == name.lower()
    assert name in headings


def test_every_alert_has_a_test_and_every_section_an_alert() -> None:
    tests = yaml.safe_load((PROMETHEUS / "rules_test.yml").read_text())["tests"]
    told = [each["name"].split()[0] for each in tests]  # some have several, of more words
    assert list(dict.fromkeys(told)) == list(ALERTS)
    page = (ROOT / "docs" / "operations.md").read_text()
    assert re.findall(r"^### (Parley\w+)$", page, re.MULTILINE) == list(ALERTS)


def promtool(*arguments: str) -> None:
    check = subprocess.run(
        ["promtool", *arguments], cwd=PROMETHEUS, text=True, capture_output=True, check=False
    )
    assert check.returncode == 0, check.stdout + check.stderr


@needs_promtool
def test_promtool_takes_rules_and_configuration() -> None:
    promtool("check", "rules", "rules.yml")
    promtool("check", "config", "--syntax-only", "prometheus.yml")  # its key is in the container


@needs_promtool
def test_each_alert_fires_when_it_shall() -> None:
    promtool("test", "rules", "rules_test.yml")


@needs_promtool
def test_promtool_parses_every_expression_of_the_dashboards(tmp_path: Path) -> None:
    records = [
        {"record": f"panel:{number}", "expr": expression}
        for number, expression in enumerate(dashboard_expressions())
    ]
    rules = tmp_path / "dashboards.yml"
    rules.write_text(json.dumps({"groups": [{"name": "dashboards", "rules": records}]}))
    promtool("check", "rules", str(rules))


@pytest.mark.parametrize("name", BOARDS)
def test_a_dashboard_has_the_form_that_grafana_reads(name: str) -> None:
    board = BOARDS[name]
    assert {"title", "uid", "schemaVersion", "time", "panels", "templating"} <= board.keys()
    assert board["templating"]["list"][0]["type"] == "datasource"
    ids = [panel["id"] for panel in board["panels"]]
    assert len(ids) == len(set(ids))
    for panel in panels(board):
        assert panel["title"]
        assert panel["description"]
        assert panel["datasource"]["uid"] == "${datasource}"
        assert panel["fieldConfig"]["defaults"]["unit"]
        assert [each["refId"] for each in panel["targets"]] == list(
            "ABCDEFGH"[: len(panel["targets"])]
        )


@pytest.mark.parametrize("name", BOARDS)
def test_no_panel_lies_on_another(name: str) -> None:
    places = [panel["gridPos"] for panel in BOARDS[name]["panels"]]
    for one, other in combinations(places, 2):
        beside = one["x"] + one["w"] <= other["x"] or other["x"] + other["w"] <= one["x"]
        above = one["y"] + one["h"] <= other["y"] or other["y"] + other["h"] <= one["y"]
        assert beside or above
    assert all(place["x"] + place["w"] <= 24 for place in places)


def test_containers_find_what_is_provisioned() -> None:
    services = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]
    mounted = [each.split(":") for each in services["grafana"]["volumes"] if each.startswith("./")]
    assert {place for _, place, mode in mounted if mode == "ro"} == {
        "/etc/grafana/provisioning",
        "/etc/grafana/dashboards",
    }
    (provider,) = yaml.safe_load((GRAFANA / "provisioning/dashboards/parley.yml").read_text())[
        "providers"
    ]
    assert provider["options"]["path"] == "/etc/grafana/dashboards"
    (source,) = yaml.safe_load((GRAFANA / "provisioning/datasources/prometheus.yml").read_text())[
        "datasources"
    ]
    assert source["url"] == "http://prometheus:9090"
    (parley, _) = yaml.safe_load((PROMETHEUS / "prometheus.yml").read_text())["scrape_configs"]
    key = parley["authorization"]["credentials_file"]
    assert any(f":{key}:ro" in volume for volume in services["prometheus"]["volumes"])

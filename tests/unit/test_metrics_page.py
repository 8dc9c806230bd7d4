"""docs/metrics.md and a scrape say the same, names are sound, each counter of workers is in."""

import ast
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from gateway.worker_figures import COUNTERS, GAUGES, SUMMARIES
from tests.support.full_scrape import full_scrape, shown
from workers.voice.model_faults import REASONS

ROOT = Path(__file__).parent.parent.parent
ROW = re.compile(r"^\| `([a-z_]+)` \| (\w+) \| ([^|]*) \| ([^|]+) \|$", re.MULTILINE)
# In heartbeats but in no metric: sums of others, or read by workers and the health check alone.
NO_METRIC = {"dead_letters", "second_looks_asked"}


@pytest.fixture(scope="module")
def scrape() -> str:
    return full_scrape()


def test_the_page_has_what_a_scrape_has_and_nothing_else(scrape: str) -> None:
    page = (ROOT / "docs" / "metrics.md").read_text()
    documented = {name: (kind, labels.strip()) for name, kind, labels, _ in ROW.findall(page)}
    assert documented == shown(scrape)


def test_no_metric_is_on_the_page_twice() -> None:
    names = [row[0] for row in ROW.findall((ROOT / "docs" / "metrics.md").read_text())]
    assert len(names) == len(set(names))


def test_names_and_units_are_those_of_prometheus(scrape: str) -> None:
    for family in text_string_to_metric_families(scrape):
        assert family.documentation, family.name
        assert not re.search(r"_(ms|milliseconds|minutes|kb|mb|percent)(_|$)", family.name)
        assert (family.type == "counter") or not family.name.endswith("_total"), family.name
        assert family.type != "unknown", family.name


def test_every_metric_of_the_scrape_has_a_sample(scrape: str) -> None:
    assert [each.name for each in text_string_to_metric_families(scrape) if not each.samples] == []


@pytest.mark.skipif(shutil.which("promtool") is None, reason="promtool is not installed")
def test_promtool_finds_no_fault(scrape: str) -> None:
    check = subprocess.run(
        ["promtool", "check", "metrics"], input=scrape, text=True, capture_output=True, check=False
    )
    assert (check.returncode, check.stdout + check.stderr) == (0, "")


def counted_names() -> Iterator[str]:
    """Yield the names that the workers' code counts under; `*` stands for what it fills in."""
    for path in (ROOT / "workers").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and ast.unparse(node.func).endswith("counters.add"):
                yield from (each.arg for each in node.keywords if each.arg)


def test_what_workers_count_has_a_metric() -> None:
    figures = {each.figure for each in (*COUNTERS, *GAUGES, *(sums for sums, _ in SUMMARIES))}
    counted = set(counted_names())
    assert {"messages", "reclaimed", "second_looks_overdue"} <= counted
    assert counted - figures - NO_METRIC == set()


def test_what_the_model_s_client_tells_has_a_metric() -> None:
    figures = {each.figure for each in (*COUNTERS, *GAUGES)}
    assert {f"llm_failures_{reason}" for reason in REASONS} | {"llm_open", "llm_places"} <= figures

"""What is measured: bounds, messages, and the systems as they are started."""

import sys
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from infra.bench.plan import (
    OVERLOAD,
    SWEEP,
    SYSTEMS,
    BenchPlan,
    open_loop_users,
    quick_plan,
    systems_named,
)
from infra.bench.systems import SERVED
from infra.cli.exit_status import ExitStatus
from infra.harness.messages import read_messages
from infra.harness.ports import free_ports
from infra.harness.running_system import running_system
from infra.harness.systems import Allocation, System
from infra.supervisor.logs import LogFolder
from infra.supervisor.service import Service
from shared.errors import BenchError, CommandMisused

Parley = Callable[..., tuple[int, str, str]]


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"systems": ("parley", "rocket")}, "rocket"),
        ({"systems": ()}, "no system"),
        ({"concurrency": (0,)}, "--concurrency"),
        ({"concurrency": (10_001,)}, "--concurrency"),
        ({"rates": (0.0,)}, "--rates"),
        ({"seconds": 0.0}, "--seconds"),
        ({"seconds": 601.0}, "--seconds"),
    ],
)
def test_a_plan_out_of_bounds_is_refused(changes: dict[str, object], fault: str) -> None:
    with pytest.raises(CommandMisused, match=fault):
        BenchPlan(**changes)  # type: ignore[arg-type]


def test_rates_are_shares_of_saturation_unless_given() -> None:
    assert BenchPlan().open_rates(200.0) == tuple(round(200 * share, 1) for share in SWEEP)
    assert BenchPlan().open_rates(None) == ()
    assert BenchPlan(rates=(5.0,)).open_rates(200.0) == (5.0,)
    assert max(SWEEP) == OVERLOAD == 2.0
    assert 0.7 in SWEEP


def test_a_quick_plan_is_short() -> None:
    plan = quick_plan(SYSTEMS, None)
    loads = len(plan.concurrency) + len(plan.rates or ())
    assert loads * (plan.seconds + plan.warm_seconds) < 10


def test_users_of_an_open_loop_are_bounded() -> None:
    assert open_loop_users(1.0) == 64
    assert open_loop_users(300.0) == 1200
    assert open_loop_users(9_999.0) == 4_000


def test_messages_of_a_file_come_shuffled_alike_each_time(tmp_path: Path) -> None:
    path = tmp_path / "mine.jsonl"
    path.write_text("".join(f'{{"text": "text {n}", "label": "x"}}\n' for n in range(50)) * 2)
    messages = read_messages(path)
    assert messages.source == "mine"
    assert sorted(messages.texts) == sorted(f"text {n}" for n in range(50))
    assert messages.texts != tuple(f"text {n}" for n in range(50))
    assert read_messages(path) == messages


def test_without_a_file_the_demo_base_asks() -> None:
    messages = read_messages(None)
    assert messages.source == "demo knowledge base"
    assert len(messages.texts) == len(set(messages.texts)) > 300


@pytest.mark.parametrize("content", ["", '{"text": " "}\n', '{"words": "x"}\n', "not json"])
def test_a_file_without_messages_is_refused(tmp_path: Path, content: str) -> None:
    path = tmp_path / "mine.jsonl"
    path.write_text(content)
    with pytest.raises(BenchError, match=r"mine\.jsonl"):
        read_messages(path)
    with pytest.raises(BenchError, match="cannot be read"):
        read_messages(tmp_path / "none.jsonl")


@pytest.fixture
def allocation(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Allocation:
    monkeypatch.setenv("PARLEY_REDIS_URL", "redis://127.0.0.1:1/0")
    return Allocation(8001, 8002, 8003, tmp_path / "ground", tmp_path / "model", processors=2)


@pytest.mark.parametrize("name", SERVED)
def test_a_system_stands_on_its_own_ground(name: str, allocation: Allocation) -> None:
    allocation.folder.mkdir()
    system = SERVED[name](allocation)
    assert system.url == "http://127.0.0.1:8001"
    for service in system.services:
        environment = {**service.environment}
        assert "PARLEY_REDIS_URL" not in environment
        if service.name != "redis":
            assert environment["PARLEY_DATA_DIR"] == str(allocation.folder)
            assert environment["PARLEY_MODEL_DIR"] == str(allocation.model_folder)
            assert environment["PARLEY_REDIS_PORT"] == "8002"


def test_parley_is_whole_and_remembers_no_phrase(allocation: Allocation) -> None:
    allocation.folder.mkdir()
    system = SERVED["parley"](allocation)
    names = [service.name for service in system.services]
    assert names == ["redis", "inference", "sentiment", "gateway", "flower"]
    assert {service.environment.get("PARLEY_PHRASE_CACHE") for service in system.services} == {"0"}
    assert system.redis_url == "redis://127.0.0.1:8002/0"


def test_free_ports_differ() -> None:
    assert len(set(free_ports(20))) == 20


def test_a_part_that_dies_fails_the_measurement_and_all_others_end(tmp_path: Path) -> None:
    waiting = Service("waiting", (sys.executable, "-c", "import time; time.sleep(60)"))
    dying = Service("dying", (sys.executable, "-c", "print('no model'); raise SystemExit(3)"))
    system = System("odd", "http://127.0.0.1:9", (waiting, dying))
    before = psutil.Process().children(recursive=True)
    with (
        pytest.raises(BenchError, match=r"dying ended \(exit code 3\).*no model"),
        running_system(system, LogFolder(tmp_path)),
    ):
        pass
    assert psutil.Process().children(recursive=True) == before


@pytest.mark.parametrize(
    ("arguments", "status"),
    [
        (("--systems", "rocket"), ExitStatus.USAGE),
        (("--rates", "fast"), ExitStatus.USAGE),
        (("--messages", "nowhere.jsonl"), ExitStatus.FAILED),
    ],
)
def test_what_cannot_be_measured_is_one_sentence(
    parley: Parley,
    arguments: tuple[str, str],
    status: ExitStatus,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    monkeypatch.setenv("PARLEY_DATA_DIR", str(tmp_path))
    code, out, err = parley("bench", *arguments)
    assert (code, out) == (status, "")
    assert arguments[1] in err
    assert len(err.splitlines()) == 1


def test_systems_are_named_with_commas_and_a_former_name_is_understood() -> None:
    assert systems_named("parley,unseen") == ("parley", "no-monitoring")

"""Workers on a GPU: the plan, the stacks as they are started, what is added up, what is shown."""

import os
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from infra.bench.figures import GENERATOR, Batches, Figures, Latency
from infra.bench.gpu import __main__ as program
from infra.bench.gpu import warm_up
from infra.bench.gpu.campaign import GpuCampaign
from infra.bench.gpu.crowd import merge, shares
from infra.bench.gpu.plan import GpuPlan, Stack, dry_plan, full_plan, processor_plan
from infra.bench.gpu.report import GpuReport, Measured, table
from infra.bench.gpu.stack import gpu_stack
from infra.bench.gpu.usage import Usage, UsageMeter, read_usage
from infra.bench.gpu.warm_up import WarmUp, fill_cache, measure, xla_cache
from infra.bench.load import Samples
from infra.harness.machine import this_machine
from infra.harness.messages import Messages
from infra.harness.systems import Allocation
from shared.errors import BenchError
from tests.support.processes import wait_until


def test_all_that_is_asked_is_in_the_plan() -> None:
    plan = full_plan(16, 360.0)
    small = {stack.workers for stack in plan.stacks if stack.encoder == "small"}
    assert {(s.encoder, s.masters) for s in plan.stacks if s.masters > 1} == {
        ("small", 3),  # one Redis is the wall
        ("large", 3),
    }
    assert plan.warms_up
    assert small == {1, 2, 4}
    assert {stack.max_batch for stack in plan.stacks} == {32, 128, 512}
    assert "large" in {stack.encoder for stack in plan.stacks}
    assert (plan.engine, plan.around, plan.sentiment_workers) == ("tensorflow", 4, 2)
    assert all(stack.token_budget >= 16 * stack.max_batch for stack in plan.stacks)
    assert full_plan(2, 360.0).around == 1


def test_a_stack_has_the_workers_and_limits_of_its_plan(tmp_path: Path) -> None:
    plan, stack = full_plan(16, 360.0), Stack(2, 512, (64,))
    allocation = Allocation(8001, 8002, 8003, tmp_path / "data", tmp_path / "model", 16)
    allocation.folder.mkdir()
    services = {service.name: service for service in gpu_stack(plan, stack, allocation).services}
    workers = {"inference", "inference-2", "sentiment", "sentiment-2"}
    assert set(services) == {"redis", "gateway", "flower", *workers}
    assert services["sentiment-2"].command[-2:] == ("-n", "sentiment-2@%h")
    assert services["inference-2"].environment["PARLEY_ENGINE"] == "tensorflow"
    assert services["sentiment-2"].environment["PARLEY_ENGINE"] == "litert"
    assert plan.sentiment_engine(Stack(2, 512, (64,), "large")) == "tensorflow"
    assert services["inference-2"].environment["PARLEY_MAX_BATCH"] == "512"
    assert services["gateway"].environment["PARLEY_GATEWAY_WORKERS"] == "4"


def test_a_stack_on_a_cluster_has_no_redis_and_a_partition_a_master(tmp_path: Path) -> None:
    allocation = Allocation(
        *(8001, 8002, 8003, tmp_path / "data", tmp_path / "model", 16),
        cluster_url="redis+cluster://127.0.0.1:7000",
    )
    system = gpu_stack(full_plan(16, 360.0), Stack(1, 512, (64,), masters=3), allocation)
    assert system.redis_url == allocation.cluster_url
    services = {service.name: service for service in system.services}
    assert "redis" not in services
    for name in ("gateway", "inference", "sentiment"):
        assert services[name].environment["PARLEY_REDIS_URL"] == allocation.cluster_url
        assert services[name].environment["PARLEY_PARTITIONS"] == "3"


def part(begin: float, end: float, done: tuple[float, ...]) -> Samples:
    times = np.array(done)
    return Samples(
        begin, end, len(done), times - 1, times - 1, times, times > 0, times[:, None], np.empty(0)
    )


def test_what_several_generators_saw_is_put_together() -> None:
    whole = merge([part(10.0, 20.0, (11.0, 19.5)), part(10.5, 19.0, (12.0,))])
    assert (whole.begin, whole.end, whole.taken) == (10.5, 19.0, 3)
    assert whole.done.tolist() == [11.0, 19.5, 12.0]
    with pytest.raises(BenchError, match="never all at work"):
        merge([part(1.0, 2.0, (1.5,)), part(3.0, 4.0, (3.5,))])


def test_users_are_shared_evenly() -> None:
    assert shares(2_048, 4) == [512] * 4
    assert sum(shares(10, 4)) == 10
    assert shares(1, 2) == [1, 1]


def test_usage_is_read_as_nvidia_smi_writes_it() -> None:
    assert read_usage(["50, 1000", "100, 2000", "[N/A], 3000", ""]) == Usage(0.75, 2097.152)
    assert read_usage([]) == Usage()


def test_the_meter_runs_nvidia_smi_where_there_is_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with UsageMeter() as meter:
        pass
    assert meter.usage == Usage()
    told = tmp_path / "told"
    script = f"#!/bin/sh\necho '40, 1000'\n: > {told}\nexec /bin/sleep 9\n"
    (tmp_path / "nvidia-smi").write_text(script)
    (tmp_path / "nvidia-smi").chmod(0o755)
    with UsageMeter() as meter:
        wait_until(told.exists, 5)
    assert meter.usage == Usage(0.4, 1048.576)


MEASURED = Measured(
    Stack(4, 512, (2_048,), "large"),
    Figures(
        *("parley", 2_048, None, 6.0, 48_000, 0, 8_000.0, Latency(250.0, 300.0, 400.0, 260.0)),
        cpu_ms={"gateway": 0.4, "inference": 0.2, "inference-2": 0.2, GENERATOR: 0.2},
        batches={"inference": Batches(310.0)},
    ),
    Usage(0.42, 5_000.0),
    38.0,
)
ROW = (
    *("large", "4", "512", "1", "2,048", "8,000", "250", "400", "0", "310", "42%", "5,000"),
    *("0.80", "0.40", "gateway 320%", "38"),
)


def test_the_table_has_a_row_for_each_load(tmp_path: Path) -> None:
    made = table([MEASURED])
    assert made.rows == (ROW,)
    assert len(made.head) == len(ROW)
    report = GpuReport(
        *(this_machine(), "H", "tensorflow", 300.0, (MEASURED,), ("small: too late",)),
        warm_ups={"small encoder": WarmUp("tensorflow-fp16", 14.2, 36_000.0)},
    )
    report.save(tmp_path)
    page = (tmp_path / "gpu.md").read_text()
    assert page.startswith("H; ")
    assert "| large | 4 | 512 |" in page
    assert "Warm-up, small encoder: tensorflow-fp16 after 14.2 s, 36,000 rows a second" in page
    assert "Left out: small: too late" in page
    assert '"messages_per_second": 8000' in (tmp_path / "gpu.json").read_text()


class Unstarted(GpuCampaign):
    """Measures nothing; each stack takes 100 s, and fails if it has three workers."""

    seconds = 0.0

    def _measure(self, stack: Stack) -> Iterator[Measured]:
        self.seconds += 100.0
        if stack.workers == 3:
            raise BenchError("a worker ended")
        yield MEASURED


def test_what_finds_no_time_or_fails_is_left_out_with_the_reason(tmp_path: Path) -> None:
    stacks = (Stack(3, 32, (8,)), Stack(2, 32, (8,), "large"), *[Stack(1, 32, (8,))] * 3)
    plan = GpuPlan(stacks, "tensorflow", 1, 6.0, 2.0, limit_seconds=280.0)
    campaign = Unstarted(
        plan,
        Messages("some", ("a",)),
        tmp_path,
        tmp_path,
        tmp_path / "large",
        lambda line: None,
        clock=lambda: campaign.seconds,
    )
    *_, report = campaign.run(unbuilt="no index")
    assert len(report.measured) == 2
    assert [text.partition(": ")[2] for text in report.left_out] == [
        *("a worker ended", "no index", "-20 s are left, it needs 50")
    ]


def test_without_a_gpu_it_says_so(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(program, "gpu_visible", lambda: False)
    with pytest.raises(SystemExit) as left:
        program.main([])
    assert "no NVIDIA GPU is here" in str(left.value.code)  # printed, and status 1
    monkeypatch.setattr(program, "gpu_visible", lambda: True)
    monkeypatch.setattr(program, "gpu_tensorflow_installed", lambda: False)
    with pytest.raises(SystemExit, match="make gpu-bench"):
        program.main([])


def test_a_processor_takes_the_place_of_a_gpu_in_every_step() -> None:
    plan = processor_plan()
    assert (plan.engine, plan.warms_up) == ("tensorflow", True)
    assert {stack.masters for stack in plan.stacks} == {1, 2}
    assert max(stack.max_batch for stack in plan.stacks) == 512


def test_processes_share_what_xla_compiled_as_long_as_the_block_lasts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    flag = f"--tf_xla_persistent_cache_directory={tmp_path / 'xla'}"
    monkeypatch.setenv("TF_XLA_FLAGS", "--own")
    with xla_cache(tmp_path / "xla"):
        assert os.environ["TF_XLA_FLAGS"] == f"--own {flag}"
        assert (tmp_path / "xla").is_dir()
    assert os.environ["TF_XLA_FLAGS"] == "--own"
    monkeypatch.delenv("TF_XLA_FLAGS")
    with xla_cache(tmp_path / "xla"):
        assert os.environ["TF_XLA_FLAGS"] == flag
    assert "TF_XLA_FLAGS" not in os.environ
    with xla_cache(None):
        assert "TF_XLA_FLAGS" not in os.environ


def test_where_nothing_compiled_can_be_kept_the_engine_warms_up_without(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = WarmUp("tensorflow-fp16", 15.0, 1.0)

    def measure_without_cache(_folder: Path, _log: Path) -> WarmUp:
        if "TF_XLA_FLAGS" in os.environ:
            raise BenchError("cannot be serialised")
        return found

    monkeypatch.delenv("TF_XLA_FLAGS", raising=False)
    monkeypatch.setattr(warm_up, "measure", measure_without_cache)
    assert fill_cache(tmp_path, tmp_path / "xla", tmp_path / "log") == (found, None)


def test_an_engine_that_cannot_warm_up_says_why(tmp_path: Path) -> None:
    with pytest.raises(BenchError, match="holds no built model"):
        measure(tmp_path / "model", tmp_path / "log")


def test_a_dry_plan_is_short_and_has_several_workers() -> None:
    plan = dry_plan()
    assert plan.engine == "simulated"
    assert max(stack.workers for stack in plan.stacks) == 2
    assert plan.stack_seconds(plan.stacks[0], 5.0) < 10

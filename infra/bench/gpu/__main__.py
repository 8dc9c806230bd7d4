"""Measure Parley on one NVIDIA GPU in a few minutes.

    python -m infra.bench.gpu [--limit SECONDS] [--messages FILE.jsonl] [--out FOLDER]
                              [--dry-run | --processor]

How long the engine takes to warm up; then gateway, Redis, Celery workers with TensorFlow in half
precision, and load through HTTP: 1, 2 and 4 workers on the GPU, batch limits from 32 to 512, one
Redis or a cluster of three, and the large encoder if it is built. Needs no network. Prints one
table; it and gpu.json go to --out, else to $OUT, else below the data folder. `--processor` goes
through all steps with TensorFlow on the processor, `--dry-run` with an engine that sleeps.
"""

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console

from infra.bench.gpu.campaign import GpuCampaign
from infra.bench.gpu.plan import GpuPlan, dry_plan, full_plan, processor_plan
from infra.harness.messages import read_messages
from infra.harness.run_environment import (
    isolated_environment,
    new_run_folder,
    sigterm_as_interrupt,
)
from infra.supervisor.settings import StackSettings
from shared.errors import BenchError, ModelError, ParleyError
from shared.settings import load
from workers.engines.manifest import read_manifest
from workers.engines.select import gpu_tensorflow_installed, gpu_visible

_LIMIT_SECONDS = 360.0


def main(arguments: Sequence[str]) -> None:
    """Run as a program; a fault is one sentence and status 1."""
    options = _parser().parse_args(arguments)
    try:
        run(_plan(options), options.messages, options.out)
    except ParleyError as error:
        sys.exit(str(error))


def _plan(options: argparse.Namespace) -> GpuPlan:
    if options.dry_run:
        return dry_plan()
    if options.processor:
        return processor_plan()
    require_gpu()
    return full_plan(len(os.sched_getaffinity(0)), options.limit)


def require_gpu() -> None:
    """Raise BenchError if there is no GPU that TensorFlow can use."""
    if not gpu_visible():
        raise BenchError("no NVIDIA GPU is here; --processor goes through all steps without one")
    if not gpu_tensorflow_installed():
        raise BenchError("TensorFlow for GPUs is not installed here: run `make gpu-bench`")


def run(plan: GpuPlan, messages_file: Path | None, out: Path | None) -> None:
    """Measure by the plan, print the table and write all down; ModelError without a model."""
    console = Console()
    settings = load(StackSettings)
    messages = read_messages(messages_file)
    read_manifest(settings.model_folder)  # nothing is built or fetched here: time is short
    unbuilt = _without_large(settings.large_model_folder)
    folder = new_run_folder(settings.data_folder / "bench")
    target = out or Path(os.environ.get("OUT", folder))
    target.mkdir(parents=True, exist_ok=True)

    def tell(line: str) -> None:
        console.print(f"  {line}", highlight=False, markup=False)

    with isolated_environment(), sigterm_as_interrupt():
        models = (settings.model_folder, settings.large_model_folder.absolute())
        campaign = GpuCampaign(plan, messages, folder, *models, tell)
        for report in campaign.run(unbuilt):
            report.save(target)
    print(report.markdown())


def _without_large(folder: Path) -> str | None:
    """Return why the large encoder cannot be measured, if so."""
    try:
        read_manifest(folder)
    except ModelError as error:
        return f"{error} --encoder large"
    return None


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        "python -m infra.bench.gpu",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--limit", type=float, default=_LIMIT_SECONDS, help="seconds in all")
    parser.add_argument("--messages", type=Path, help="JSON lines with a field text")
    parser.add_argument("--out", type=Path, help="folder for gpu.json and gpu.md")
    dry = parser.add_mutually_exclusive_group()
    dry.add_argument("--dry-run", action="store_true", help="no GPU, an engine that sleeps")
    dry.add_argument("--processor", action="store_true", help="no GPU, TensorFlow on the processor")
    return parser


if __name__ == "__main__":
    main(sys.argv[1:])

"""Measure Parley on one NVIDIA GPU in a few minutes.

    python -m infra.bench.gpu [--limit SECONDS] [--messages FILE.jsonl] [--out FOLDER] [--dry-run]

Gateway, Redis, Celery workers with TensorFlow in half precision, and load through HTTP: 1, 2 and 4
workers on the GPU, batch limits from 32 to 512, and the large encoder if it can be built. Prints
one table; it and gpu.json go to --out, else to $OUT, else below the data folder. `--dry-run` goes
through all steps without a GPU, with an engine that sleeps.
"""

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console

from infra.bench.gpu.campaign import GpuCampaign
from infra.bench.gpu.plan import GpuPlan, dry_plan, full_plan
from infra.harness.messages import read_messages
from infra.harness.run_environment import (
    isolated_environment,
    new_run_folder,
    sigterm_as_interrupt,
)
from infra.supervisor.model import refresh_model
from infra.supervisor.settings import StackSettings
from shared.errors import BenchError, ModelError, ParleyError
from shared.settings import load
from workers.engines.select import gpu_tensorflow_installed, gpu_visible
from workers.modelling.encoder.large import build_large_model

_LIMIT_SECONDS = 360.0


def main(arguments: Sequence[str]) -> None:
    """Run as a program; a fault is one sentence and status 1."""
    options = _parser().parse_args(arguments)
    try:
        if not options.dry_run:
            require_gpu()
        processors = len(os.sched_getaffinity(0))
        plan = dry_plan() if options.dry_run else full_plan(processors, options.limit)
        run(plan, options.messages, options.out)
    except ParleyError as error:
        sys.exit(str(error))


def require_gpu() -> None:
    """Raise BenchError if there is no GPU that TensorFlow can use."""
    if not gpu_visible():
        raise BenchError("no NVIDIA GPU is here; --dry-run goes through all steps without one")
    if not gpu_tensorflow_installed():
        raise BenchError("TensorFlow for GPUs is not installed here: run `make gpu-bench`")


def run(plan: GpuPlan, messages_file: Path | None, out: Path | None) -> None:
    """Build what is missing, measure by the plan, print the table and write all down."""
    console = Console()
    settings = load(StackSettings)
    messages = read_messages(messages_file)
    refresh_model(settings.model_folder, console)
    unbuilt = _build_large(settings) if any(s.encoder == "large" for s in plan.stacks) else None
    folder = new_run_folder(settings.data_folder / "bench")
    target = out or Path(os.environ.get("OUT", folder))
    target.mkdir(parents=True, exist_ok=True)

    def tell(line: str) -> None:
        console.print(f"  {line}", highlight=False, markup=False)

    with isolated_environment(), sigterm_as_interrupt():
        campaign = GpuCampaign(plan, messages, folder, settings.model_folder, tell)
        for report in campaign.run(unbuilt):
            report.save(target)
    print(report.markdown())


def _build_large(settings: StackSettings) -> str | None:
    """Build the large encoder; return why that is not possible."""
    try:
        build_large_model(settings.large_model_folder.absolute())
    except ModelError as error:
        return f"the large encoder cannot be built: {error}"
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
    parser.add_argument("--dry-run", action="store_true", help="no GPU, an engine that sleeps")
    return parser


if __name__ == "__main__":
    main(sys.argv[1:])

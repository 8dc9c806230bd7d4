"""`parley bench`: see that the model is there, measure, and keep what was found."""

import contextlib
import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

from rich.console import Console

from infra.bench.campaign import Campaign
from infra.bench.figures import Figures
from infra.bench.messages import read_messages
from infra.bench.plan import BenchPlan
from infra.bench.plots import draw
from infra.bench.report import Report, make_report
from infra.bench.tables import markdown
from infra.stack import checks
from infra.stack.model import refresh_model
from infra.stack.settings import StackSettings
from shared.settings import load

# What would lead a measured system elsewhere, or make it refuse the load that it is to bear.
_FOR_ANOTHER_STACK = (
    *("PARLEY_REDIS_URL", "PARLEY_REDIS_PORT", "PARLEY_DATA_DIR", "PARLEY_HTTP_HOST"),
    *("PARLEY_HTTP_PORT", "PARLEY_FLOWER_PORT", "PARLEY_FLOWER_BASIC_AUTH", "PARLEY_MODEL_DIR"),
    *("PARLEY_API_KEYS", "PARLEY_RATE_LIMIT", "PARLEY_BENCH_MESSAGES"),
)


def run_bench(plan: BenchPlan, console: Console) -> tuple[Report, Path]:
    """Measure what the plan says; return the report and the folder that holds it.

    The report is written after each measurement, so that an interrupted run keeps what it has.
    """
    settings = load(StackSettings)
    messages = read_messages(plan.messages)
    checks.check_data_folder(settings.data_folder)
    checks.check_space(settings.data_folder, checks.RUN_BYTES)
    refresh_model(settings.model_folder, console)
    folder = new_folder(settings.data_folder / "bench")
    made_at = time.strftime("%Y-%m-%dT%H:%M:%S%z")
    figures: list[Figures] = []
    with own_environment(), terminated_as_interrupted(), console.status("") as status:
        report = make_report(made_at, messages, figures)
        campaign = Campaign(plan, messages, folder, settings.model_folder, status.update)
        with contextlib.closing(campaign.run()) as measured:
            for each in measured:
                figures.append(each)
                report = make_report(made_at, messages, figures)
                report.save(folder / "report.json")
                _tell(each, console)
    (folder / "report.md").write_text(markdown(report), "utf-8")
    draw(report, folder)
    return report, folder


def new_folder(parent: Path) -> Path:
    """Make a folder that is named after the present time."""
    folder = parent / time.strftime("%Y%m%d-%H%M%S")
    folder.mkdir(parents=True)
    return folder


def _tell(figures: Figures, console: Console) -> None:
    rate = figures.offered_per_second
    load_words = f"{figures.users:,} at once" if rate is None else f"{rate:,.0f} arrivals/s"
    p50 = f", p50 {figures.latency.p50_ms:,.1f} ms" if figures.latency else ""
    busy = f"{figures.foreign_cores:.1f} processors busy with other programs"
    foreign = f" [yellow]({busy})[/]" if figures.disturbed else ""
    errors = f", [red]{figures.errors} errors[/]" if figures.errors else ""
    console.print(
        f"  [green]✓[/] {figures.system:<9} {load_words:<16} "
        f"{figures.messages_per_second:,.0f} messages/s{p50}{errors}{foreign}",
        highlight=False,
    )


@contextlib.contextmanager
def own_environment() -> Iterator[None]:
    """Hide settings that are for another stack; those that tune a worker or gateway stay."""
    hidden = {name: os.environ.pop(name) for name in _FOR_ANOTHER_STACK if name in os.environ}
    try:
        yield
    finally:
        os.environ.update(hidden)


@contextlib.contextmanager
def terminated_as_interrupted() -> Iterator[None]:
    """Let SIGTERM end the run as Ctrl-C does: everything that was started is stopped."""
    former = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, former)

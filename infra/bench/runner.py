"""`parley bench`: build the model if it is missing, measure, keep the report."""

import contextlib
import time
from pathlib import Path

from rich.console import Console

from infra.bench.campaign import BenchCampaign
from infra.bench.figures import Figures
from infra.bench.plan import BenchPlan
from infra.bench.plots import draw
from infra.bench.report import Report, make_report
from infra.bench.tables import markdown
from infra.harness.messages import read_messages
from infra.harness.run_environment import (
    isolated_environment,
    new_run_folder,
    sigterm_as_interrupt,
)
from infra.supervisor import checks
from infra.supervisor.model import refresh_model
from infra.supervisor.progress import StageProgress
from infra.supervisor.settings import StackSettings
from shared.settings import load


def run_bench(plan: BenchPlan, console: Console) -> tuple[Report, Path]:
    """Measure by the plan; return the report and the folder that holds it.

    The report is written after each measurement, so that an interrupted run keeps what it has.
    """
    settings = load(StackSettings)
    messages = read_messages(plan.messages)
    checks.check_data_folder(settings.data_folder)
    checks.check_space(settings.data_folder, checks.RUN_BYTES)
    refresh_model(settings.model_folder, console)
    folder = new_run_folder(settings.data_folder / "bench")
    made_at = time.strftime("%Y-%m-%dT%H:%M:%S%z")
    figures: list[Figures] = []
    progress = StageProgress(console, "Measuring", lines=False)
    with isolated_environment(), sigterm_as_interrupt(), progress:
        report = make_report(made_at, messages, figures)
        campaign = BenchCampaign(plan, messages, folder, settings.model_folder, progress.update)
        with contextlib.closing(campaign.run()) as measured:
            for each in measured:
                figures.append(each)
                report = make_report(made_at, messages, figures, campaign.left_out)
                report.save(folder / "report.json")
                _print(each, console)
        report = make_report(made_at, messages, figures, campaign.left_out)
        report.save(folder / "report.json")
    (folder / "report.md").write_text(markdown(report), "utf-8")
    draw(report, folder)
    return report, folder


def _print(figures: Figures, console: Console) -> None:
    rate = figures.offered_per_second
    load_text = f"{figures.users:,} at once" if rate is None else f"{rate:,.0f} arrivals/s"
    p50 = f", p50 {figures.latency.p50_ms:,.1f} ms" if figures.latency else ""
    busy = f"{figures.other_cores:.1f} processors busy with other programs"
    noise = f" [yellow]({busy})[/]" if figures.noisy else ""
    errors = f", [red]{figures.errors} errors[/]" if figures.errors else ""
    console.print(
        f"  [green]✓[/] {figures.system:<9} {load_text:<16} "
        f"{figures.messages_per_second:,.0f} messages/s{p50}{errors}{noise}",
        highlight=False,
    )

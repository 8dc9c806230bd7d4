"""The reports on a model as tables."""

from collections.abc import Iterable, Sequence

from rich.table import Table

from infra.cli.output import console
from workers.engines.select import BASELINE
from workers.modelling.encoder.check import (
    MAX_FLOAT_DIFFERENCE,
    MIN_INT8_COSINE,
    CheckReport,
    Parity,
)
from workers.modelling.encoder.gate import MAX_ACCURACY_DROP, MIN_SPEEDUP, GateReport
from workers.modelling.encoder.profile import ProfileReport, Speed
from workers.modelling.encoder.scaling import LayoutSpeed

_YES, _NO = "[green]✓[/]", "[red]✗[/]"


def show_check(report: CheckReport) -> None:
    """Print parity, speeds and a verdict."""
    screen = console()
    if report.parities:
        screen.print(_parities(report.parities))
        screen.print(
            f"[dim]against {report.reference}; float engines: max |Δ| ≤ {MAX_FLOAT_DIFFERENCE:g}, "
            f"int8: mean cosine ≥ {MIN_INT8_COSINE}[/]\n",
            highlight=False,
        )
    if report.speeds:
        screen.print(_speeds(report.speeds), "")
    for kind, names in (("damaged", report.damaged), ("tokenised wrongly", report.wrong_tokens)):
        for name in names:
            screen.print(f"{_NO} {kind}: {name!r}", highlight=False)
    for name in report.skipped:
        screen.print(f"[yellow]![/] not checked: {name}", highlight=False)
    verdict = f"{_YES} may be used" if report.ok else f"{_NO} must not be used"
    screen.print(f"{verdict}: {report.source} in {report.model_dir}", highlight=False)


def show_gate(report: GateReport) -> None:
    """Print each engine versus the baseline, and which was chosen."""
    screen = console()
    table = _table(("", "engine"), ("rows/s", "× baseline", "1-NN accuracy", "accuracy drop"))
    table.add_column("")
    for trial in report.trials:
        baseline = trial is report.trials[0]
        table.add_row(
            *(_NO if trial.refused else _YES, trial.engine, f"{trial.rows_per_second:,.0f}"),
            *("" if baseline else f"{trial.speedup:.2f}", f"{100 * trial.accuracy:.1f} %"),
            *("" if baseline else f"{trial.accuracy_drop:.2f}", trial.refused or ""),
        )
    screen.print("", table)
    screen.print(
        f"[dim]{report.rows} rows of {report.labels} labels; at least {MIN_SPEEDUP} times as fast "
        f"as {BASELINE}, at most {MAX_ACCURACY_DROP} points of accuracy lost[/]\n"
        f"{_YES} PARLEY_ENGINE=auto takes {report.chosen}",
        highlight=False,
    )


def show_scaling(speeds: Sequence[LayoutSpeed]) -> None:
    """Print what each worker layout did in its best and in its worst round."""
    table = _table(("workers × threads",), ("rows/s, best", "worst", "CPU ms a row"))
    for speed in speeds:
        table.add_row(
            f"{speed.layout.workers} × {speed.layout.threads}",
            *(f"{rate(speed.rows_per_second):,.0f}" for rate in (max, min)),
            f"{speed.cpu_milliseconds_per_row:.2f}",
        )
    console().print(table)


def show_profile(report: ProfileReport) -> None:
    """Print the speeds and what a token costs."""
    console().print(_speeds(report.speeds), "")
    table = _table(("engine", "encoder"), ("threads", "a call", "+ a token"))
    for cost in report.costs:
        table.add_row(
            *(cost.engine, cost.encoder, str(cost.threads)),
            *(
                f"{cost.model.base_seconds * 1e3:.2f} ms",
                f"{cost.model.token_seconds * 1e6:.1f} µs",
            ),
        )
    console().print(table)


def _parities(parities: Iterable[Parity]) -> Table:
    columns = ("max |Δ|", "mean cosine", "least", "batch invariance")
    table = _table(("", "engine", "encoder"), columns)
    for parity in parities:
        table.add_row(
            *(_YES if parity.passed else _NO, parity.engine, parity.encoder),
            *(f"{parity.max_difference:.1e}", f"{parity.mean_cosine:.6f}"),
            *(f"{parity.min_cosine:.6f}", f"{parity.batch_invariance_cosine:.6f}"),
        )
    return table


def _speeds(speeds: Sequence[Speed]) -> Table:
    columns = ("threads", "shape", "ms", "µs a token", "messages/s")
    table = _table(("engine", "encoder"), columns)
    for speed in speeds:
        table.add_row(
            *(speed.engine, speed.encoder, str(speed.threads)),
            f"{speed.shape.rows} × {speed.shape.tokens}",
            f"{speed.milliseconds:.1f}",
            f"{speed.microseconds_per_token:.0f}",
            f"{speed.messages_per_second:,.0f}",
        )
    return table


def _table(left: Sequence[str], right: Sequence[str]) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim")
    for name in left:
        table.add_column(name, no_wrap=True)
    for name in right:
        table.add_column(name, justify="right", no_wrap=True)
    return table

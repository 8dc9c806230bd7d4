"""A report as tables, for a terminal and for a page."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from infra.bench.figures import Figures
from infra.bench.plan import IDEAL
from infra.bench.report import COMPARED_AT, Report, closed, opened, worker_steps
from shared import keys

_NONE = "–"


@dataclass(frozen=True, slots=True)
class Sheet:
    """A table of ready texts; the first column is words, the others are figures."""

    title: str
    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]

    def markdown(self) -> str:
        """Return the table in Markdown."""
        lines = [self.head, ("---", *("--:" for _ in self.head[1:])), *self.rows]
        return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def sheets(report: Report) -> list[Sheet]:
    """Return the tables that have any row, the most wanted first."""
    made = (
        _comparisons(report),
        _closed_loop(report.figures),
        _open_loop(report.figures),
        _processes(report.figures),
        _steps(report.figures),
        _stages(report.figures),
    )
    return [sheet for sheet in made if sheet.rows]


def markdown(report: Report) -> str:
    """Return all tables as a page."""
    parts = [f"### {sheet.title}\n\n{sheet.markdown()}\n" for sheet in sheets(report)]
    return "\n".join([*parts, *([f"{disturbance(report)}\n"] if disturbance(report) else [])])


def disturbance(report: Report) -> str:
    """Return a sentence where other programs were at work meanwhile, else nothing."""
    disturbed = [f for f in report.figures if f.disturbed]
    if not disturbed:
        return ""
    most = max(f.foreign_cores for f in disturbed)
    return (
        f"Other programs kept up to {most:.1f} of {report.machine.processors} processors busy "
        f"during {len(disturbed)} of {len(report.figures)} measurements: those figures say little."
    )


def _comparisons(report: Report) -> Sheet:
    rows = tuple((what, _significant(value)) for what, value in report.comparisons.items())
    return Sheet("At a glance", ("figure", "value"), rows)


def _closed_loop(figures: Sequence[Figures]) -> Sheet:
    chosen = [f for f in figures if f.offered_per_second is None]
    head = ("system", "users", "msg/s", *_LATENCY, "err", *_COST)
    rows = tuple(
        (*_who(f), _significant(f.messages_per_second), *_latency(f), str(f.errors), *_cost(f))
        for f in chosen
    )
    return Sheet("Closed loop: so many users, each asks again once answered", head, rows)


def _open_loop(figures: Sequence[Figures]) -> Sheet:
    head = ("offered/s", "msg/s", *_LATENCY, "err", "late ms", *_COST[:3])
    rows = tuple(
        (
            _one(f.offered_per_second),
            _significant(f.messages_per_second) + (" *" if f.saturated else ""),
            *_latency(f),
            str(f.errors),
            _one(f.late_ms),
            *_cost(f)[:3],
        )
        for f in opened(figures, "parley")
    )
    title = "Open loop, Parley: arrivals at a rate, whatever becomes of them (* falls behind)"
    return Sheet(title, head, rows)


def _processes(figures: Sequence[Figures]) -> Sheet:
    """Show what each process costs, for each system at the users that are compared."""
    rows: list[tuple[str, ...]] = []
    for system in dict.fromkeys(f.system for f in figures if f.system != IDEAL):
        at = closed(figures, system)
        if at:
            rows += _process_rows(at.get(COMPARED_AT) or at[max(at)])
    head = ("system and process", "CPU ms a message", "of it engine", "RSS MB")
    return Sheet("What each process costs", head, tuple(rows))


def _process_rows(figures: Figures) -> list[tuple[str, ...]]:
    engines = {queue: each.step_cpu_ms.get("engine") for queue, each in figures.batches.items()}
    return [
        (
            f"{figures.system}, {figures.users:,} users: {name}",
            _two(ms),
            _two(engines.get(name)),
            _whole(figures.rss_mb.get(name)),
        )
        for name, ms in figures.cpu_ms.items()
    ]


def _steps(figures: Sequence[Figures]) -> Sheet:
    """Show each worker's steps where systems are compared; what no step counts is the rest."""
    at = closed(figures, "parley")
    shown = [at.get(COMPARED_AT) or at[max(at)]] if at else []
    rows = tuple(
        (f"{queue}: {step}", _whole(ms * 1e3))
        for figures_at in shown
        for queue in figures_at.batches
        for step, ms in worker_steps(figures_at, queue).items()
    )
    return Sheet("What a worker computes for a message", ("step", "µs CPU"), rows)


def _stages(figures: Sequence[Figures]) -> Sheet:
    chosen = [f for f in figures if f.stages_ms]
    names = tuple(chosen[0].stages_ms) if chosen else ()
    rows = tuple((_load(f), *(_one(f.stages_ms.get(name)) for name in names)) for f in chosen)
    return Sheet("Where a message's time goes in Parley, mean ms", ("load", *names), rows)


_LATENCY = ("p50 ms", "p95 ms", "p99 ms")
_COST = ("CPU ms", "batch", "pad", "RSS MB")


def _latency(figures: Figures) -> tuple[str, ...]:
    latency = figures.latency
    if latency is None:
        return (_NONE,) * 3
    return tuple(_significant(ms) for ms in (latency.p50_ms, latency.p95_ms, latency.p99_ms))


def _cost(figures: Figures) -> tuple[str, ...]:
    batches = figures.batches.get(keys.INFERENCE)
    waste = batches.padding_waste if batches else None
    return (
        _two(figures.system_cpu_ms or None),
        _one(batches.mean_batch if batches else None),
        _NONE if waste is None else f"{waste:.0%}",
        _whole(figures.system_rss_mb or None),
    )


def _who(figures: Figures) -> tuple[str, str]:
    """Return system and users; the ideal has processes in place of users."""
    if figures.system == IDEAL:
        return f"{IDEAL} ×{figures.users}", _NONE
    return figures.system, f"{figures.users:,}"


def _load(figures: Figures) -> str:
    rate = figures.offered_per_second
    return f"{figures.users:,} users" if rate is None else f"{rate:,.0f} arrivals/s"


def _formatter(pattern: str) -> Callable[[float | None], str]:
    return lambda value: _NONE if value is None else pattern.format(value)


_whole, _one, _two = _formatter("{:,.0f}"), _formatter("{:,.1f}"), _formatter("{:,.2f}")


def _significant(value: float) -> str:
    """Return three figures at least, and no more behind the point than that takes."""
    return f"{value:,.0f}" if value >= 100 else f"{value:.1f}" if value >= 10 else f"{value:.2f}"

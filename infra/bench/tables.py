"""A report as tables, for a terminal and for a page."""

from collections.abc import Callable, Sequence

from infra.bench.figures import Figures
from infra.bench.plan import IDEAL
from infra.bench.ratios import by_kind
from infra.bench.report import Report, worker_steps
from infra.bench.selection import COMPARED_AT, closed_loop, open_loop, users_in_words
from infra.tables import NO_VALUE, Table, markdown_page
from shared import keys


def tables(report: Report) -> list[Table]:
    """Return the tables that have any row, the most wanted first."""
    candidates = (
        _comparisons(report),
        by_kind(report.machine, report.ratios),
        _closed_loop(report.figures),
        _open_loop(report.figures),
        _second_looks(report.figures),
        _processes(report.figures),
        _steps(report.figures),
        _stages(report.figures),
    )
    return [table for table in candidates if table.rows]


def markdown(report: Report) -> str:
    """Return all tables as a page: the machine first, at the end what must be known of them."""
    head = f"Measured on {_place(report)}.\n\n"
    return head + markdown_page(tables(report)) + "".join(f"\n{note}\n" for note in notes(report))


def notes(report: Report) -> tuple[str, ...]:
    """Return sentences on what was left out, and on noise."""
    left_out = tuple(f"{name} was left out: {why}" for name, why in report.left_out.items())
    noise = noise_note(report)
    return (*left_out, noise) if noise else left_out


def noise_note(report: Report) -> str:
    """Return a sentence if other programs kept the machine busy, else nothing."""
    noisy = [f for f in report.figures if f.noisy]
    if not noisy:
        return ""
    most = max(f.other_cores for f in noisy)
    return (
        f"Other programs kept up to {most:.1f} of {report.machine.processors} processors busy "
        f"during {len(noisy)} of {len(report.figures)} measurements: those figures are unreliable."
    )


def _comparisons(report: Report) -> Table:
    rows = tuple((what, _significant(value)) for what, value in report.comparisons.items())
    return Table(f"At a glance, on {_place(report)}", ("figure", "value"), rows)


def _place(report: Report) -> str:
    """Return the machine and, if a worker named it, Parley's engine there."""
    engine = report.ratios.engine
    return report.machine.summary + (f", with {engine}" if engine else "")


def _closed_loop(figures: Sequence[Figures]) -> Table:
    chosen = [f for f in figures if f.offered_per_second is None]
    head = ("system", "users", "msg/s", *_LATENCY, "err", *_COST)
    rows = tuple(
        (*_who(f), _significant(f.messages_per_second), *_latency(f), str(f.errors), *_cost(f))
        for f in chosen
    )
    return Table("Closed loop: a number of users, each asks again once answered", head, rows)


def _open_loop(figures: Sequence[Figures]) -> Table:
    head = ("offered/s", "msg/s", "in time/s", *_LATENCY, "err", "late ms", *_COST[:3])
    rows = tuple(
        (
            _one(f.offered_per_second),
            _significant(f.messages_per_second) + (" *" if f.saturated else ""),
            _significant(f.goodput_per_second),
            *_latency(f),
            str(f.errors),
            _one(f.late_ms),
            *_cost(f)[:3],
        )
        for f in open_loop(figures, "parley")
    )
    title = "Open loop, Parley: arrivals at a fixed rate (* falls behind)"
    return Table(title, head, rows)


def _second_looks(figures: Sequence[Figures]) -> Table:
    """Show how many unsure messages a cascade looked at again; late: after the latency target."""
    rows = tuple(
        (
            _load(f),
            _percent(looks.asked, f.seconds * f.messages_per_second),
            _percent(looks.handed, looks.asked),
            _percent(looks.done, looks.asked),
            _percent(looks.late, looks.done),
        )
        for f in figures
        if (looks := f.second_looks) and looks.asked
    )
    head = ("load", "unsure", "handed over", "looked at again", "of these late")
    return Table("Second looks of a cascade", head, rows)


def _percent(part: float, whole: float) -> str:
    return f"{part / whole:.0%}" if whole else NO_VALUE


def _processes(figures: Sequence[Figures]) -> Table:
    """Show what each process costs, for each system at the users that are compared."""
    rows: list[tuple[str, ...]] = []
    for system in dict.fromkeys(f.system for f in figures if f.system != IDEAL):
        at = closed_loop(figures, system)
        if at:
            rows += _process_rows(at.get(COMPARED_AT) or at[max(at)])
    head = ("system and process", "CPU ms a message", "of it engine", "RSS MB")
    return Table("What each process costs", head, tuple(rows))


def _process_rows(figures: Figures) -> list[tuple[str, ...]]:
    engines = {queue: each.step_cpu_ms.get("engine") for queue, each in figures.batches.items()}
    return [
        (
            f"{figures.system}, {users_in_words(figures.users)}: {name}",
            _two(ms),
            _two(engines.get(name)),
            _whole(figures.rss_mb.get(name)),
        )
        for name, ms in figures.cpu_ms.items()
    ]


def _steps(figures: Sequence[Figures]) -> Table:
    """Show each worker's steps at the compared load; `rest` is what no step counts."""
    at = closed_loop(figures, "parley")
    shown = [at.get(COMPARED_AT) or at[max(at)]] if at else []
    rows = tuple(
        (f"{queue}: {step}", _whole(ms * 1e3))
        for figures_at in shown
        for queue in figures_at.batches
        for step, ms in worker_steps(figures_at, queue).items()
    )
    return Table("What a worker computes for a message", ("step", "µs CPU"), rows)


def _stages(figures: Sequence[Figures]) -> Table:
    chosen = [f for f in figures if f.stages_ms]
    names = tuple(chosen[0].stages_ms) if chosen else ()
    rows = tuple((_load(f), *(_one(f.stages_ms.get(name)) for name in names)) for f in chosen)
    return Table("Stages of a message in Parley, mean ms", ("load", *names), rows)


_LATENCY = ("p50 ms", "p95 ms", "p99 ms")
_COST = ("CPU ms", "batch", "pad", "RSS MB")


def _latency(figures: Figures) -> tuple[str, ...]:
    latency = figures.latency
    if latency is None:
        return (NO_VALUE,) * 3
    return tuple(_significant(ms) for ms in (latency.p50_ms, latency.p95_ms, latency.p99_ms))


def _cost(figures: Figures) -> tuple[str, ...]:
    batches = figures.batches.get(keys.INFERENCE)
    waste = batches.padding_waste if batches else None
    return (
        _two(figures.system_cpu_ms or None),
        _one(batches.mean_batch if batches else None),
        NO_VALUE if waste is None else f"{waste:.0%}",
        _whole(figures.system_rss_mb or None),
    )


def _who(figures: Figures) -> tuple[str, str]:
    """Return system and users; the ideal has processes instead of users."""
    if figures.system == IDEAL:
        return f"{IDEAL} ×{figures.users}", NO_VALUE
    return figures.system, f"{figures.users:,}"


def _load(figures: Figures) -> str:
    rate = figures.offered_per_second
    return users_in_words(figures.users) if rate is None else f"{rate:,.0f} arrivals/s"


def _formatter(pattern: str) -> Callable[[float | None], str]:
    return lambda value: NO_VALUE if value is None else pattern.format(value)


_whole, _one, _two = _formatter("{:,.0f}"), _formatter("{:,.1f}"), _formatter("{:,.2f}")


def _significant(value: float) -> str:
    """Return at least three significant digits."""
    return f"{value:,.0f}" if value >= 100 else f"{value:.1f}" if value >= 10 else f"{value:.2f}"

"""A report as pictures."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from infra.bench.figures import Figures
from infra.bench.plan import IDEAL
from infra.bench.report import Report
from infra.bench.selection import closed_loop, open_loop
from infra.plot_style import GRID, INK, STYLE

_COLOURS = {
    "parley": "#1f6feb",
    "mosec": "#3f8f5f",
    "stock": "#e08e0b",
    "tutorial": "#b4433a",
}


def draw(report: Report, folder: Path) -> list[Path]:
    """Write the pictures for which there are figures; return their paths."""
    import matplotlib as mpl

    mpl.use("Agg")  # no screen is needed
    from matplotlib import pyplot

    drawn = []
    with pyplot.rc_context(STYLE):
        for name, draw_one in (("throughput", _throughput), ("latency", _latency)):
            figure, axes = pyplot.subplots(figsize=(8, 4.5), layout="constrained")
            if draw_one(axes, report.figures):
                figure.supxlabel(report.machine.summary, fontsize=8, x=0.99, ha="right")
                path = folder / f"{name}.png"
                figure.savefig(path, dpi=150)
                drawn.append(path)
            pyplot.close(figure)
    return drawn


def _throughput(axes: Any, figures: Sequence[Figures]) -> bool:
    """Draw bars of messages a second, all systems at each number of users."""
    systems = [name for name in _COLOURS if closed_loop(figures, name)]
    counts = sorted({users for name in systems for users in closed_loop(figures, name)})
    if not systems:
        return False
    width = 0.8 / len(systems)
    for index, name in enumerate(systems):
        rates = [closed_loop(figures, name).get(users) for users in counts]
        heights = [f.messages_per_second if f else 0.0 for f in rates]
        left = [n - 0.4 + (index + 0.5) * width for n in range(len(counts))]
        bars = axes.bar(left, heights, width * 0.92, label=name, color=_COLOURS[name])
        axes.bar_label(bars, [f"{height:,.0f}" for height in heights], fontsize=8, padding=2)
    ideal = max((f.messages_per_second for f in figures if f.system == IDEAL), default=0.0)
    if ideal:
        axes.axhline(ideal, color=INK, linewidth=1, linestyle="--")
        note = f"the engine alone, no HTTP, no queue: {ideal:,.0f}"
        axes.text(-0.5, ideal, note, fontsize=8, va="bottom")
    axes.set_xticks(range(len(counts)), [f"{count:,}" for count in counts])
    axes.set(xlabel="users, each asks again once answered", title="Messages answered a second")
    axes.grid(axis="y", color=GRID)
    axes.set_axisbelow(True)
    axes.legend(loc="lower right", bbox_to_anchor=(1, 1), ncols=len(systems))
    return True


def _latency(axes: Any, figures: Sequence[Figures]) -> bool:
    """Draw latency over offered load; shade the loads of which not all is answered."""
    from matplotlib.ticker import LogLocator

    rated = [f for f in open_loop(figures, "parley") if f.latency]
    if not rated:
        return False
    offered = [f.offered_per_second or 0.0 for f in rated]
    for name, shade in (("p50_ms", 1.0), ("p95_ms", 0.65), ("p99_ms", 0.4)):
        values = [getattr(f.latency, name) for f in rated]
        label = name.removesuffix("_ms")
        axes.plot(
            offered, values, "o-", label=label, color=_COLOURS["parley"], alpha=shade, markersize=4
        )
    beyond = [f.offered_per_second or 0.0 for f in rated if f.saturated]
    if beyond:
        axes.axvspan(beyond[0], offered[-1], color="#b4433a", alpha=0.08, linewidth=0)
        at_the_foot = axes.get_xaxis_transform()
        axes.text(beyond[0], 0.02, " more than it can answer", fontsize=8, transform=at_the_foot)
    axes.set_yscale("log")
    axes.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axes.yaxis.set_major_formatter(lambda value, _: f"{value:,.0f}")
    axes.yaxis.set_minor_formatter("")
    axes.set(xlabel="arrivals a second", ylabel="ms", title="Parley: latency over offered load")
    axes.legend(loc="lower right", bbox_to_anchor=(1, 1), ncols=3)
    axes.grid(color=GRID, linewidth=0.5)
    axes.set_axisbelow(True)
    return True

"""A report's curves as pictures, where matplotlib is installed."""

from importlib.util import find_spec
from pathlib import Path
from typing import Any

from infra.evaluation.report import Curves, Report
from infra.plot_style import GRID, INK, STYLE

_COLOURS = ("#1f6feb", "#e08e0b", "#1f9e9e", "#b4433a", "#7b4fc9", "#6f7a89")


def draw(report: Report, folder: Path) -> list[Path]:
    """Write reliability and risk-coverage; return their paths, none without matplotlib."""
    curves = {each.name: each.curves for each in report.systems if each.curves}
    if not curves or find_spec("matplotlib") is None:
        return []
    import matplotlib as mpl

    mpl.use("Agg")  # no screen is needed
    from matplotlib import pyplot

    drawn = []
    with pyplot.rc_context(STYLE):
        for name, draw_one in (("reliability", _reliability), ("risk-coverage", _risk_coverage)):
            figure, axes = pyplot.subplots(figsize=(6.5, 4.5), layout="constrained")
            draw_one(axes, curves)
            axes.grid(color=GRID, linewidth=0.5)
            axes.set_axisbelow(True)
            axes.legend(loc="best")
            drawn.append(folder / f"{name}.png")
            figure.savefig(drawn[-1], dpi=150)
            pyplot.close(figure)
    return drawn


def _reliability(axes: Any, curves: dict[str, Curves]) -> None:
    """Draw how often a confidence is right; the larger a point, the more messages."""
    axes.plot([0, 1], [0, 1], "--", color=INK, linewidth=1, label="as right as it is sure")
    for (name, each), colour in zip(curves.items(), _COLOURS, strict=False):
        most = max(each.bin_rows) or 1
        sizes = [120 * rows / most + 6 for rows in each.bin_rows]
        axes.plot(each.bin_confidence, each.bin_right, color=colour, linewidth=1)
        axes.scatter(each.bin_confidence, each.bin_right, sizes, color=colour, label=name)
    axes.set(
        xlabel="confidence (mean of a bin)",
        ylabel="share that is right",
        xlim=(0, 1),
        ylim=(0, 1),
        title="Reliability",
    )


def _risk_coverage(axes: Any, curves: dict[str, Curves]) -> None:
    for (name, each), colour in zip(curves.items(), _COLOURS, strict=False):
        axes.step(each.coverage, each.risk, where="post", color=colour, label=name)
    axes.set(
        xlabel="share of messages answered, the surest first",
        ylabel="share of these answered wrongly",
        xlim=(0, 1),
        title="Risk and coverage",
    )
    axes.set_ylim(bottom=0)

"""A report's days, times and tones as pictures, where matplotlib is installed."""

from importlib.util import find_spec
from math import isnan
from pathlib import Path
from typing import Any

from infra.plot_style import GRID, STYLE
from infra.traffic.figures import Figures
from infra.traffic.report import Report

_RATES = {"resolved": "#1f9e9e", "reask": "#e08e0b", "fallback": "#b4433a", "handover": "#7b4fc9"}
_TONES = {"positive": "#1f9e9e", "neutral": "#c9d1dc", "negative": "#b4433a", "unknown": "#eef1f5"}
_KINDS = {
    "answer": "#1f6feb",
    "recall": "#7fb2ff",
    "smalltalk": "#c9d1dc",
    "clarify": "#e08e0b",
    "fallback": "#b4433a",
    "handover": "#7b4fc9",
}


def draw(report: Report, folder: Path) -> list[Path]:
    """Write the pictures; return their paths, none without matplotlib or replies."""
    if not report.groups[0].replies or find_spec("matplotlib") is None:
        return []
    import matplotlib as mpl

    mpl.use("Agg")  # no screen is needed
    from matplotlib import pyplot

    drawn = []
    with pyplot.rc_context(STYLE):
        for name, draw_one in (("rates", _rates), ("kinds", _kinds), ("tones", _tones)):
            figure, axes = pyplot.subplots(figsize=(7.5, 3.5), layout="constrained")
            draw_one(axes, report)
            axes.set_axisbelow(True)
            axes.legend(loc="upper left", bbox_to_anchor=(1, 1))
            drawn.append(folder / f"{name}.png")
            figure.savefig(drawn[-1], dpi=150)
            pyplot.close(figure)
    return drawn


def _rates(axes: Any, report: Report) -> None:
    """Draw each day's shares; a day without any has no point."""
    names = [day.name[5:] for day in report.days]
    for share, colour in _RATES.items():
        intervals = [day.shares[share] for day in report.days]
        axes.plot(names, [each.value for each in intervals], "o-", color=colour, label=share)
        known = [n for n, each in enumerate(intervals) if not isnan(each.value)]
        low, high = ([getattr(intervals[n], end) for n in known] for end in ("low", "high"))
        axes.fill_between([names[n] for n in known], low, high, color=colour, alpha=0.15)
    axes.grid(color=GRID, linewidth=0.5)
    axes.set(ylim=(0, 1), ylabel="share, with its 95 % interval", title="Days (UTC)")


def _kinds(axes: Any, report: Report) -> None:
    shares = {
        kind: [_share(group.kinds.get(kind, 0), group) for group in report.groups]
        for kind in _KINDS
    }
    _stack(axes, report, shares, _KINDS, "What messages got")


def _tones(axes: Any, report: Report) -> None:
    shares = {tone: [group.tones[tone] for group in report.groups] for tone in _TONES}
    _stack(axes, report, shares, _TONES, "Tone of messages")


def _stack(
    axes: Any, report: Report, shares: dict[str, list[float]], colours: dict[str, str], title: str
) -> None:
    names = [group.name for group in report.groups]
    left = [0.0] * len(names)
    for name, widths in shares.items():
        widths = [0.0 if isnan(width) else width for width in widths]
        axes.barh(names, widths, left=left, color=colours[name], label=name)
        left = [before + width for before, width in zip(left, widths, strict=True)]
    axes.invert_yaxis()
    axes.set(xlim=(0, 1), xlabel="share of replies", title=title)


def _share(amount: int, group: Figures) -> float:
    return amount / group.replies if group.replies else 0.0

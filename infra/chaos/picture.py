"""A campaign as a picture: answers a second, and every fault when it was injected."""

from pathlib import Path
from typing import Any

from infra.chaos.faults import GATEWAYS, GENERATION, INFERENCE, LARGE, MODEL_SERVER, REDIS
from infra.chaos.report import ChaosReport
from infra.plot_style import GRID, INK, STYLE

_ANSWERS, _ERRORS = "#1f6feb", "#b4433a"
_COLOURS = {
    "kill": "#b4433a",
    "outage": "#b4433a",
    "freeze": "#1f9e9e",
    "hang": "#1f9e9e",
    "restart": "#6f7a89",
    "cut": "#e08e0b",
    "refuse": "#e08e0b",
    "slow": "#e08e0b",
    "malformed": "#7b4fc9",
    "poison": "#7b4fc9",
    "crash": "#7b4fc9",
}
_VOICE = (*GENERATION, *MODEL_SERVER)
_ROWS = (REDIS, *INFERENCE, *LARGE, "sentiment", *GATEWAYS)
_MIN_SECONDS = 0.7  # of a bar, so that a moment can be seen


def draw(report: ChaosReport, path: Path) -> None:
    """Write the picture."""
    import matplotlib as mpl

    mpl.use("Agg")  # no screen is needed
    from matplotlib import pyplot

    with pyplot.rc_context(STYLE):
        figure, (above, below) = pyplot.subplots(
            2,
            1,
            figsize=(_width(report), 6),
            sharex=True,
            layout="constrained",
            height_ratios=(3, 2),
        )
        _draw_answers(above, report)
        _draw_faults(below, report)
        figure.savefig(path, dpi=150)
        pyplot.close(figure)


def _width(report: ChaosReport) -> float:
    """Return inches enough for the faults' names."""
    return min(24.0, max(11.0, len(report.timeline.answered) / 20))


def _draw_answers(axes: Any, report: ChaosReport) -> None:
    line, verdict = report.timeline, report.verdict
    seconds = range(len(line.answered))
    axes.fill_between(seconds, line.answered, step="mid", color=_ANSWERS, alpha=0.25, linewidth=0)
    axes.step(seconds, line.answered, where="mid", color=_ANSWERS, linewidth=1, label="answers")
    axes.step(
        seconds, line.trouble, where="mid", color=_ERRORS, linewidth=1, label="attempts that failed"
    )
    title = (
        f"seed {report.plan.seed}: {verdict.sent:,} messages, {len(report.injections)} faults – "
        f"{verdict.lost} lost, {verdict.doubled} doubled, {verdict.out_of_order} out of order"
    )
    axes.set(ylabel="a second", title=title)
    axes.set_ylim(bottom=0)
    axes.grid(axis="y", color=GRID)
    axes.legend(loc="lower right", bbox_to_anchor=(1, 1), ncols=2)


def _draw_faults(axes: Any, report: ChaosReport) -> None:
    """Draw each fault as a bar in its target's row, as long as it lasted."""
    rows = (*_ROWS, *_VOICE) if report.plan.voice else _ROWS
    free = dict.fromkeys(rows, 0.0)  # second from which a name has room above its bar
    for injection in report.injections:
        fault = injection.fault
        begin = injection.injected_at - report.timeline.began_at
        lasted = fault.seconds if injection.reverted_at else 0.0
        row = rows.index(fault.target)
        colour = _COLOURS[fault.action]
        axes.barh(row, max(lasted, _MIN_SECONDS), left=begin, height=0.55, color=colour)
        above = begin >= free[fault.target]
        free[fault.target] = begin + 1.2 * len(fault.action) if above else free[fault.target]
        height, edge = (-0.33, "bottom") if above else (0.31, "top")
        axes.text(begin, row + height, fault.action, fontsize=6, color=INK, va=edge)
    axes.set_yticks(range(len(rows)), rows)
    axes.invert_yaxis()
    axes.set(xlabel="seconds", title="faults")
    axes.grid(axis="x", color=GRID)
    axes.set_axisbelow(True)

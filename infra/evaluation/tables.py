"""A report's figures as tables of texts."""

from collections.abc import Iterator
from math import isnan

from infra.evaluation.report import Report
from infra.tables import NO_VALUE, Table
from workers.evaluation.comparison import Interval
from workers.evaluation.figure_names import FIGURES, FigureName


def tables(report: Report, *, intervals: bool = True) -> list[Table]:
    """Return a table for each kind of set, a column for each system."""
    head = "figure (95 % interval)" if intervals else "figure"
    return [
        Table(
            f"{kind.capitalize()}: {said}",
            (head, *(system.name for system in report.systems)),
            tuple(_rows(report, kind, intervals=intervals)),
        )
        for kind, said in report.rows.items()
    ]


def _rows(report: Report, kind: str, *, intervals: bool) -> Iterator[tuple[str, ...]]:
    names = report.systems[0].figures.get(kind, {})
    for name in (each for each in FIGURES if each in names):
        measured = [system.figures[kind][name] for system in report.systems]
        # A kind that no reply has says nothing, no more than what is not defined.
        never = name.startswith("kind_") and not any(each.value for each in measured)
        if not never and not all(isnan(interval.value) for interval in measured):
            figure = FIGURES[name]
            yield (
                figure.words,
                *(_show(interval, figure, whole=intervals) for interval in measured),
            )


def _show(interval: Interval, figure: FigureName, *, whole: bool) -> str:
    if isnan(interval.value):
        return NO_VALUE
    if figure.unit == "milliseconds":
        return f"{interval.value:.1f} ms"
    scale, form = (100.0, ".1f") if figure.unit == "share" else (1.0, ".3f")
    mark = " %" if figure.unit == "share" else ""
    value = f"{format(interval.value * scale, form)}{mark}"
    if not whole:
        return value
    low, high = (format(value * scale, form) for value in (interval.low, interval.high))
    return f"{value} ({low}–{high})"

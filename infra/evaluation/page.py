"""An evaluation's report as one HTML page."""

from collections.abc import Iterator, Sequence
from html import escape
from pathlib import Path

from infra.evaluation.report import Confusion, Report
from infra.evaluation.tables import tables
from infra.html_page import html_note, html_page, html_picture, html_sentences, html_table
from infra.tables import Table


def page(report: Report, pictures: Sequence[Path]) -> str:
    """Return the page, pictures and all."""
    return html_page("evaluation", _parts(report, pictures))


def _parts(report: Report, pictures: Sequence[Path]) -> Iterator[str]:
    yield "<h1>Evaluation</h1>"
    yield html_note(f"{report.made_at} · {', '.join(report.files)}")
    yield html_note(f"Knowledge base: {report.base}")
    yield from map(html_note, report.notes)
    if report.verdicts:
        sentences = [each.comparison.sentence for each in report.verdicts]
        yield f"<h2>What can be told</h2>{html_sentences(sentences)}"
    for table in tables(report):
        yield f"<h2>{escape(table.title)}</h2>{html_table(table)}"
    yield from map(html_picture, pictures)
    for system in report.systems:
        if system.confusions:
            yield f"<h2>Taken for another: {escape(system.name)}</h2>"
            yield html_table(_confusions(system.confusions), "words")


def _confusions(confusions: Sequence[Confusion]) -> Table:
    rows = tuple(
        (each.right, each.found, str(each.times), " · ".join(each.messages)) for each in confusions
    )
    return Table("", ("right", "found", "times", "messages"), rows)

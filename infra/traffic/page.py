"""A report as one HTML page."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from html import escape
from pathlib import Path

from infra.html_page import html_note, html_page, html_picture, html_sentences, html_table
from infra.tables import Table
from infra.traffic.report import Report
from infra.traffic.tables import tables


def page(report: Report, pictures: Sequence[Path]) -> str:
    """Return the page, pictures and all."""
    return html_page("report", _parts(report, pictures))


def _parts(report: Report, pictures: Sequence[Path]) -> Iterator[str]:
    yield "<h1>What became of messages</h1>"
    yield html_note(f"{report.first_day} to {report.last_day} (UTC) · made at {report.made_at}")
    if report.verdicts:
        sentences = [each.sentence for each in report.verdicts]
        yield f"<h2>How the variants compare</h2>{html_sentences(sentences)}"
    yield from map(html_note, report.notes)
    for table in tables(report):
        yield f"<h2>{escape(table.title)}</h2>{html_table(table)}"
    yield from map(html_picture, pictures)
    if report.comments:
        yield f"<h2>The last comments</h2>{html_table(_comments(report), 'words')}"


def _comments(report: Report) -> Table:
    rows = tuple(
        (
            datetime.fromtimestamp(each.at, UTC).strftime("%Y-%m-%d %H:%M"),
            str(each.score),
            each.comment,
            each.job_id,
        )
        for each in report.comments
    )
    return Table("", ("at (UTC)", "score", "comment", "job"), rows)

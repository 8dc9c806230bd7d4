"""A report as one HTML page that needs nothing but itself."""

from base64 import b64encode
from collections.abc import Iterator, Sequence
from html import escape
from pathlib import Path

from infra.evaluation.report import Confusion, Report
from infra.evaluation.tables import tables
from infra.tables import Table

_STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; color: #2b313b; max-width: 60rem; margin: 2rem auto;
       padding: 0 1rem; }
table { border-collapse: collapse; margin: 0.5rem 0 1.5rem; }
th, td { padding: 0.25rem 0.9rem 0.25rem 0; border-bottom: 1px solid #d9dee5; text-align: right;
         vertical-align: top; }
th:first-child, td:first-child, .words td, .words th { text-align: left; }
img { max-width: 100%; } .note { color: #6f7a89; }
"""


def page(report: Report, pictures: Sequence[Path]) -> str:
    """Return the page, pictures and all."""
    body = "\n".join(_parts(report, pictures))
    return (
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        f"<title>Parley: evaluation</title><style>{_STYLE}</style></head>\n<body>\n{body}\n"
        "</body></html>\n"
    )


def _parts(report: Report, pictures: Sequence[Path]) -> Iterator[str]:
    yield "<h1>Evaluation</h1>"
    yield f'<p class="note">{escape(report.made_at)} · {escape(", ".join(report.files))}<br>'
    yield f"Knowledge base: {escape(report.base)}</p>"
    yield from (f'<p class="note">{escape(note)}</p>' for note in report.notes)
    if report.verdicts:
        told = "".join(f"<li>{escape(each.comparison.sentence)}</li>" for each in report.verdicts)
        yield f"<h2>What can be told</h2><ul>{told}</ul>"
    for table in tables(report):
        yield f"<h2>{escape(table.title)}</h2>{_table(table)}"
    for picture in pictures:
        data = b64encode(picture.read_bytes()).decode()
        yield f'<img alt="{escape(picture.stem)}" src="data:image/png;base64,{data}">'
    for system in report.systems:
        if system.confusions:
            yield f"<h2>Taken for another: {escape(system.name)}</h2>"
            yield _confusions(system.confusions)


def _table(table: Table, kind: str = "") -> str:
    head = "".join(f"<th>{escape(cell)}</th>" for cell in table.head)
    rows = (f"<tr>{''.join(f'<td>{escape(c)}</td>' for c in row)}</tr>" for row in table.rows)
    return f'<table class="{kind}"><tr>{head}</tr>{"".join(rows)}</table>'


def _confusions(confusions: Sequence[Confusion]) -> str:
    rows = tuple(
        (each.right, each.found, str(each.times), " · ".join(each.messages)) for each in confusions
    )
    return _table(Table("", ("right", "found", "times", "messages"), rows), "words")

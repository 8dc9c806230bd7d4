"""A report of the voice as one HTML page."""

from collections.abc import Iterator
from html import escape

from infra.evaluation.voice.report import VoiceReport
from infra.evaluation.voice.tables import lie_words, miss_words, summary, tables
from infra.html_page import html_note, html_page, html_sentences, html_table
from infra.tables import Table


def page(report: VoiceReport) -> str:
    """Return the page."""
    return html_page("voice", _parts(report))


def _parts(report: VoiceReport) -> Iterator[str]:
    yield "<h1>Evaluation of the voice</h1>"
    yield html_note(f"{report.about.made_at} · {', '.join(report.about.files)}")
    yield html_note(f"Knowledge base: {report.about.base} · Model: {report.about.model}")
    yield html_sentences(sentence for sentence, _ in summary(report))
    for table in tables(report):
        yield f"<h2>{escape(table.title)}</h2>{html_table(table)}"
    if report.missed:
        rows = tuple(tuple(miss_words(each)) for each in report.missed)
        yield "<h2>Expectations that are not met</h2>"
        yield html_table(Table("", ("question", "what is wrong", "reply"), rows), "words")
    if report.reached:
        rows = tuple(tuple(lie_words(each)) for each in report.reached)
        yield "<h2>Falsehoods that were shown</h2>"
        yield html_table(Table("", ("falsehood", "what was said", "reply"), rows), "words")

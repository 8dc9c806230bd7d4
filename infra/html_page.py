"""One HTML page that needs nothing but itself: tables, and pictures inside it."""

from base64 import b64encode
from collections.abc import Iterable
from html import escape
from pathlib import Path

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


def html_page(title: str, parts: Iterable[str]) -> str:
    """Return the page; the parts are HTML."""
    body = "\n".join(parts)
    return (
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        f"<title>Parley: {escape(title)}</title><style>{_STYLE}</style></head>\n<body>\n{body}\n"
        "</body></html>\n"
    )


def html_table(table: Table, kind: str = "") -> str:
    """Return a table without its title; of kind `words` if it holds texts."""
    head = "".join(f"<th>{escape(cell)}</th>" for cell in table.head)
    rows = (f"<tr>{''.join(f'<td>{escape(c)}</td>' for c in row)}</tr>" for row in table.rows)
    return f'<table class="{kind}"><tr>{head}</tr>{"".join(rows)}</table>'


def html_sentences(sentences: Iterable[str]) -> str:
    """Return a list of sentences."""
    return f"<ul>{''.join(f'<li>{escape(sentence)}</li>' for sentence in sentences)}</ul>"


def html_note(text: str) -> str:
    """Return a line in grey."""
    return f'<p class="note">{escape(text)}</p>'


def html_picture(path: Path) -> str:
    """Return a PNG file as a part of the page."""
    data = b64encode(path.read_bytes()).decode()
    return f'<img alt="{escape(path.stem)}" src="data:image/png;base64,{data}">'

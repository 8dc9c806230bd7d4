"""A report of the voice on a screen: tables, then every miss in full."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from infra.cli.output import console
from infra.cli.tables import print_tables
from infra.evaluation.voice.tables import lie_words, miss_words, summary, tables

if TYPE_CHECKING:
    from rich.console import Console

    from infra.evaluation.voice.report import VoiceReport


def show_voice(report: "VoiceReport", written: Sequence[Path]) -> None:
    """Print a report and where it was written."""
    screen = console()
    for line in (f"Knowledge base: {report.about.base}", f"Model: {report.about.model}"):
        screen.print(line, highlight=False, markup=False)
    print_tables(tables(report), screen)
    _print_all("Expectations that are not met", map(miss_words, report.missed), screen)
    _print_all("Falsehoods that were shown", map(lie_words, report.reached), screen)
    for sentence, is_well in summary(report):
        screen.print(sentence, style="green" if is_well else "red", highlight=False)
    names = ", ".join(str(path) for path in written)
    screen.print(f"Written: {names}", highlight=False, markup=False, soft_wrap=True)


def _print_all(title: str, misses: Iterable[Sequence[str]], screen: "Console") -> None:
    from rich.padding import Padding
    from rich.text import Text

    listed = list(misses)
    screen.print(f"[bold]{title}[/]: {len(listed) or 'none'}", highlight=False)
    for asked, wrong, reply in listed:
        screen.print(Text(f"- {asked}"))
        screen.print(Padding(Text(wrong, style="yellow"), (0, 0, 0, 2), expand=False))
        screen.print(Padding(Text(reply, style="dim"), (0, 0, 1, 2), expand=False))
    if not listed:
        screen.print()

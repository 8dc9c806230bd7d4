"""The progress of long work: a bar on a terminal, a line per stage elsewhere."""

from typing import Self

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn


class StageProgress:
    """Show named stages; nothing is shown before the first one. A context manager."""

    def __init__(self, console: Console, title: str) -> None:
        self._console = console
        self._title = title
        self._bar = Progress(
            TextColumn("  {task.description}"),
            BarColumn(bar_width=24),
            TaskProgressColumn(),
            TimeElapsedColumn(),
            TextColumn("[dim]{task.fields[stage]}"),
            console=console,
            transient=True,
        )
        self._task = self._bar.add_task(title, total=1.0, stage="", start=False)
        self._begun = False
        self._stage = ""

    def update(self, stage: str, fraction: float) -> None:
        """Show a stage and the share done, 0 to 1."""
        if not self._console.is_terminal:
            self._print_once(stage)
            return
        if not self._begun:
            self._begun = True
            self._bar.start()
            self._bar.start_task(self._task)
        self._bar.update(self._task, completed=fraction, stage=stage)

    def _print_once(self, stage: str) -> None:
        if stage != self._stage:
            self._stage = stage
            self._console.print(f"  {self._title}: {stage}", highlight=False)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._begun:
            self._bar.stop()

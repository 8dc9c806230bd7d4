"""The progress of long work: a bar with the time left on a terminal, stages elsewhere."""

import time
from collections.abc import Callable
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn

_TOLD_FROM = 0.03  # of the work: before, the time left would be a guess
_TOLD_AFTER_SECONDS = 3.0


class StageProgress:
    """Show named stages; nothing is shown before the first one. A context manager.

    In a file or a pipe each stage is a line, unless `lines` is False: then there is nothing.
    """

    def __init__(
        self,
        console: Console,
        title: str,
        *,
        lines: bool = True,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._console = console
        self._title = title
        self._lines = lines
        self._clock = clock
        self._began_at = 0.0
        self._bar = Progress(
            TextColumn("  {task.description}"),
            BarColumn(bar_width=24),
            TaskProgressColumn(),
            TimeElapsedColumn(),
            TextColumn("[dim]{task.fields[left]}{task.fields[stage]}"),
            console=console,
            transient=True,
        )
        self._task = self._bar.add_task(title, total=1.0, stage="", left="", start=False)
        self._begun = False
        self._stage = ""

    def update(self, stage: str, fraction: float) -> None:
        """Show a stage and the share done, 0 to 1."""
        if not self._console.is_terminal:
            self._print_once(stage)
            return
        if not self._begun:
            self._begun = True
            self._began_at = self._clock()
            self._bar.start()
            self._bar.start_task(self._task)
        left = time_left(self._clock() - self._began_at, fraction)
        self._bar.update(self._task, completed=fraction, stage=stage, left=left)

    def _print_once(self, stage: str) -> None:
        if self._lines and stage != self._stage:
            self._stage = stage
            self._console.print(f"  {self._title}: {stage}", highlight=False)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._begun:
            self._bar.stop()


def time_left(seconds: float, fraction: float) -> str:
    """Return roughly how long the rest takes if it is as fast, nothing while that is a guess."""
    if fraction < _TOLD_FROM or fraction >= 1.0 or seconds < _TOLD_AFTER_SECONDS:
        return ""
    left = seconds * (1.0 - fraction) / fraction
    if left >= 90:
        return f"about {left / 60:.0f} min left · "
    return f"about {max(1, round(left / 5) * 5)} s left · "

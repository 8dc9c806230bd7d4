"""The view of `parley top` as lines on a terminal."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from rich.columns import Columns
from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from infra.top.view import QueueView, TopView, WorkerView

_NONE = "–"
_SIDE_BY_SIDE_COLUMNS = 100  # from here on, tables stand beside each other
_WITH_WORK_COLUMNS = 50
_WITH_ENGINE_COLUMNS = 70
_BAR = 10
_SPARKS = "▁▂▃▄▅▆▇█"
_SPARK_COLUMNS = 24
_BUSY = 0.9
_OLD_SECONDS = 2.0


@dataclass(slots=True)
class Screen:
    """Draws views; remembers how fast queues were of late."""

    title: str
    paces: dict[str, list[float]] = field(default_factory=dict)

    def remember(self, shown: TopView) -> None:
        """Take note of how fast each queue is."""
        for queue in shown.queues:
            pace = self.paces.setdefault(queue.name, [])
            pace.append(queue.answered_per_second or 0.0)
            del pace[:-_SPARK_COLUMNS]

    def draw(self, shown: TopView, clock: str, width: int, trouble: str | None) -> RenderableType:
        """Return all that fits this width, the most important first."""
        wide = width >= _SIDE_BY_SIDE_COLUMNS
        parts: list[RenderableType] = [self._head(shown, clock, width, trouble)]
        parts += _sentences(shown, trouble)
        if shown.queues:
            parts += ["", self._queues(shown.queues, width), ""]
            parts += [_workers(shown.workers, width)]
        details = [_stages(shown)] if shown.queues else []
        if shown.queues or shown.kinds_today:
            details += [_kinds(shown), _people(shown)]
        parts.append("")
        if wide:
            parts.append(Columns([Padding(each, (0, 4, 0, 0)) for each in details]))
        else:
            parts += [line for each in details for line in (each, "")]
        return Group(*parts)

    def _head(self, shown: TopView, clock: str, width: int, trouble: str | None) -> Text:
        word, colour = _state(shown, trouble)
        right = f"● {word}  {clock}"
        room = max(0, width - len(right) - len("Parley  ") - 1)
        left = self.title if len(self.title) <= room else self.title[: max(0, room - 1)] + "…"
        gap = " " * max(1, width - len("Parley  ") - len(left) - len(right))
        return Text.assemble(
            ("Parley  ", "bold"), (left, "dim"), gap, (f"● {word}", colour), (f"  {clock}", "dim")
        )

    def _queues(self, queues: Sequence[QueueView], width: int) -> Table:
        wide = width >= _SIDE_BY_SIDE_COLUMNS
        narrow = width < _WITH_WORK_COLUMNS
        table = _table("queue", "waiting", "oldest", *(() if narrow else ("work",)), "answered/s")
        if wide:
            table.add_column("", style="cyan")
        for queue in queues:
            late = "yellow" if queue.oldest_seconds > _OLD_SECONDS else ""
            cells: list[RenderableType] = [
                queue.name,
                Text(f"{queue.waiting:,}", "bold" if queue.waiting else ""),
                Text(_seconds(queue.oldest_seconds) if queue.waiting else _NONE, late),
                *([] if narrow else [_seconds(queue.work_seconds) if queue.waiting else _NONE]),
                _number(queue.answered_per_second),
            ]
            if wide:
                cells.append(_sparks(self.paces.get(queue.name, ())))
            table.add_row(*cells)
        return table


def print_plain(shown: TopView, title: str, clock: str, console: Console) -> None:
    """Print a view once; in a pipe without blanks at the ends of lines."""
    drawn = Screen(title).draw(shown, clock, console.width, None)
    if console.is_terminal:
        console.print(drawn)
        return
    with console.capture() as captured:
        console.print(drawn)
    for line in captured.get().splitlines():
        console.print(line.rstrip(), markup=False, highlight=False, soft_wrap=True)


def _state(shown: TopView, trouble: str | None) -> tuple[str, str]:
    if trouble:
        return "no gateway", "bold red"
    if shown.faults:
        return "degraded", "bold red"
    return ("look here", "bold yellow") if shown.warnings else ("ok", "bold green")


def _sentences(shown: TopView, trouble: str | None) -> Iterator[Text]:
    if trouble:
        yield Text(trouble, "red")
    for sentence in shown.faults:
        yield Text(sentence, "red")
    for sentence in shown.warnings:
        yield Text(sentence, "yellow")


def _workers(workers: Sequence[WorkerView], width: int) -> RenderableType:
    if not workers:
        return Text("No worker lives.", "dim")
    table = _table("worker", "busy", "msgs/s", "batch", "memory")
    with_engine, wide = width >= _WITH_ENGINE_COLUMNS, width >= _SIDE_BY_SIDE_COLUMNS
    if with_engine:
        table.add_column("engine", no_wrap=True, overflow="ellipsis")
    for worker in workers:
        busy = worker.busy_share
        engine = " · ".join(part for part in (worker.engine, worker.encoder) if part)
        share = Text(_percent(busy), "bold yellow" if (busy or 0.0) > _BUSY else "")
        table.add_row(
            Text(worker.id, "dim strike" if worker.is_paused else ""),
            Text.assemble((_bar(busy), "cyan"), " ", share) if wide else share,
            _number(worker.messages_per_second),
            _number(worker.batch_messages),
            _memory(worker.memory_bytes),
            *([Text(engine, "dim")] if with_engine else []),
        )
    return table


def _stages(shown: TopView) -> RenderableType:
    table = _table("ms an answer", "p50", "p95", "p99", caption=_of(shown))
    for stage in shown.stages:
        style = "bold" if stage.name == "total" else ""
        times = (stage.p50_seconds, stage.p95_seconds, stage.p99_seconds)
        table.add_row(Text(stage.name, style), *(Text(_ms(each), style) for each in times))
    if not shown.stages:
        return Text("No message was answered yet.", "dim")
    return table


def _of(shown: TopView) -> Text:
    seconds = shown.stages_of_seconds
    return Text(f"of the last {seconds:.0f} s" if seconds else "since the workers began")


def _kinds(shown: TopView) -> RenderableType:
    total = sum(shown.kinds_today.values())
    if not total:
        return Text("No answers today.", "dim")
    table = _table("answers today", "", "share")
    for kind, number in sorted(shown.kinds_today.items(), key=lambda each: -each[1]):
        table.add_row(kind, f"{number:,}", f"{number / total:.0%}")
    return table


def _people(shown: TopView) -> Table:
    waits = shown.handovers_open
    age = f"oldest {_seconds(shown.handovers_open_seconds)}" if waits else ""
    letters = shown.dead_letters
    table = _table("for people", "", "")
    table.add_row("handovers open", Text(f"{waits:,}", "bold yellow" if waits else ""), age)
    table.add_row("handovers claimed", f"{shown.handovers_claimed:,}", "")
    dead = Text(_NONE if letters is None else f"{letters:,}", "bold yellow" if letters else "")
    table.add_row("dead letters", dead, "")
    return table


def _table(first: str, *figures: str, caption: Text | None = None) -> Table:
    table = Table(
        box=None,
        padding=(0, 2, 0, 0),
        header_style="dim",
        pad_edge=False,
        caption=caption,
        caption_style="dim",
        caption_justify="left",
    )
    table.add_column(first, no_wrap=True, overflow="ellipsis")
    for name in figures:
        table.add_column(name, justify="right", no_wrap=True, min_width=max(len(name), 4))
    return table


def _bar(share: float | None) -> str:
    filled = round(min(1.0, share or 0.0) * _BAR)
    return "━" * filled + "╌" * (_BAR - filled)


def _sparks(paces: Sequence[float]) -> str:
    highest = max(paces, default=0.0)
    if highest <= 0:
        return ""
    return "".join(_SPARKS[round(pace / highest * (len(_SPARKS) - 1))] for pace in paces)


def _number(value: float | None) -> str:
    if value is None:
        return _NONE
    return f"{value:,.0f}" if value >= 100 else f"{value:.1f}"


def _percent(share: float | None) -> str:
    return _NONE if share is None else f"{share:.0%}"


def _ms(seconds: float) -> str:
    milliseconds = seconds * 1e3
    return f"{milliseconds:,.0f}" if milliseconds >= 10 else f"{milliseconds:.1f}"


def _seconds(seconds: float) -> str:
    if seconds >= 3_600:
        return f"{seconds / 3_600:.1f} h"
    if seconds >= 120:
        return f"{seconds / 60:.0f} min"
    return f"{seconds:.0f} s" if seconds >= 10 else f"{seconds:.1f} s"


def _memory(count: float | None) -> str:
    return _NONE if count is None else f"{count / 1e6:,.0f} MB"

"""What a person sees while the stack runs: state changes and warnings, nothing else."""

import contextlib
import os
import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from rich.console import Console, RenderableType
from rich.markup import escape
from rich.padding import Padding
from rich.table import Table

from infra.stack.logs import LogFolder
from infra.stack.part import Part, describe_exit
from infra.stack.settings import StackSettings


class Terminal:
    """Tell a person what becomes of the parts; an Observer."""

    def __init__(self, console: Console, logs: LogFolder) -> None:
        self._console = console
        self._logs = logs
        self._served: set[str] = set()

    def begin(self, settings: StackSettings) -> None:
        """Say that it starts, and where its data lie."""
        folder = escape(short_path(settings.data_folder))
        self._print(f"[bold]Starting Parley[/] [dim](data in {folder})[/]", highlight=False)

    def started(self, part: Part, pid: int) -> None:
        """Say nothing: what matters is when it serves."""

    def ready(self, part: Part, seconds: float) -> None:
        """Say that a part serves."""
        again = "again " if part.name in self._served else ""
        self._served.add(part.name)
        self._say(f"[green]✓[/] {part.name:<12} ready {again}after {seconds:.1f} s")

    def died(self, part: Part, code: int, wait_seconds: float) -> None:
        """Say how a part ended, why as far as its log tells, and when it comes back."""
        self._say(
            f"[yellow]![/] {part.name:<12} ended ({describe_exit(code)}); "
            f"restart in {wait_seconds:.0f} s · log: {short_path(self._logs.path(part.name))}"
        )
        if part.name not in self._served:
            self._quote(self._logs.tail(part.name, lines=4))

    def hung(self, part: Part, seconds: float) -> None:
        """Say that a part is restarted though it lives, and why."""
        self._say(f"[yellow]![/] {part.name:<12} has not answered for {seconds:.0f} s: killed")

    def killed(self, part: Part) -> None:
        """Say that a part did not stop by itself."""
        self._say(
            f"[yellow]![/] {part.name:<12} killed: not stopped after {part.stop_seconds:.0f} s"
        )

    def stopped(self, part: Part) -> None:
        """Say that a part has stopped."""
        self._say(f"[dim]· {part.name:<12} stopped[/]")

    def warn(self, text: str) -> None:
        """Say what is not as it should be but can be lived with."""
        self._say(f"[yellow]![/] {escape(text)}")

    @contextlib.contextmanager
    def waiting(self) -> Iterator[Callable[[str], None]]:
        """Show, on a terminal, what is waited for; yield the function that says what."""
        with self._console.status("") as status:
            yield lambda what: status.update(f"waiting for {what}")

    def stopping(self) -> None:
        """Say that the end has begun."""
        self._print("\n[bold]Stopping[/] [dim](Ctrl-C again: at once)[/]", highlight=False)

    def greet(self, settings: StackSettings, seconds: float) -> None:
        """Print where everything is and what to do first."""
        table = Table.grid(padding=(0, 3))
        table.add_column(style="dim")
        table.add_row("chat page", f"{settings.gateway_url}/")
        table.add_row("flower", settings.flower_url + _login_note(settings))
        table.add_row("redis", without_password(settings.redis_address))
        table.add_row("logs", short_path(settings.log_folder))
        ask = f'{command_prefix(settings)} ask "Where is my parcel?"'
        table.add_row("try", f"[bold]{escape(ask)}[/]")
        table.add_row("stop", "Ctrl-C")
        self._print(f"\n[bold green]Parley is ready[/] after {seconds:.1f} s\n")
        self._print(Padding(table, (0, 0, 1, 2)), highlight=False, soft_wrap=True)

    def _print(self, *things: RenderableType, **how: Any) -> None:
        """Print where a terminal still is: one that was closed must not keep us from stopping."""
        with contextlib.suppress(OSError, SystemExit):  # rich exits where a pipe has broken
            self._console.print(*things, **how)

    def _say(self, text: str) -> None:
        self._print(f"  {text}", highlight=False, soft_wrap=True)

    def _quote(self, text: str) -> None:
        for line in text.splitlines():
            self._say(f"    [dim]{escape(line)}[/]")


def command_prefix(settings: StackSettings) -> str:
    """Return how to call `parley` against this stack from another terminal."""
    port = "" if settings.http_port == 8000 else f"PARLEY_HTTP_PORT={settings.http_port} "
    return port + _program()


def short_path(path: Path) -> str:
    """Return a path as seen from here where that is shorter."""
    relative = os.path.relpath(path)
    return relative if not relative.startswith("..") else str(path)


def without_password(url: str) -> str:
    """Return an address that may be shown."""
    password = urlsplit(url).password
    return url.replace(f":{password}@", ":***@") if password else url


def _program() -> str:
    if shutil.which("parley"):
        return "parley"
    return short_path(Path(sys.executable).with_name("parley"))


def _login_note(settings: StackSettings) -> str:
    return (
        "" if settings.flower_basic_auth else "  [dim](set PARLEY_FLOWER_BASIC_AUTH to lock it)[/]"
    )

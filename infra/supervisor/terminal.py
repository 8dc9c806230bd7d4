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

from infra.supervisor.logs import LogFolder
from infra.supervisor.model import built_model
from infra.supervisor.service import Service, describe_exit
from infra.supervisor.settings import StackSettings
from workers.encoder_choice import chosen_encoder, is_built


class Terminal:
    """Print the events of the services; an Observer."""

    def __init__(self, console: Console, logs: LogFolder) -> None:
        self._console = console
        self._logs = logs
        self._ever_ready: set[str] = set()

    def begin(self, settings: StackSettings) -> None:
        """Print that the stack starts, and where its data is."""
        folder = escape(short_path(settings.data_folder))
        self._print(f"[bold]Starting Parley[/] [dim](data in {folder})[/]", highlight=False)

    def started(self, service: Service, pid: int) -> None:
        """Print nothing: what matters is when it is ready."""

    def ready(self, service: Service, seconds: float) -> None:
        """Print that a service is ready."""
        again = "again " if service.name in self._ever_ready else ""
        self._ever_ready.add(service.name)
        self._print_line(f"[green]✓[/] {service.name:<12} ready {again}after {seconds:.1f} s")

    def died(self, service: Service, code: int, wait_seconds: float) -> None:
        """Print how a service ended and when it comes back; its log if it was never ready.

        One that cannot start as it is set up does not come back: why is told when the stack ends.
        """
        if code == os.EX_CONFIG and service.name not in self._ever_ready:
            return
        restart = f"restart in {wait_seconds:.0f} s" if wait_seconds else "restarted at once"
        self._print_line(
            f"[yellow]![/] {service.name:<12} ended ({describe_exit(code)}); "
            f"{restart} · log: {short_path(self._logs.path(service.name))}"
        )
        if service.name not in self._ever_ready:
            self._quote(self._logs.tail(service.name, lines=4))

    def hung(self, service: Service, seconds: float) -> None:
        """Print that a service is killed because it does not answer."""
        self._print_line(
            f"[yellow]![/] {service.name:<12} has not answered for {seconds:.0f} s: killed"
        )

    def killed(self, service: Service) -> None:
        """Print that a service did not stop in time."""
        self._print_line(
            f"[yellow]![/] {service.name:<12} killed: "
            f"not stopped after {service.stop_seconds:.0f} s"
        )

    def stopped(self, service: Service) -> None:
        """Print that a service has stopped."""
        self._print_line(f"[dim]· {service.name:<12} stopped[/]")

    def warn(self, text: str) -> None:
        """Print a warning."""
        self._print_line(f"[yellow]![/] {escape(text)}")

    @contextlib.contextmanager
    def waiting(self) -> Iterator[Callable[[str], None]]:
        """Show on a terminal what is waited for; yield the function that sets it."""
        with self._console.status("") as status:
            yield lambda what: status.update(f"waiting for {what}")

    def stopping(self) -> None:
        """Print that the stack stops."""
        self._print("\n[bold]Stopping[/] [dim](Ctrl-C again: at once)[/]", highlight=False)

    def print_banner(self, settings: StackSettings, seconds: float) -> None:
        """Print all addresses and a first command."""
        table = Table.grid(padding=(0, 3))
        table.add_column(style="dim")
        table.add_row("chat page", f"{settings.gateway_url}/")
        table.add_row("desk", f"{settings.gateway_url}/desk")
        table.add_row("dashboard", f"{settings.gateway_url}/dashboard")
        table.add_row("flower", settings.flower_url + _login_note(settings))
        table.add_row("redis", without_password(settings.redis_address))
        table.add_row("encoder", _encoder(settings))
        if settings.llm_address:
            table.add_row("voice", _voice(settings))
        table.add_row("logs", short_path(settings.log_folder))
        ask = f'{command_prefix(settings)} ask "Where is my parcel?"'
        table.add_row("try", f"[bold]{escape(ask)}[/]")
        if built_model(settings.large_model_folder) is None:
            table.add_row("more", "[bold]make run LARGE=1[/]: an encoder that is right more often")
        table.add_row("stop", "Ctrl-C")
        self._print(f"\n[bold green]Parley is ready[/] after {seconds:.1f} s\n")
        self._print(Padding(table, (0, 0, 1, 2), expand=False), highlight=False, soft_wrap=True)

    def _print(self, *things: RenderableType, **options: Any) -> None:
        """Print to the terminal; a closed one must not keep the stack from stopping."""
        with contextlib.suppress(OSError, SystemExit):  # rich exits on a broken pipe
            self._console.print(*things, **options)

    def _print_line(self, text: str) -> None:
        self._print(f"  {text}", highlight=False, soft_wrap=True)

    def _quote(self, text: str) -> None:
        for line in text.splitlines():
            self._print_line(f"    [dim]{escape(line)}[/]")


def command_prefix(settings: StackSettings) -> str:
    """Return how to call `parley` against this stack from another terminal."""
    port = "" if settings.http_port == 8000 else f"PARLEY_HTTP_PORT={settings.http_port} "
    return port + _program()


def short_path(path: Path) -> str:
    """Return a path relative to the working folder if it lies below it."""
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


def _encoder(settings: StackSettings) -> str:
    choice = chosen_encoder(settings)
    if choice == "cascade":
        return "cascade: small, and large for what that is not sure of"
    if choice == "small" and not is_built(settings.large_model_folder):
        return "small  [dim](parley model build --encoder large adds the large one)[/]"
    return choice


def _voice(settings: StackSettings) -> str:
    own = settings.llm_gguf if settings.serves_language_model else None
    model = own.name if own else settings.llm_model or "the first model"
    return escape(f"{model} at {settings.llm_address}")


def _login_note(settings: StackSettings) -> str:
    return (
        "" if settings.flower_basic_auth else "  [dim](set PARLEY_FLOWER_BASIC_AUTH to lock it)[/]"
    )

"""`parley top`: what a running Parley does, live."""

import time
from typing import TYPE_CHECKING, Annotated

import typer

from infra.cli.exit_status import ExitStatus
from infra.cli.talk import Url, connect_to_gateway

if TYPE_CHECKING:
    from collections.abc import Callable

    from rich.console import Console

    from infra.cli.keyboard import Keyboard
    from infra.top.view import TopView
    from infra.top.watching import Watcher

_CLOCK = "%H:%M:%S"
_REDRAW_SECONDS = 0.5  # how late a resized terminal is filled again


def top(
    interval: Annotated[
        float, typer.Option(min=0.2, max=3_600, help="Seconds between two looks.")
    ] = 2.0,
    once: Annotated[
        bool, typer.Option("--once", help="Look twice, an interval apart, show that and end.")
    ] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="JSON, a line for each look; with --once one object.")
    ] = False,
    url: Url = None,
) -> None:
    """Watch queues, workers, times and answers; q or Ctrl-C ends it.

    Read from the gateway's /metrics, as Prometheus does, so it also works from another machine.
    Where keys are asked for, PARLEY_API_KEY needs the scope metrics or admin.

    With --once the exit status is 6 if Redis or a worker that is needed is missing.

    [bold]Examples[/]

        parley top
        parley top --interval 10 --url https://chat.example.org
        parley top --once --json | jq '.queues[] | {name, waiting}'
    """
    from infra.cli.output import console, print_json, print_json_line
    from infra.top.screen import print_plain
    from infra.top.watching import Watcher

    client, screen = connect_to_gateway(url), console()
    watcher = Watcher(lambda: client.text("/metrics"), time.monotonic)
    shown = watcher.look()
    if once:
        time.sleep(interval)
        shown = watcher.look()
        if as_json:
            print_json(shown)
        else:
            print_plain(shown, client.url, time.strftime(_CLOCK), screen)
        raise typer.Exit(ExitStatus.DEGRADED if shown.faults else ExitStatus.DONE)
    if as_json or not screen.is_terminal:
        _print_each(
            watcher,
            print_json_line
            if as_json
            else lambda each: print_plain(each, client.url, time.strftime(_CLOCK), screen),
            interval,
        )
        return
    _stay(watcher, shown, client.url, screen, interval)


def _print_each(watcher: "Watcher", show: "Callable[[TopView], None]", interval: float) -> None:
    """Print a look each interval until somebody ends it."""
    try:
        while True:
            time.sleep(interval)
            show(watcher.look())
    except KeyboardInterrupt:
        return


def _stay(
    watcher: "Watcher", shown: "TopView", title: str, screen: "Console", interval: float
) -> None:
    """Show a changing view until q or Ctrl-C; a gateway that goes away is waited for."""
    from contextlib import suppress

    from rich.live import Live

    from infra.cli.keyboard import Keyboard
    from infra.top.screen import Screen
    from shared.errors import GatewayUnavailable

    drawing, trouble = Screen(title), None
    with (
        suppress(KeyboardInterrupt),
        Keyboard() as keyboard,
        Live(console=screen, screen=True, auto_refresh=False) as live,
    ):

        def show() -> None:
            clock = time.strftime(_CLOCK)
            live.update(drawing.draw(shown, clock, screen.width, trouble), refresh=True)

        while True:
            drawing.remember(shown)
            if _wait_for_end(keyboard, interval, show):
                return
            try:
                shown, trouble = watcher.look(), None
            except GatewayUnavailable as error:
                trouble = str(error)


def _wait_for_end(keyboard: "Keyboard", seconds: float, show: "Callable[[], None]") -> bool:
    """Show again and again until the time is over; return whether q was pressed."""
    until = time.monotonic() + seconds
    while (left := until - time.monotonic()) > 0:
        show()
        if keyboard.pressed(min(left, _REDRAW_SECONDS)) in ("q", "Q"):
            return True
    return False

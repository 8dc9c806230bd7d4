"""What a customer or a stranger's server wrote never controls the terminal that shows it."""

import io
import json
from collections.abc import Callable

import pytest
from rich.live import Live
from rich.markdown import Markdown
from rich.table import Table

from infra.cli.output import console, print_json, print_json_line
from infra.cli.safe_console import SafeConsole
from tests.support.played_events import REPLY, Played, played_gateway

Parley = Callable[..., tuple[int, str, str]]

HOSTILE = "one\x1b[2J\x1b]0;mine\x07 \x9b31m two\x7f\u202e three\rfour\x08"
OBEYED = "\x00\x07\x08\x0b\x0c\r\x1b\x7f\x84\x9b\x9d\u202e\u2066"


def shows_alone(text: str) -> bool:
    """Tell whether the words are there, and nothing that a terminal obeys."""
    return "three" in text and not set(OBEYED) & set(text)


@pytest.mark.parametrize("markup", [True, False])
def test_texts_are_printed_without_what_a_terminal_obeys(markup: bool) -> None:
    screen = SafeConsole(file=io.StringIO(), width=80)
    table = Table()
    table.add_column(HOSTILE)
    table.add_row(HOSTILE)
    for each in (HOSTILE, Markdown(HOSTILE), Markdown(f"[{HOSTILE}](http://a/\x1b[2J)"), table):
        with screen.capture() as captured:
            screen.print(each, markup=markup)
        assert shows_alone(captured.get())


def test_tabs_lines_and_styles_stay() -> None:
    screen = SafeConsole(file=io.StringIO(), width=80, force_terminal=True, color_system="standard")
    with screen.capture() as captured:
        screen.print("one\n[red]two[/]")
    assert captured.get() == "one\n\x1b[31mtwo\x1b[0m\n"


def test_a_live_view_still_moves_the_cursor() -> None:
    screen = SafeConsole(file=io.StringIO(), width=80, force_terminal=True)
    with screen.capture() as captured, Live("first", console=screen, auto_refresh=False) as live:
        live.update("second", refresh=True)
    assert "\x1b[2K" in captured.get()


def test_all_commands_print_so() -> None:
    assert isinstance(console(), SafeConsole)


@pytest.mark.parametrize("show", [print_json, print_json_line])
def test_json_is_the_same_text_and_obeyed_by_no_terminal(
    show: Callable[[object], None], capsys: pytest.CaptureFixture[str]
) -> None:
    show({HOSTILE: [HOSTILE]})
    out = capsys.readouterr().out
    assert shows_alone(out)
    assert json.loads(out) == {HOSTILE: [HOSTILE]}


def test_a_strangers_reply_and_refusal_are_shown_alone(parley: Parley) -> None:
    with played_gateway() as (url, script):
        reply = {**REPLY, "response": HOSTILE}
        script.play("POST /chat", Played(200, reply), Played(503, {"detail": HOSTILE}))
        assert shows_alone(parley("ask", "Where?", "--url", url)[1])
        assert shows_alone(parley("ask", "Where?", "--url", url)[2])

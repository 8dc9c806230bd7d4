"""The progress of long work: the time left on a terminal, little or nothing elsewhere."""

import io

import pytest
from rich.console import Console

from infra.supervisor.progress import StageProgress, time_left


@pytest.mark.parametrize(
    ("seconds", "fraction", "told"),
    [
        (1.0, 0.5, ""),  # too early to tell
        (60.0, 0.01, ""),
        (60.0, 1.0, ""),
        (30.0, 0.5, "about 30 s left · "),
        (59.0, 0.9, "about 5 s left · "),
        (99.0, 0.99, "about 1 s left · "),
        (60.0, 0.1, "about 9 min left · "),
    ],
)
def test_the_time_left_is_told_once_it_is_no_guess(
    seconds: float, fraction: float, told: str
) -> None:
    assert time_left(seconds, fraction) == told


def shown(*, is_terminal: bool, lines: bool = True) -> str:
    screen = Console(file=io.StringIO(), width=100, force_terminal=is_terminal)
    times = iter([0.0, 0.0, 20.0, 30.0])
    with StageProgress(screen, "Building", lines=lines, clock=lambda: next(times)) as progress:
        for stage, fraction in (("weights", 0.1), ("graph", 0.5), ("graph", 0.75)):
            progress.update(stage, fraction)
    return screen.file.getvalue()  # type: ignore[attr-defined,no-any-return]


def test_a_terminal_gets_a_bar() -> None:
    assert "about 10 s left · graph" in shown(is_terminal=True)


def test_a_pipe_gets_a_line_for_each_stage_or_nothing() -> None:
    assert shown(is_terminal=False) == "  Building: weights\n  Building: graph\n"
    assert shown(is_terminal=False, lines=False) == ""

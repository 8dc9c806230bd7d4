"""One batch at a time is on an engine, and messages come before what can wait."""

import threading
from collections.abc import Callable
from contextlib import suppress

from workers.engines.turns import Turns


def begin(run: Callable[[], None]) -> threading.Thread:
    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    return thread


def test_who_comes_first_goes_before_all_who_can_wait() -> None:
    turns, order = Turns(), list[str]()

    def patient() -> None:
        with turns.behind():
            order.append("behind")

    def urgent() -> None:
        with turns.first():
            order.append("first")

    with turns.first():
        waiting = [begin(patient), begin(patient), begin(urgent)]
        while not turns.first_waits:
            pass
        assert order == []
    for thread in waiting:
        thread.join(10)
    assert order == ["first", "behind", "behind"]


def test_a_turn_ends_also_with_an_error() -> None:
    turns, done = Turns(), list[str]()
    for turn in (turns.first, turns.behind):
        with suppress(ValueError), turn():
            done.append("begun")
            int("no number")
    with turns.behind():
        done.append("had")
    assert done == ["begun", "begun", "had"]

"""The circuit breaker of a language model's server."""

from tests.fakes.clock import ManualClock
from workers.voice.breaker import Breaker, Try


def admitted(breaker: Breaker) -> Try:
    attempt = breaker.admit()
    assert attempt
    return attempt


def opened(clock: ManualClock) -> Breaker:
    """Return a breaker that two failures have opened, for a second."""
    breaker = Breaker(clock, failures=2, first_pause_seconds=1, longest_pause_seconds=3)
    for _ in range(2):
        breaker.fail(admitted(breaker))
    return breaker


def test_failures_in_a_row_open_it() -> None:
    breaker = Breaker(ManualClock(), failures=3)
    told = [breaker.fail(admitted(breaker)) for _ in range(3)]
    assert told == [False, False, True]
    assert breaker.is_open
    assert breaker.admit() is None


def test_failures_in_between_do_not() -> None:
    breaker = Breaker(ManualClock(), failures=2)
    for _ in range(5):
        breaker.fail(admitted(breaker))
        breaker.succeed(admitted(breaker))
    assert not breaker.is_open


def test_after_a_pause_one_try_is_let_through() -> None:
    clock = ManualClock()
    breaker = opened(clock)
    clock.advance(0.9)
    assert breaker.is_open
    clock.advance(0.1)
    assert not breaker.is_open  # a worker may offer itself for the one try
    admitted(breaker)
    assert breaker.is_open
    assert breaker.admit() is None


def test_a_try_that_succeeds_closes_it() -> None:
    clock = ManualClock()
    breaker = opened(clock)
    clock.advance(1)
    breaker.succeed(admitted(breaker))
    assert admitted(breaker) == admitted(breaker)
    assert breaker.pause_seconds == 0
    assert not breaker.fail(admitted(breaker))  # it counts from the beginning


def test_pauses_grow_up_to_a_bound_and_begin_anew() -> None:
    clock = ManualClock()
    breaker = opened(clock)
    pauses = []
    for _ in range(4):
        pauses.append(breaker.pause_seconds)
        clock.advance(breaker.pause_seconds)
        assert breaker.fail(admitted(breaker))
    assert pauses == [1, 2, 3, 3]
    clock.advance(3)
    breaker.succeed(admitted(breaker))
    for _ in range(2):
        breaker.fail(admitted(breaker))
    assert breaker.pause_seconds == 1


def test_a_try_that_says_nothing_makes_room_for_the_next() -> None:
    clock = ManualClock()
    breaker = opened(clock)
    clock.advance(1)
    breaker.abandon(admitted(breaker))
    assert not breaker.is_open
    breaker.succeed(admitted(breaker))
    assert breaker.pause_seconds == 0


def test_what_began_before_it_opened_counts_no_more() -> None:
    clock = ManualClock()
    breaker = Breaker(clock, failures=1, first_pause_seconds=1)
    slow, late, fast = (admitted(breaker) for _ in range(3))
    breaker.fail(fast)
    breaker.succeed(slow)
    assert breaker.is_open
    clock.advance(1)
    admitted(breaker)
    assert not breaker.fail(late)
    breaker.abandon(late)
    assert breaker.is_open  # the one try is still out
    assert breaker.pause_seconds == 0

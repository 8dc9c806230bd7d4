"""The gate that repeats a full queue's refusal for a moment: when it closes, and when it opens."""

from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.partitioned.jobs import PartitionedAdmission
from gateway.queue.admission_gate import (
    ANSWER_SECONDS,
    HALF_OPEN_SECONDS,
    MAX_CLOSED_SECONDS,
    QUIET_SECONDS,
    SHARE_OF_RETRY,
    UNHEARD_SECONDS,
    AdmissionGate,
)
from shared.errors import AdmissionRefused
from tests.fakes.clock import ManualClock

FULL = AdmissionRefused("full", 10.0)


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def gate(clock: ManualClock) -> AdmissionGate:
    return AdmissionGate(clock)


def let_in(gate: AdmissionGate, arrivals: int, tenant: str = "acme") -> int:
    """Return how many of the arrivals go to the queue."""
    return sum(gate.enter(tenant) is None for _ in range(arrivals))


def taken(gate: AdmissionGate, messages: int) -> None:
    for _ in range(messages):
        gate.hear("acme", None)


def test_it_is_open_until_the_queue_refuses(gate: AdmissionGate) -> None:
    taken(gate, 3)
    assert let_in(gate, 100) == 100


def test_a_refusal_is_repeated_word_for_word(gate: AdmissionGate) -> None:
    gate.hear("acme", FULL)
    assert gate.enter("acme") is FULL
    assert gate.refusal("acme") is FULL


def test_only_the_tenant_that_was_refused_is_refused(gate: AdmissionGate) -> None:
    gate.hear("acme", FULL)
    assert gate.enter("beta") is None
    assert let_in(gate, 5, "beta") == 5


@pytest.mark.parametrize(
    ("told", "closed"),
    [(1.0, SHARE_OF_RETRY), (2.0, 2 * SHARE_OF_RETRY), (60.0, MAX_CLOSED_SECONDS)],
)
def test_it_closes_for_a_share_of_what_the_client_is_told(
    gate: AdmissionGate, clock: ManualClock, told: float, closed: float
) -> None:
    gate.hear("acme", AdmissionRefused("full", told))
    clock.advance(0.99 * closed)
    assert let_in(gate, 5) == 0
    clock.advance(0.02 * closed)
    assert let_in(gate, 5) == 1


def test_refusals_of_what_was_under_way_do_not_close_it_for_longer(
    gate: AdmissionGate, clock: ManualClock
) -> None:
    gate.hear("acme", FULL)
    clock.advance(0.9 * MAX_CLOSED_SECONDS)
    gate.hear("acme", FULL)
    clock.advance(0.2 * MAX_CLOSED_SECONDS)
    assert gate.enter("acme") is None


def test_then_it_lets_in_as_many_as_were_taken_the_last_time(
    gate: AdmissionGate, clock: ManualClock
) -> None:
    gate.hear("acme", FULL)
    clock.advance(1.01 * MAX_CLOSED_SECONDS)
    assert let_in(gate, 10) == 1
    taken(gate, 16)
    gate.hear("acme", FULL)
    clock.advance(1.01 * MAX_CLOSED_SECONDS)
    assert let_in(gate, 50) == 16


def test_while_it_is_half_open_it_lets_in_what_comes_free_and_a_little_more(
    gate: AdmissionGate, clock: ManualClock
) -> None:
    gate.hear("acme", FULL)
    clock.advance(0.1)
    taken(gate, 20)  # 200 a second
    gate.hear("acme", FULL)
    clock.advance(0.1)
    assert let_in(gate, 50) == 20
    clock.advance(0.1)
    taken(gate, 19)
    assert let_in(gate, 50) == 0  # one is not heard of yet
    taken(gate, 1)
    assert let_in(gate, 50) == 21
    taken(gate, 21)
    clock.advance(0.1)
    assert let_in(gate, 50) == 22


def test_a_queue_that_takes_few_is_not_asked_more_often(
    gate: AdmissionGate, clock: ManualClock
) -> None:
    gate.hear("acme", FULL)
    clock.advance(0.1)
    taken(gate, 1)  # ten a second
    gate.hear("acme", FULL)
    clock.advance(0.6 * 0.1)
    assert let_in(gate, 50) == 0
    clock.advance(0.5 * 0.1)
    assert let_in(gate, 50) == 1


def test_a_refusal_that_comes_late_does_not_make_it_forget_how_many_are_taken(
    gate: AdmissionGate, clock: ManualClock
) -> None:
    gate.hear("acme", FULL)
    clock.advance(0.1)
    taken(gate, 20)
    gate.hear("acme", FULL)
    clock.advance(0.1)
    gate.hear("acme", FULL)  # of a message that was under way
    clock.advance(0.1)
    assert let_in(gate, 50) == 10


def test_what_the_queue_never_heard_of_holds_nobody_up(
    gate: AdmissionGate, clock: ManualClock
) -> None:
    gate.hear("acme", FULL)
    clock.advance(1.01 * MAX_CLOSED_SECONDS)
    assert let_in(gate, 5) == 1  # its body was not valid, for example
    clock.advance(1.01 * ANSWER_SECONDS)
    assert let_in(gate, 5) == 1


def test_it_opens_wholly_once_the_queue_has_taken_all_for_a_while(
    gate: AdmissionGate, clock: ManualClock
) -> None:
    gate.hear("acme", FULL)
    clock.advance(1.01 * MAX_CLOSED_SECONDS)
    for let in (1, 2, 4, 8, 16):
        assert let_in(gate, 100) == let
        taken(gate, let)
        clock.advance(1.01 * HALF_OPEN_SECONDS / 5)
    assert let_in(gate, 100) == 100


def test_it_opens_wholly_after_a_pause(gate: AdmissionGate, clock: ManualClock) -> None:
    gate.hear("acme", FULL)
    clock.advance(QUIET_SECONDS)
    assert let_in(gate, 100) == 100


def test_the_delay_of_a_busy_process_is_not_taken_for_room(
    gate: AdmissionGate, clock: ManualClock
) -> None:
    gate.hear("acme", FULL)
    for _ in range(4):
        clock.advance(0.9 * QUIET_SECONDS)  # until its next message is looked at
        assert let_in(gate, 1_000) == 1
        clock.advance(2 * HALF_OPEN_SECONDS)  # until the queue's answer is
        gate.hear("acme", FULL)


def test_it_opens_wholly_where_nothing_is_heard(gate: AdmissionGate, clock: ManualClock) -> None:
    gate.hear("acme", FULL)
    clock.advance(1.01 * MAX_CLOSED_SECONDS)
    rounds = int(UNHEARD_SECONDS / ANSWER_SECONDS)
    assert [let_in(gate, 9) for _ in _ticks(clock, rounds)] == [1] * rounds
    assert let_in(gate, 100) == 100


def _ticks(clock: ManualClock, rounds: int) -> Iterator[None]:
    for _ in range(rounds):
        yield
        clock.advance(1.001 * ANSWER_SECONDS)


steps = st.lists(
    st.one_of(
        st.tuples(st.just("hear"), st.booleans()),
        st.tuples(st.just("enter"), st.booleans()),
        st.tuples(st.just("advance"), st.floats(0, 0.2)),
    ),
    max_size=60,
)


@given(steps, st.floats(0, 120))
def test_after_a_refusal_the_queue_is_asked_again_soon_and_then_about_all(
    done: list[tuple[str, float]], told: float
) -> None:
    clock = ManualClock()
    gate, refused = AdmissionGate(clock), AdmissionRefused("full", told)
    for step, value in done:
        if step == "hear":
            gate.hear("acme", refused if value else None)
        elif step == "enter":
            gate.enter("acme")
        else:
            clock.advance(value)
    clock.advance(MAX_CLOSED_SECONDS + ANSWER_SECONDS)
    for _ in range(6):
        entered = let_in(gate, 50)
        assert entered >= 1
        taken(gate, entered)
        clock.advance(ANSWER_SECONDS)
    assert let_in(gate, 1_000) == 1_000


@given(st.integers(1, 200), st.integers(1, 40))
def test_a_queue_that_has_room_again_is_found_out_while_it_is_half_open(
    room: int, arrivals: int
) -> None:
    clock = ManualClock()
    gate = AdmissionGate(clock)
    gate.hear("acme", FULL)
    clock.advance(MAX_CLOSED_SECONDS + 0.001)
    entered = 0
    for _ in range(4):
        now = let_in(gate, arrivals)
        taken(gate, min(now, room))
        entered += now
        clock.advance(ANSWER_SECONDS)
    assert entered >= 4


def test_where_partitions_differ_one_with_room_is_enough(clock: ManualClock) -> None:
    full, other = AdmissionGate(clock), AdmissionGate(clock)
    both = PartitionedAdmission([full, other])
    full.hear("acme", FULL)
    assert both.enter("acme") is None
    sooner = AdmissionRefused("full", 5.0)
    other.hear("acme", sooner)
    assert both.enter("acme") is sooner
    clock.advance(1.01 * MAX_CLOSED_SECONDS)
    assert [both.enter("acme") for _ in range(2)] == [None, None]  # one of each
    assert both.enter("acme") is sooner

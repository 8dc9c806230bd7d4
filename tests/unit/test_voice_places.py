"""Places with a language model: their limit, found against simulated servers, and their order."""

import heapq
import random
import threading
from collections.abc import Callable
from dataclasses import dataclass, field

import pytest

from tests.fakes.clock import ManualClock
from workers.voice.places import Place, Places

MOST = 32
FIRST_TOKEN_SECONDS = 0.3
REPLY_SECONDS = 2.0


@dataclass
class SimulatedDay:
    """Callers that always want a place, against a server; a discrete simulation.

    `first_token_seconds` is the server: how long it takes to begin a reply with so many in flight,
    None if it refuses.
    """

    first_token_seconds: Callable[[int, float], float | None]
    most: int = MOST
    callers: int = 64
    clock: ManualClock = field(default_factory=lambda: ManualClock(0.0))
    limits: list[int] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.places = Places(self.most, self.clock)
        self._ends: list[tuple[float, int, Place, float | None]] = []
        self._count = 0

    def run(self, seconds: float) -> "SimulatedDay":
        until = self.clock.monotonic() + seconds
        while self.clock.monotonic() < until:
            self._begin_all()
            at, _, place, first = heapq.heappop(self._ends)
            self.clock.advance(at - self.clock.monotonic())
            if first is None:
                self.places.note_overload(place)
            else:
                self.places.note_first_token(place, first)
            self.places.release(place)
            self.limits.append(self.places.limit)
        return self

    def _begin_all(self) -> None:
        now = self.clock.monotonic()
        while len(self._ends) < self.callers and (place := self.places.acquire(now)):
            self._count += 1
            first = self.first_token_seconds(len(self._ends) + 1, now)
            lasts = 0.5 if first is None else first + REPLY_SECONDS
            heapq.heappush(self._ends, (now + lasts, self._count, place, first))

    @property
    def settled_limit(self) -> float:
        """Return the mean limit of the second half."""
        half = self.limits[len(self.limits) // 2 :]
        return sum(half) / len(half)


def slots(count: int, noise: random.Random) -> Callable[[int, float], float]:
    """Return a server that writes so many replies at once and lets others wait for a free slot."""

    def first_token_seconds(in_flight: int, now: float) -> float:
        waits = max(0, in_flight - count) * REPLY_SECONDS / count
        return (FIRST_TOKEN_SECONDS + waits) * noise.uniform(0.8, 1.4)

    return first_token_seconds


@pytest.mark.parametrize("count", [1, 2, 4, 8, 16, 24])
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_the_limit_settles_near_what_the_server_bears(count: int, seed: int) -> None:
    day = SimulatedDay(slots(count, random.Random(seed))).run(1_200)
    assert 0.6 * count <= day.settled_limit <= 1.4 * count + 1


@pytest.mark.parametrize("count", [4, 8, 16])
def test_a_server_that_slows_down_for_all_is_not_overrun(count: int) -> None:
    noise = random.Random(4)

    def shared(in_flight: int, now: float) -> float:
        return FIRST_TOKEN_SECONDS * max(1.0, in_flight / count) * noise.uniform(0.8, 1.4)

    day = SimulatedDay(shared).run(1_200)
    assert 0.8 * count <= day.settled_limit <= 2.5 * count


def test_a_server_that_bears_all_gets_all() -> None:
    day = SimulatedDay(slots(1_000, random.Random(5))).run(60)
    assert day.limits[-1] == MOST


def test_the_limit_falls_while_the_server_refuses_and_comes_back() -> None:
    noise = random.Random(6)
    well = slots(12, noise)

    def server(in_flight: int, now: float) -> float | None:
        return None if 600 <= now < 660 else well(in_flight, now)

    day = SimulatedDay(server).run(600)
    assert day.settled_limit > 8
    day.run(55)
    assert day.places.limit == 1
    day.run(300)
    assert day.places.limit > 8


def test_a_server_that_became_slower_for_good_keeps_more_than_one_place() -> None:
    noise = random.Random(7)

    def server(in_flight: int, now: float) -> float:
        return slots(8, noise)(in_flight, now) * (1 if now < 600 else 6)

    day = SimulatedDay(server).run(2_400)
    assert day.settled_limit > 3


def test_few_messages_raise_no_limit() -> None:
    day = SimulatedDay(slots(1_000, random.Random(8)), callers=2).run(300)
    assert day.places.limit == 4


def test_one_long_prompt_is_no_overload() -> None:
    clock = ManualClock()
    places = Places(MOST, clock)
    place = places.acquire(clock.monotonic())
    assert place
    for seconds in (0.3, 0.3, 0.3, 9.0, 0.3, 0.3):
        places.note_first_token(place, seconds)
    assert places.limit == 4


def test_all_that_fail_together_lower_the_limit_once() -> None:
    clock = ManualClock()
    places = Places(MOST, clock)
    taken = [place for _ in range(4) if (place := places.acquire(clock.monotonic()))]
    for place in taken:
        places.note_overload(place)
    assert (len(taken), places.limit) == (4, 2)


def test_a_lowered_limit_lets_nobody_in_until_enough_have_left() -> None:
    clock = ManualClock()
    places = Places(MOST, clock)
    taken = [place for _ in range(4) if (place := places.acquire(clock.monotonic()))]
    places.note_overload(taken[0])
    for place in taken[:2]:
        places.release(place)
    assert places.acquire(clock.monotonic()) is None
    places.release(taken[2])
    assert places.acquire(clock.monotonic()) is not None
    assert places.taken == 2


def test_who_waits_longest_is_next() -> None:
    clock = ManualClock()
    places = Places(1, clock)
    place = places.acquire(clock.monotonic())
    assert place
    served: list[int] = []
    threads = []
    for number in range(5):
        thread = threading.Thread(target=lambda n=number: served.append(_turn(places, n)))
        thread.start()
        threads.append(thread)
        _wait_for_waiting(places, number + 1)
    assert places.acquire(clock.monotonic()) is None  # nor does one without time overtake them
    places.release(place)
    for thread in threads:
        thread.join()
    assert served == [0, 1, 2, 3, 4]
    assert places.taken == 0


def _turn(places: Places, number: int) -> int:
    place = places.acquire(ManualClock().monotonic() + 60)
    assert place
    places.release(place)
    return number


def _wait_for_waiting(places: Places, count: int) -> None:
    while len(places._waiting) < count:
        threading.Event().wait(0.001)

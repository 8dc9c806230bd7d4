"""What a worker counts."""

import threading
from contextlib import suppress

from workers.consumer.counters import Counters


def test_amounts_add_up_by_name() -> None:
    counters = Counters()
    counters.add(messages=2, batches=1)
    counters.add(messages=3)
    assert counters.snapshot() == {"messages": 5, "batches": 1}


def test_a_steps_processor_time_is_that_of_its_own_thread() -> None:
    counters, computing, over = Counters(), threading.Event(), threading.Event()

    def compute() -> None:
        while not over.is_set():
            computing.set()

    busy = threading.Thread(target=compute)
    with counters.cpu("idle"):
        busy.start()
        assert computing.wait(10)
    with counters.cpu("busy"):
        sum(range(300_000))
    over.set()
    busy.join(10)
    spent = counters.snapshot()
    assert 0 <= spent["idle_cpu_seconds"] < spent["busy_cpu_seconds"]


def test_a_step_that_fails_counts_too() -> None:
    counters = Counters()
    with suppress(ValueError), counters.cpu("step"):
        raise ValueError
    assert "step_cpu_seconds" in counters.snapshot()

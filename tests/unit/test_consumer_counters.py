"""What a worker counts."""

import threading
import time

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
    laps = counters.laps()
    busy.start()
    assert computing.wait(10)
    laps.end("idle")
    sum(range(300_000))
    laps.end("busy")
    over.set()
    busy.join(10)
    spent = counters.snapshot()
    assert 0 <= spent["idle_cpu_seconds"] < spent["busy_cpu_seconds"]


def test_laps_leave_out_nothing_of_their_thread() -> None:
    counters = Counters()
    began, laps = time.thread_time(), counters.laps()
    for step in ("one", "other", "one"):
        sum(range(50_000))
        laps.end(step)
    spent, whole = counters.snapshot(), time.thread_time() - began
    assert set(spent) == {"one_cpu_seconds", "other_cpu_seconds"}
    assert whole / 2 < sum(spent.values()) <= whole

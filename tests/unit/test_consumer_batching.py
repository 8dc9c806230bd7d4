"""What batching promises: nothing lost, nothing doubled, first come first served, bounded."""

import threading

from hypothesis import given
from hypothesis import strategies as st

from shared.jobs import ChatJob
from tests.fakes.consumer import prepared_job
from workers.consumer.batching import BatchBuffer, BatchLimits

LENGTHS = st.lists(st.integers(3, 128), min_size=1, max_size=60)
LIMITS = st.builds(BatchLimits, messages=st.integers(1, 32), tokens=st.integers(1, 600))


@given(LENGTHS, LIMITS)
def test_all_go_in_order_in_batches_that_fit(lengths: list[int], limits: BatchLimits) -> None:
    buffer: BatchBuffer[ChatJob] = BatchBuffer(limits, capacity=100)
    jobs = [prepared_job(f"j{place}", length) for place, length in enumerate(lengths)]
    buffer.put(jobs)
    batches = []
    while len(buffer):
        batches.append(buffer.take())
    assert [each for batch in batches for each in batch] == jobs
    for batch in batches:
        assert 1 <= len(batch) <= limits.messages
        assert len(batch) == 1 or sum(each.tokens for each in batch) <= limits.tokens


@given(LENGTHS, LIMITS)
def test_a_batch_stops_only_where_the_next_would_not_fit(
    lengths: list[int], limits: BatchLimits
) -> None:
    count = limits.fitting(lengths)
    if count < len(lengths):
        full = count == limits.messages
        assert full or sum(lengths[: count + 1]) > limits.tokens


def test_a_buffer_stays_open_until_the_engine_takes() -> None:
    buffer: BatchBuffer[ChatJob] = BatchBuffer(BatchLimits(8, 100), capacity=100)
    buffer.put([prepared_job("a", 5)])
    buffer.put([prepared_job("b", 5)])
    assert [each.job.id for each in buffer.take()] == ["a", "b"]


def test_a_closed_buffer_gives_the_engine_nothing_more() -> None:
    buffer: BatchBuffer[ChatJob] = BatchBuffer(BatchLimits(8, 100), capacity=100)
    buffer.put([prepared_job("a", 5)])
    buffer.close()
    assert len(buffer) == 0
    assert buffer.take() == []


def test_a_full_buffer_has_no_room() -> None:
    buffer: BatchBuffer[ChatJob] = BatchBuffer(BatchLimits(8, 100), capacity=2)
    buffer.put([prepared_job("a", 5), prepared_job("b", 5)])
    assert buffer.wait_for_room(0.0) == 0
    buffer.take()
    assert buffer.wait_for_room(0.0) == 2


def test_the_fetcher_waits_until_the_engine_has_taken() -> None:
    buffer: BatchBuffer[ChatJob] = BatchBuffer(BatchLimits(8, 100), capacity=100)
    buffer.put([prepared_job("a", 5)])
    waiting = threading.Thread(target=buffer.wait_until_taken, args=(60.0,), daemon=True)
    waiting.start()
    assert buffer.take()
    waiting.join(20)
    assert not waiting.is_alive()


def test_the_fetcher_waits_for_the_engine_no_longer_than_its_timeout() -> None:
    buffer: BatchBuffer[ChatJob] = BatchBuffer(BatchLimits(8, 100), capacity=100)
    buffer.wait_until_taken(60.0)  # nothing waits
    buffer.put([prepared_job("a", 5)])
    buffer.wait_until_taken(0.0)
    assert len(buffer) == 1
    buffer.close()
    buffer.wait_until_taken(60.0)  # closed
    assert buffer.wait_for_room(60.0) == 100

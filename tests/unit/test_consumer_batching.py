"""What the packer promises: nothing lost, nothing doubled, first come first served, bounded."""

import threading

from hypothesis import given
from hypothesis import strategies as st

from shared.jobs import ChatJob
from tests.unit.consumer_parts import work
from workers.consumer.batching import BatchLimits, Pool

LENGTHS = st.lists(st.integers(3, 128), min_size=1, max_size=60)
LIMITS = st.builds(BatchLimits, messages=st.integers(1, 32), tokens=st.integers(1, 600))


@given(LENGTHS, LIMITS)
def test_all_go_in_order_in_batches_that_fit(lengths: list[int], limits: BatchLimits) -> None:
    pool: Pool[ChatJob] = Pool(limits, capacity=100)
    works = [work(f"j{place}", length) for place, length in enumerate(lengths)]
    pool.put(works)
    batches = []
    while len(pool):
        batches.append(pool.take())
    assert [each for batch in batches for each in batch] == works
    for batch in batches:
        assert 1 <= len(batch) <= limits.messages
        assert len(batch) == 1 or sum(len(each.ids) for each in batch) <= limits.tokens


@given(LENGTHS, LIMITS)
def test_a_batch_stops_only_where_the_next_would_not_fit(
    lengths: list[int], limits: BatchLimits
) -> None:
    count = limits.fitting(lengths)
    if count < len(lengths):
        full = count == limits.messages
        assert full or sum(lengths[: count + 1]) > limits.tokens


def test_a_pool_stays_open_until_the_engine_takes() -> None:
    pool: Pool[ChatJob] = Pool(BatchLimits(8, 100), capacity=100)
    pool.put([work("a", 5)])
    pool.put([work("b", 5)])
    assert [each.job.id for each in pool.take()] == ["a", "b"]


def test_a_closed_pool_gives_back_what_no_batch_took() -> None:
    pool: Pool[ChatJob] = Pool(BatchLimits(8, 100), capacity=100)
    pool.put([work("a", 5)])
    assert [each.job.id for each in pool.close()] == ["a"]
    assert pool.take() == []


def test_a_full_pool_has_no_room() -> None:
    pool: Pool[ChatJob] = Pool(BatchLimits(8, 100), capacity=2)
    pool.put([work("a", 5), work("b", 5)])
    assert pool.wait_for_room(0.0) == 0
    pool.take()
    assert pool.wait_for_room(0.0) == 2


def test_the_intake_waits_until_the_engine_has_taken() -> None:
    pool: Pool[ChatJob] = Pool(BatchLimits(8, 100), capacity=100)
    pool.put([work("a", 5)])
    waiting = threading.Thread(target=pool.wait_until_taken, args=(60.0,), daemon=True)
    waiting.start()
    assert pool.take()
    waiting.join(20)
    assert not waiting.is_alive()


def test_the_intake_waits_only_so_long_for_the_engine() -> None:
    pool: Pool[ChatJob] = Pool(BatchLimits(8, 100), capacity=100)
    pool.wait_until_taken(60.0)
    pool.put([work("a", 5)])
    pool.wait_until_taken(0.0)
    pool.close()
    pool.wait_until_taken(60.0)

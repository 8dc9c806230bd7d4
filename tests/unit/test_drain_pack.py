"""What the packer promises: nothing lost, nothing doubled, nobody starved, little padded."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from tests.unit.drain_parts import work
from workers.drain.pack import MOST_PASSES, Pool, buckets, choose
from workers.engines.port import Shape

SHAPES = [Shape(rows, tokens) for tokens in (16, 32, 64) for rows in (1, 2, 4, 8)]
ROWS = buckets(SHAPES)
LENGTHS = st.lists(st.integers(3, 64), min_size=1, max_size=40)


def rows_of(size: int, count: int) -> int:
    return next(rows for rows in ROWS[size] if rows >= count)


def size_of(length: int) -> int:
    return next(size for size in ROWS if size >= length)


@given(LENGTHS, st.booleans())
def test_a_batch_fits_a_shape_and_repeats_nobody(lengths: list[int], must_go: bool) -> None:
    places = choose(lengths, ROWS, oldest_must_go=must_go)
    assert places
    assert all(a < b for a, b in pairwise(places))
    size = size_of(max(lengths[place] for place in places))
    assert len(places) <= ROWS[size][-1]
    assert not must_go or places[0] == 0


@given(LENGTHS)
def test_company_never_makes_a_batch_larger_than_its_group_needs(lengths: list[int]) -> None:
    places = choose(lengths, ROWS, oldest_must_go=False)
    size = size_of(max(lengths[place] for place in places))
    own = [place for place in places if size_of(lengths[place]) == size]
    assert rows_of(size, len(places)) == rows_of(size, len(own))


@given(LENGTHS)
def test_everybody_goes_and_nobody_waits_long(lengths: list[int]) -> None:
    pool = Pool(SHAPES, capacity=100)
    works = [work(f"j{place}", length) for place, length in enumerate(lengths)]
    pool.put(works)
    seen: list[str] = []
    oldest, passed = works[0].job.id, 0
    while len(pool):
        waiting = [each.job.id for each in works if each.job.id not in seen]
        if waiting[0] != oldest:
            oldest, passed = waiting[0], 0
        batch = [each.job.id for each in pool.take()]
        seen += batch
        passed = 0 if oldest in batch else passed + 1
        assert passed <= MOST_PASSES
    assert sorted(seen) == sorted(each.job.id for each in works)


def test_lengths_are_not_mixed_where_a_group_is_full() -> None:
    pool = Pool(SHAPES, capacity=100)
    pool.put([work(f"j{place}", 10 if place % 2 else 60) for place in range(16)])
    assert {len(each.ids) for each in pool.take()} == {60}
    assert {len(each.ids) for each in pool.take()} == {10}


def test_spare_rows_go_to_shorter_works() -> None:
    pool = Pool(SHAPES, capacity=100)
    pool.put([work("long1", 30), work("short", 5), work("long2", 30), work("long3", 30)])
    assert [each.job.id for each in pool.take()] == ["long1", "short", "long2", "long3"]


def test_a_closed_pool_gives_back_what_no_batch_took() -> None:
    pool = Pool(SHAPES, capacity=100)
    pool.put([work("a", 5)])
    assert [each.job.id for each in pool.close()] == ["a"]
    assert pool.take() == []


def test_a_full_pool_has_no_room() -> None:
    pool = Pool(SHAPES, capacity=2)
    pool.put([work("a", 5), work("b", 5)])
    assert pool.wait_for_room(0.0) == 0
    pool.take()
    assert pool.wait_for_room(0.0) == 2

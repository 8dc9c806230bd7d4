"""Equal questions are computed once, and known ones not at all."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.errors import EngineError
from tests.fakes.consumer import POISON, PoisonableEngine
from workers.engines.caching import CachingEngine
from workers.engines.engine import TokenBatch

ROWS = st.lists(st.lists(st.integers(1, 9), min_size=1, max_size=4), max_size=12)


def test_equal_rows_of_a_batch_run_once_even_without_memory() -> None:
    bare = PoisonableEngine()
    engine = CachingEngine(bare, max_vectors=0)
    vectors = engine.run(TokenBatch.of([[5, 6], [7], [5, 6]])).vectors
    assert vectors.tolist() == [[11, 2], [7, 1], [11, 2]]
    engine.run(TokenBatch.of([[7]]))
    assert bare.runs == [2, 1]


def test_a_row_that_was_run_before_is_known() -> None:
    bare = PoisonableEngine()
    engine = CachingEngine(bare, max_vectors=8)
    engine.run(TokenBatch.of([[5, 6], [7]]))
    assert engine.run(TokenBatch.of([[7], [5, 6]])).vectors.tolist() == [[7, 1], [11, 2]]
    assert bare.runs == [2]
    assert (engine.stats.hits, engine.stats.misses) == (2, 2)


def test_early_vectors_are_remembered_with_their_rows() -> None:
    engine = CachingEngine(PoisonableEngine(gives_early=True), max_vectors=8)
    engine.run(TokenBatch.of([[5, 6], [7]]))
    both = engine.run(TokenBatch.of([[7], [3], [5, 6], [7]]))
    assert both.early is not None
    assert both.early.tolist() == (2 * both.vectors).tolist()


def test_an_engine_without_early_vectors_gives_none() -> None:
    engine = CachingEngine(PoisonableEngine(), max_vectors=8)
    assert not engine.gives_early
    assert engine.run(TokenBatch.of([[7]])).early is None


def test_ids_that_end_in_padding_are_not_taken_for_shorter_ones() -> None:
    engine = CachingEngine(PoisonableEngine(), max_vectors=8)
    assert engine.run(TokenBatch.of([[7], [7, 0]])).vectors.tolist() == [[7, 1], [7, 2]]


def test_a_row_that_fails_is_not_remembered() -> None:
    bare = PoisonableEngine()
    engine = CachingEngine(bare, max_vectors=8)
    for _ in range(2):
        with pytest.raises(EngineError):
            engine.run(TokenBatch.of([[POISON]]))
    assert bare.runs == [1, 1]


def test_what_runs_behind_is_not_remembered() -> None:
    bare = PoisonableEngine()
    engine = CachingEngine(bare, max_vectors=8)
    for _ in range(2):
        assert engine.run_behind(TokenBatch.of([[5, 6]])).vectors.tolist() == [[11, 2]]
    assert bare.runs == [1, 1]
    assert engine.stats.entries == 0


@given(st.lists(ROWS, max_size=4), st.sampled_from([0, 2, 50]))
def test_memory_changes_no_vector(batches: list[list[list[int]]], max_vectors: int) -> None:
    engine = CachingEngine(PoisonableEngine(), max_vectors)
    for rows in filter(None, batches):
        batch = TokenBatch.of(rows)
        assert np.array_equal(engine.run(batch).vectors, PoisonableEngine().run(batch).vectors)

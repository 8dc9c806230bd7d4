"""What packing promises: every token once, no message split, rows within their slots."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from workers.engines.cost import CostModel
from workers.engines.engine import Shape, TokenBatch
from workers.engines.layout import GPU_SHAPES, LITERT_SHAPES, LITERT_WIDE_SHAPES
from workers.engines.packing import EMPTY, PackedBatch, pack, padded_tokens, scatter, slots

LENGTHS = st.lists(st.integers(1, 128), min_size=1, max_size=80)
SHORT = st.lists(st.integers(1, 6), min_size=1, max_size=80)
SHAPES = st.sampled_from([LITERT_SHAPES, LITERT_WIDE_SHAPES, GPU_SHAPES, (Shape(2, 128),)])


def batch_of(lengths: list[int]) -> TokenBatch:
    # Every token of every message has an id of its own.
    numbers = iter(range(1, sum(lengths) + 1))
    return TokenBatch.of([[next(numbers) for _ in range(length)] for length in lengths])


@given(LENGTHS | SHORT, SHAPES)
def test_every_message_is_placed_once_in_a_compiled_shape(
    lengths: list[int], shapes: tuple[Shape, ...]
) -> None:
    packed_batches = pack(lengths, shapes)
    placed = [
        message for packed in packed_batches for row in packed.rows for message in row.messages
    ]
    assert sorted(placed) == list(range(len(lengths)))
    for packed in packed_batches:
        assert packed.shape in shapes
        assert 1 <= len(packed.rows) <= packed.shape.rows
        for row in packed.rows:
            assert row.tokens == sum(lengths[message] for message in row.messages)
            assert row.tokens <= packed.shape.tokens
            assert len(row.messages) <= slots(packed.shape.tokens)


@given(LENGTHS | SHORT, SHAPES)
def test_a_sheet_holds_each_message_whole_and_apart(
    lengths: list[int], shapes: tuple[Shape, ...]
) -> None:
    batch = batch_of(lengths)
    seen: list[int] = []
    for packed in pack(lengths, shapes):
        grids = scatter(packed, batch)
        assert grids.ids.shape == (packed.shape.rows, packed.shape.tokens)
        for message, row, slot in zip(grids.message, grids.row, grids.slot, strict=True):
            here = grids.segments[row] == slot
            length = lengths[message]
            assert grids.ids[row][here].tolist() == batch.ids[message, :length].tolist()
            assert grids.positions[row][here].tolist() == list(range(length))
            seen.append(int(message))
        assert (grids.ids[grids.segments == EMPTY] == 0).all()
        assert (grids.segments != EMPTY).sum() == batch.lengths[grids.message].sum()
    assert sorted(seen) == list(range(len(lengths)))


@given(LENGTHS)
def test_the_order_of_messages_costs_nothing(lengths: list[int]) -> None:
    assert padded_tokens(lengths, LITERT_SHAPES) == padded_tokens(sorted(lengths), LITERT_SHAPES)


def test_mixed_lengths_leave_little_padding() -> None:
    draw = np.random.default_rng(3)
    waste = []
    for _ in range(50):
        lengths = np.clip(draw.lognormal(2.7, 0.5, 32), 3, 128).astype(int).tolist()
        waste.append(1 - sum(lengths) / padded_tokens(lengths, LITERT_SHAPES))
    assert np.mean(waste) < 0.08


@pytest.mark.parametrize(
    ("lengths", "shapes"),
    [
        ([12], [Shape(1, 15)]),
        ([17], [Shape(1, 20)]),
        ([16] * 4, [Shape(1, 64)]),
        ([16] * 12, [Shape(1, 64), Shape(2, 64)]),
        ([16] * 2, [Shape(1, 20)] * 2),  # not half a row of 64
        ([30, 16], [Shape(1, 20), Shape(1, 30)]),
        ([30, 16, 14], [Shape(1, 64)]),  # two rows would compute nearly as much
        ([128], [Shape(1, 128)]),
        ([3] * 4, [Shape(1, 20)]),  # 15 tokens have room for 3 messages only
    ],
)
def test_small_batches_take_small_shapes(lengths: list[int], shapes: list[Shape]) -> None:
    taken = [packed.shape for packed in pack(lengths, LITERT_SHAPES)]
    assert sorted(taken, key=lambda shape: shape.rows) == shapes


@pytest.mark.parametrize(
    ("rows", "dear_token", "dear_call"),
    [(1, [1], [1]), (3, [1, 1, 1], [4]), (7, [4, 1, 1, 1], [4, 4]), (9, [4, 4, 1], [4, 4, 1])],
)
def test_the_cost_decides_between_few_sheets_and_full_ones(
    rows: int, dear_token: list[int], dear_call: list[int]
) -> None:
    def taken(cost: CostModel) -> list[int]:
        packed_batches = pack([64] * rows, (Shape(1, 64), Shape(4, 64)), cost)
        return [packed.shape.rows for packed in packed_batches]

    assert taken(CostModel(base_seconds=0.0, token_seconds=1.0)) == dear_token
    assert taken(CostModel(base_seconds=1.0, token_seconds=0.001)) == dear_call


def test_a_row_is_split_only_where_calls_are_cheap() -> None:
    shapes = (Shape(1, 20), Shape(1, 64))
    cheap, dear = CostModel(0.001, 0.001), CostModel(0.1, 0.001)
    assert [len(packed.rows[0].messages) for packed in pack([16, 16], shapes, cheap)] == [1, 1]
    assert [len(packed.rows[0].messages) for packed in pack([16, 16], shapes, dear)] == [2]


def test_an_empty_sheet_is_all_padding() -> None:
    grids = scatter(PackedBatch(Shape(2, 16), ()), batch_of([1]))
    assert (grids.segments == EMPTY).all()
    assert grids.message.size == 0


def test_nothing_makes_no_sheet() -> None:
    assert pack([], LITERT_SHAPES) == []


def test_rows_are_padded_to_the_longest() -> None:
    batch = TokenBatch.of([(5, 6, 7), (8,)])
    assert batch.ids.tolist() == [[5, 6, 7], [8, 0, 0]]
    assert batch.lengths.tolist() == [3, 1]

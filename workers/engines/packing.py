"""Sequence packing: messages of mixed length share the rows of the few shapes that are compiled.

Attention is confined to each message by its segment number, so batch mates change no vector, and
padding is only what is left at the end of a row. No sorting of the queue is needed.
"""

from bisect import bisect_left, insort
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import groupby

import numpy as np
from numpy.typing import NDArray

from workers.engines.cost import CostModel
from workers.engines.engine import Shape, TokenBatch

TOKENS_PER_SLOT = 4  # a row of 64 tokens has room for 16 messages
EMPTY = -1  # segment number of padding
EVEN = CostModel(base_seconds=1.0, token_seconds=1.0)  # a call costs as much as a token


def slots(tokens: int) -> int:
    """Return how many messages a row of `tokens` may hold: the graph has as many outputs."""
    return max(1, tokens // TOKENS_PER_SLOT)


@dataclass(slots=True)
class Row:
    """Messages, as indices into the batch, one after the other."""

    messages: list[int] = field(default_factory=list)
    tokens: int = 0


@dataclass(frozen=True, slots=True)
class PackedBatch:
    """One call of the engine: a shape and at most that many rows."""

    shape: Shape
    rows: tuple[Row, ...]


@dataclass(frozen=True, slots=True)
class InputTensors:
    """What the graph reads, each int32 [rows, tokens]; message i's vector is at [row, slot]."""

    ids: NDArray[np.int32]
    positions: NDArray[np.int32]
    segments: NDArray[np.int32]
    message: NDArray[np.intp]
    row: NDArray[np.intp]
    slot: NDArray[np.intp]


def pack(
    lengths: Sequence[int], shapes: Sequence[Shape], cost: CostModel = EVEN
) -> list[PackedBatch]:
    """Cover messages of these lengths (1 to the widest shape) with well-filled packed batches.

    `cost` decides whether a few rows go one by one or in one call with empty rows, and whether a
    row with much room costs more than its messages in narrower rows.
    """
    widths = sorted({shape.tokens for shape in shapes})
    rows = [
        part
        for row in fill_rows(lengths, _bulk_width(shapes), widths)
        for part in _cheapest_split(row, lengths, widths, cost)
    ]
    fitted = sorted(((_width(row, widths), row) for row in rows), key=lambda pair: pair[0])
    return [
        packed
        for width, group in groupby(fitted, key=lambda pair: pair[0])
        for packed in _packed_batches([row for _, row in group], width, shapes, cost)
    ]


def padded_tokens(lengths: Sequence[int], shapes: Sequence[Shape], cost: CostModel = EVEN) -> int:
    """Return the tokens, padding included, of the packed batches that `pack` would make."""
    return tokens_of(pack(lengths, shapes, cost))


def tokens_of(batches: Iterable[PackedBatch]) -> int:
    """Return the tokens, padding included, that packed batches make an engine compute."""
    return sum(packed.shape.rows * packed.shape.tokens for packed in batches)


def fill_rows(lengths: Sequence[int], bulk: int, widths: Sequence[int]) -> list[Row]:
    """Place each message, longest first, where it leaves the least room (best fit)."""
    rows: list[Row] = []
    room: list[tuple[int, int]] = []  # (tokens left, index in rows), ascending
    for message in sorted(range(len(lengths)), key=lambda index: -lengths[index]):
        length = int(lengths[message])
        found = bisect_left(room, (length, -1))
        if found < len(room):
            left, index = room.pop(found)
        else:
            left = next(width for width in widths if width >= max(length, bulk))
            index = len(rows)
            rows.append(Row())
        row = rows[index]
        row.messages.append(message)
        row.tokens += length
        if len(row.messages) < slots(bulk):
            insort(room, (left - length, index))
    return rows


def scatter(packed: PackedBatch, batch: TokenBatch) -> InputTensors:
    """Scatter a packed batch's messages into the tensors that the graph reads."""
    if len(packed.rows) == 1 and len(packed.rows[0].messages) == 1:
        return _scatter_one(packed.rows[0].messages[0], packed.shape, batch)
    rows, tokens = packed.shape.rows, packed.shape.tokens
    message = np.array([index for row in packed.rows for index in row.messages], np.intp)
    counts = np.array([len(row.messages) for row in packed.rows], np.intp)
    slot = _count_up(counts)
    row = np.repeat(np.arange(len(counts)), counts)
    lengths = batch.lengths[message].astype(np.intp)
    ends = np.cumsum(lengths)
    used = np.array([each.tokens for each in packed.rows], np.intp)
    row_starts = np.cumsum(used) - used
    starts = row * tokens + (ends - lengths) - row_starts[row]
    position = _count_up(lengths)
    cell = np.repeat(starts, lengths) + position
    tensors = [np.full(rows * tokens, fill, np.int32) for fill in (0, 0, EMPTY)]
    tensors[0][cell] = batch.ids[np.repeat(message, lengths), position]
    tensors[1][cell] = position
    tensors[2][cell] = np.repeat(slot, lengths)
    ids, positions, segments = (tensor.reshape(rows, tokens) for tensor in tensors)
    return InputTensors(ids, positions, segments, message, row, slot)


def _scatter_one(message: int, shape: Shape, batch: TokenBatch) -> InputTensors:
    """Do the same for one message alone, with a third of the calls to NumPy."""
    length = int(batch.lengths[message])
    ids, positions, segments = np.zeros((3, shape.rows, shape.tokens), np.int32)
    ids[0, :length] = batch.ids[message, :length]
    positions[0, :length] = np.arange(length)
    segments.fill(EMPTY)
    segments[0, :length] = 0
    only = np.zeros(1, np.intp)
    return InputTensors(ids, positions, segments, np.array([message], np.intp), only, only)


def _count_up(counts: NDArray[np.intp]) -> NDArray[np.intp]:
    # [2, 3] makes [0, 1, 0, 1, 2]
    ends = np.cumsum(counts)
    return np.arange(ends[-1] if len(ends) else 0) - np.repeat(ends - counts, counts)


def _bulk_width(shapes: Sequence[Shape]) -> int:
    # Attention costs tokens squared per row: of the shapes that hold most, the narrowest.
    return max(shapes, key=lambda shape: (shape.rows * shape.tokens, -shape.tokens)).tokens


def _cheapest_split(
    row: Row, lengths: Sequence[int], widths: Sequence[int], cost: CostModel
) -> list[Row]:
    width = _width(row, widths)
    if len(row.messages) == 1 or row.tokens + widths[0] > width:
        return [row]  # the room that is left would not pay for a call
    own = [lengths[message] for message in row.messages]
    narrower = [fill_rows(own, bulk, widths) for bulk in widths if bulk < width]
    split = min(narrower, key=lambda rows: _seconds(rows, widths, cost), default=[row])
    if _seconds(split, widths, cost) >= cost.seconds(width):
        return [row]
    return [Row([row.messages[index] for index in part.messages], part.tokens) for part in split]


def _seconds(rows: Sequence[Row], widths: Sequence[int], cost: CostModel) -> float:
    return sum(cost.seconds(_width(row, widths)) for row in rows)


def _width(row: Row, widths: Sequence[int]) -> int:
    return next(
        width for width in widths if row.tokens <= width and len(row.messages) <= slots(width)
    )


def _packed_batches(
    rows: list[Row], width: int, shapes: Sequence[Shape], cost: CostModel
) -> Iterator[PackedBatch]:
    sizes = tuple(shape.rows for shape in shapes if shape.tokens == width)
    for size in _cheapest_cover(len(rows), sizes, width, cost):
        yield PackedBatch(Shape(size, width), tuple(rows[:size]))
        rows = rows[size:]


@lru_cache(maxsize=4096)
def _cheapest_cover(
    rows: int, sizes: tuple[int, ...], width: int, cost: CostModel
) -> tuple[int, ...]:
    # The cheapest way for each smaller number of rows, then one call more.
    plans: list[tuple[float, tuple[int, ...]]] = [(0.0, ())]
    for count in range(1, rows + 1):
        ways = (
            (before + cost.seconds(size * width), (size, *chosen))
            for size in sizes
            for before, chosen in [plans[max(0, count - size)]]
        )
        plans.append(min(ways, key=lambda way: (way[0], len(way[1]))))
    return tuple(sorted(plans[rows][1], reverse=True))

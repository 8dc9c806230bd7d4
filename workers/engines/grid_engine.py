"""What the real engines share: a batch is packed, each packed batch runs on a compiled shape."""

import logging
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from functools import lru_cache

import numpy as np

from shared.errors import EngineError
from workers.engines.cost import CostModel, fit_cost
from workers.engines.engine import Encoded, Shape, TokenBatch
from workers.engines.packing import EVEN, InputTensors, PackedBatch, pack, scatter, tokens_of

_log = logging.getLogger(__name__)
_PACKINGS = 256  # of lengths of batches
_TIMED_RUNS = 3  # of each shape at warm-up; the fastest counts


class GridEngine(ABC):
    """An engine with fixed shapes; a runtime says how one packed batch is run."""

    def __init__(
        self,
        name: str,
        dimension: int,
        shapes: Sequence[Shape],
        max_tokens: int,
        *,
        gives_early: bool = False,
        clock: Callable[[], float] = time.perf_counter,
    ) -> None:
        self._name = name
        self._dimension = dimension
        self._shapes = tuple(shapes)
        self._max_tokens = max_tokens
        self._gives_early = gives_early
        self._clock = clock
        self._cost: CostModel | None = None
        # Asked for twice a batch, and of messages that come one by one over and over.
        self._packed = lru_cache(_PACKINGS)(self._pack)

    @property
    def name(self) -> str:
        """Return kind and precision."""
        return self._name

    @property
    def dimension(self) -> int:
        """Return the length of a vector."""
        return self._dimension

    @property
    def gives_early(self) -> bool:
        """Return whether the model has them."""
        return self._gives_early

    @property
    def shapes(self) -> tuple[Shape, ...]:
        """Return the shapes that are compiled."""
        return self._shapes

    @property
    def cost(self) -> CostModel:
        """Return what a call takes, as measured in `warm`; raise EngineError before it."""
        if self._cost is None:
            raise EngineError(f"the {self._name} engine is not warm")
        return self._cost

    def padded_tokens(self, lengths: Sequence[int]) -> int:
        """Return the tokens, padding included, that such a batch makes this engine compute."""
        return tokens_of(self._packed(tuple(lengths), self._cost or EVEN))

    def warm(self) -> None:
        """Load the model, run and time every shape; raise EngineError if that fails."""
        try:
            self._load()
            timings = [(shape.rows * shape.tokens, self._time(shape)) for shape in self._shapes]
        except Exception as error:
            raise EngineError(f"the {self._name} engine cannot warm up: {error}") from error
        cost = fit_cost(timings)
        self._cost = cost
        base, token = cost.base_seconds * 1e3, cost.token_seconds * 1e6
        _log.info("%s: a call takes %.2f ms and %.1f µs a token", self._name, base, token)

    def run(self, batch: TokenBatch) -> Encoded:
        """Return a vector for each row, in order; raise EngineError on failure."""
        cost = self.cost
        check_lengths(batch, self._max_tokens)
        vectors = np.empty((len(batch.lengths), self._dimension), np.float32)
        early = np.empty_like(vectors) if self._gives_early else None
        try:
            for packed in self._packed(tuple(batch.lengths.tolist()), cost):
                tensors = scatter(packed, batch)
                output = self._run_packed(tensors, packed.shape)
                vectors[tensors.message] = output.vectors[tensors.row, tensors.slot]
                if early is not None and output.early is not None:
                    early[tensors.message] = output.early[tensors.row, tensors.slot]
        except Exception as error:
            raise EngineError(f"the {self._name} engine failed: {error}") from error
        return Encoded(vectors, early)

    def _pack(self, lengths: tuple[int, ...], cost: CostModel) -> Sequence[PackedBatch]:
        return pack(lengths, self._shapes, cost)

    def _time(self, shape: Shape) -> float:
        tensors = empty_tensors(shape)
        self._run_packed(tensors, shape)  # the first run allocates and compiles
        seconds = []
        for _ in range(_TIMED_RUNS):
            began = self._clock()
            self._run_packed(tensors, shape)
            seconds.append(self._clock() - began)
        return min(seconds)

    @abstractmethod
    def _load(self) -> None:
        """Load the model; any exception means that it cannot be used."""

    @abstractmethod
    def _run_packed(self, tensors: InputTensors, shape: Shape) -> Encoded:
        """Return vectors [rows, slots, dimension] of one packed batch, and early ones alike.

        An engine that `gives_early` has early ones in each.
        """


def empty_tensors(shape: Shape) -> InputTensors:
    """Return what the graph reads of a packed batch without messages."""
    return scatter(PackedBatch(shape, ()), _NO_BATCH)


def check_lengths(batch: TokenBatch, max_tokens: int) -> None:
    """Raise EngineError if a row is empty or longer than the engine reads."""
    lengths = batch.lengths.tolist()
    if lengths and not 1 <= min(lengths) <= max(lengths) <= max_tokens:
        raise EngineError(f"a message must have 1 to {max_tokens} tokens")


_NO_BATCH = TokenBatch(np.zeros((0, 1), np.int32), np.zeros(0, np.int32))

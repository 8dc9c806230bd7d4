"""From scores to a probability that an entry serves; fitted to many bases at once."""

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import msgspec
import numpy as np
from numpy.typing import NDArray

from shared.errors import KnowledgeError
from workers.knowledge.head import Vectors
from workers.knowledge.index import Scores

_HERE = Path(__file__).parent
SMALL, LARGE = _HERE / "calibration.json", _HERE / "calibration-large.json"
_LARGE_DIMENSION = 512  # from this many dimensions on, an encoder is calibrated like the large one
_MAX_LOGIT = 30.0

FEATURES = (
    "share",
    "nearest",
    "mean",
    "lexical",
    "phrasings",
    "words",
    "crowding",
    "background",
)


@dataclass(frozen=True, slots=True)
class Calibration:
    """Logistic weights of `FEATURES`, bias last, and the thresholds chosen with them."""

    weights: tuple[float, ...]
    answer_from: float
    clarify_from: float

    def __post_init__(self) -> None:
        if len(self.weights) != len(FEATURES) + 1:
            raise ValueError(f"a calibration has {len(FEATURES) + 1} weights")

    def confidence(self, scores: Scores) -> Vectors:
        """Return [rows, candidates]: the probability (0-1) that each entry serves.

        A row sums to 1 at most: what the best one leaves is all that the others can have.
        """
        logits = features(scores) @ _slopes(self.weights)
        logits += self.weights[-1]
        return chances(logits, scores.ranking)


def features(scores: Scores) -> NDArray[np.float64]:
    """Return [rows, features], named by `FEATURES`: all on scales that bases share.

    The share as log-odds, counts as logarithms, the rest as they are.
    """
    share = scores.share.clip(1e-4, 1 - 1e-4)
    told = np.empty((len(share), len(FEATURES)))  # filled in place: `stack` costs three times that
    told[:, 0] = np.log(share / (1 - share))
    told[:, 1] = scores.nearest[:, 0]
    told[:, 2] = scores.mean
    told[:, 3] = scores.lexical
    told[:, 4] = np.log1p(scores.phrasings)
    told[:, 5] = np.log1p(scores.words)
    told[:, 6] = scores.crowding
    told[:, 7] = scores.background
    return told


def chances(logits: NDArray[np.float64], ranking: Vectors) -> Vectors:
    """Return [rows, candidates]: the best entry's probability, and what it leaves to the others.

    `logits` [rows] are the best one's, `ranking` [rows, candidates] the scores of all in logits.
    """
    best = logistic(logits)[:, None]
    shares = np.exp(ranking - ranking[:, :1]) * best  # the best one's is `best` itself
    others = shares[:, 1:]
    room = (1.0 - best) / np.maximum(others.sum(axis=1, keepdims=True), 1e-9)
    others *= np.minimum(1.0, room)
    return np.asarray(shares, np.float32)


@lru_cache(maxsize=8)
def _slopes(weights: tuple[float, ...]) -> NDArray[np.float64]:
    return np.array(weights[:-1])


def logistic(logits: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return probabilities of log-odds."""
    return np.asarray(1.0 / (1.0 + np.exp(-logits.clip(-_MAX_LOGIT, _MAX_LOGIT))), np.float64)


def shipped_calibration(dimension: int) -> Path:
    """Name the calibration that ships for encoders with vectors of that many dimensions."""
    return LARGE if dimension >= _LARGE_DIMENSION else SMALL


def read_calibration(path: Path) -> Calibration:
    """Read a fitted calibration; KnowledgeError names a file that cannot serve."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=Calibration)
    except (OSError, msgspec.DecodeError) as fault:
        raise KnowledgeError(
            f"{path} is not a calibration: {fault}; run `parley kb fit`"
        ) from fault


def write_calibration(calibration: Calibration, path: Path) -> None:
    """Write a fitted calibration for people to read."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(msgspec.json.format(msgspec.json.encode(calibration), indent=2) + b"\n")

"""From scores to a probability that an entry serves; fitted to many bases at once."""

from dataclasses import dataclass
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
        logits = features(scores) @ np.array(self.weights[:-1]) + self.weights[-1]
        return chances(logits, scores.ranking)


def features(scores: Scores) -> NDArray[np.float64]:
    """Return [rows, features], named by `FEATURES`: all on scales that bases share.

    The share as log-odds, counts as logarithms, the rest as they are.
    """
    share = np.clip(scores.share, 1e-4, 1 - 1e-4)
    columns = (
        np.log(share / (1 - share)),
        scores.nearest[:, 0],
        scores.mean,
        scores.lexical,
        np.log1p(scores.phrasings),
        np.log1p(scores.words),
        scores.crowding,
        scores.background,
    )
    return np.stack(columns, axis=1).astype(np.float64)


def chances(logits: NDArray[np.float64], ranking: Vectors) -> Vectors:
    """Return [rows, candidates]: the best entry's probability, and what it leaves to the others.

    `logits` [rows] are the best one's, `ranking` [rows, candidates] the scores of all in logits.
    """
    best = logistic(logits)[:, None]
    rivals = np.exp(ranking - ranking[:, :1]) * best
    others = rivals[:, 1:].sum(axis=1, keepdims=True)
    room = np.minimum(1.0, (1.0 - best) / np.maximum(others, 1e-9))
    return np.asarray(np.hstack([best, rivals[:, 1:] * room]), np.float32)


def logistic(logits: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return probabilities of log-odds."""
    bounded = np.clip(logits, -_MAX_LOGIT, _MAX_LOGIT)
    return np.asarray(1.0 / (1.0 + np.exp(-bounded)), np.float64)


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

"""From TF-IDF scores to a probability that the best entry serves: a calibration of its own."""

from dataclasses import dataclass
from pathlib import Path

import msgspec
import numpy as np
from numpy.typing import NDArray

from shared.errors import KnowledgeError
from workers.knowledge.calibration import chances
from workers.knowledge.head import Vectors
from workers.knowledge.tfidf_index import TfidfScores

TFIDF_CALIBRATION = Path(__file__).with_name("tfidf_calibration.json")
_MAX_LEAD = 10.0  # more says nothing more; an only entry has this


@dataclass(frozen=True, slots=True)
class TfidfCalibration:
    """Logistic weights over `tfidf_features` (bias last), and the thresholds of the decision."""

    weights: tuple[float, ...]
    answer_from: float
    clarify_from: float

    def confidence(self, scores: TfidfScores) -> Vectors:
        """Return [rows, candidates]: the probability (0-1) that each entry serves."""
        logits = tfidf_features(scores) @ np.array(self.weights[:-1]) + self.weights[-1]
        return chances(logits, scores.ranking)


def tfidf_features(scores: TfidfScores) -> NDArray[np.float64]:
    """Return [rows, 4]: the best entry's score, its lead, its nearest cosine, the share known."""
    best = scores.ranking[:, 0]
    only_entry = scores.ranking.shape[1] == 1
    lead = np.full(len(best), _MAX_LEAD) if only_entry else best - scores.ranking[:, 1]
    columns = [best, np.minimum(lead, _MAX_LEAD), scores.nearest, scores.known]
    return np.stack(columns, axis=1).astype(np.float64)


def read_tfidf_calibration(path: Path = TFIDF_CALIBRATION) -> TfidfCalibration:
    """Read a fitted calibration; KnowledgeError names a file that cannot serve."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=TfidfCalibration)
    except (OSError, msgspec.DecodeError) as fault:
        raise KnowledgeError(f"{path} is not a calibration of TF-IDF: {fault}") from fault

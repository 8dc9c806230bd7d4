"""Peer design: mosec batches requests for worker processes that run ONNX Runtime int8.

    python -m infra.bench.baselines.mosec_server WORKERS --address 127.0.0.1 --port 8000

Runs with the packages of requirements/mosec.txt alone, over the folder that `mosec_model` made.
One stage does all of it: mosec hands what passes between stages over as pickles.
"""

import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from mosec import Server, Worker

from infra.bench.baselines.mosec_model import embed, open_session, read_tokenizer

FOLDER = "peer"  # in PARLEY_DATA_DIR
_MAX_BATCH = 32
_MAX_WAIT_MS = 5  # mosec's own is 10; a request that comes alone waits as long


class Answerer(Worker):  # type: ignore[misc]
    """Answers a batch with the entries whose phrasings are nearest."""

    def __init__(self) -> None:
        super().__init__()
        folder = Path(os.environ["PARLEY_DATA_DIR"]) / FOLDER
        config = json.loads((folder / "config.json").read_text())
        self._tokenizer = read_tokenizer(folder, config["max_tokens"])
        self._session = open_session(folder / "model.onnx")
        self._matrix = np.load(folder / "vectors.npy")
        self._entries = json.loads((folder / "entries.json").read_text())
        self._phrasings = json.loads((folder / "phrasings.json").read_text())

    def forward(self, data: Sequence[dict[str, str]]) -> list[dict[str, Any]]:
        """Return the replies to a batch of requests."""
        vectors = embed(self._session, self._tokenizer, [request["message"] for request in data])
        likeness = vectors @ self._matrix.T
        return [self._reply(row, int(row.argmax())) for row in likeness]

    def _reply(self, likeness: Any, best: int) -> dict[str, Any]:
        _, entry = self._phrasings[best]
        return {**self._entries[entry], "confidence": float(likeness[best])}


def main(workers: int) -> None:
    """Serve POST /chat until told to stop."""
    server = Server()
    server.append_worker(
        Answerer, workers, max_batch_size=_MAX_BATCH, max_wait_time=_MAX_WAIT_MS, route="/chat"
    )
    server.run()


if __name__ == "__main__":
    main(int(sys.argv[1]))

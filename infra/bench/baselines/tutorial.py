"""Tutorial design: a Flask route pads each message to 128 tokens and calls the SavedModel.

    gunicorn --worker-class sync --workers 2 'infra.bench.baselines.tutorial:create()'

One process a processor with one TensorFlow thread each: on two processors that answers 55 messages
a second, one process with all the threads that TensorFlow takes unasked answers 35.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import tensorflow as tf
from flask import Flask, Response, jsonify, request

from infra.bench.baselines.nearest import NearestQuestion, Vectors
from shared.settings import load
from workers.engines.layout import MAX_TOKENS, saved_model
from workers.preprocessing.tokens import Tokenizer
from workers.settings import WorkerSettings


def create() -> Flask:
    """Return the app, its model loaded."""
    nearest = NearestQuestion.load(settings := load(WorkerSettings), _embedding(settings))
    app = Flask("tutorial")

    @app.get("/healthz")
    def healthz() -> Response:
        return Response("ok")

    @app.post("/chat")
    def chat() -> Response:
        return jsonify(nearest.answer(request.get_json()["message"]))

    return app


def _embedding(settings: WorkerSettings) -> Any:
    tf.config.threading.set_intra_op_parallelism_threads(1)
    tf.config.threading.set_inter_op_parallelism_threads(1)
    tokenizer = Tokenizer.load(settings.model_folder)
    model = tf.saved_model.load(str(saved_model(settings.model_folder, "answer")))

    def embed(texts: Sequence[str]) -> Vectors:
        rows = [tokens.ids for tokens in tokenizer.encode_batch(texts)]
        ids = np.zeros((len(rows), MAX_TOKENS), np.int32)
        for index, row in enumerate(rows):
            ids[index, : len(row)] = row
        lengths = np.array([len(row) for row in rows], np.int32)
        output = model.signatures["serving_default"](
            ids=tf.constant(ids), lengths=tf.constant(lengths)
        )
        vectors: Vectors = output["vectors"].numpy()
        return vectors

    return embed

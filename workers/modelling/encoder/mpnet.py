"""MPNet in plain TensorFlow operations: BERT's layers and a bias that depends on the distance.

Importing this module loads TensorFlow.
"""

from typing import Any

import tensorflow as tf

from workers.engines.layout import MAX_TOKENS
from workers.modelling.encoder.bert import BertEncoder, sizes
from workers.modelling.encoder.distances import distance_biases
from workers.modelling.encoder.weights import RELATIVE_BIAS, BertConfig, Weights


class MpnetEncoder(BertEncoder):
    """Reads packed sequences as BertEncoder does: a message's tokens lie next to each other.

    So the distance of two of its tokens is that of their places in the row.
    """

    def __init__(
        self,
        config: BertConfig,
        weights: Weights,
        layers: int,
        *,
        normalise: bool,
        early_layers: int | None = None,
    ) -> None:
        super().__init__(config, weights, layers, normalise=normalise, early_layers=early_layers)
        biases = distance_biases(weights[RELATIVE_BIAS], MAX_TOKENS)
        self._distance_biases = tf.Variable(biases, trainable=False, name="distance_biases")

    def _bias(self, segments: Any) -> Any:
        unseen = super()._bias(segments)
        _, tokens = sizes(segments)
        keys = unseen.shape[-1] if unseen.shape[-1] is not None else tf.shape(unseen)[-1]
        distances = tf.range(keys)[None, :] - tf.range(tokens)[:, None]
        rows = tf.clip_by_value(distances, 1 - MAX_TOKENS, MAX_TOKENS - 1) + MAX_TOKENS - 1
        return unseen + tf.transpose(tf.gather(self._distance_biases, rows), [2, 0, 1])

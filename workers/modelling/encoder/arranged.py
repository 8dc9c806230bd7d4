"""Weights arranged for a graph: right-multiplied, one product for query, key and value."""

import numpy as np
from numpy.typing import NDArray

from workers.engines.layout import MAX_TOKENS
from workers.modelling.encoder.weights import BertConfig, Weights


def graph_weights(
    config: BertConfig, weights: Weights, layers: int
) -> dict[str, NDArray[np.float32]]:
    """Arrange the weights of the first `layers` layers.

    `words` and `positions` are the embeddings; a dense weight is [inputs, outputs]; the joint
    attention's outputs are query (its scale folded in), key and value.
    """
    positions = weights["embeddings.position_embeddings.weight"]
    types = weights.get("embeddings.token_type_embeddings.weight", np.zeros((1, 1), np.float32))
    arranged: dict[str, NDArray[np.float32]] = {
        "words": weights["embeddings.word_embeddings.weight"],
        # A message is all of type 0: its embedding joins the positions'.
        "positions": positions[config.first_position :][:MAX_TOKENS] + types[:1],
    }
    kept = tuple(f"encoder.layer.{layer}." for layer in range(layers))
    for name, value in weights.items():
        if name.startswith(("embeddings.LayerNorm", *kept)) and ".self." not in name:
            arranged[name] = value.T.copy() if name.endswith("dense.weight") else value
    for prefix in kept:
        arranged.update(_joint_attention(config, weights, f"{prefix}attention.self"))
    return arranged


def _joint_attention(
    config: BertConfig, weights: Weights, name: str
) -> dict[str, NDArray[np.float32]]:
    scale = np.float32(config.head_size**-0.5)  # folded into the query: one pass less
    parts = (("query", scale), ("key", np.float32(1)), ("value", np.float32(1)))
    return {
        f"{name}.weight": np.concatenate(
            [weights[f"{name}.{part}.weight"].T * by for part, by in parts], axis=1
        ),
        f"{name}.bias": np.concatenate([weights[f"{name}.{part}.bias"] * by for part, by in parts]),
    }

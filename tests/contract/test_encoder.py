"""What the knowledge base may rely on in an encoder: the engine's and the one that knows words."""

from pathlib import Path

import numpy as np
import pytest

from shared.settings import load
from tests.fakes.consumer import PoisonableEngine
from tests.fakes.word_encoder import WordEncoder
from workers.engines.caching import CachingEngine
from workers.engines.engine import Encoded, TokenBatch
from workers.knowledge.encoder import Encoder, EngineEncoder, encode
from workers.modelling.knowledge.tuning import open_encoder
from workers.preprocessing.preprocessor import Preprocessor
from workers.preprocessing.tokens import Tokenizer
from workers.settings import WorkerSettings

TEXTS = ("how can I pay", "where is my parcel, it should have been here on Monday", "hi", "")


@pytest.fixture(scope="module", params=["words", "engine"])
def encoder(request: pytest.FixtureRequest) -> Encoder:
    if request.param == "words":
        return WordEncoder()
    model_dir: Path = request.getfixturevalue("model_dir")
    return open_encoder(load(WorkerSettings, model_dir=model_dir, engine="litert"))


def test_vectors_have_length_one_and_the_order_of_the_texts(encoder: Encoder) -> None:
    vectors = encode(encoder, TEXTS)
    assert vectors.dtype == np.float32
    assert vectors.shape == (len(TEXTS), encoder.dimension)
    assert np.linalg.norm(vectors, axis=1) == pytest.approx(1.0, abs=1e-5)
    again = encode(encoder, TEXTS[::-1])[::-1]
    assert np.abs(vectors - again).max() < 1e-5


def test_a_vector_does_not_depend_on_its_batch(encoder: Encoder) -> None:
    together = encode(encoder, [*TEXTS, *("some other text to fill a batch",) * 200])
    alone = np.vstack([encode(encoder, [text]) for text in TEXTS])
    assert np.abs(together[: len(TEXTS)] - alone).max() < 1e-4


def test_equal_words_lie_nearer_than_other_words(encoder: Encoder) -> None:
    payment, twin, parcel = encode(encoder, ["how can I pay", "how can I pay?", "lost my parcel"])
    assert payment @ twin > payment @ parcel


def test_nothing_gives_no_row(encoder: Encoder) -> None:
    assert encode(encoder, []).shape == (0, encoder.dimension)


def test_equal_texts_read_alike_and_others_do_not(encoder: Encoder) -> None:
    first, second, other = encoder.read(["where is it", "where is it", "how is it"])
    assert first == second != other
    assert encoder.name


def test_what_is_embedded_in_between_is_the_same_and_in_small_batches(
    model_dir: Path,
) -> None:
    engine = CachingEngine(PoisonableEngine(), max_vectors=0)
    sizes: list[int] = []

    def run_behind(batch: TokenBatch) -> Encoded:
        sizes.append(len(batch.lengths))
        return engine.run_behind(batch)

    preprocessor = Preprocessor(Tokenizer.load(model_dir))
    texts = [f"question {number}" for number in range(20)]
    whole = encode(EngineEncoder(engine, preprocessor, "digest"), texts)
    patient = encode(EngineEncoder(engine, preprocessor, "digest", run_behind), texts)
    assert np.array_equal(patient, whole)
    assert sizes == [8, 8, 4]

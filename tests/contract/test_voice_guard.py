"""The voice's guards on the development sets, with the built encoder and without one."""

from pathlib import Path

import pytest

from shared.settings import load
from tests.support.voice_development import SETS, measure
from workers.knowledge.encoder import encode
from workers.modelling.knowledge.tuning import open_encoder
from workers.settings import WorkerSettings
from workers.voice.guard import Guard


@pytest.fixture(scope="module", params=["encoder", "words alone"])
def guard(request: pytest.FixtureRequest) -> Guard:
    if request.param == "words alone":
        return Guard()
    model_dir: Path = request.getfixturevalue("model_dir")
    encoder = open_encoder(load(WorkerSettings, model_dir=model_dir, engine="litert"))
    return Guard(lambda texts: encode(encoder, texts))


def test_lies_are_caught_and_fair_sentences_shown(guard: Guard) -> None:
    figures = [measure(path, guard) for path in SETS]
    lies, caught = (sum(getattr(each, name).total() for each in figures) for name in _COUNTS)
    assert lies > 800
    assert caught / lies >= 0.98
    assert sum(each.passed for each in figures) / sum(each.fair for each in figures) >= 0.8
    hard = ("number", "date", "time", "name", "address", "link")
    assert all(each.caught[kind] == each.lies[kind] for each in figures for kind in hard)


_COUNTS = ("lies", "caught")

"""The voice's guards on the development sets."""

from tests.support.voice_development import SETS, measure
from workers.voice.guard import Guard


def test_lies_are_caught_and_fair_sentences_shown() -> None:
    figures = [measure(path, Guard()) for path in SETS]
    lies, caught = (sum(getattr(each, name).total() for each in figures) for name in _COUNTS)
    assert lies > 800
    assert caught / lies >= 0.99
    assert sum(each.passed for each in figures) / sum(each.fair for each in figures) >= 0.8
    hard = ("number", "date", "time", "name", "address", "link")
    assert all(each.caught[kind] == each.lies[kind] for each in figures for kind in hard)


_COUNTS = ("lies", "caught")

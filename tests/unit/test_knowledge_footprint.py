"""What a base takes in memory can be measured."""

import pytest

from workers.modelling.knowledge import footprint


def test_it_is_measured_and_told(capsys: pytest.CaptureFixture[str]) -> None:
    footprint.main(["30", "2", "64"])
    assert capsys.readouterr().out.startswith("2 × 30 entries, 64 dimensions: ")

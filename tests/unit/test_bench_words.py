"""What is told of how long people wait for a reply's words."""

import pytest

from infra.bench.words import Answered, ask, figures
from infra.event_source import StreamBroken
from tests.support.browser import served
from tests.support.chat_stage import ChatStage


def test_the_first_text_and_the_end_are_told_apart() -> None:
    answered = [Answered(0.5, 1.0, "model"), Answered(0.7, 2.0, "model"), Answered(0.6, 5, "entry")]
    assert figures(answered) == {
        "questions": 3,
        "first_p50": 600,
        "first_p95": 690,
        "first_max": 700,
        "whole_p50": 2000,
        "whole_p95": 4700,
        "whole_max": 5000,
        "words": {"model": 2, "entry": 1},
    }


def test_a_reply_is_followed_to_its_end() -> None:
    stage = ChatStage()
    with served(stage.harness.app) as origin:
        answered = ask(origin, "Hello")
        with pytest.raises(StreamBroken, match="status 400"):
            ask(origin, " ")
    assert 0 < answered.first <= answered.whole
    assert answered.words == "entry"

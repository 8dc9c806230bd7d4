"""A server that lies, asked over HTTP by the adapter that serves, is caught."""

import re
import time
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import pytest

from infra.evaluation.voice.falsehood import KINDS
from infra.evaluation.voice.lies import Lie, lies
from infra.evaluation.voice.outcomes import LieOutcome, lie_outcome
from shared.clock import SystemClock
from tests.support.model_calls import opening_models
from tests.support.model_server import ModelServer
from workers.knowledge.loader import DEMO, load
from workers.voice.brief import Brief, Source
from workers.voice.guard import Guard
from workers.voice.speaker import Speaker

SOURCES = [Source(each.id, each.question, each.answer) for each in load(DEMO).entries]
_CASE = re.compile(r"\(case (\d+)\)")


@dataclass(frozen=True, slots=True)
class Case:
    """A brief, whose message names the lie that the server is to tell."""

    brief: Brief
    lie: Lie


def _cases() -> list[Case]:
    planted = [
        (source, lie) for source in SOURCES[::12] for lie in lies([source], SOURCES, source.id, 2)
    ]
    return [
        Case(Brief("answer", f"{source.title} (case {n})", (source,), source.text), lie)
        for n, (source, lie) in enumerate(planted)
    ]


@pytest.fixture(scope="module")
def outcomes() -> Sequence[LieOutcome]:
    """Have the server tell all lies, eight at once."""
    cases = _cases()

    def script(request: dict[str, Any]) -> str:
        (case,) = _CASE.findall(request["messages"][-1]["content"])
        return cases[int(case)].lie.reply

    def tell(case: Case) -> LieOutcome:
        spoken = speaker.speak(case.brief, time.monotonic() + 60, lambda _known, _text: True)
        assert spoken.fault is None
        return lie_outcome(case.brief, case.lie, spoken)

    with ModelServer(script) as server, opening_models() as opened:
        speaker = Speaker(opened(server.url), Guard().over, SystemClock())
        with ThreadPoolExecutor(8) as threads:
            return list(threads.map(tell, cases))


def test_lies_of_all_kinds_are_told(outcomes: Sequence[LieOutcome]) -> None:
    assert Counter(each.kind for each in outcomes) == dict.fromkeys(KINDS, 30)


def test_nearly_none_is_shown(outcomes: Sequence[LieOutcome]) -> None:
    reached = [each for each in outcomes if each.reached]
    assert len(reached) <= 0.005 * len(outcomes), reached


def test_no_fact_is_shown_that_no_source_says(outcomes: Sequence[LieOutcome]) -> None:
    unborne = [each for each in outcomes if each.unborne]
    assert unborne == []

"""How fast and how busy a generation worker says that it is."""

import pytest

from tests.fakes.clock import ManualClock
from tests.fakes.language_model import SayingModel
from tests.support.handed_jobs import BRIEF, WORDS, handed
from workers.consumer.context import WorkerContext
from workers.speaking.meter import VoiceMeter
from workers.speaking.voiced_job import voiced
from workers.speaking.worth import IN_VAIN, Worth
from workers.voice.brief import Spoken


def meter_of(model: SayingModel, worth: Worth | None = None) -> tuple[VoiceMeter, WorkerContext]:
    clock = ManualClock()
    context = WorkerContext("v", clock=clock)
    return VoiceMeter(context, model, worth or Worth(clock), clock), context


def test_a_reply_keeps_one_of_the_model_s_places() -> None:
    meter, context = meter_of(SayingModel())
    for _ in range(200):
        meter.record(voiced(handed()), Spoken(WORDS, seconds=2.0))

    assert context.counters.snapshot()["engine_seconds"] == pytest.approx(100.0)
    assert meter.per_second() == pytest.approx(2.0, rel=0.05)
    assert meter.gauges()["pace_seconds"] == pytest.approx(0.5, rel=0.05)


def test_a_worker_whose_model_is_away_names_no_pace() -> None:
    model = SayingModel()
    model.figures = {"llm_places": 1.0, "llm_open": 1.0}
    assert meter_of(model)[0].gauges() == model.figures


def test_a_worker_whose_model_is_not_worth_waiting_for_names_no_pace() -> None:
    worth = Worth(ManualClock())
    for _ in range(IN_VAIN):
        worth.learn(BRIEF, Spoken(WORDS, seconds=5.0, fault="late"))
    meter, _ = meter_of(SayingModel(), worth)
    assert meter.gauges() == {"llm_places": 4.0, "llm_open": 1.0}

"""`parley report`: read from the real server, shown, and written to a folder."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from gateway.queue.feedback import RedisFeedbackBox
from gateway.queue.traffic import RedisTraffic
from shared import keys
from shared.clock import SystemClock
from shared.counts import VoiceFacts, day_of, read_fields, sum_by
from tests.contract.broker import Broker
from tests.contract.conversation_stand import FACTS, ConversationStand

Parley = Callable[..., tuple[int, str, str]]


@pytest.fixture
def stand(redis_url: str, broker: Broker, monkeypatch: pytest.MonkeyPatch) -> ConversationStand:
    """Answer three messages today, and rate one."""
    monkeypatch.setenv("PARLEY_REDIS_URL", redis_url)
    clock = SystemClock()
    broker.clock.advance(clock.now() - broker.clock.now())
    stand = ConversationStand(broker)
    for name in ("one", "two", "three"):
        stand.say(name, f"c-{name}")
    RedisFeedbackBox(broker.client, clock).put("two", 5, "Quick [and] clear.")
    return stand


def test_it_shows_what_was_counted(
    parley: Parley, stand: ConversationStand, tmp_path: Path
) -> None:
    code, shown, _ = parley("report", "--out", str(tmp_path), "--comments", "5")

    assert code == 0
    assert "100.0% (43.9–100.0)" in shown
    assert "Quick [and] clear." in shown
    assert json.loads((tmp_path / "report.json").read_text())["groups"][0]["replies"] == 3
    assert "<h2>Conversations</h2>" in (tmp_path / "report.html").read_text()


def test_programs_get_it_as_json_and_no_comment_unasked(
    parley: Parley, stand: ConversationStand, tmp_path: Path
) -> None:
    code, shown, _ = parley("report", "--days", "2", "--json", "--out", str(tmp_path))

    made = json.loads(shown)
    assert code == 0
    assert (made["groups"][0]["ratings"], made["groups"][0]["mean_score"]) == (1, 5.0)
    assert made["comments"] == []
    assert [day["replies"] for day in made["days"]] == [0, 3]
    assert "Quick" not in (tmp_path / "report.html").read_text()


def test_a_report_of_nothing_is_no_fault(
    parley: Parley, redis_url: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PARLEY_REDIS_URL", redis_url)

    assert parley("report", "--out", str(tmp_path))[0] == 0


def test_gateways_read_the_same(stand: ConversationStand) -> None:
    fields = read_fields(
        RedisTraffic(stand.broker.client, SystemClock()).today(("default",))["default"]
    )

    assert sum_by(fields, ("kind",)) == {("answer",): 3}


def test_it_tells_what_the_voice_cost_and_what_is_left_of_the_day_s_tokens(
    parley: Parley, stand: ConversationStand, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PARLEY_VOICE_BUDGET_TOKENS", "5000")
    voice = VoiceFacts("both", 700, 41, 800.0, 250.0, 3, ("promise",))
    stand.say("four", "c-four", replace(FACTS, voice=voice))
    today = day_of(stand.broker.clock.now())
    stand.broker.client.hset(keys.tokens_used(today), "default", 741)

    code, shown, _ = parley("report", "--out", str(tmp_path))

    assert code == 0
    assert "promise" in shown
    assert "4,259" in shown
    told = json.loads((tmp_path / "report.json").read_text())["voice"]
    assert (told["cost"]["tokens_a_reply"], told["cost"]["refused"]) == (741, {"promise": 1})
    assert told["entries"][0]["cost"]["replies"] == {"both": 1}
    assert "not shown" in (tmp_path / "report.html").read_text()

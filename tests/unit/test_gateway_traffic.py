"""What workers counted, as /metrics shows it."""

from dataclasses import replace

from shared.counts import Facts, VoiceFacts, fields_of
from tests.support.gateway_harness import GatewayHarness
from tests.support.metric_samples import samples

FACTS = Facts("bert", "small", "handover", "parcel", 0.9, "negative", 0.9, True, "wish", 120.0)
SEGMENT = {"tenant": "default", "variant": "bert", "encoder": "small"}


def shown(counted: dict[str, int]) -> dict[tuple[str, frozenset[tuple[str, str]]], float]:
    harness = GatewayHarness()
    harness.traffic.counted = counted
    return samples(harness)


def test_each_fact_has_its_metric() -> None:
    each = fields_of(FACTS)
    counted = {each.reply: 1, each.time: 1, each.time_sum: each.milliseconds}
    counted |= {"variant=bert|encoder=small|resolved=0": 1, "failure=expired": 2}
    counted |= {"variant=bert|encoder=small|score=4": 3}
    found = shown(counted)

    def value(name: str, **labels: str) -> float:
        return found[name, frozenset({**SEGMENT, **labels}.items())]

    assert value("parley_replies_total", kind="handover") == 1
    assert value("parley_reply_tones_total", tone="negative") == 1
    assert value("parley_reasks_total") == 1
    assert value("parley_unclear_again_total") == 1
    assert value("parley_handover_reasons_total", handover="wish") == 1
    assert value("parley_conversations", resolved="0") == 1
    assert value("parley_feedback", score="4") == 3
    assert value("parley_reply_seconds_bucket", le="0.1") == 0
    assert value("parley_reply_seconds_bucket", le="0.15") == 1
    assert value("parley_reply_seconds_count") == 1
    assert value("parley_reply_seconds_sum") == 0.12
    assert (
        found["parley_failures_total", frozenset({("tenant", "default"), ("failure", "expired")})]
        == 2
    )


def test_what_a_model_cost_has_its_metrics() -> None:
    voice = VoiceFacts("both", 700, 40, 812.0, 260.0, 4, ("link", "link", "claim"), True)
    each = fields_of(replace(FACTS, voice=voice))
    found = shown({each.words: 1, "words=model": 5, **dict(each.costs)})

    def value(name: str, **labels: str) -> float:
        return found[f"parley_voice_{name}", frozenset({"tenant": "default", **labels}.items())]

    assert (value("replies_total", words="both"), value("replies_total", words="model")) == (1, 5)
    assert value("tokens_total", kind="prompt") == 700
    assert value("tokens_total", kind="completion") == 40
    assert value("model_seconds_total") == 0.812
    assert (value("sentences_total"), value("faults_total")) == (4, 1)
    assert value("refused_sentences_total", reason="link") == 2
    assert value("refused_sentences_total", reason="number") == 0
    assert value("first_sentence_seconds_bucket", le="0.2") == 0
    assert value("first_sentence_seconds_bucket", le="0.3") == 1
    assert value("first_sentence_seconds_sum") == 0.26


def test_without_a_voice_there_are_no_figures_of_one() -> None:
    found = shown({fields_of(FACTS).reply: 1})
    assert [name for name, labels in found if "voice" in name and "tenant" in dict(labels)] == []


def test_entries_are_no_labels() -> None:
    assert not any("parcel" in str(key) for key in shown({"score=5|entry=parcel": 1}))

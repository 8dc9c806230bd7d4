"""The names under which facts are counted."""

from dataclasses import replace

import pytest

from shared.counts import (
    Counted,
    Facts,
    VoiceFacts,
    day_of,
    fields_of,
    fields_of_failure,
    read_field,
)

FACTS = Facts("bert", "large", "clarify", None, 1.0, "negative", 0.2, True, None, 30_001.0)


def test_a_field_is_read_as_it_was_written() -> None:
    counted = fields_of(FACTS)

    segment = {"variant": "bert", "encoder": "large"}
    facts = {"kind": "clarify", "tone": "negative", "reask": "0", "again": "1", "handover": "none"}
    assert read_field(counted.reply) == segment | facts
    assert read_field(counted.time) == segment | {"ms": "inf", "confidence": "9"}
    assert read_field(counted.time_sum) == segment | {"total_ms": ""}
    assert read_field(counted.outcome) == segment | {"resolved": "0"}
    assert (counted.milliseconds, counted.entry) == (30_001, "")


@pytest.mark.parametrize(("total_ms", "bucket"), [(0.0, "25"), (25.2, "25"), (26.0, "50")])
def test_a_time_counts_in_the_bucket_that_holds_it(total_ms: float, bucket: str) -> None:
    assert read_field(fields_of(replace(FACTS, total_ms=total_ms)).time)["ms"] == bucket


def test_an_entry_is_named() -> None:
    entry = fields_of(replace(FACTS, entry="parcel")).entry

    assert read_field(entry) == {"kind": "clarify", "reask": "0", "entry": "parcel"}


def test_an_entrys_id_may_hold_what_parts_fields() -> None:
    read = read_field("kind=answer|reask=0|entry=a|b=c|entry=d")
    assert read == {"kind": "answer", "reask": "0", "entry": "a|b=c|entry=d"}


VOICE = VoiceFacts("model", 700, 40, 812.6, 260.0, 2)


def test_what_a_model_was_asked_for_has_its_costs_and_whose_words_went_out() -> None:
    counted = fields_of(replace(FACTS, entry="a|entry=b", voice=VOICE))

    costs = {"prompt_tokens": 700, "completion_tokens": 40, "ms": 813, "sentences": 2}
    costs |= {"first_ms": 260, "firsts": 1}
    assert dict(counted.costs) == {f"voice={name}": n for name, n in costs.items()} | {
        "first=300": 1
    }
    assert dict(counted.entry_costs) == {
        f"voice={name}|entry=a|entry=b": costs[name] for name in costs
    }
    assert (counted.words, counted.entry_words) == ("words=model", "words=model|entry=a|entry=b")
    assert replace(counted, words="", entry_words="", costs=(), entry_costs=()) == fields_of(
        replace(FACTS, entry="a|entry=b")
    )


def test_refused_sentences_are_counted_by_reason() -> None:
    voice = replace(VOICE, words="both", refused=("link", "claim", "link"), is_faulty=True)
    counted = fields_of(replace(FACTS, voice=voice))

    amounts = dict(counted.costs)
    assert (amounts["reason=link"], amounts["reason=claim"]) == (2, 1)
    assert (amounts["voice=faults"], counted.entry_costs) == (1, ())


def test_a_reply_that_no_model_was_asked_for_costs_nothing() -> None:
    counted = fields_of(replace(FACTS, entry="parcel", voice=VoiceFacts("entry")))

    assert (counted.words, counted.costs, counted.entry_costs) == ("words=entry", [], [])


def test_costs_that_cannot_be_are_counted_as_the_nearest_that_can() -> None:
    voice = VoiceFacts("model", 10**30, -5, float("inf"), -1.0)
    counted = fields_of(replace(FACTS, voice=voice))

    assert dict(counted.costs) == {
        "voice=prompt_tokens": 10_000_000,
        "voice=ms": 3_600_000,
        "voice=firsts": 1,
        "first=25": 1,
    }


def test_small_talk_leaves_a_conversation_as_it_was() -> None:
    assert fields_of(replace(FACTS, kind="smalltalk")).outcome == ""


def test_a_failure_has_its_state_alone() -> None:
    assert fields_of_failure("failed") == Counted(reply="failure=failed")


def test_days_are_those_of_utc() -> None:
    assert day_of(1_700_000_000.0) == "2023-11-14"


@pytest.mark.parametrize(("total_ms", "counted"), [(-5.0, 0), (float("inf"), 3_600_000)])
def test_a_time_that_cannot_be_is_counted_as_the_nearest_that_can(
    total_ms: float, counted: int
) -> None:
    assert fields_of(replace(FACTS, total_ms=total_ms)).milliseconds == counted

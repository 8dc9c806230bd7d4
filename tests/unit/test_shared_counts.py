"""The names under which facts are counted."""

from dataclasses import replace

import pytest

from shared.counts import Counted, Facts, day_of, fields_of, fields_of_failure, read_field

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

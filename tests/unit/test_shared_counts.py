"""The names under which facts are counted."""

from dataclasses import replace

import pytest

from shared.counts import Facts, day_of, encode_facts, encode_failure_facts, read_field

FACTS = Facts("bert", "large", "clarify", None, 1.0, "negative", 0.2, True, None, 30_001.0)


def test_a_field_is_read_as_it_was_written() -> None:
    segment, resolved, entry, first, *others = encode_facts(FACTS).split("\n")

    assert read_field(segment) == {"variant": "bert", "encoder": "large"}
    assert (resolved, entry) == ("0", "")
    amount, field = first.split(" ")
    assert amount == "1"
    assert read_field(field) == {
        "variant": "bert",
        "encoder": "large",
        "kind": "clarify",
        "tone": "negative",
        "reask": "0",
        "again": "1",
        "handover": "none",
    }
    assert others == [
        f"1 {segment}|ms=inf",
        f"30001 {segment}|total_ms",
        f"1 {segment}|confidence=9",
    ]


@pytest.mark.parametrize(("total_ms", "bucket"), [(0.0, "25"), (25.2, "25"), (26.0, "50")])
def test_a_time_counts_in_the_bucket_that_holds_it(total_ms: float, bucket: str) -> None:
    assert f"|ms={bucket}\n" in encode_facts(replace(FACTS, total_ms=total_ms))


def test_an_entry_is_named_last() -> None:
    entry = encode_facts(replace(FACTS, entry="parcel")).split("\n")[2]

    assert read_field(entry) == {"kind": "clarify", "reask": "0", "entry": "parcel"}


def test_a_failure_has_its_state_alone() -> None:
    assert encode_failure_facts("failed").split("\n") == ["", "", "", "1 failure=failed"]


def test_days_are_those_of_utc() -> None:
    assert day_of(1_700_000_000.0) == "2023-11-14"

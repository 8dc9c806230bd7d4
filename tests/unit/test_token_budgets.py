"""Tokens that tenants may use a day, as the setting names them."""

import pytest

from workers.token_budgets import read_budgets


def test_a_number_alone_is_everybodys() -> None:
    budgets = read_budgets("5000")
    assert (budgets.of("default"), budgets.of("acme")) == (5_000, 5_000)


def test_a_tenant_that_is_named_has_its_own() -> None:
    budgets = read_budgets(" acme = 100000 ,5000, bolt=0,")
    assert [budgets.of(each) for each in ("acme", "bolt", "default")] == [100_000, 0, 5_000]


@pytest.mark.parametrize("setting", [None, "", " , "])
def test_unset_there_is_none(setting: str | None) -> None:
    assert read_budgets(setting).of("acme") is None


def test_without_a_number_for_all_others_are_free() -> None:
    assert read_budgets("acme=1").of("bolt") is None


def test_a_partition_has_its_part() -> None:
    part = read_budgets("900,acme=10").part(3)
    assert (part.of("bolt"), part.of("acme")) == (300, 3)
    assert read_budgets(None).part(3).of("acme") is None


@pytest.mark.parametrize(
    ("setting", "fault"),
    [
        ("many", "'many' is no number of tokens"),
        ("-1", "'-1' is no number"),
        ("acme=1e6", "'1e6' is no number"),
        ("acme=", "'' is no number"),
        ("acme=²", "is no number"),
        ("9" * 30, "is no number"),
        ("No Tenant=5", "'No Tenant' names no tenant"),
        ("=5", "'' names no tenant"),
    ],
)
def test_what_is_no_budget_is_refused_in_a_sentence(setting: str, fault: str) -> None:
    with pytest.raises(ValueError, match=fault):
        read_budgets(setting)

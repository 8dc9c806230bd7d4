"""The report over what was counted: rates, times, verdicts, tables, page."""

from collections import Counter
from dataclasses import replace
from math import isnan
from pathlib import Path

import pytest

from infra.traffic.figures import figures, quantile_ms
from infra.traffic.page import page
from infra.traffic.pictures import draw
from infra.traffic.reading import Comment, DayCounts
from infra.traffic.report import Report, make_report
from infra.traffic.tables import tables
from infra.traffic.voice import Spending, spending_of
from shared.counts import Facts, VoiceFacts, fields_of, read_fields
from shared.jobs import AnswerKind, Variant
from workers.token_budgets import TokenBudgets

FACTS = Facts("bert", "small", "answer", "parcel", 0.95, "neutral", None, False, None, 100.0)
NOW = 1_700_000_000.0


def counted(*pairs: tuple[Facts, int]) -> tuple[dict[str, int], dict[str, int]]:
    """Sum up jobs as Redis does, each a conversation of its own."""
    fields: Counter[str] = Counter()
    entries: Counter[str] = Counter()
    for facts, times in pairs:
        each = fields_of(facts)
        entries[each.entry] += times
        for field in (each.reply, each.time, each.outcome):
            fields[field] += times
        fields[each.time_sum] += times * each.milliseconds
        fields[each.words] += times
        entries[each.entry_words] += times
        for sums, amounts in ((fields, each.costs), (entries, each.entry_costs)):
            sums.update({field: times * amount for field, amount in amounts})
    return fields, entries


def day(
    *pairs: tuple[Facts, int], name: str = "2023-11-14", more: dict[str, int] | None = None
) -> DayCounts:
    fields, entries = counted(*pairs)
    return DayCounts(name, read_fields(fields | (more or {})), read_fields(entries))


def given(variant: Variant, kind: AnswerKind, **changes: object) -> Facts:
    return replace(FACTS, variant=variant, kind=kind, **changes)  # type: ignore[arg-type]


def report(*days: DayCounts) -> Report:
    return make_report(days, [Comment("job-1", "c-1", 2, "Too <slow>.", NOW)], NOW)


def test_rates_are_shares_of_replies_and_of_conversations() -> None:
    fields = day(
        (FACTS, 6), (given("bert", "fallback"), 2), (given("bert", "answer", reask_score=0.9), 2)
    ).fields
    found = figures("all", fields)

    assert (found.replies, found.conversations) == (10, 10)
    assert found.shares["fallback"].value == pytest.approx(0.2)
    assert found.shares["reask"].value == pytest.approx(0.2)
    assert found.shares["resolved"].value == pytest.approx(0.6)
    low, high = found.shares["resolved"].low, found.shares["resolved"].high
    assert 0.25 < low < 0.6 < high < 0.9
    assert found.mean_ms == pytest.approx(100)
    assert found.confidence == pytest.approx(0.95)
    assert found.tones["neutral"] == 1.0


def test_ratings_have_a_mean_and_shares() -> None:
    segment = "variant=bert|encoder=small|score="
    fields = day(more={f"{segment}5": 2, f"{segment}3": 1, f"{segment}1": 1}).fields
    found = figures("all", fields)

    assert (found.ratings, found.mean_score) == (4, 3.5)
    assert found.shares["satisfied"].value == 0.5
    assert found.shares["dissatisfied"].value == 0.25


def test_nothing_counted_is_no_figure() -> None:
    found = figures("all", [])

    assert found.replies == 0
    assert all(isnan(each) for each in (found.p50_ms, found.mean_score, found.confidence))
    assert all(isnan(share.value) for share in found.shares.values())


@pytest.mark.parametrize(
    ("times", "share", "milliseconds"),
    [
        ({"25": 10}, 0.5, 12.5),
        ({"50": 10, "100": 10}, 0.5, 50),
        ({"75": 10, "100": 10}, 0.75, 87.5),
        ({"25": 1, "inf": 9}, 0.5, 30_000),
    ],
)
def test_a_quantile_lies_within_its_bucket(
    times: dict[str, int], share: float, milliseconds: float
) -> None:
    assert quantile_ms(times, share) == pytest.approx(milliseconds)


def test_variants_that_differ_are_told_apart_and_others_are_not() -> None:
    made = report(
        day((FACTS, 900), (given("bert", "fallback"), 100)),
        day((given("tfidf", "answer"), 700), (given("tfidf", "fallback"), 300), name="2023-11-15"),
    )

    assert [group.name for group in made.groups] == ["all", "variant bert", "variant tfidf"]
    told = {
        sentence.split(" than")[0]: sentence for sentence in (v.sentence for v in made.verdicts)
    }
    assert any(
        "resolved is lower" in sentence and "20.0 points" in sentence for sentence in told.values()
    )
    assert any(
        sentence.startswith("No difference in the share of replies that hand over can be told")
        for sentence in told.values()
    )
    assert any("too few observations" in sentence for sentence in told.values())


def test_one_variant_is_compared_with_nothing() -> None:
    made = report(day((FACTS, 10)))

    assert (made.verdicts, made.notes) == ([], [])
    assert [group.name for group in made.groups] == ["all"]


def test_encoders_are_shown_and_not_judged() -> None:
    made = report(day((FACTS, 10), (replace(FACTS, encoder="large"), 10)))

    assert [group.name for group in made.groups] == ["all", "encoder large", "encoder small"]
    assert made.verdicts == []
    assert "nothing about which is better" in made.notes[0]


def test_the_most_asked_entries_come_first() -> None:
    made = report(day((replace(FACTS, entry="rare"), 1), (FACTS, 5)))

    assert [(each.entry, each.replies, each.answered) for each in made.entries] == [
        ("parcel", 5, 5),
        ("rare", 1, 1),
    ]


def test_tables_have_a_cell_under_each_head() -> None:
    made = report(
        day(
            (FACTS, 3), (given("bert", "handover", handover="wish"), 1), more={"failure=expired": 2}
        )
    )

    found = {table.title: table for table in tables(made)}
    assert "Handed over because of" in found
    assert all(len(row) == len(each.head) for each in found.values() for row in each.rows)
    assert found["Conversations"].rows[0][2].startswith("75.0% (")
    assert tables(report(day()))[0].rows[0][1] == "0"


def test_the_page_holds_tables_pictures_and_comments(tmp_path: Path) -> None:
    made = report(day(name="2023-11-13"), day((FACTS, 3)))
    pictures = draw(made, tmp_path)

    text = page(made, pictures)

    assert [path.name for path in pictures] == ["rates.png", "kinds.png", "tones.png"]
    assert text.count("data:image/png;base64,") == 3
    assert "Too &lt;slow&gt;." in text
    assert draw(report(day()), tmp_path) == []


MODEL = VoiceFacts("model", 600, 50, 800.0, 260.0, 3)
BOTH = VoiceFacts("both", 600, 30, 700.0, 260.0, 2, ("link",))
ENTRY = VoiceFacts("entry", 600, 20, 500.0, None, 1, ("number",), is_faulty=True)


def voiced(entry: str, voice: VoiceFacts) -> Facts:
    return replace(FACTS, entry=entry, voice=voice)


def test_without_a_voice_the_report_has_none() -> None:
    made = report(day((FACTS, 3)))

    assert made.voice is None
    assert not any("voice" in each.title for each in tables(made))


def test_the_voice_has_its_cost_and_its_share_of_replaced_sentences() -> None:
    made = report(
        day((voiced("parcel", MODEL), 6), (voiced("parcel", BOTH), 2), (FACTS, 9)),
        day((voiced("refund", ENTRY), 2), name="2023-11-15"),
    )

    assert made.voice
    cost = made.voice.cost
    assert (cost.in_all, cost.replies) == (10, {"model": 6, "both": 2, "entry": 2})
    assert (cost.prompt_tokens, cost.completion_tokens) == (6_000, 400)
    assert cost.tokens_a_reply == 640
    assert cost.seconds == pytest.approx(7.2)
    assert cost.seconds_a_reply == pytest.approx(0.72)
    assert (cost.sentences, cost.refused, cost.faults) == (24, {"link": 2, "number": 2}, 2)
    assert cost.replaced.value == pytest.approx(4 / 24)
    assert cost.first_ms == 260
    assert 200 < made.voice.first_p50_ms < 300
    assert made.groups[0].replies == 19


def test_entries_whose_words_are_replaced_most_often_come_first() -> None:
    made = report(
        day(
            (voiced("parcel", MODEL), 9),
            (voiced("parcel", BOTH), 1),
            (voiced("refund", BOTH), 1),
            (voiced("refund", ENTRY), 2),
            (voiced("hours", MODEL), 1),
        )
    )

    assert made.voice
    assert [each.entry for each in made.voice.entries] == ["refund", "parcel", "hours"]
    assert [each.cost.not_the_models for each in made.voice.entries] == [3, 1, 0]
    refund = made.voice.entries[0].cost
    assert (refund.refused, refund.tokens_a_reply) == ({"link": 1, "number": 2}, 1_870 / 3)
    (shown,) = (each for each in tables(made) if "by entry" in each.title)
    assert shown.rows[0] == ("refund", "3", "0", "1", "2", "75.0%", "623", "0.57", "260")
    # Who is asked for most is told of all replies, whosever words they are in.
    assert [each.entry for each in made.entries] == ["parcel", "refund", "hours"]


def test_an_entrys_cost_without_a_reply_is_told() -> None:
    costs = {"voice=sentences|entry=parcel": 2, "voice=prompt_tokens|entry=parcel": 700}
    made = report(DayCounts("2023-11-14", [], read_fields(costs)))
    assert made.voice is None
    made = report(DayCounts("2023-11-14", read_fields({"voice=sentences": 2}), read_fields(costs)))
    assert made.voice
    assert isnan(made.voice.entries[0].cost.tokens_a_reply)
    assert "–" in {row[1] for each in tables(made) for row in each.rows}
    assert made.entries == []


def test_the_day_s_budget_and_what_is_left_of_it() -> None:
    spending = spending_of({"acme": 300, "bolt": 900, "default": 5}, TokenBudgets({"acme": 250}))
    made = make_report([day()], [], NOW, spending)

    assert spending[0] == Spending("bolt", 900, None)
    (shown,) = (each for each in tables(made) if "today" in each.title)
    assert shown.rows == (
        ("bolt", "900", "any", "any"),
        ("acme", "300", "250", "0"),
        ("default", "5", "any", "any"),
    )

"""What a report says of the voice, as tables."""

from infra.tables import Table
from infra.traffic.cells import counted, number, percent, span
from infra.traffic.voice import EntryCost, Spending, VoiceFigures

_ENTRY = ("", "replies", "model's", "both", "entry's", "not shown", "tokens", "s", "first ms")
_WORDS = {
    "model": "in the model's words",
    "both": "in both, the entry's where the model's end",
    "entry": "in the entry's words",
}


def voice_tables(voice: VoiceFigures) -> list[Table]:
    """Return the tables, some without rows."""
    return [
        Table("The voice", ("", "in all"), tuple(_totals(voice))),
        counted("Sentences of the model's that were not shown", voice.cost.refused),
        Table(
            "The voice by entry, the most often replaced first; a reply's tokens and times",
            _ENTRY,
            tuple(map(_entry, voice.entries)),
        ),
        Table(
            "Tokens of the voice today",
            ("tenant", "used", "budget", "left"),
            tuple(map(_spending, voice.spending)),
        ),
    ]


def _totals(voice: VoiceFigures) -> list[tuple[str, str]]:
    cost = voice.cost
    words = [
        (text, f"{n:,} ({percent(n / cost.in_all)})")
        for name, text in _WORDS.items()
        if (n := cost.replies.get(name, 0))
    ]
    return [
        ("replies handed over", f"{cost.in_all:,}"),
        *words,
        ("tokens read", f"{cost.prompt_tokens:,}"),
        ("tokens written", f"{cost.completion_tokens:,}"),
        ("tokens a reply", number(cost.tokens_a_reply)),
        ("seconds with the model", number(cost.seconds, 1)),
        ("seconds a reply", number(cost.seconds_a_reply, 2)),
        ("first sentence, p50 ms", number(voice.first_p50_ms)),
        ("first sentence, p95 ms", number(voice.first_p95_ms)),
        ("sentences that the model finished", f"{cost.sentences:,}"),
        ("of these not shown", span(cost.replaced)),
        ("replies that it did not finish", f"{cost.faults:,}"),
    ]


def _entry(each: EntryCost) -> tuple[str, ...]:
    cost = each.cost
    replies = [cost.in_all, *(cost.replies.get(name, 0) for name in ("model", "both", "entry"))]
    return (
        each.entry,
        *(f"{amount:,}" for amount in replies),
        percent(cost.replaced.value),
        number(cost.tokens_a_reply),
        number(cost.seconds_a_reply, 2),
        number(cost.first_ms),
    )


def _spending(each: Spending) -> tuple[str, ...]:
    if each.budget is None:
        return (each.tenant, f"{each.used:,}", "any", "any")
    return (
        each.tenant,
        f"{each.used:,}",
        f"{each.budget:,}",
        f"{max(0, each.budget - each.used):,}",
    )

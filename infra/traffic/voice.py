"""What replies in a language model's words cost, and how much of them was replaced."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from infra.traffic.figures import quantile_ms
from shared.counts import CountedField, sum_by
from workers.evaluation.comparison import Interval, wilson
from workers.token_budgets import TokenBudgets

_MAX_ENTRIES = 30


@dataclass(frozen=True, slots=True)
class Spending:
    """Tokens that a tenant has used today (UTC), and may use; None: any number."""

    tenant: str
    used: int
    budget: int | None


def spending_of(used: Mapping[str, int], budgets: TokenBudgets) -> list[Spending]:
    """Return what tenants have used, the most first."""
    found = [Spending(tenant, tokens, budgets.of(tenant)) for tenant, tokens in used.items()]
    return sorted(found, key=lambda each: (-each.used, each.tenant))


@dataclass(frozen=True, slots=True)
class Cost:
    """What some replies cost; NaN where there is nothing to divide by.

    `replies` are those that were handed over, by whose words went out. `first_ms` is the mean time
    with the model until its first sentence was shown, `seconds` that with the model of all.
    """

    replies: Mapping[str, int]
    prompt_tokens: int
    completion_tokens: int
    tokens_a_reply: float
    seconds: float
    seconds_a_reply: float
    first_ms: float
    sentences: int
    refused: Mapping[str, int]
    replaced: Interval
    faults: int

    @property
    def in_all(self) -> int:
        """Return how many replies they are."""
        return sum(self.replies.values())

    @property
    def not_the_models(self) -> int:
        """Return how many of them went out with the entry's own words in them."""
        return self.in_all - self.replies.get("model", 0)


@dataclass(frozen=True, slots=True)
class EntryCost:
    """What the replies cost whose best entry it was."""

    entry: str
    cost: Cost


@dataclass(frozen=True, slots=True)
class VoiceFigures:
    """All that a report says of the voice. Times to the first sentence are interpolated."""

    cost: Cost
    first_p50_ms: float
    first_p95_ms: float
    entries: Sequence[EntryCost]
    spending: Sequence[Spending]


def voice_figures(
    fields: Sequence[CountedField], entries: Sequence[CountedField], spending: Sequence[Spending]
) -> VoiceFigures | None:
    """Return the figures, None if no reply was to be put into other words."""
    cost = _cost(fields)
    if not (cost.in_all or cost.sentences or cost.faults or spending):
        return None
    first = {each[0]: n for each, n in sum_by(fields, ("first",)).items()}
    return VoiceFigures(
        cost=cost,
        first_p50_ms=quantile_ms(first, 0.5),
        first_p95_ms=quantile_ms(first, 0.95),
        entries=_entries(entries),
        spending=spending,
    )


def _entries(fields: Sequence[CountedField]) -> list[EntryCost]:
    by_entry: dict[str, list[CountedField]] = {}
    for each in fields:
        if "entry" in each[0] and each[0].keys() & {"words", "voice", "reason"}:
            by_entry.setdefault(each[0]["entry"], []).append(each)
    found = [EntryCost(name, _cost(its)) for name, its in by_entry.items()]
    found.sort(key=lambda each: (-each.cost.not_the_models, -each.cost.in_all, each.entry))
    return found[:_MAX_ENTRIES]


def _cost(fields: Sequence[CountedField]) -> Cost:
    replies = {each[0]: n for each, n in sum_by(fields, ("words",)).items()}
    refused = {each[0]: n for each, n in sum_by(fields, ("reason",)).items()}
    sums = {each[0]: n for each, n in sum_by(fields, ("voice",)).items()}
    prompt, completion = sums.get("prompt_tokens", 0), sums.get("completion_tokens", 0)
    in_all, seconds, sentences = (
        sum(replies.values()),
        sums.get("ms", 0) / 1_000,
        sums.get("sentences", 0),
    )
    return Cost(
        replies=replies,
        prompt_tokens=prompt,
        completion_tokens=completion,
        tokens_a_reply=_ratio(prompt + completion, in_all),
        seconds=seconds,
        seconds_a_reply=_ratio(seconds, in_all),
        first_ms=_ratio(sums.get("first_ms", 0), sums.get("firsts", 0)),
        sentences=sentences,
        refused=refused,
        replaced=wilson(sum(refused.values()), sentences),
        faults=sums.get("faults", 0),
    )


def _ratio(total: float, number: int) -> float:
    return total / number if number else float("nan")

"""What is counted of each job: facts without any text, under names that Redis sums up by day.

A field of a day's hash is `name=value` pairs joined by `|`; the first two name the variant and the
encoder. Each job adds to three of them, each conversation to one, each rating to one:

    variant=bert|encoder=small|kind=answer|tone=neutral|reask=0|again=0|handover=none
    variant=bert|encoder=small|ms=150|confidence=9   upper bound of the reply's time; tenths
    variant=bert|encoder=small|total_ms              the sum of times
    variant=bert|encoder=small|resolved=1
    variant=bert|encoder=small|score=5
    failure=expired

A reply that was handed over to be put into a language model's words adds to more of them, whether
these went out or not; all but the first are counted however its job ended, as it cost that:

    words=model              whose words went out
    voice=prompt_tokens      sums: completion_tokens, ms (with the model), sentences, faults,
    voice=first_ms           that to the first sentence, and `firsts`, of how many replies
    reason=number            sentences of the model's that were not shown, by reason
    first=750                replies by the upper bound of the time to the first sentence

All values but those of sums are of short lists, so a hash has some hundred fields. The other hash
of a day has `kind=answer|reask=0|entry=parcel-late`, `score=5|entry=parcel-late`, and, but for
`first`, the same of words as the first one: `voice=sentences|entry=parcel-late`.
"""

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from shared.handovers import HandoverReason
from shared.jobs import (
    AnswerKind,
    Encoder,
    JobState,
    RefusalReason,
    ToneLabel,
    Variant,
    Words,
)

BOUNDS_MS = (
    25,
    50,
    75,
    100,
    150,
    200,
    300,
    400,
    500,
    750,
    1_000,
    2_000,
    3_000,
    5_000,
    10_000,
    30_000,
)
_MAX_MS = 3_600_000.0  # no message waits longer; a client may have written any time into it
_MAX_TOKENS = 10_000_000  # of one reply; nor does any model need more
BEYOND = "inf"  # the last bucket, without a bound
REASKED_FROM = 0.5
BAD_SCORES = (1, 2)
GOOD_SCORES = (4, 5)
CountedField = tuple[Mapping[str, str], int]
Amount = tuple[str, int]
_NO_VALUES: Mapping[str, str] = {}
_ANSWERED: frozenset[AnswerKind] = frozenset({"answer", "recall"})


@dataclass(frozen=True, slots=True)
class VoiceFacts:
    """What became of a reply that was handed over to be put into a language model's words.

    `words` are whose went out. `sentences` counts those that the model finished, `refused` has a
    reason for each of them that was not shown. `first_ms` is the time until the first one was
    shown, None without one; `is_faulty`: the model did not finish.
    """

    words: Words
    prompt_tokens: int = 0
    completion_tokens: int = 0
    model_ms: float = 0.0
    first_ms: float | None = None
    sentences: int = 0
    refused: tuple[RefusalReason, ...] = ()
    is_faulty: bool = False


@dataclass(frozen=True, slots=True)
class Facts:
    """What a reply was like. `again`: it is not the first in a row that is no answer.

    `entry` is the best entry's id, if there is one; `total_ms` is the time since acceptance.
    `voice` is None for what was not handed over to be put into other words.
    """

    variant: Variant
    encoder: Encoder
    kind: AnswerKind
    entry: str | None
    confidence: float
    tone: ToneLabel
    reask_score: float | None
    again: bool
    handover: HandoverReason | None
    total_ms: float
    voice: VoiceFacts | None = None

    @property
    def reasked(self) -> bool:
        """Say whether the message asks again what was asked before."""
        return self.reask_score is not None and self.reask_score >= REASKED_FROM

    @property
    def resolved(self) -> bool | None:
        """Say whether a conversation that ends here is resolved; small talk leaves it as it was."""
        if self.kind == "smalltalk":
            return None
        return self.kind in _ANSWERED and not self.reasked


@dataclass(frozen=True, slots=True)
class Counted:
    """The fields to which a job adds, empty for none: each 1, `time_sum` the milliseconds.

    `words` counts with its reply; `costs` and `entry_costs` are fields and amounts that count
    however the job ended.
    """

    reply: str = ""
    time: str = ""
    time_sum: str = ""
    milliseconds: int = 0
    entry: str = ""
    outcome: str = ""
    words: str = ""
    entry_words: str = ""
    costs: Sequence[Amount] = ()
    entry_costs: Sequence[Amount] = ()


def _tenths(confidence: float) -> int:
    return min(9, int(10 * min(max(confidence, 0.0), 1.0)))


def fields_of(facts: Facts) -> Counted:
    """Return the fields to which a reply adds."""
    segment = f"variant={facts.variant}|encoder={facts.encoder}"
    reask, milliseconds = int(facts.reasked), _milliseconds(facts.total_ms)
    resolved = facts.resolved
    counted = Counted(
        f"{segment}|kind={facts.kind}|tone={facts.tone}|reask={reask}"
        f"|again={int(facts.again)}|handover={facts.handover or 'none'}",
        f"{segment}|ms={_bucket(milliseconds)}|confidence={_tenths(facts.confidence)}",
        f"{segment}|total_ms",
        milliseconds,
        f"kind={facts.kind}|reask={reask}|entry={facts.entry}" if facts.entry else "",
        "" if resolved is None else f"{segment}|resolved={int(resolved)}",
    )
    return _with_voice(counted, facts.voice, facts.entry) if facts.voice else counted


def _with_voice(counted: Counted, voice: VoiceFacts, entry: str | None) -> Counted:
    words, costs = f"words={voice.words}", _costs(voice)
    first = [] if voice.first_ms is None else [_first(voice.first_ms)]
    return replace(
        counted,
        words=words,
        entry_words=f"{words}|entry={entry}" if entry else "",
        costs=[*costs, *first],
        entry_costs=[(f"{name}|entry={entry}", n) for name, n in costs] if entry else (),
    )


def _costs(voice: VoiceFacts) -> list[Amount]:
    sums = {
        "prompt_tokens": _tokens(voice.prompt_tokens),
        "completion_tokens": _tokens(voice.completion_tokens),
        "ms": _milliseconds(voice.model_ms),
        "sentences": voice.sentences,
        "faults": int(voice.is_faulty),
        "first_ms": _milliseconds(voice.first_ms or 0.0),
        "firsts": int(voice.first_ms is not None),
    }
    amounts = [(f"voice={name}", amount) for name, amount in sums.items() if amount]
    return amounts + [(f"reason={name}", n) for name, n in Counter(voice.refused).items()]


def _first(first_ms: float) -> Amount:
    return f"first={_bucket(_milliseconds(first_ms))}", 1


def _milliseconds(given: float) -> int:
    return round(min(max(given, 0.0), _MAX_MS))


def _tokens(given: int) -> int:
    return min(max(given, 0), _MAX_TOKENS)


def fields_of_failure(state: JobState) -> Counted:
    """Return the same for a job that ended in a state without a reply."""
    return Counted(f"failure={state}")


def read_field(field: str) -> Mapping[str, str]:
    """Return the names and values of a field; a name without a value has an empty one."""
    # An entry's id comes last and may hold any character.
    values, last, entry = field.partition("|entry=")
    pairs = (pair.partition("=") for pair in values.split("|"))
    return {name: value for name, _, value in pairs} | ({"entry": entry} if last else {})


def read_fields(counted: Mapping[str, int]) -> list[CountedField]:
    """Return the fields of a hash, each read."""
    return [(read_field(field), amount) for field, amount in counted.items()]


def sum_by(
    fields: Iterable[CountedField], labels: Sequence[str], only: Mapping[str, str] = _NO_VALUES
) -> dict[tuple[str, ...], int]:
    """Sum up by the values of these names what has them all, and the values in `only`."""
    sums: dict[tuple[str, ...], int] = {}
    for field, amount in fields:
        try:
            values = tuple([field[name] for name in labels])
        except KeyError:
            continue
        if all(field.get(name) == value for name, value in only.items()):
            sums[values] = sums.get(values, 0) + amount
    return sums


def day_of(unix_seconds: float) -> str:
    """Return the day (UTC) as the keys of counts have it."""
    return datetime.fromtimestamp(unix_seconds, UTC).date().isoformat()


def _bucket(milliseconds: int) -> str:
    place = bisect_left(BOUNDS_MS, milliseconds)
    return str(BOUNDS_MS[place]) if place < len(BOUNDS_MS) else BEYOND

"""A report of the voice as tables of texts, and its misses as paragraphs."""

from collections.abc import Iterator, Mapping

from infra.evaluation.voice.outcomes import LieOutcome, QuestionOutcome, Share
from infra.evaluation.voice.report import (
    LieFigures,
    QuestionFigures,
    VoiceReport,
    total,
)
from infra.tables import NO_VALUE, Table

_CAUGHT = 0.99
_WORDS = {
    "model": "in the model's words",
    "mended": "begun by the model, ended in the entry's",
    "entry": "in the entry's, though the model was asked",
    "not asked": "in the base's, the model was not asked",
}


def tables(report: VoiceReport) -> list[Table]:
    """Return all tables of figures."""
    lies = _lie_tables(report.lies) if report.lies else ()
    refused = [] if report.lies else [_refused(report.questions)]
    questions = _question_tables(report.questions) if report.questions.words else ()
    return [*lies, *questions, *refused]


def summary(report: VoiceReport) -> list[tuple[str, bool]]:
    """Return what matters most in sentences, and of each whether all is well."""
    unborne = report.questions.unborne
    said = [(f"Facts shown that no source says: {unborne}.", unborne == 0)]
    caught = total(report.lies.kinds.values()) if report.lies else Share(0, 0)
    if caught.whole:
        said.append((f"Falsehoods caught: {_of(caught)}.", caught.value >= _CAUGHT))
    return said


def miss_words(miss: QuestionOutcome) -> list[str]:
    """Return a missed question in lines: what was asked, what is wrong, the reply."""
    asked = " → ".join(miss.asks)
    wrong = [*miss.misses, *(f"no source says “{fact}”" for fact in miss.unborne)]
    return [f"{miss.group}: {asked}", "; ".join(wrong), miss.reply]


def lie_words(lie: LieOutcome) -> list[str]:
    """Return a falsehood that got through in lines: what it was, the sentence, the reply."""
    how = f"{lie.kind}, {lie.twist}, {lie.guise}"
    return [f"{how}: {lie.asked}", lie.sentence, lie.reply]


def _question_tables(figures: QuestionFigures) -> Iterator[Table]:
    asked = sum(figures.words.values())
    met = total(figures.met.values())
    rows = [(words, _of(Share(figures.words.get(key, 0), asked))) for key, words in _WORDS.items()]
    yield Table(f"Replies: {asked}", ("whose words", "replies"), tuple(rows))
    yield Table("Expectations", ("kind of question", "met"), (*_rows(figures.met), _all(met)))
    yield Table("Of these replies", ("figure", "value"), tuple(_figures(figures)))


def _refused(figures: QuestionFigures) -> Table:
    rows = _counts(figures.refused) or (("nothing", "0"),)
    return Table("Sentences refused", ("for", "times"), rows)


def _figures(figures: QuestionFigures) -> Iterator[tuple[str, str]]:
    yield "facts shown that no source says", str(figures.unborne)
    yield "time to the first sentence, p50", _seconds(figures.first_seconds_p50)
    yield "time to the first sentence, p95", _seconds(figures.first_seconds_p95)
    yield "tokens read", f"{figures.prompt_tokens:,}"
    yield "tokens written", f"{figures.completion_tokens:,}"


def _lie_tables(figures: LieFigures) -> Iterator[Table]:
    caught = total(figures.kinds.values())
    if not caught.whole:
        yield from _truth_tables(figures)
        return
    head = f"Falsehoods: {caught.whole:,} planted"
    yield Table(head, ("kind", "caught"), (*_rows(figures.kinds), _all(caught)))
    yield Table("By what makes them false", ("what", "caught"), _rows(figures.twists))
    yield Table("By how they are told", ("how", "caught"), _rows(figures.guises))
    yield Table("Refused as", ("reason", "times"), _counts(figures.reasons))
    yield from _truth_tables(figures)


def _truth_tables(figures: LieFigures) -> Iterator[Table]:
    if figures.true_shown:
        yield Table("True replies of the model", ("how", "shown whole"), _rows(figures.true_shown))


def _rows(shares: Mapping[str, Share]) -> tuple[tuple[str, str], ...]:
    return tuple((name, _of(share)) for name, share in shares.items())


def _all(share: Share) -> tuple[str, str]:
    return "all", _of(share)


def _of(share: Share) -> str:
    return f"{share.part:,} of {share.whole:,} ({share.value:.1%})".replace("%)", " %)")


def _counts(counts: Mapping[str, int]) -> tuple[tuple[str, str], ...]:
    ordered = sorted(counts.items(), key=lambda each: -each[1])
    return tuple((name, f"{count:,}") for name, count in ordered)


def _seconds(value: float | None) -> str:
    return NO_VALUE if value is None else f"{value:.2f} s"

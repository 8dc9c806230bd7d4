"""All falsehoods about some sources, of ten kinds and in ten ways."""

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path

import yaml

from infra.evaluation.voice.changing import changes
from infra.evaluation.voice.choosing import shuffled
from infra.evaluation.voice.falsehood import KINDS, Falsehood
from infra.evaluation.voice.patterns import PATTERNS, facts
from infra.evaluation.voice.plain_text import comparable, sentences
from infra.evaluation.voice.turning import (
    contrary_orders,
    negations,
    opposites,
    overstated,
    unconditional,
)
from workers.voice.brief import RefusalReason, Source

_INVENTIONS = Path(__file__).with_name("inventions.yaml")
_MARKED = re.compile(r"\{([^}]*)\}")
_MAX_BORROWED = 12
_CHANGED_KINDS: tuple[RefusalReason, ...] = tuple(PATTERNS)


def falsehoods(
    sources: Sequence[Source], others: Sequence[Source], seed: object
) -> list[Falsehood]:
    """Return what is false as far as the sources go, each once; `others` are not among them."""
    told = comparable(" . ".join(f"{source.title} . {source.text}" for source in sources))
    true = [each for source in sources for each in sentences(source.text)]
    found = [
        *(lie for sentence in true for lie in _changed(sentence, seed)),
        *(lie for sentence in true for lie in _turned(sentence)),
        *_borrowed(others, seed),
        *_invented(),
    ]
    return list(dict.fromkeys(lie for lie in found if _stands_nowhere(lie, told)))


def _stands_nowhere(lie: Falsehood, told: str) -> bool:
    false = comparable(lie.false)
    return bool(false) and not re.search(rf"(?<!\w){re.escape(false)}(?!\w)", told)


def _changed(sentence: str, seed: object) -> Iterator[Falsehood]:
    for kind in _CHANGED_KINDS:
        for match in facts(sentence, kind):
            for twist, other in changes(match[0], kind, seed):
                changed = sentence[: match.start()] + other + sentence[match.end() :]
                yield Falsehood(kind, twist, changed, other)


def _turned(sentence: str) -> Iterator[Falsehood]:
    # A heading or a name of a menu says nothing that could be turned round.
    if len(sentence.split()) < 4:
        return
    yield from (Falsehood("claim", "negated", text, text) for text in negations(sentence))
    yield from (Falsehood("claim", "opposite", text, text) for text in opposites(sentence))
    for text, false in overstated(sentence):
        yield Falsehood("claim", "overstated", text, false)
    for text in unconditional(sentence):
        yield Falsehood("claim", "unconditional", text, text)
    for text in contrary_orders(sentence):
        yield Falsehood("command", "negated", text, text)


def _borrowed(others: Sequence[Source], seed: object) -> Iterator[Falsehood]:
    for source in shuffled(others, seed)[:_MAX_BORROWED]:
        for sentence in sentences(source.text):
            if len(sentence.split()) < 5:
                continue
            kinds = [kind for kind in _CHANGED_KINDS if facts(sentence, kind)]
            for kind in kinds or ["claim"]:
                false = sentence if kind == "claim" else facts(sentence, kind)[0][0]
                yield Falsehood(kind, "borrowed", sentence, false)


@cache
def _invented() -> tuple[Falsehood, ...]:
    rows: list[Mapping[str, str]] = yaml.safe_load(_INVENTIONS.read_text("utf-8"))
    return tuple(
        Falsehood(kind, "foreign" if "foreign" in row else "invented", *_marked(text))
        for row in rows
        for kind in KINDS
        if (text := row.get(kind))
    )


def _marked(text: str) -> tuple[str, str]:
    """Return a sentence without braces, and what stood in them, or the whole."""
    found = _MARKED.search(text)
    return _MARKED.sub(r"\1", text), found[1] if found else text

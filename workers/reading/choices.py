"""Which of the offered alternatives a message chooses: "the second one", "no, the other"."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from workers.reading.lexicon import FUNCTION_WORDS, content_words, stem, words
from workers.reading.text import fold

_MAX_CHARACTERS = 120  # a choice is short; what is longer is a message of its own
_MAX_WORDS = 14
_MAX_PLAIN = 4  # words of "no I don't"
_MIN_SHARE = 0.6  # of what a message names must come from one alternative
_MIN_REPEATED = 0.75  # of an alternative's words make a repetition of it

_TOKEN = re.compile(r"[^\W_]+(?:'[^\W_]+)?|[,.;!]")
_PLACES = {
    "first": 0, "1st": 0, "former": 0, "second": 1, "2nd": 1, "middle": 1, "third": 2,
    "3rd": 2, "fourth": 3, "4th": 3, "fifth": 4, "5th": 4, "last": -1, "latter": -1, "bottom": -1,
}  # fmt: skip
_NUMBERS = {"one": 0, "two": 1, "three": 2, "four": 3, "five": 4}
_LETTERS = {"a": 0, "b": 1, "c": 2, "d": 3, "e": 4}
_LABELS = frozenset(("option", "options", "number", "choice", "answer", "nr", "no", "alternative"))
_DECLINED = frozenset(("neither", "none", "nothing"))
_NOT = frozenset(("not", "isn't", "don't", "dont", "wasn't", "without"))
_ALL = frozenset(("both", "all", "everything"))
_YES = frozenset(
    words(
        """yes yeah yep yea yup y sure correct exactly right ok okay alright absolutely indeed
        precisely ya yess true"""
    )
)
_NO = frozenset(("no", "nope", "nah", "n", "wrong", "incorrect"))
_UNSURE = frozenset(
    (
        "know",
        "sure",
        "understand",
        "idea",
        "remember",
        "work",
        "working",
        "help",
        "maybe",
        "clue",
        "certain",
        "confident",
        "hear",
        "unsure",
    )
)
_ASKING = frozenset(
    words("""can could how what when where why do does is are need have has get got""")
)
_ALONE = (
    _ASKING
    | _NOT
    | frozenset(
        words(
            """i i'm i've we you will would won't can't cannot doesn't hasn't haven't there please
        pls plz want for"""
        )
    )
)
_FRAME = re.compile(
    r"(?:(?:no|nope|yes|yeah|yep|ok|okay|sorry|actually|wait|oh|oops|hang\s+on|hm+|um+)\W+)*"
    r"(?:(?:i|we)\s+(?:just\s+)?(?:mean|meant|want|wanted|think|guess|choose|pick|need)\s+(?:the|about|both)\b"
    r"|(?:i'd\s+like|i\s+would\s+like)\s+the\b|(?:it's|its|it\s+is|that's|i\s+mean|i\s+meant)\b)?(?:\s*not\b)?"
)
_SECOND_THOUGHTS = re.compile(
    r"\b(?:mean|meant|wait|actually|sorry|instead|rather|others?|first|second|third|fourth"
    r"|last|former|latter|(?:no|option|number)\W+(?:the|\d|one|two|three|four))\b"
)
_NAMELESS = ("",) * len(_NUMBERS)
_COURTESY = frozenset(("thanks", "thank", "cheers", "thx", "bye", "hello", "hi"))
_AROUND = (
    FUNCTION_WORDS
    | _LABELS
    | frozenset(
        words(
            """choose pick select take ones meant guess think probably kinda question topic list
        above below definitely course answer fine would listed mentioned different else
        regarding related concerning wanted looking lol sir actually perhaps good great hmm hm
        mm mhm oh wait oops hang"""
        )
    )
)


@dataclass(frozen=True, slots=True)
class Choice:
    """The indices of what was chosen; several narrow the choice, none declines all."""

    indices: tuple[int, ...]


def read_choice(text: str, alternatives: Sequence[str], likeliest: int = 0) -> Choice | None:
    """Return which of the `alternatives` (their questions) a message chooses.

    None if it is no choice but a message of its own. `likeliest` is the index that "yes" affirms
    and "the other" passes over.
    """
    if not alternatives or len(text) > _MAX_CHARACTERS:
        return None
    folded = fold(text).replace("all right", "alright")
    tokens = _TOKEN.findall(folded)
    if not 0 < len(tokens) <= _MAX_WORDS:
        return None
    whole = _stands_alone(folded)
    kept = _without_negated(tokens)
    places = tuple(sorted(set(_places(kept, len(alternatives), whole=whole))))
    named = {stem(word) for word in kept if _names(word, places)}
    stems = [{stem(word) for word in content_words(fold(each))} for each in alternatives]
    if named:
        return _by_name(named, places, stems, whole=whole) if not whole or kept == tokens else None
    declined = {stem(word) for word in tokens if _names(word, places)}
    if declined:
        return None if whole else _all_but(declined, places, stems)
    if places:
        return Choice(places) if max(places) < len(alternatives) and min(places) >= 0 else None
    if whole and not _ASKING.isdisjoint(tokens) and len(tokens) > _MAX_PLAIN:
        return None
    asks = folded.rstrip().endswith("?")
    return _by_attitude(tokens, kept, len(alternatives), likeliest, asks=asks)


def is_bare_choice(text: str) -> bool:
    """Tell whether a message only chooses or declines, so that it says nothing by itself."""
    return read_choice(text, _NAMELESS) is not None


def read_second_thoughts(
    text: str, alternatives: Sequence[str], chosen: Sequence[int]
) -> Choice | None:
    """Return what a message chooses after all: "no wait, I meant the first".

    `chosen` are the indices that were chosen before. A plain "yes" or "no" is about their answer.
    """
    if not _SECOND_THOUGHTS.search(fold(text[:_MAX_CHARACTERS])):
        return None
    choice = read_choice(text, alternatives, chosen[0] if chosen else 0)
    return choice if choice and choice.indices and choice.indices != tuple(chosen) else None


def _stands_alone(folded: str) -> bool:
    """Tell whether a text has a subject or a question word of its own: it may mean anything."""
    bare = folded[_FRAME.match(folded).end() :]  # type: ignore[union-attr]  # may match nothing
    return not _ALONE.isdisjoint(_TOKEN.findall(bare))


def _without_negated(tokens: Sequence[str]) -> list[str]:
    """Leave out what follows a "not", up to the next comma: "not the first, the second"."""
    kept: list[str] = []
    negated = False
    for token in tokens:
        negated = (negated or token in _NOT) and not (not token.isalnum() and token not in _NOT)
        if not negated:
            kept.append(token)
    return kept


def _places(tokens: Sequence[str], count: int, *, whole: bool) -> Iterator[int]:
    alone = [word for word in tokens if word.isalnum() and word not in _YES]
    for before, word in zip(["", *tokens], tokens, strict=False):
        labelled = before in _LABELS or len(alone) == 1
        if word in _PLACES and (before == "the" or not whole):
            yield _PLACES[word] % count if _PLACES[word] < 0 else _PLACES[word]
        elif whole and before not in _LABELS:
            continue
        elif word.isdecimal() and len(word) < 3:
            yield int(word) - 1
        elif word in _NUMBERS and (labelled or (word != "one" and before in ("the", ""))):
            yield _NUMBERS[word]
        elif word in _LETTERS and (labelled or (word != "a" and before in ("the", "", *_YES))):
            yield _LETTERS[word]


def _names(word: str, places: tuple[int, ...]) -> bool:
    """Tell whether a word may name an alternative, rather than its place or the choosing."""
    if not word[0].isalnum() or word in _AROUND or word in _YES or word in _NO or word in _COURTESY:
        return False
    if word in _DECLINED or word in _ALL or (places and (word in _PLACES or word in _NUMBERS)):
        return False
    return not (word.isdecimal() or (len(word) == 1 and places))


def _by_name(
    named: set[str], places: tuple[int, ...], stems: Sequence[set[str]], *, whole: bool
) -> Choice | None:
    telling = _telling(named, stems)
    shares = [len(telling & each) / len(named) for each in stems]
    if places:
        inside = tuple(place for place in places if 0 <= place < len(stems))
        named_there = inside and min(shares[place] for place in inside) >= _MIN_SHARE
        return Choice(inside) if named_there else None
    best = max(shares)
    chosen = tuple(index for index, share in enumerate(shares) if share == best)
    if whole:  # a message of its own, unless it repeats the alternative
        repeats = best == 1 and len(named) >= _MIN_REPEATED * len(stems[chosen[0]])
        return Choice(chosen) if repeats else None
    if best >= _MIN_SHARE:
        return Choice(chosen)
    listed = sum(shares) >= 1  # "delivery and returns" names two
    return Choice(tuple(index for index, share in enumerate(shares) if share)) if listed else None


def _telling(named: set[str], stems: Sequence[set[str]]) -> set[str]:
    """Leave out words that are in every alternative: they tell nothing."""
    common = set.intersection(*stems) if len(stems) > 1 else set()
    return named - common


def _all_but(
    declined: set[str], places: tuple[int, ...], stems: Sequence[set[str]]
) -> Choice | None:
    """Return what is left where only alternatives are declined: "not the gift card"."""
    if not declined <= set().union(*stems):
        return None
    left = places or tuple(
        index for index, each in enumerate(stems) if not _telling(declined, stems) & each
    )
    return Choice(left)


def _by_attitude(
    tokens: Sequence[str], kept: Sequence[str], count: int, likeliest: int, *, asks: bool
) -> Choice | None:
    spoken = set(tokens)
    if tokens[0] in _ASKING or "maybe" in spoken:
        return None
    everything = tuple(range(count))
    if spoken & _DECLINED or {"something", "else"} <= spoken or ("any" in spoken and spoken & _NOT):
        return Choice(())
    if "other" in spoken or "others" in spoken or "else" in spoken:
        return Choice(tuple(index for index in everything if index != likeliest))
    if _ALL & set(kept):
        return Choice(everything)
    if spoken & _UNSURE and spoken & _NOT:
        return None
    if spoken & _NOT or tokens[0] in _NO:
        return Choice(())
    # "You ok?" affirms nothing.
    affirmed = tokens[0] in _YES or (spoken & _YES and len(kept) <= 3 and not asks)
    return Choice((likeliest,)) if affirmed and not spoken & _COURTESY - {"please"} else None

"""Words that say how something is asked rather than what about, and a light stemmer."""

import re
from functools import lru_cache

_WORD = re.compile(r"[^\W_]+(?:'[^\W_]+)?")
_MIN_STEM = 3
_TEXTS = 512  # each reader of a message needs its words again, those after the engine too


@lru_cache(maxsize=_TEXTS)
def words(folded: str) -> tuple[str, ...]:
    """Return the words of a folded text."""
    return tuple(_WORD.findall(folded))


FUNCTION_WORDS = frozenset(
    words(
        """
    a about actually after again all already also am an and any anybody anyone anything are
    as ask asking at away back be because been before being both btw but by can can't cannot could
    couldn't cause did didn't do does doesn't doing don't done each either else even ever every
    everything few for from further get gets getting give go goes going gonna gone got had hadn't
    happen happened happening happens has hasn't have haven't having he hello help her here hers hey
    hi him his how how's i i'd i'll i'm i've if im in into is isn't it it's its itself just kind
    kindly know let like look make makes many may maybe me mean means might mine more most much must
    my myself need needs neither no nor not now of off ok okay on one ones only onto or other others
    our ours out over own please pls plz possible quick really right same say see she should
    shouldn't since so some somebody someone something soon sorry still such sure take takes tell
    than thank thanks that that's the their theirs them then there there's these they they're thing
    things this those though through to today too u under until up upon ur us very wanna want was
    wasn't way we we'd we'll we're we've well were what what's when when's where where's whether
    which while who who's whom whose why will with without won't wonder wondering work works would
    wouldn't yes yet you you'd you'll you're you've your yours
    """
    )
)
# They say which side of a thing is asked for; the thing itself stands elsewhere.
ASPECTS = frozenset(
    words(
        """
    charge charged charges cheap cheaper cost costs day days deadline expensive extra fee fees free
    hour hours long month months often price prices quickly soon time times week weeks
    """
    )
)


def content_words(folded: str) -> list[str]:
    """Return the words that say what a folded text is about."""
    return [word for word in words(folded) if word not in FUNCTION_WORDS]


def topic_words(folded: str) -> list[str]:
    """Return the content words without those that name an aspect: cost, time."""
    return [word for word in content_words(folded) if word not in ASPECTS]


def stem(word: str) -> str:
    """Strip the commonest English endings, so that "cards" meets "card"."""
    word = word.removesuffix("'s")
    for ending, put in (("ies", "y"), ("sses", "ss"), ("ing", ""), ("ed", ""), ("es", "e")):
        if word.endswith(ending) and len(word) - len(ending) >= _MIN_STEM:
            return _bare(word.removesuffix(ending) + put)
    if word.endswith("s") and not word.endswith("ss") and len(word) > _MIN_STEM:
        return _bare(word[:-1])
    return _bare(word)


def _bare(word: str) -> str:
    if len(word) > _MIN_STEM and word[-1] == word[-2]:
        word = word[:-1]
    return word[:-1] if word.endswith("e") and len(word) > _MIN_STEM else word

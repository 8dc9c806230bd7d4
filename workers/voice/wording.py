"""Words by what they do: those without content, those that mean the same, and opposites."""

import re
from functools import lru_cache

from workers.nltk_modules import english_stemmer
from workers.voice.vocabulary import EMPTY, IRREGULAR, OPPOSED, SAME

_WORD = re.compile(r"[^\W_]+(?:'[^\W_]+)?")
_stem = english_stemmer().stem
_KEPT_STEMS = 50_000


@lru_cache(maxsize=1)
def _classes() -> dict[str, str]:
    classes: dict[str, str] = {}
    for line in SAME.split("/"):
        stems = [_stem(word) for word in line.split()]
        for stem in stems:
            classes.setdefault(stem, stems[0])
    return classes


@lru_cache(maxsize=_KEPT_STEMS)
def stem_of(word: str) -> str:
    """Return what a word shares with words that mean the same in customer service."""
    word = word.removesuffix("'s")
    stem = str(_stem(IRREGULAR.get(word, word)))
    return _classes().get(stem, stem)


_PHRASES = [
    (re.compile(rf"\b(?:{pattern})\b", re.IGNORECASE), put)
    for pattern, put in (
        (
            r"free\s+of\s+charge|(?:at\s+)?no\s+(?:extra\s+|additional\s+)?(?:charge|cost)s?"
            r"|without\s+(?:any\s+)?(?:extra\s+)?(?:charge|cost)s?"
            r"|(?:does(?:n't|\s+not)\s+cost|costs?)\s+(?:you\s+)?(?:nothing|anything)"
            r"|for\s+nothing|cost-free|free-of-charge",
            "free",
        ),
        (r"get(?:ting)?\s+in\s+touch(?:\s+with)?|reach(?:ing)?\s+out(?:\s+to)?", "contact"),
        (r"(?:sign|log)(?:ging|ning|ned|ged)?[\s-]+(?:in|on)(?:to)?|logins?|sign-?ins?", "signin"),
        (r"(?:sign|log)(?:ging|ning)?[\s-]+out|logouts?", "signout"),
        (r"sign(?:ing)?[\s-]+up|registration", "register"),
        (r"gets?\s+back\s+to\s+you", "reply"),
        (r"pick(?:s|ed|ing)?\s+(?:it|them|this|that|(?:the|your)\s+\w+)?\s*up", "collect"),
        (r"(?:your\s+|the\s+)?money\s+back|(?:get|pay)\s+back", "refund"),
        (
            r"(?:send|sending|sent|bring|bringing|take|give|ship|post)\s+(?:it|them|this|these"
            r"|the\s+\w+|your\s+\w+|an?\s+\w+|items?|things|goods|anything)?\s*back",
            "return",
        ),
        (r"e-mails?(?:\s+address(?:es)?)?|emails?\s+address(?:es)?|electronic\s+mail", "email"),
        (r"(?:business|banking)\s+days?", "working days"),
        (r"not\s+only", ""),
        (r"(?:try|trying)\s+to(?=\s)", ""),
        (
            r"no\s+longer\s+than|not\s+longer\s+than|no\s+later\s+than|not\s+later\s+than"
            r"|no\s+more\s+than|not\s+more\s+than",
            "at most",
        ),
        (r"no\s+(?:less|fewer)\s+than|not\s+less\s+than", "at least"),
        (r"even\s+if|whether\s+or\s+not|if\s+not|no\s+matter|or\s+not", "even if"),
        (r"opening\s+(?:hours|times)|business\s+hours|hours\s+of\s+opening", "open"),
        (r"is\s+up\s+to\s+you", "choose"),
        (r"set\s+up|setting\s+up", "create"),
        (r"turn(?:ed|ing)?\s+on|switch(?:ed|ing)?\s+on|activat(?:e|es|ed|ing)", "enable"),
        (r"turn(?:ed|ing)?\s+off|switch(?:ed|ing)?\s+off|deactivat(?:e|es|ed|ing)", "disable"),
        (r"take(?:s|n)?\s+place", "happen"),
        (
            r"used(?!\s+(?:to|for|by|in|at|with|as|on|only|up|within|together|until|till"
            r"|instead)\b)(?<!be used)(?<!is used)(?<!are used)",
            "secondhand",
        ),
        (
            r"(?:do(?:es)?n't|do(?:es)?\s+not|needn't)\s+(?:have\s+to\s+)?(?:pay"
            r"|cost)(?:\s+you)?\s+anything",
            "free",
        ),
        (r"as\s+(?:long|soon)\s+as", "when"),
        (r"at\s+the\s+latest", "at most"),
        (r"(?:(?:that|which)\s+(?:is|are)\s+)?(?:not|no)\s+older\s+than", "at most"),
        (
            r"in\s+(?:any|every)\s+case|under\s+(?:any|all)\s+circumstances|regardless"
            r"|no\s+matter\s+what"
            r"|unconditionally|at\s+any\s+time|any\s?time|at\s+all\s+times",
            "always",
        ),
        (r"by\s+(?:itself|themselves)|on\s+(?:its|their)\s+own", "automatically"),
        (r"at\s+once|right\s+away|straight\s+away|without\s+delay|on\s+the\s+spot", "immediately"),
        (r"only(?=\s+(?:ha(?:ve|s)|needs?)\s+to)", ""),
        (r"both(?=\s+[\w\s]{1,30}\band\b)|only(?=\s+\d)", ""),
        (r"any(?=\s+\w+\s+(?:can|may|is|are|could|will)\b)", "every"),
        (r"bank\s+cards?", "card"),
    )
]


def unified(text: str) -> str:
    """Return a text with one wording for phrases that mean the same."""
    for pattern, put in _PHRASES:
        text = pattern.sub(put, text)
    return text


def words_of(text: str) -> list[str]:
    """Return the words of a plain text in lower case."""
    return _WORD.findall(text.lower())


def content_of(text: str) -> list[str]:
    """Return the stems of a text's words that have a content, in order, without numbers."""
    return [stem_of(word) for word in words_of(text) if word not in EMPTY and not word[0].isdigit()]


@lru_cache(maxsize=1)
def opposites() -> dict[str, frozenset[str]]:
    """Return the opposites of each stem that has some."""
    found: dict[str, set[str]] = {}
    for pair in OPPOSED.split("/"):
        one, other = map(stem_of, pair.split())
        if one != other:
            found.setdefault(one, set()).add(other)
            found.setdefault(other, set()).add(one)
    return {stem: frozenset(others) for stem, others in found.items()}


def opposes(stems: frozenset[str], own: frozenset[str], around: frozenset[str]) -> bool:
    """Tell whether the opposite of some stem stands around where the stem itself should stand."""
    known = opposites()
    return any(
        not known[stem].isdisjoint(around) for stem in stems if stem in known and stem not in own
    )


# They stretch or bound what is said, so that a source must have them, or one of the same group.
BOUNDING = tuple(
    frozenset(stem_of(word) for word in group.split())
    for group in (
        "all every everyone everybody anyone anybody everything whole entire each unlimited",
        "both",
        "always anytime ever forever whenever permanent permanently lifetime indefinitely",
        "only solely exclusively alone except",
        "instantly immediately immediate instant straightaway automatically automatic",
        "guaranteed definitely certainly surely absolutely",
        "worldwide international internationally globally abroad",
        "everywhere anywhere nationwide",
        "most majority usually",
    )
)

NEGATIVE = re.compile(
    r"\b(?:not|no(?!\s*\.?\s*\d)|never|none|nothing|nobody|nowhere|neither|nor|without|cannot"
    r"|unable|impossible"
    r"|except(?:ion|ions)?|excluded?|excludes|excluding|unless|forbidden|prohibited|refused?"
    r"|declined?|reject(?:ed)?|ineligible|lacks?|invalid"
    r"|hardly|needn|\w+n't|n't|non)\b|\b(?:can't|won't|don't)\b",
    re.IGNORECASE,
)
MUST = re.compile(
    r"\b(?:must|ha(?:ve|s)\s+to|need(?:s|ed)?(?:\s+to)?|required?|requires|obliged|obligatory"
    r"|mandatory|compulsory|necessary)\b"
    r"(?!\s+not\b)",
    re.IGNORECASE,
)
MAY = re.compile(
    r"\b(?:may|can|could|might|optional|optionally|voluntary|if\s+you\s+(?:like|want|wish)"
    r"|allowed|welcome|recommend(?:ed)?)\b",
    re.IGNORECASE,
)
DAY_OR_MONTH = re.compile(
    r"(?:mon|tues?|wed(?:nes)?|thu(?:rs)?|fri|sat(?:ur)?|sun)(?:days?)?|jan(?:uary)?"
    r"|feb(?:ruary)?|march|apr(?:il)?|may|june|july|aug(?:ust)?"
    r"|sept?(?:ember)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?|christmas|easter",
    re.IGNORECASE,
)

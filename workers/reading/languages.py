"""Which language is a message in, if it is not English?

Scripts tell by their letters, languages in Latin letters by their commonest words, and where these
leave it open, by what an identifier of languages (py3langid) makes of the letters. English pays for
none of it: words that only English has are looked for first.
"""

import math
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from threading import Lock, Thread

import numpy as np
from py3langid.langid import MODEL_FILE, LanguageIdentifier

from workers.reading.language_words import FOREIGN_WORDS, LANGUAGES_OF, ONLY_ENGLISH, bare
from workers.reading.lexicon import words
from workers.reading.text import MAX_CHARACTERS, fold

_CACHED = 64  # messages: several readers ask for the same
_MAX_WORDS = 60  # of a message that are weighed; more say nothing new
_MAX_WEIGHED = 400  # characters
_LATIN = re.compile(r"[a-zA-ZÀ-ɏḀ-ỿ]")
_INITIAL = re.compile(r"(?<!\w)[^\W\d_](?=\w)")  # of words of two letters and more
_MAX_SHARE = 0.5  # of letters of another script in an English message
# Below these probabilities of English a message is foreign. Found on 85,000 English messages.
_NOT_ENGLISH = 0.002
_TWO_WORDS_NOT_ENGLISH = 0.001
_PERHAPS_NOT_ENGLISH = 0.01  # where two words say so that English may have, too
_LIKELY_NOT_ENGLISH = 0.05  # where one says so that it has not
_BARE_LIMIT = 0.1  # of any foreign message without its accents
_TWO = 2
_HINDI = "hi"
_WORD_WEIGHT = 10.0  # of the share of known words, against the logarithm of a chance
_LEAST_CHANCE = 1e-6
# Those that it chooses among: more than can be answered in, so that neighbours keep their names.
_IDENTIFIED = frozenset(
    words(
        """af ar be bg ca cs da de en es et eu fa fi fr hi hr hu id is it lt lv mk mr ms ne nl no pl
        pt ro ru sk sl sq sr sv sw tl tr uk ur vi"""
    )
)
# Phrases of other languages that English has taken over.
_LOANED = re.compile(
    r"\b(?:d[ée]j[àa] vu|c'est la vie|hasta la vista|mi casa (?:es )?su casa|bon app[ée]tit"
    r"|carpe diem|bon voyage|[àa] la carte|cr[èe]me (?:br[ûu]l[ée]e|fra[îi]che)|vis-[àa]-vis"
    r"|et cetera|hors d'[œo]e?uvres?|caf[ée] au lait|pro rata|per se|mea culpa)(?!\w)"
)
# The likeliest of those with the same letters, unless the identifier is sure of another.
_SHARING: Mapping[str, frozenset[str]] = {
    "ru": frozenset(("uk", "be", "bg", "sr", "mk")),
    "ar": frozenset(("fa", "ur")),
    "hi": frozenset(("mr", "ne")),
}
_SURE = 0.6
_OTHER_LETTERS = frozenset(_SHARING).union(*_SHARING.values())
_UNDERSTOOD_AS: Mapping[str, str] = {"ms": "id", "ca": "es", "sk": "cs"}  # near enough to be read
# The first script whose letters stand in a message; kana before Han, as Japanese has both.
_SCRIPTS: Sequence[tuple[str, re.Pattern[str]]] = tuple(
    (language, re.compile(letters))
    for language, letters in (
        ("ja", "[\u3041-\u30ff\u31f0-\u31ff\uff66-\uff9f]"),
        ("ko", "[\u1100-\u11ff\u3131-\u318e\uac00-\ud7a3]"),
        ("zh", "[\u3400-\u4dbf\u4e00-\u9fff]"),
        ("uk", "[їєґ]"),
        ("be", "ў"),
        ("sr", "[ђјљњћџ]"),
        ("ru", "[ыэё]"),
        ("ru", "[\u0400-\u04ff]"),
        ("ur", "[ٹڈڑںےھہ]"),
        ("fa", "[پچژگ\u200cیک]"),
        ("ar", "[\u0600-\u06ff]"),
        ("hi", "[\u0900-\u097f]"),
        ("bn", "[\u0980-\u09ff]"),
        ("pa", "[\u0a00-\u0a7f]"),
        ("gu", "[\u0a80-\u0aff]"),
        ("ta", "[\u0b80-\u0bff]"),
        ("te", "[\u0c00-\u0c7f]"),
        ("kn", "[\u0c80-\u0cff]"),
        ("ml", "[\u0d00-\u0d7f]"),
        ("th", "[\u0e00-\u0e7f]"),
        ("el", "[\u0370-\u03ff\u1f00-\u1fff]"),
        ("he", "[\u0590-\u05ff]"),
        ("ka", "[\u10a0-\u10ff]"),
        ("hy", "[\u0530-\u058f]"),
    )
)
_loading = Lock()


def language_of(text: str) -> str | None:
    """Return the language (ISO 639-1) of a text that is clearly not English, else None.

    None as well where it is foreign and cannot be named. Hindi in Latin letters is "hi", too.
    """
    folded = fold(text[:MAX_CHARACTERS])
    if in_other_script(folded):
        return _of_script(folded[:_MAX_WEIGHED])
    return _name(folded[:_MAX_WEIGHED]) if is_foreign(text, words(folded)) else None


def _of_script(folded: str) -> str | None:
    name = next((name for name, letters in _SCRIPTS if letters.search(folded)), None)
    if name is None or name not in _SHARING:
        return name
    chances = _chances(folded)
    likeliest = max(_SHARING[name], key=lambda other: chances[other])
    return likeliest if chances[likeliest] >= _SURE else name


def in_other_script(folded: str) -> bool:
    """Tell whether half of a folded text's letters are none of the Latin alphabet."""
    if folded.isascii():
        return False
    letters = sum(map(str.isalpha, folded))
    return letters > 0 and len(_LATIN.findall(folded)) < (1 - _MAX_SHARE) * letters


def is_foreign(text: str, spoken: Sequence[str]) -> bool:
    """Tell whether a text in Latin letters is clearly in another language than English.

    `spoken` are its folded words.
    """
    if FOREIGN_WORDS.isdisjoint(spoken) and not ONLY_ENGLISH.isdisjoint(spoken):
        return False  # English, nearly always: this is all that it costs
    folded = _LOANED.sub(" ", fold(text[:MAX_CHARACTERS]))
    spoken = words(folded)[:_MAX_WORDS]
    known = [word for word in spoken if word in FOREIGN_WORDS]
    english = sum(word in ONLY_ENGLISH for word in spoken)
    if known and (len(known) == len(spoken) or (len(known) > 1 and len(known) > english)):
        return True
    if english or len(set(spoken)) < _TWO or _is_a_name(text):  # "ha ha ha" is one word
        return False
    weighed = folded[:_MAX_WEIGHED]
    # An accent alone makes no word foreign: "crème brûlée torch".
    return _chances(weighed)["en"] < _limit(spoken) and _chances(bare(weighed))["en"] < _BARE_LIMIT


def _is_a_name(text: str) -> bool:
    """Tell whether every word begins with a capital: a person, a place, a product."""
    return not text.isupper() and not any(map(str.islower, _INITIAL.findall(text[:_MAX_WEIGHED])))


def _limit(spoken: Sequence[str]) -> float:
    """Return the probability of English below which words are foreign."""
    known = _languages_of({word for word in spoken if len(word) > 1})
    best = max(known, key=lambda name: known[name], default=_HINDI)
    # In India a few words of Hindi stand in many an English message about a product.
    is_known = best != _HINDI and not FOREIGN_WORDS.isdisjoint(spoken)
    if len(spoken) == _TWO:
        return _PERHAPS_NOT_ENGLISH if is_known else _TWO_WORDS_NOT_ENGLISH
    if is_known:
        return _LIKELY_NOT_ENGLISH
    return _PERHAPS_NOT_ENGLISH if known[best] >= _TWO else _NOT_ENGLISH


def _languages_of(spoken: Iterable[str]) -> Counter[str]:
    """Return how many of the words each language has."""
    return Counter(name for word in spoken for name in LANGUAGES_OF.get(word, ()))


@lru_cache(maxsize=_CACHED)
def _chances(folded: str) -> Mapping[str, float]:
    """Return how likely a folded text in Latin letters is in each of the languages known."""
    return dict(_identifier().rank(folded))


def load_soon() -> None:
    """Load the identifier beside the work, so that no message waits half a second for it."""
    if not _load.cache_info().currsize:
        Thread(target=_identifier, name="languages", daemon=True).start()


def _identifier() -> LanguageIdentifier:
    with _loading:
        return _load()


@lru_cache(maxsize=1)
def _load() -> LanguageIdentifier:
    whole = LanguageIdentifier.from_model_file(MODEL_FILE)
    chosen = [n for n, name in enumerate(whole.nb_classes) if name in _IDENTIFIED]
    return LanguageIdentifier(  # without what tells other languages: it is most of its memory
        np.ascontiguousarray(whole.nb_ptc[:, chosen]),
        whole.nb_pc[chosen],
        [whole.nb_classes[n] for n in chosen],
        whole.tk_nextmove,
        whole.tk_output,
        norm_probs=True,
        tk_row=whole.tk_row,
    )


def _name(folded: str) -> str | None:
    """Return the language whose letters and words a text has."""
    spoken = words(folded)[:_MAX_WORDS]
    known = _languages_of(spoken)
    if known and max(known, key=lambda name: known[name]) == _HINDI:
        return _HINDI  # the identifier knows it in its own letters alone
    scores = {
        name: math.log(max(chance, _LEAST_CHANCE)) + _WORD_WEIGHT * known[name] / len(spoken)
        for name, chance in _chances(folded).items()
        if name != "en" and name not in _OTHER_LETTERS
    }
    best = max(scores, key=lambda name: scores[name])
    return _UNDERSTOOD_AS.get(best, best)

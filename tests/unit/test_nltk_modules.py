"""Single modules of NLTK do the same as the whole, and leave the whole as it is."""

import subprocess
import sys

from nltk.stem.snowball import SnowballStemmer
from nltk.tokenize.casual import EMOTICONS
from nltk.tokenize.punkt import PunktSentenceTokenizer

_WORDS = "running flies generously skis dying news agreed hopping cat's happily returned parcels"
_TEXT = "It came late. Why? I paid 3.50 for it. Thank you!"
_ALONE = f"""
import sys
from workers.nltk_modules import english_stemmer, nltk_module

stem = english_stemmer().stem
print(*map(stem, {_WORDS!r}.split()))
print(list(nltk_module("nltk.tokenize.punkt").PunktSentenceTokenizer().span_tokenize({_TEXT!r})))
print(hash(nltk_module("nltk.tokenize.casual").EMOTICONS) == hash({EMOTICONS!r}))
print([name for name in sys.modules if name.partition(".")[0] in ("nltk", "scipy", "sklearn")])
import nltk.corpus

print(bool(nltk.corpus.stopwords), len(nltk.word_tokenize.__name__))
"""


def test_what_is_imported_alone_is_what_all_of_nltk_has() -> None:
    ran = subprocess.run([sys.executable, "-c", _ALONE], capture_output=True, text=True, check=True)
    stems, sentences, emoticons, left, whole = ran.stdout.splitlines()
    assert stems.split() == [SnowballStemmer("english").stem(word) for word in _WORDS.split()]
    assert sentences == str(list(PunktSentenceTokenizer().span_tokenize(_TEXT)))
    assert (emoticons, left, whole) == ("True", "[]", "True 13")

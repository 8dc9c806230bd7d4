"""Single modules of NLTK, without the rest of it.

`import nltk.stem.snowball` runs NLTK whole, and SciPy and scikit-learn too where they are
installed: a third of a second to a second of each worker's start, for a stemmer and two lists.
"""

import sys
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from threading import Lock
from types import ModuleType
from typing import Any

_PACKAGES = ("nltk", "nltk.stem", "nltk.tokenize", "nltk.corpus")  # those that run the rest
_loading = Lock()


def english_stemmer() -> Any:
    """Return a new SnowballStemmer for English."""
    return nltk_module("nltk.stem.snowball").SnowballStemmer("english")


@cache
def nltk_module(name: str) -> Any:
    """Import a module of NLTK by its full name, or all of NLTK if that is the only way."""
    with _loading:
        if "nltk" in sys.modules:
            return import_module(name)
        before = set(sys.modules)
        try:
            return _import_alone(name)
        except (ImportError, AttributeError):  # another version of it, built otherwise
            pass
        finally:
            # Whoever imports NLTK later gets all of it, as it is.
            for part in [each for each in sys.modules if _is_of_nltk(each)]:
                if part not in before:
                    del sys.modules[part]
    return import_module(name)


def _import_alone(name: str) -> ModuleType:
    """Import it with empty packages around it."""
    spec = find_spec("nltk")
    folders = list(spec.submodule_search_locations or ()) if spec else []
    for package in _PACKAGES:
        empty = ModuleType(package)
        below = package.split(".")[1:]
        paths = ["/".join((folder, *below)) for folder in folders]
        # Stopwords are nltk.corpus's: the stemmers ask for them only if told to.
        vars(empty).update(__path__=paths, stopwords=None)
        sys.modules[package] = empty
    return import_module(name)


def _is_of_nltk(module: str) -> bool:
    return module.partition(".")[0] == "nltk"

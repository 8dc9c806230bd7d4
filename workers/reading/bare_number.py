"""Is a message nothing but a number, a code or an address that only a record could explain?

"FB12345678" after "where is my parcel?" says which one, but the bot can look nothing up.
"""

import re

from workers.reading.lexicon import words
from workers.reading.text import fold

_MAX_CHARACTERS = 200
_MIN_DIGITS = 4  # of a number that stands for an order, a customer, a telephone
_NUMBER = re.compile(
    r"[^\s@]+@[^\s@]+\.[a-z]{2,}|(?:https?://|www\.)\S+|\+?[a-z]{0,4}[-/]?\d[\w/.-]*|\(\d+\)"
)
_LABELS = frozenset(
    words(
        """
        my the our it its it's is this that that's here here's are and ok okay yes hi hello
        please order orders number numbers no nr num ref reference id code customer account
        tracking parcel invoice ticket case email mail address phone mobile telephone tel
        postcode zip client booking delivery
        """
    )
)


def is_bare_number(text: str) -> bool:
    """Tell whether a text holds numbers, codes or addresses, and no word besides their label."""
    if len(text) > _MAX_CHARACTERS:
        return False
    folded = fold(text)
    told: list[str] = []
    for part in folded.split():
        bare = part.strip(".,:;!?\"'#")
        if bare and bare not in _LABELS:
            if _NUMBER.fullmatch(bare) is None:
                return False
            told.append(bare)
    address = any("@" in part or part.startswith(("http", "www")) for part in told)
    return bool(told) and (address or sum(map(str.isdigit, folded)) >= _MIN_DIGITS)

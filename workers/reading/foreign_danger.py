"""Who speaks of taking their life in another language. All patterns are for folded text."""

import re
from collections.abc import Sequence

from workers.reading.lexicon import words

_SAID = re.compile(
    r"\b(?:suicidarme|suicidio|suicid[ée]e?r?|suizid\w*|selbstmord\w*|zelfmoord\w*|samobój\w*|intihar"
    r"|bunuh\s+diri|självmord\w*|selvmord\w*|itsemurha\w*|sebevra\w*|öngyilkos\w*|sinucid\w*|tự\s+tử"
    r"|aatmahatya|αυτοκτον\w*|самоубий\w*|суицид\w*|самогуб\w*|انتحار|[أا]نتحر|خودکشی|להתאבד|התאבדות"
    r"|quiero\s+(?:morir|matarme)|voy\s+a\s+matarme|je\s+veux\s+mourir|me\s+tuer|mich\s+umbringen"
    r"|ich\s+will\s+(?:nicht\s+mehr\s+leben|sterben)|voglio\s+(?:morire|uccidermi|ammazzarmi)"
    r"|quero\s+(?:morrer|me\s+matar)|suicidar-me|ik\s+wil\s+(?:dood|niet\s+meer\s+leven)"
    r"|chcę\s+(?:umrzeć|się\s+zabić)|ölmek\s+istiyorum|хочу\s+(?:умереть|померти)|не\s+хочу\s+жить"
    r"|أريد\s+أن\s+أموت|marna\s+chaht[ai]|ingin\s+mati|vill\s+dö|vil\s+dø|haluan\s+kuolla"
    r"|chci\s+(?:umřít|zemřít)|vreau\s+să\s+mor|meg\s+akarok\s+halni|muốn\s+chết|θέλω\s+να\s+πεθάνω"
    r"|می‌?خواهم\s+بمیرم|רוצה\s+למות)\b"
    r"|自杀|自殺|想死|死にたい|자살|죽고\s*싶|आत्महत्या|मरना\s+चाहत|ฆ่าตัวตาย|อยากตาย"
)
# Any of those that are written in ASCII has one of these words.
_TRIGGERS = frozenset(
    words(
        """suicidarme suicidio suicider suizid selbstmord zelfmoord intihar bunuh aatmahatya matarme
        morir mourir tuer umbringen leben sterben morire uccidermi ammazzarmi morrer matar suicidar
        dood marna mati haluan vreau halni"""
    )
)
_MAX_CHARACTERS = 1_000
_ENGLISH = re.compile(r"\bsuicide\b")


def speaks_of_suicide(folded: str, spoken: Sequence[str]) -> bool:
    """Tell whether a folded text speaks of taking one's life; `spoken` are its words."""
    if folded.isascii() and _TRIGGERS.isdisjoint(spoken):
        return False
    return _SAID.search(_ENGLISH.sub(" ", folded[:_MAX_CHARACTERS])) is not None

"""Is a message a request to recall what the person said before, and what is it about?"""

import re
from dataclasses import dataclass

from workers.reading.lexicon import content_words
from workers.reading.text import fold

_MAX_CHARACTERS = 300

_MAY_RECALL = re.compile(
    r"\b(?:remember|rember|recall|remind|said|say|told|tell|ask|asked|mention|mentioned|gave|give|sent"
    r"|wrote|write|talking|talk|discuss|discussed|leave\s+off|question|message|spoke)\b"
)
_I_SAID = (
    r"i(?:'ve|'d)?\s+(?:just\s+|have\s+|had\s+|already\s+|previously\s+|once\s+)*"
    r"(?:said|say|told|tell|asked|ask|mentioned|mention|wrote|write|gave|give|sent|shared|typed"
    r"|complained|talked|provided|described|explained|reported)"
)
_I_DID_SAY = (
    r"(?:did|have|had)\s+i\s+(?:just\s+|already\s+|ever\s+|previously\s+)*(?:say|said|tell|told|ask"
    r"|asked|mention|mentioned|write|written|wrote|give|given|gave|send|sent|share|shared|provide"
    r"|provided|complain|complained|describe|explain)"
)
_TO_YOU = r"(?:\s+(?:to\s+)?(?:you|u|ya|your\s+\w+|the\s+bot|here|this\s+chat))?"
_ABOUT = r"(?:\s+(?:about|on|regarding|concerning|for|of|that|re)\s+(?P<about>[^?!.]{1,120}))?"

_FORMS = tuple(
    re.compile(form)
    for form in (
        rf"\b(?:remember|rember|recall|repeat|remind\s+me(?:\s+of)?|know|tell\s+me|say)(?:\s+again)?\s+"
        rf"(?:what|when|that|which|everything|anything)\s+(?:it\s+was\s+(?:that\s+)?)?{_I_SAID}{_TO_YOU}{_ABOUT}",
        rf"\bwhat\s+(?:was\s+it\s+(?:that\s+)?{_I_SAID}|exactly\s+{_I_DID_SAY}|{_I_DID_SAY}){_TO_YOU}{_ABOUT}",
        rf"\b(?:what|which)\s+(?:was|were|is)\s+(?:again\s+)?(?:the|that|my)\s+(?P<about>[^?!.,]{{1,60}}?)\s+(?:that\s+|which\s+)?"
        rf"{_I_SAID}\b",
        rf"\b(?:what|which)\s+(?P<about>(?!exactly)[\w-]+(?:\s+[\w-]+){{0,3}}?)\s+{_I_DID_SAY}\b",
        rf"\b(?:remember|recall|remind\s+me\s+of|repeat|find|know)\s+(?:the|my|that)\s+(?P<about>[^?!.,]{{1,60}}?)\s+"
        rf"(?:that\s+|which\s+)?{_I_SAID}\b",
        r"\b(?:do|can)\s+(?:you|u)\s+(?:still\s+)?(?:remember|recall)\s+(?P<about>my\s+[^?!.]{1,60})",
        rf"\A\W*(?:(?:hi|hey|hello|ok|so|and|but)\W+)*{_I_DID_SAY}{_TO_YOU}(?:\s+(?:about|that))?\s*(?P<about>[^?!.]{{0,80}})\?",
        r"\bwhat\s+(?:was|were|is)\s+my\s+(?P<about>(?:first|last|previous|earlier|original|initial|other)\s+(?:questions?|messages?|requests?|complaints?|problems?|issues?))\b",
        rf"\bwhat\s+(?:did|were|have)\s+we\s+(?:just\s+|been\s+)?(?:talk|talking|discuss|discussing|discussed|talked|speak|speaking|chat|chatting)"
        rf"{_ABOUT}",
        r"\bwhere\s+(?:did|were)\s+we\s+(?:leave\s+off|stop|left\s+off)\b(?P<about>)",
        rf"\b(?:the|my)\s+(?P<about>[\w\s-]{{1,40}}?)\s+(?:that\s+)?{_I_SAID}{_TO_YOU}(?:\s+\w+){{0,3}}?\W+(?:what|which)\s+(?:was|is)\s+(?:it|that)\b",
    )
)
_NOT_SAID = re.compile(r"\b(?:password|pin|passcode|passphrase)\b")
_I = re.compile(r"\bi\b")
_DENIED = re.compile(
    r"\b(?:don't|dont|do\s+not|can't|cannot|doesn't|does\s+(?:the|your|this))\s*\Z"
)
_TIME = re.compile(
    r"(?:^|\s)(?:earlier|before|yesterday|previously|last\s+(?:time|week|month|night|year)|again|please|pls"
    r"|just\s+now|today|at\s+the\s+(?:start|beginning)|a\s+(?:while|week|month|day)\s+ago|the\s+other\s+day"
    r"|in\s+(?:my|the|our)\s+(?:last|first|previous)\s+\w+|this\s+morning|so\s+far|when\s+we\s+\w+\s*\w*)\W*\Z"
)


@dataclass(frozen=True, slots=True)
class Recall:
    """A request to recall; `about` is what to look for among earlier turns ("": anything)."""

    about: str


def read_recall(text: str) -> Recall | None:
    """Return what a message wants recalled of the person's own words, or None."""
    if len(text) > _MAX_CHARACTERS:
        return None
    folded = fold(text)
    if _MAY_RECALL.search(folded) is None:
        return None
    for form in _FORMS:
        found = form.search(folded)
        if found and _DENIED.search(folded[max(0, found.start() - 20) : found.start()]) is None:
            about = _bare(text, found)
            return None if _is_secret(fold(about), found.group()) else Recall(about)
    return None


def _is_secret(about: str, asked: str) -> bool:
    """Tell whether a forgotten password is asked for, which nobody told the bot."""
    return _NOT_SAID.search(about) is not None and _I.search(asked) is None


def _bare(text: str, found: re.Match[str]) -> str:
    if not found["about"]:
        return ""
    about = text[found.start("about") : found.end("about")]
    for _ in range(2):
        time = _TIME.search(fold(about))
        about = about[: time.start()] if time else about
    return about.strip(" ,;:?!.'\"") if content_words(fold(about)) else ""

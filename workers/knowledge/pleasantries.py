"""What a message asks, without the greeting before it and the thanks after it.

"Good morning, I hope you are well. Where is my parcel? Thanks, Anna" asks where a parcel is, but
its vector lies half-way to small talk.
"""

import re

_MIN_WORDS = 2  # with fewer left, the pleasantry is the message
_REACH = 160  # characters at either end that are looked at; bounds the cost of a flood
_MAX_ROUNDS = 4

_NAME = r"(?-i:[A-Z][a-z]+)"
_TIMES = "morning|afternoon|evening|day"
_GREETING = (
    rf"(?:hi+|hiya|hello+|hey+|yo|howdy|greetings|good\s+(?:{_TIMES})|{_TIMES}|dear\s+[a-z]+)"
    r"(?:\s+(?:there|team|all|everyone|everybody|guys|folks|again|or\s+madam|to\s+you))*"
    rf"(?:\s+{_NAME}(?=\s*[,!]))?"
)
_OPENERS = (
    rf"(?:hi+|hiya|hello+|hey+|yo|howdy|greetings|good\s+(?:{_TIMES}))"
    r"(?:\s+(?:there|team|all|everyone|everybody|guys|folks|again|to\s+you))*"
    rf"(?:\s+{_NAME}(?=\s*[,!]))?(?:\s*[,.!:;-]+)?",
    rf"{_GREETING}\s*[,.!:;-]+",
    r"(?:i\s+)?(?:do\s+)?(?:hope|trust)\s+(?:you|this|all|everything)\b[^,.!?;]{0,60}[,.!?;]+",
    r"how\s+(?:are\s+(?:you|things)|is\s+it\s+going|r\s+u)(?:\s+(?:doing|today))*\s*[?.!,]+",
    r"(?:i'm\s+)?sorry\s+(?:to|for)\s+(?:bother|disturb|trouble)(?:ing)?\s+you"
    r"(?:\s*[,.!]+)?(?:\s+but\b)?",
    r"excuse\s+me\b(?:\s*[,.!]+)?(?:\s+but\b)?",
    r"(?:i\s+have\s+|just\s+)?(?:a\s+)?(?:quick\s+)?question\s*[:,.!-]+",
    r"(?:please|pls|can\s+you|could\s+you)\s+help(?:\s+me)?\s*[?!.,:]+",
    r"(?:ok|okay|right|well|great|perfect|cool|lol|sorry|cheers|thanks|thank\s+you|thx)"
    r"(?:\s+(?:so\s+much|very\s+much|a\s+lot|again))?\s*[,.!;]+",
)
_THANKED_FOR = r"(?:your|the|any|all)\s+(?:\w+\s+)?(?:help|time|assistance|support|reply|answer)"
_CLOSERS = (
    r"(?:many\s+)?(?:thanks|thank\s+you|thank\s+u|thx|tia|cheers)"
    rf"(?:\s+(?:so\s+much|very\s+much|a\s+lot|in\s+advance|again|for\s+{_THANKED_FOR}))*"
    rf"(?:\s*[,.!]?\s+{_NAME})?",
    rf"(?:(?:kind|best|warm)\s+)+(?:regards|wishes)(?:\s*,)?(?:\s+{_NAME}){{0,2}}",
    r"(?:please|pls|can\s+(?:you|someone|anyone))\s+help(?:\s+me)?(?:\s+please)?",
    r"(?:i\s+am\s+|i'm\s+)?looking\s+forward\s+to\s+(?:\w+\s*){1,6}",
    r"have\s+a\s+(?:nice|good|great|lovely)\s+(?:day|evening|weekend|one)",
)
_OPENER = re.compile(rf"\s*(?:{'|'.join(_OPENERS)})(?:\s+|\Z)", re.IGNORECASE)
_CLOSER = re.compile(rf"(?:^|[\s,.!?;-])({'|'.join(_CLOSERS)})[\s.!?,;]{{0,6}}\Z", re.IGNORECASE)


def strip_pleasantries(text: str) -> str:
    """Return a text without its pleasantries, or whole if it is nothing else."""
    bare = _without_openers(text)
    bare = _without_closers(bare).strip()
    return bare if len(bare.split()) >= _MIN_WORDS else text


def _without_openers(text: str) -> str:
    for _ in range(_MAX_ROUNDS):
        opener = _OPENER.match(text[:_REACH])
        if not opener or opener.end() >= min(len(text), _REACH):
            break
        text = text[opener.end() :]
    return text


def _without_closers(text: str) -> str:
    for _ in range(_MAX_ROUNDS):
        start = max(0, len(text) - _REACH)
        closer = _CLOSER.search(text[start:])
        if not closer or start + closer.start(1) == 0:
            break
        text = text[: start + closer.start(1)].rstrip(" ,;-")
    return text

"""Put a text that anybody may have written into a prompt, so that it stays a text."""

import re
import unicodedata

# An opening bracket makes tags and control tokens: <|im_start|>, </s>, <start_of_turn>, <<SYS>>.
# Before an amount it only says "less than".
_TAG = re.compile(r"[<\uff1c\ufe64](?![=-]|\s?[\d$£€])")
_AUTOLINK = re.compile(r"<((?:https?://|mailto:)[^\s<>]+|[^\s<>@]+@[^\s<>@]+)>", re.IGNORECASE)
# Those in square brackets. What only looks like one may be a link's text: [MY_ORDERS](https://…).
_TOKEN = re.compile(
    r"\[(\s?/?(?i:INST|SYS)\s?|/?[gs]?MASK|/?(?:BOS|EOS|CLS|SEP|PAD|UNK|PREFIX|SUFFIX|MIDDLE)"
    r"|/?(?:SYSTEM_PROMPT|AVAILABLE_TOOLS|TOOL_(?:CALLS|RESULTS|CONTENT)|MODEL_SETTINGS)"
    r"|/?(?:THINK|ARGS|CALL_ID|IMG(?:_BREAK|_END)?|AUDIO|BEGIN_AUDIO|TRANSCRIBE)"
    r"|/?[A-Z]+_[A-Z_]+(?=\](?!\())|\|[^\]\n]{0,40})\]"
)
_JOINERS = "\u200c\u200d"  # invisible, but words of some languages and emoji need them
_SMUGGLING = re.compile("[\ufe00-\ufe0d\U000e0100-\U000e01ef]")  # selectors of no emoji
_UNSEEN = ("Cc", "Cf", "Cs", "Co")
_SENTENCE_END = re.compile(r"[.!?…]+[)\"'”’*_]*(?=\s)|[。！？]+|\n+")


def quoted(text: str, limit: int) -> str:
    """Return a text without what could end its place in a prompt, of at most `limit` characters.

    Control tokens of chat templates and tags lose their brackets; what nobody sees goes. One that
    is too long ends with a sentence, and with an ellipsis.
    """
    return _shortened(_TOKEN.sub(r"(\1)", _TAG.sub("‹", _bare(text))).strip(), limit)


def is_quotable(text: str) -> bool:
    """Return whether a prompt can hold a text as it is, so that a reply may repeat all of it."""
    bare = _bare(text)
    return not (_TAG.search(bare) or _TOKEN.search(bare))


def _bare(text: str) -> str:
    """Return a text without what nobody sees, and without the brackets around links."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n")
    seen = "".join(filter(_is_seen, _SMUGGLING.sub("", lines)))
    return _AUTOLINK.sub(r"\1", seen)


def _shortened(text: str, limit: int) -> str:
    """Return a text, or as many of its first sentences as `limit` characters hold."""
    if len(text) <= limit:
        return text
    room = text[: max(0, limit - 2)]
    ends = [found.end() for found in _SENTENCE_END.finditer(room)]
    cut = room[: ends[-1]] if ends else room[: room.rfind(" ") + 1] or room
    return f"{cut.rstrip()} …"[:limit]


def _is_seen(character: str) -> bool:
    needed = character in "\n\t" or character in _JOINERS
    return needed or unicodedata.category(character) not in _UNSEEN

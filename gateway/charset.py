"""Bring JSON in any common character set, with or without a byte order mark, to UTF-8."""

import codecs
import json
import re

from werkzeug.exceptions import UnsupportedMediaType

from shared.errors import InvalidRequest

UTF8 = "utf-8"
_PLAIN_OBJECT = re.compile(rb"\{[^\0]")  # in one byte a character, without a mark
# By the names that Python gives them. Those that decode escapes, or nest, are no character sets.
_CHARACTER_SETS = re.compile(
    r"(utf-(8(-sig)?|(16|32)(-[bl]e)?)|ascii|iso8859-\d+|cp\d+|koi8-[rtu]|mac-[a-z]+|ptcp154"
    r"|gb2312|gbk|gb18030|hz|big5(hkscs)?|euc_(jp|kr|jis_2004|jisx0213)|johab|tis-620|kz1048"
    r"|shift_(jis|jis_2004|jisx0213)|iso2022_(jp|kr)(_\d\w*)?|hp-roman8)\Z"
)
_UNICODE = re.compile(r"utf-(8|16|32)\Z")  # the byte order is what the bytes say
_SHOWN_CHARACTERS = 40


def to_utf8(body: bytes, charset: str) -> bytes:
    """Return a JSON text as UTF-8 without byte order mark.

    Raises UnsupportedMediaType for a name that is none, InvalidRequest for bytes that are not of
    that character set.
    """
    if charset == UTF8 and _PLAIN_OBJECT.match(body):
        return body
    name = _character_set(charset)
    if _UNICODE.match(name):
        name = json.detect_encoding(body)
    if name == UTF8:
        return body
    try:
        return body.decode(name).removeprefix("\ufeff").encode()
    except UnicodeError:
        raise InvalidRequest(
            f"The body is not valid {name.removesuffix('-sig').upper()}."
        ) from None


def _character_set(charset: str) -> str:
    try:
        name = codecs.lookup(charset.strip(" '\"") or UTF8).name
    except (LookupError, ValueError):
        name = ""
    if not _CHARACTER_SETS.match(name):
        raise UnsupportedMediaType(
            f"The character set {charset[:_SHOWN_CHARACTERS]!r} is not known; send UTF-8."
        )
    return name

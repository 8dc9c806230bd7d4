"""From a file's bytes to its text, as editors and spreadsheets of all systems write them."""

import codecs
import re
from dataclasses import dataclass

from workers.knowledge.records import SyntaxFault

_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),  # begins like UTF-16's
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_LINE_END = re.compile(r"\r\n?")
_LEGACY = "cp1252"
_UNDEFINED = re.compile(rb"[\x81\x8d\x8f\x90\x9d]")  # bytes that Windows-1252 has no letter for


@dataclass(frozen=True, slots=True)
class DecodedText:
    """A text whose lines end in a line feed; `legacy_line` is the first line that isn't UTF-8."""

    text: str
    legacy_line: int = 0


def decode(raw: bytes) -> str:
    """Return a file's text: UTF-8, or what its byte order mark says.

    Raises SyntaxFault with the line of the first byte that is none.
    """
    encoding, body = _by_mark(raw)
    try:
        text = body.decode(encoding)
    except UnicodeDecodeError as error:
        raise _not_decodable(encoding, body, error) from None
    _refuse_nul(text)
    return _LINE_END.sub("\n", text)


def decode_table(raw: bytes) -> DecodedText:
    """Return the same; what is not UTF-8 is read as Windows-1252, in which spreadsheets export."""
    try:
        return DecodedText(decode(raw))
    except SyntaxFault as fault:
        if b"\0" in raw or _UNDEFINED.search(raw) or _by_mark(raw)[0] != "utf-8":
            raise
        return DecodedText(_LINE_END.sub("\n", raw.decode(_LEGACY)), fault.line)


def _by_mark(raw: bytes) -> tuple[str, bytes]:
    for mark, encoding in _MARKS:
        if raw.startswith(mark):
            return encoding, raw[len(mark) :]
    return "utf-8", raw


def _not_decodable(encoding: str, body: bytes, error: UnicodeDecodeError) -> SyntaxFault:
    if encoding != "utf-8":
        before = body[: error.start].decode(encoding, "replace")
        return SyntaxFault(_line_after(before), f"the file is damaged: not {encoding.upper()}")
    before = body[: error.start].decode("utf-8", "replace")
    return SyntaxFault(
        _line_after(before),
        f"byte 0x{body[error.start]:02x} is not UTF-8; save the file as UTF-8 "
        "(it may be in Windows-1252 now)",
    )


def _refuse_nul(text: str) -> None:
    place = text.find("\0")
    if place < 0:
        return
    if text.count("\0") > len(text) // 4:
        raise SyntaxFault(1, "this is UTF-16 without a byte order mark; save the file as UTF-8")
    raise SyntaxFault(_line_after(text[:place]), "a NUL byte: the file is damaged or no text")


def _line_after(text: str) -> int:
    return _LINE_END.sub("\n", text).count("\n") + 1

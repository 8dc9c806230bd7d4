"""Identifiers that clients and knowledge bases choose."""

MAX_BYTES = 255


def is_identifier(text: str) -> bool:
    """Return whether a text can be an id: printable, 1-255 bytes in UTF-8."""
    return text.isprintable() and 1 <= len(text.encode("utf-8", "replace")) <= MAX_BYTES

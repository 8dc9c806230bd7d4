"""Inflate a request's body (RFC 9110, Content-Encoding), within a limit."""

import zlib

from werkzeug.exceptions import RequestEntityTooLarge

from shared.errors import InvalidRequest, UnsupportedCoding

TAKEN = "gzip, deflate"
_MAX_CODINGS = 2
_MAX_MEMBERS = 100  # of a gzip file: what follows each is copied
_GZIP, _ZLIB, _RAW = 16 + zlib.MAX_WBITS, zlib.MAX_WBITS, -zlib.MAX_WBITS
_GZIP_MAGIC = b"\x1f\x8b"


def inflate(body: bytes, codings: str, max_bytes: int) -> bytes:
    """Return a body without its codings, the last one first.

    Raises UnsupportedCoding, InvalidRequest for what is not whole, and RequestEntityTooLarge as
    soon as it has grown over the limit: no more than that is ever inflated.
    """
    named = [coding.strip().lower() for coding in codings.split(",")]
    applied = [coding for coding in named if coding not in ("", "identity")]
    if len(applied) > _MAX_CODINGS:
        raise UnsupportedCoding(f"The body has {len(applied)} codings; send it with one.")
    for coding in reversed(applied):
        body = _inflate_one(body, coding, max_bytes)
    return body


def _inflate_one(body: bytes, coding: str, max_bytes: int) -> bytes:
    if coding in ("gzip", "x-gzip"):
        return _inflate_gzip(body, max_bytes)
    if coding == "deflate":
        # The name means zlib's format; some clients send what is inside it alone.
        is_zlib = len(body) > 1 and body[0] & 15 == 8 and (body[0] << 8 | body[1]) % 31 == 0
        return _run(_ZLIB if is_zlib else _RAW, body, coding, max_bytes)[0]
    raise UnsupportedCoding(f"Content-Encoding {coding[:40]!r} is not taken; send {TAKEN} or none.")


def _inflate_gzip(body: bytes, max_bytes: int) -> bytes:
    """Return what all members of a gzip file hold."""
    inflated, rest = _run(_GZIP, body, "gzip", max_bytes)
    members = 1
    while rest.startswith(_GZIP_MAGIC):
        members += 1
        if members > _MAX_MEMBERS:
            raise InvalidRequest(f"The body's gzip data has more than {_MAX_MEMBERS} members.")
        more, rest = _run(_GZIP, rest, "gzip", max_bytes - len(inflated))
        inflated += more
    if rest.strip(b"\0"):
        raise InvalidRequest("The body goes on after its gzip data.")
    return inflated


def _run(wbits: int, data: bytes, coding: str, max_bytes: int) -> tuple[bytes, bytes]:
    inflater = zlib.decompressobj(wbits)
    try:
        inflated = inflater.decompress(data, max_bytes + 1)
    except zlib.error:
        raise InvalidRequest(f"The body is not {coding} data, as Content-Encoding says.") from None
    if len(inflated) > max_bytes:
        raise RequestEntityTooLarge(f"The body inflates to more than {max_bytes} bytes.")
    if not inflater.eof:
        raise InvalidRequest(f"The body's {coding} data ends too early.")
    return inflated, inflater.unused_data

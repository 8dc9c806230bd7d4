"""Decode a JSON body and say exactly what is wrong with one that will not do."""

from collections.abc import Mapping
from typing import Any, TypeVar, get_args, get_origin

import msgspec
from flask import request
from werkzeug.exceptions import RequestEntityTooLarge, UnsupportedMediaType

from gateway.charset import UTF8, to_utf8
from gateway.content_coding import inflate
from gateway.http_requests import WholeBody
from shared.errors import InvalidRequest
from shared.mended_json import JSON_FAULTS, decode_mended, mend
from shared.task_body import MAX_BODY_BYTES

StructT = TypeVar("StructT", bound=msgspec.Struct)

_OTHER_JSON_TYPES = ("text/json", "text/x-json", "application/x-json")


def read_json() -> bytes:
    """Return the current request's body as UTF-8, its codings and byte order mark taken off.

    Raises UnsupportedMediaType if it is not said to be JSON (no page of another origin can send
    that type without asking first), and whatever `inflate` and `to_utf8` raise.
    """
    environ = request.environ
    content_type, coding = environ.get("CONTENT_TYPE"), environ.get("HTTP_CONTENT_ENCODING")
    charset = UTF8 if content_type == "application/json" else _read_charset(content_type)
    body = _read_body(environ)
    if coding:
        body = inflate(body, coding, request.max_content_length or MAX_BODY_BYTES)
    return to_utf8(body, charset)


def _read_body(environ: Mapping[str, Any]) -> bytes:
    stream = environ.get("wsgi.input")
    if type(stream) is WholeBody:
        return stream.read()
    body = request.get_data(cache=False)
    if environ.get("CONTENT_LENGTH") != str(len(body)):
        _require_whole(len(body))
    return body


def _require_whole(bytes_read: int) -> None:
    """Raise InvalidRequest if the client left in between, RequestEntityTooLarge if more follows.

    Werkzeug tells neither: it cuts a chunked body at the limit.
    """
    length = request.content_length
    if length is not None and bytes_read < length:
        raise InvalidRequest(f"The body ends after {bytes_read} of {length} bytes.")
    max_bytes = request.max_content_length or MAX_BODY_BYTES
    more_may_follow = length is None and bytes_read >= max_bytes
    if more_may_follow and request.environ["wsgi.input"].read(1):
        raise RequestEntityTooLarge(f"The body has more than {max_bytes} bytes.")


def _read_charset(content_type: str | None) -> str:
    """Return the character set that a content type names; raise UnsupportedMediaType."""
    if not content_type and "Origin" not in request.headers:
        return UTF8  # a program's; a page could send this without asking
    if not (request.is_json or request.mimetype in _OTHER_JSON_TYPES):
        raise UnsupportedMediaType("Send JSON, with Content-Type: application/json.")
    return request.mimetype_params.get("charset", UTF8)


def decode_body(
    body: bytes, kind: type[StructT], decoder: "msgspec.json.Decoder[StructT]"
) -> StructT:
    """Return the request in a body; raise InvalidRequest that names field and fault.

    The members of `kind` are strings, numbers (float) and lists of strings; those with a default
    may be null.
    """
    try:
        return decode_mended(decoder.decode, body)
    except JSON_FAULTS:
        raise _diagnose(mend(body), kind) from None


def _diagnose(body: bytes, kind: type[msgspec.Struct]) -> InvalidRequest:
    if not body.strip():
        return InvalidRequest("The body is empty; send a JSON object.")
    try:
        found = msgspec.json.decode(body)
    except UnicodeDecodeError:
        return InvalidRequest("The body is not valid UTF-8.")
    except RecursionError:
        return InvalidRequest("The body is JSON that is nested too deeply.")
    except msgspec.DecodeError as fault:
        return InvalidRequest(f"The body is not valid JSON: {_reason(fault)}.")
    if not isinstance(found, dict):
        return InvalidRequest(f"The body must be a JSON object, not {_name(found)}.")
    return _diagnose_members(found, kind)


def _diagnose_members(found: dict[str, Any], kind: type[msgspec.Struct]) -> InvalidRequest:
    members = msgspec.structs.fields(kind)
    for name in found:
        if name not in kind.__struct_fields__:
            known = ", ".join(kind.__struct_fields__)
            return InvalidRequest(f"{name[:80]} is not a known field; known are {known}.", name)
    for member in members:
        value = found.get(member.name)
        if member.required and member.name not in found:
            return InvalidRequest(f"{member.name} is missing.", member.name)
        if value is None and not member.required:
            continue
        if not _fits(value, member.type):
            wanted = _wanted(member.type)
            return InvalidRequest(
                f"{member.name} must be {wanted}, not {_name(value)}.", member.name
            )
    return InvalidRequest("The body is not what this address takes.")


def _fits(value: object, kind: object) -> bool:
    if int in get_args(kind) and isinstance(value, int | float) and not isinstance(value, bool):
        return True
    if _takes_list(kind):
        return isinstance(value, list) and all(isinstance(each, str) for each in value)
    return _name(value) == ("a number" if kind is float else "a string")


def _wanted(kind: object) -> str:
    if int in get_args(kind):
        return "a string or an integer"
    if _takes_list(kind):
        return "a list of strings"
    return "a number" if kind is float else "a string"


def _takes_list(kind: object) -> bool:
    return any(get_origin(each) is list for each in (kind, *get_args(kind)))


def _reason(fault: msgspec.DecodeError) -> str:
    reason = str(fault).removeprefix("JSON is malformed: ")
    return "it ends too early" if reason == "Input data was truncated" else reason


def _name(value: object) -> str:
    names: dict[type, str] = {dict: "an object", list: "an array", str: "a string"}
    if value is None:
        return "null"
    return "a boolean" if isinstance(value, bool) else names.get(type(value), "a number")

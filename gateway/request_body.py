"""Decode a JSON body and say exactly what is wrong with one that will not do."""

from typing import Any, TypeVar, get_args

import msgspec
from flask import request
from werkzeug.exceptions import UnsupportedMediaType

from shared.errors import InvalidRequest

StructT = TypeVar("StructT", bound=msgspec.Struct)


def read_json() -> bytes:
    """Return the current request's body; raise UnsupportedMediaType if it is not said to be JSON.

    No page of another origin can send this type without asking first.
    """
    if request.environ.get("CONTENT_TYPE") != "application/json" and not request.is_json:
        raise UnsupportedMediaType("Send JSON, with Content-Type: application/json.")
    return request.get_data(cache=False)


def decode_body(
    body: bytes, kind: type[StructT], decoder: "msgspec.json.Decoder[StructT]"
) -> StructT:
    """Return the request in a body; raise InvalidRequest that names field and fault.

    The members of `kind` are strings and numbers (float); those with a default may be null.
    """
    try:
        return decoder.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise _diagnose(body, kind) from None


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
    if int in get_args(kind) and isinstance(value, int) and not isinstance(value, bool):
        return True
    return _name(value) == ("a number" if kind is float else "a string")


def _wanted(kind: object) -> str:
    if int in get_args(kind):
        return "a string or an integer"
    return "a number" if kind is float else "a string"


def _reason(fault: msgspec.DecodeError) -> str:
    reason = str(fault).removeprefix("JSON is malformed: ")
    return "it ends too early" if reason == "Input data was truncated" else reason


def _name(value: object) -> str:
    names: dict[type, str] = {dict: "an object", list: "an array", str: "a string"}
    if value is None:
        return "null"
    return "a boolean" if isinstance(value, bool) else names.get(type(value), "a number")

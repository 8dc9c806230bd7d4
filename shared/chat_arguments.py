"""What a `chat.infer` task is called with: `infer(request, conversation_id, user_id)`.

`request` is an object with message, conversation_id, user_id and tenant, or the message itself. In
a chain or as a callback the task gets the result of the step before as its first argument: that is
dropped if the task has a message of its own.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from shared import tenants
from shared.errors import MalformedMessage
from shared.identifiers import IDENTIFIER_FORM, is_scoped_identifier
from shared.task_fields import text_of_id
from shared.visible_text import has_visible_character

MAX_MESSAGE_CHARACTERS = 4_000
_NAMES = ("message", "conversation_id", "user_id")


def chat_request(args: Sequence[Any], kwargs: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the request in a call's arguments; raise MalformedMessage."""
    if len(args) == 1 and not kwargs and isinstance(args[0], dict) and "message" in args[0]:
        return args[0]
    unknown = [str(name)[:80] for name in kwargs if name not in (*_NAMES, "tenant", "request")]
    if unknown:
        raise MalformedMessage(
            f"chat.infer has no argument {unknown[0]!r}; it takes {', '.join(_NAMES)}"
        )
    named = dict(kwargs)
    positional = [*args, *([named.pop("request")] if "request" in named else [])]
    before, own = _positional(positional, has_message="message" in named)
    twice = sorted(own.keys() & named.keys())
    if twice:
        raise MalformedMessage(f"{twice[0]} is given twice")
    return _following(before, {**own, **named})


def text_of(request: Mapping[str, Any], name: str) -> str:
    """Return a message; raise MalformedMessage."""
    value = request.get(name)
    if not isinstance(value, str):
        raise MalformedMessage(f"{name} must be a text")
    if len(value) > MAX_MESSAGE_CHARACTERS:
        raise MalformedMessage(f"{name} has over {MAX_MESSAGE_CHARACTERS} characters")
    if not has_visible_character(value):
        raise MalformedMessage(f"{name} is blank: it has no visible character")
    return value


def tenant_of(request: Mapping[str, Any]) -> str:
    """Return the tenant that a Celery client writes for; raise MalformedMessage.

    A gateway's ids have their tenant in them.
    """
    tenant = request.get("tenant")
    if tenant is None:
        return tenants.DEFAULT_TENANT
    if not isinstance(tenant, str) or not tenants.is_tenant_name(tenant):
        raise MalformedMessage("tenant must be 1-63 lower-case letters, digits or -")
    return tenant


def id_of(
    request: Mapping[str, Any], name: str, tenant: str = tenants.DEFAULT_TENANT
) -> str | None:
    """Return an id in a tenant's scope, None if it is not given; raise MalformedMessage."""
    value = request.get(name)
    if value is None:
        return None
    text = value if isinstance(value, str) else text_of_id(value)
    inside = None if text is None else tenants.scope(tenant, text)
    if inside is None or not is_scoped_identifier(inside):
        raise MalformedMessage(f"{name} must be {IDENTIFIER_FORM}")
    return inside


def _positional(
    args: Sequence[Any], *, has_message: bool
) -> tuple[Sequence[Any], Mapping[str, Any]]:
    """Return the result of the step before, if any, and what the arguments without a name say."""
    last = args[-1] if args else None
    if isinstance(last, dict) and ("message" in last or has_message) and not _is_reply(last):
        return args[:-1], last
    if has_message or not args:
        return args, {}
    if isinstance(args[0], str) and len(args) <= len(_NAMES):
        return (), dict(zip(_NAMES, args, strict=False))
    if len(args) == 1 and _is_result(last):
        raise MalformedMessage(
            "chat.infer got the result of the step before and no message; give it one of its own: "
            'infer.s({"message": …}), or infer.si(…) to leave that result out'
        )
    if len(args) == 1 and isinstance(last, dict):
        return (), last
    raise MalformedMessage(
        "chat.infer takes one object with message, conversation_id and user_id, or the message"
    )


def _following(before: Sequence[Any], request: Mapping[str, Any]) -> Mapping[str, Any]:
    """Drop the result of the step before; after a reply its conversation goes on."""
    if len(before) > 1 or (before and isinstance(before[0], dict) and "message" in before[0]):
        raise MalformedMessage("chat.infer takes one object; there are several")
    if not before or not _is_reply(before[0]) or request.get("conversation_id") is not None:
        return request
    return {**request, "conversation_id": before[0].get("conversation_id")}


def _is_reply(value: object) -> bool:
    return isinstance(value, dict) and "response" in value and "job_id" in value


def _is_result(value: object) -> bool:
    return _is_reply(value) or (isinstance(value, list) and all(map(_is_reply, value)))

"""The messages of a request: what is asked, and what was said before."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from gateway.chat_request import check_text
from shared.errors import InvalidRequest

ROLES = ("system", "developer", "user", "assistant", "tool", "function")
_TEXT_PARTS = ("text", "input_text", "output_text")


@dataclass(frozen=True, slots=True)
class Said:
    """One message; `text` is all its text, `other` the kind of a part that is none, if any."""

    role: str
    text: str
    other: str | None = None


@dataclass(frozen=True, slots=True)
class Asked:
    """The last user message, and what was said before: user and assistant, oldest first.

    `prompt` is the text of all messages, for the count of tokens.
    """

    question: str
    history: Sequence[Said]
    prompt: Sequence[str]


def read_messages(messages: Any, name: str) -> Asked:
    """Return what is asked; raise InvalidRequest that names the member at fault."""
    if not isinstance(messages, list) or not messages:
        raise InvalidRequest(f"{name} must be an array with at least one message.", name)
    said = [_read_message(each, f"{name}[{index}]") for index, each in enumerate(messages)]
    asked = max((at for at, each in enumerate(said) if each.role == "user"), default=None)
    if asked is None:
        raise InvalidRequest(f"{name} must have a message of the user: it is what is asked.", name)
    question = said[asked]
    if question.other is not None:
        raise InvalidRequest(
            f"{name}[{asked}] has a part of type {question.other[:40]}; only text is read.", name
        )
    check_text(name, question.text)
    history = [each for each in said[:asked] if each.role in ("user", "assistant") and each.text]
    return Asked(question.text, history, [each.text for each in said])


def history_digest(user_id: str | None, history: Sequence[Said]) -> str:
    """Return the digest by which a conversation is found whose messages these are."""
    said = [(each.role, each.text.strip()) for each in history if each.text.strip()]
    return hashlib.blake2b(msgspec.json.encode((user_id, said)), digest_size=20).hexdigest()


def _read_message(message: Any, name: str) -> Said:
    if not isinstance(message, dict):
        raise InvalidRequest(f"{name} must be an object.", name)
    role = message.get("role")
    if role not in ROLES:
        raise InvalidRequest(f"{name}.role must be one of {', '.join(ROLES)}.", f"{name}.role")
    return _read_content(role, message.get("content"), f"{name}.content")


def _read_content(role: str, content: Any, name: str) -> Said:
    if content is None or isinstance(content, str):
        return Said(role, content or "")
    if not isinstance(content, list):
        raise InvalidRequest(f"{name} must be a string or an array of parts.", name)
    texts: list[str] = []
    other = None
    for part in content:
        kind, text = _read_part(part, name)
        if text is None:
            other = other or kind
        else:
            texts.append(text)
    return Said(role, "\n".join(texts), other)


def _read_part(part: Any, name: str) -> tuple[str, str | None]:
    if not isinstance(part, Mapping) or not isinstance(part.get("type"), str):
        raise InvalidRequest(f"{name}: each part must be an object with a type.", name)
    kind = part["type"]
    if kind not in _TEXT_PARTS:
        return kind, None
    text = part.get("text")
    if not isinstance(text, str):
        raise InvalidRequest(f"{name}: a part of type {kind} must have a text.", name)
    return kind, text

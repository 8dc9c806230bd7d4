"""Read what an editor wants to have in the base."""

import re
from typing import Literal

import msgspec

from gateway.chat_request import check_identifier, check_text
from gateway.handover_request import MAX_NAME_CHARACTERS
from gateway.request_body import decode_body
from shared.drafts import Draft
from shared.errors import InvalidRequest
from shared.wordings import plain, wording_digest

MAX_WORDING_CHARACTERS = 1_000
MAX_ANSWER_CHARACTERS = 20_000
MAX_PHRASINGS = 50
_NOT_SLUG = re.compile(r"[^a-z0-9]+")
_MAX_ID = 50


class DraftRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A new entry (question and answer), or phrasings of the one that `entry` names.

    `gap` is the group of messages that it answers. A new entry without an id gets one.
    """

    kind: str
    entry: str | None = None
    question: str | None = None
    answer: str | None = None
    phrasings: list[str] | None = None
    gap: str | None = None
    by: str | None = None


_decoder = msgspec.json.Decoder(DraftRequest)


def read_draft(body: bytes) -> DraftRequest:
    """Return the request in a body; raise InvalidRequest that names field and fault."""
    sent = decode_body(body, DraftRequest, _decoder)
    if sent.kind not in ("entry", "phrasings"):
        raise InvalidRequest("kind must be entry or phrasings.", "kind")
    check_identifier("entry", sent.entry)
    check_identifier("gap", sent.gap)
    _check_phrasings(sent.phrasings or [])
    if sent.by is not None:
        check_text("by", sent.by, MAX_NAME_CHARACTERS)
    if sent.kind == "entry":
        _check_entry(sent)
    else:
        _check_further(sent)
    return sent


def as_draft(sent: DraftRequest, draft_id: str, at: float, gaps: tuple[str, ...]) -> Draft:
    """Return what is kept of a request; equal wordings once."""
    kind: Literal["entry", "phrasings"] = "entry" if sent.kind == "entry" else "phrasings"
    question, answer = _cleaned(sent.question or ""), _cleaned(sent.answer or "")
    return Draft(
        id=draft_id,
        kind=kind,
        entry=sent.entry or _slug(question),
        at=at,
        question=question,
        answer=answer,
        phrasings=_distinct(sent.phrasings or [], question),
        gaps=gaps,
        by=sent.by,
    )


def wordings_of(sent: DraftRequest) -> list[str]:
    """Return all that it lets people ask."""
    return [*((sent.question,) if sent.question else ()), *(sent.phrasings or ())]


def _check_entry(sent: DraftRequest) -> None:
    for name, text, most in (
        ("question", sent.question, MAX_WORDING_CHARACTERS),
        ("answer", sent.answer, MAX_ANSWER_CHARACTERS),
    ):
        if text is None:
            raise InvalidRequest(f"{name} is missing: a new entry needs it.", name)
        check_text(name, text, most)


def _check_further(sent: DraftRequest) -> None:
    if sent.entry is None:
        raise InvalidRequest("entry is missing: whose phrasings are they?", "entry")
    if not sent.phrasings:
        raise InvalidRequest("phrasings must name at least one.", "phrasings")
    for name, text in (("question", sent.question), ("answer", sent.answer)):
        if text is not None:
            raise InvalidRequest(f"{name} is a new entry's; phrasings have none.", name)


def _check_phrasings(phrasings: list[str]) -> None:
    if len(phrasings) > MAX_PHRASINGS:
        told = f"phrasings has {len(phrasings)} members; at most {MAX_PHRASINGS} are taken."
        raise InvalidRequest(told, "phrasings")
    for text in phrasings:
        check_text("phrasings", text, MAX_WORDING_CHARACTERS)


def _distinct(phrasings: list[str], question: str) -> tuple[str, ...]:
    found = {plain(text): text for text in map(_cleaned, reversed(phrasings))}
    found.pop(plain(question), None)
    return tuple(reversed(found.values()))


def _cleaned(text: str) -> str:
    return text.replace("\0", "").strip()


def _slug(question: str) -> str:
    """Return an id of what is Latin in a question; one with nothing of it gets a number."""
    found = _NOT_SLUG.sub("-", question.casefold()).strip("-")[:_MAX_ID].strip("-")
    return found or f"entry-{wording_digest(question)[:8]}"

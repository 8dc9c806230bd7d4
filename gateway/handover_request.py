"""Read what persons send about handovers."""

import re
from collections.abc import Sequence
from typing import get_args

import msgspec
from werkzeug.datastructures import MultiDict

from gateway.chat_request import check_text
from gateway.queue.handovers import HandoverFilter
from gateway.request_body import decode_body
from shared.errors import InvalidRequest

MAX_NAME_CHARACTERS = 128
MAX_PAGE = 500
_DEFAULT_PAGE = 50
_FILTERS: tuple[HandoverFilter, ...] = get_args(HandoverFilter)
_LIMIT = re.compile(r"[1-9][0-9]{0,2}\Z")
_SINCE = re.compile(r"[0-9]{1,12}(?:\.[0-9]{1,9})?\Z")
_PARAMETERS = ("state", "limit", "cursor", "since")


class ClaimRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Who takes the conversation over."""

    by: str


class ReplyRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the person says; `by` is whoever has the conversation if it is not given."""

    text: str
    by: str | None = None


class ReleaseRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Who gives it back; without it, whoever has it."""

    by: str | None = None


class CloseRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Who closes it and a note, both for the record."""

    note: str | None = None
    by: str | None = None


class PageRequest(msgspec.Struct, frozen=True):
    """Which handovers are wanted."""

    state: HandoverFilter
    limit: int
    cursor: str | None
    since: float | None = None


_claim_decoder = msgspec.json.Decoder(ClaimRequest)
_reply_decoder = msgspec.json.Decoder(ReplyRequest)
_release_decoder = msgspec.json.Decoder(ReleaseRequest)
_close_decoder = msgspec.json.Decoder(CloseRequest)


def read_claim(body: bytes) -> ClaimRequest:
    """Return the request in a body; raise InvalidRequest."""
    claim = decode_body(body, ClaimRequest, _claim_decoder)
    check_text("by", claim.by, MAX_NAME_CHARACTERS)
    return claim


def read_reply(body: bytes) -> ReplyRequest:
    """Return the request in a body; raise InvalidRequest."""
    reply = decode_body(body, ReplyRequest, _reply_decoder)
    check_text("text", reply.text)
    if reply.by is not None:
        check_text("by", reply.by, MAX_NAME_CHARACTERS)
    return reply


def read_release(body: bytes) -> ReleaseRequest:
    """Return the request in a body; raise InvalidRequest."""
    release = decode_body(body, ReleaseRequest, _release_decoder)
    if release.by is not None:
        check_text("by", release.by, MAX_NAME_CHARACTERS)
    return release


def read_close(body: bytes) -> CloseRequest:
    """Return the request in a body; raise InvalidRequest."""
    close = decode_body(body, CloseRequest, _close_decoder)
    if close.note is not None:
        check_text("note", close.note)
    if close.by is not None:
        check_text("by", close.by, MAX_NAME_CHARACTERS)
    return close


def read_page(query: MultiDict[str, str]) -> PageRequest:
    """Return the page that a query string asks for; raise InvalidRequest."""
    refuse_unknown(query, _PARAMETERS)
    state = query.get("state", "open")
    if state not in _FILTERS:
        raise InvalidRequest(f"state must be one of {', '.join(_FILTERS)}.", "state")
    since = query.get("since")
    if since is not None and not _SINCE.match(since):
        raise InvalidRequest("since must be a time in Unix seconds.", "since")
    limit, after = read_limit(query), query.get("cursor")
    return PageRequest(state, limit, after, None if since is None else float(since))


def refuse_unknown(query: MultiDict[str, str], known: Sequence[str]) -> None:
    """Raise InvalidRequest for a parameter that is not among those that are known."""
    for name in query:
        if name not in known:
            names = ", ".join(known) or "none"
            raise InvalidRequest(f"{name[:80]} is not a known parameter; known are {names}.", name)


def read_limit(query: MultiDict[str, str]) -> int:
    """Return how many are wanted at most; raise InvalidRequest."""
    limit = query.get("limit", str(_DEFAULT_PAGE))
    if not _LIMIT.match(limit) or int(limit) > MAX_PAGE:
        raise InvalidRequest(f"limit must be a number from 1 to {MAX_PAGE}.", "limit")
    return int(limit)

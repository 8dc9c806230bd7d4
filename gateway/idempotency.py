"""The Idempotency-Key header of POST /chat: a repeated request gets the first one's job and reply.

All clients of a tenant share one space of keys.
"""

import hashlib
import re
from dataclasses import dataclass

import msgspec

from gateway.caller import Caller
from gateway.chat_request import ChatRequest
from shared.errors import InvalidRequest

_HEADER = re.compile(r'([ !#-+\--~]{1,255})\Z|"([ !#-~]{1,255})"\Z')


@dataclass(frozen=True, slots=True)
class IdempotencyKey:
    """A client's key in its tenant's scope, and the digest of what it asked under that key."""

    key: str
    fingerprint: str


def read_idempotency_key(header: str, request: ChatRequest, caller: Caller) -> IdempotencyKey:
    """Return the key of a request; raise InvalidRequest if the header is no key."""
    match = _HEADER.match(header.strip())
    if match is None:
        raise InvalidRequest(
            "Idempotency-Key must be 1 to 255 printable ASCII characters, in double quotes "
            "if it holds commas.",
            "Idempotency-Key",
        )
    digest = hashlib.blake2b(msgspec.json.encode(request), digest_size=16).hexdigest()
    return IdempotencyKey(caller.scope(match[1] or match[2]), digest)

"""The Idempotency-Key header of POST /chat: a repeated request gets the first one's job and reply.

All clients of a tenant share one space of keys.
"""

import hashlib
import re
from dataclasses import dataclass

import msgspec

from gateway.caller import ANYONE, Caller
from gateway.chat_request import ChatRequest
from shared.errors import InvalidRequest

_HEADER = re.compile(r'([A-Za-z0-9_.:@-]{1,128})\Z|"([A-Za-z0-9_.:@-]{1,128})"\Z')


@dataclass(frozen=True, slots=True)
class IdempotencyKey:
    """A client's key in its tenant's scope, and the digest of what it asked under that key."""

    key: str
    fingerprint: str


def read_idempotency_key(
    header: str, request: ChatRequest, caller: Caller = ANYONE
) -> IdempotencyKey:
    """Return the key of a request; raise InvalidRequest if the header is no key."""
    match = _HEADER.match(header.strip())
    if match is None:
        raise InvalidRequest(
            "Idempotency-Key must be 1 to 128 letters, digits or any of _ . : @ and -, "
            "bare or in double quotes.",
            "Idempotency-Key",
        )
    digest = hashlib.blake2b(msgspec.json.encode(request), digest_size=16).hexdigest()
    return IdempotencyKey(caller.scope(match[1] or match[2]), digest)

"""Signs webhook events as Standard Webhooks has it, so that receivers find a library to verify.

The signature is HMAC-SHA256 over "id.timestamp.body", in base64, after "v1,".
"""

import base64
import binascii
import hashlib
import hmac
from collections.abc import Mapping

_PREFIX = "whsec_"


def signing_key(secret: str) -> bytes:
    """Return the key that a secret stands for: base64 after `whsec_`, else the text itself."""
    if secret.startswith(_PREFIX):
        try:
            return base64.b64decode(secret.removeprefix(_PREFIX), validate=True)
        except binascii.Error:
            pass
    return secret.encode()


def signed_headers(key: bytes, event_id: str, at: float, body: bytes) -> Mapping[str, str]:
    """Return the headers of one try; `at` is the Unix time of the try, not of the event."""
    timestamp = str(int(at))
    signed = b".".join((event_id.encode(), timestamp.encode(), body))
    digest = hmac.new(key, signed, hashlib.sha256).digest()
    return {
        "webhook-id": event_id,
        "webhook-timestamp": timestamp,
        "webhook-signature": f"v1,{base64.b64encode(digest).decode()}",
    }

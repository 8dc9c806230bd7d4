"""Queue messages gone wrong: seeded changes to bytes, to JSON and to what the body holds."""

import base64
import json
import random
from collections.abc import Callable, Sequence
from typing import Any

JUNK: Sequence[Any] = (
    None, True, False, 0, -1, 2**63, 10**400, 1e308, -1e308, 5e-324, float("nan"), float("inf"),
    "", " ", "\0", "\u202e\u2066", "\ud800", "a" * 5_000, "../../etc", "{{7*7}}", "chat.infer",
    "chat.tone", "[SEP]" * 50, "\U0001f9d1\u200d\U0001f680" * 100, "null", [], {}, [[]], [{}],
    {"": ""}, [None] * 50, "0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59-23:59", "2026-11-22",
    "2026-W47-7", "24:00", "inference", "application/x-python-serialize", "pickle", "gzip",
    {"__class__": "os.system"},
)  # fmt: skip
_NAMES = (
    "id", "task", "expires", "eta", "parley_accepted_at", "parley_gateway", "message", "user_id",
    "conversation_id", "job_id", "body", "headers", "properties", "content-type", "retries",
    "content-encoding", "body_encoding", "timelimit", "priority", "root_id", "shadow", "new",
)  # fmt: skip
_READ = ("id", "task", "expires", "eta", "parley_accepted_at", "parley_gateway")


class Mutator:
    """Spoil messages in a way that a seed decides."""

    def __init__(self, seed: int, samples: Sequence[bytes]) -> None:
        self._random = random.Random(seed)
        self._samples = samples
        self._ways: Sequence[Callable[[bytes], bytes]] = (
            self._flip, self._cut, self._splice, self._noise,
            self._change_envelope, self._change_envelope, self._change_envelope,
            self._change_body, self._change_body, self._spell_body, self._change_header,
        )  # fmt: skip

    def spoil(self) -> bytes:
        """Return a sample with one to three changes; now and then it stays well-formed."""
        raw = self._random.choice(self._samples)
        for _ in range(self._random.choice((1, 1, 1, 2, 3))):
            raw = self._random.choice(self._ways)(raw)
        return raw

    def _flip(self, raw: bytes) -> bytes:
        spoiled = bytearray(raw)
        for _ in range(min(len(spoiled), self._random.choice((1, 2, 20)))):
            spoiled[self._random.randrange(len(spoiled))] = self._random.randrange(256)
        return bytes(spoiled)

    def _cut(self, raw: bytes) -> bytes:
        start, end = sorted(self._random.randrange(len(raw) + 1) for _ in range(2))
        return self._random.choice((raw[:start], raw[end:], raw[:start] + raw[end:]))

    def _splice(self, raw: bytes) -> bytes:
        other = self._random.choice(self._samples)
        return (
            raw[: self._random.randrange(len(raw) + 1)]
            + other[self._random.randrange(len(other)) :]
        )

    def _noise(self, raw: bytes) -> bytes:
        return self._random.choice(
            (
                self._random.randbytes(self._random.randrange(300)),
                b"[" * self._random.choice((5, 1_000, 60_000)),
                b'{"body":' * 500,
                raw * 30,
                json.dumps(self._random.choice(JUNK)).encode(),
            )
        )

    def _change_envelope(self, raw: bytes) -> bytes:
        try:
            return json.dumps(self._change(json.loads(raw))).encode()
        except (ValueError, RecursionError):
            return self._flip(raw)

    def _change_header(self, raw: bytes) -> bytes:
        """Give a header that Parley reads a value that nobody would write."""
        try:
            envelope = json.loads(raw)
            envelope["headers"][self._random.choice(_READ)] = self._random.choice(JUNK)
            return json.dumps(envelope).encode()
        except (ValueError, TypeError, LookupError, RecursionError):
            return self._noise(raw)

    def _change_body(self, raw: bytes) -> bytes:
        try:
            envelope = json.loads(raw)
            body = json.loads(base64.b64decode(envelope["body"]))
            spoiled = json.dumps(self._change(body)).encode()
            envelope["body"] = base64.b64encode(spoiled).decode()
            return json.dumps(envelope).encode()
        except (ValueError, TypeError, LookupError, RecursionError):
            return self._cut(raw)

    def _spell_body(self, raw: bytes) -> bytes:
        """Keep what the body says, or not quite, and spell it in another way."""
        try:
            envelope = json.loads(raw)
            plain = base64.b64decode(envelope["body"])
            spelled = self._random.choice(
                (base64.b64encode(plain)[:-1], base64.urlsafe_b64encode(b"\xff" + plain), plain)
            )
            envelope["body"] = spelled.decode()
            envelope["properties"]["body_encoding"] = self._random.choice(("base64", "utf-8", None))
            return json.dumps(envelope).encode()
        except (ValueError, TypeError, LookupError, RecursionError):
            return self._flip(raw)

    def _change(self, value: Any, depth: int = 0) -> Any:
        """Return the value with one place in it changed."""
        if isinstance(value, dict) and value and self._random.random() < 0.9 - depth * 0.05:
            return self._change_member(dict(value), depth)
        if isinstance(value, list) and value and self._random.random() < 0.9 - depth * 0.05:
            place = self._random.randrange(len(value))
            return [*value[:place], self._change(value[place], depth + 1), *value[place + 1 :]]
        return self._random.choice(JUNK)

    def _change_member(self, members: dict[str, Any], depth: int) -> dict[str, Any]:
        name = self._random.choice(list(members))
        way = self._random.random()
        if way < 0.15:
            del members[name]
        elif way < 0.3:
            members[self._random.choice(_NAMES)] = self._random.choice(JUNK)
        else:
            members[name] = self._change(members[name], depth + 1)
        return members

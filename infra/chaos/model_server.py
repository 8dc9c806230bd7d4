"""A language model server that nobody should trust, as a process of its own.

    python -m infra.chaos.model_server PORT SEED

It speaks as much of OpenAI's chat completions as a generation worker uses. It says the sentences of
the first answer in the prompt. Seed and prompt decide how: most replies are true and quick; others
hold a planted falsehood, come late or slowly, break off or are cut short within a sentence, never
end, or are refused. It prints `asked` for each call, and `planted` for each falsehood that it says.
"""

import json
import random
import re
import select
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, cast

ASKED, PLANTED = "asked", "planted"
MODEL = "chaos"
# One of each kind of falsehood. No knowledge base says any of it.
FALSEHOODS = (
    "It costs 777,777 EUR.",
    "There are 4,747 of them.",
    "It ends on 30 February.",
    "We open at 4:47 in the morning.",
    "Ask Ms Quibbleby about it.",
    "Write to help@planted.example about it.",
    "See https://planted.example/free for more.",
    "We guarantee you 77 % off.",
    "Send us your quibblecode first.",
    "Quibbles are part of every order.",
)
MARKS = ("777,777", "4,747", "30 february", "4:47", "quibble", "planted.example", "77 %")
_HELD_BACK = "Which of these do you mean?"  # where the prompt has no answer
_ANSWER = re.compile(r"<answer>\n(.*?)\n</answer>", re.DOTALL)
_UNIT = re.compile(r"[^\n]*?[.!?](?=\s|\Z)|[^\n]+")
_MAX_UNITS = 3
_SHORTEST_TEAR = 20  # characters of a sentence that is broken off: an outsider recognises it
_FOR_EVER_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Manner:
    """How one reply is said. `false_at` is the place of a falsehood among the sentences.

    `torn`: it ends in the middle of the sentence that stands there; the connection ends with it
    (`break`), or the server says that it has written enough (`length`).
    """

    first_seconds: tuple[float, float] = (0.01, 0.08)
    piece_seconds: tuple[float, float] = (0.0, 0.02)
    false_at: int | None = None
    torn: str | None = None
    stalls: bool = False
    status: int = 200


MANNERS: Mapping[str, tuple[int, Manner]] = {
    "true": (58, Manner()),
    "false at once": (8, Manner(false_at=0)),
    "false later": (12, Manner(false_at=1)),
    "late": (3, Manner(first_seconds=(1.0, 4.0))),
    "slow": (6, Manner(piece_seconds=(0.05, 0.2))),
    "broken off": (5, Manner(torn="break")),
    "cut short": (3, Manner(torn="length")),
    "stalled": (2, Manner(stalls=True)),
    "refused": (3, Manner(status=503)),
}  # each with its share in a hundred


@dataclass(frozen=True, slots=True)
class ScriptedReply:
    """What is said, and how; a falsehood ends with the piece `planted_after`, if there is one."""

    manner: Manner
    pieces: tuple[str, ...]
    first_seconds: float
    piece_seconds: float
    planted_after: int = 0


def reply_to(seed: int, prompts: Sequence[Mapping[str, Any]]) -> ScriptedReply:
    """Return the reply to a prompt: the same for the same seed."""
    rng = random.Random(f"model {seed} {prompts[-1]['content']}")  # noqa: S311 - no secret
    manner = rng.choices(*_weighted())[0]
    units = _true_units("\n".join(str(each["content"]) for each in prompts), rng)
    planted_after = 0
    if manner.false_at is not None:
        units[manner.false_at :] = [rng.choice(FALSEHOODS), *units[manner.false_at :]]
        planted_after = len(_pieces(" ".join(units[: manner.false_at + 1])))
    text = _torn(units, rng) if manner.torn or manner.stalls else " ".join(units)
    first, piece = rng.uniform(*manner.first_seconds), rng.uniform(*manner.piece_seconds)
    return ScriptedReply(manner, _pieces(text), first, piece, planted_after)


def _pieces(text: str) -> tuple[str, ...]:
    return tuple(re.findall(r"\s*\S+", text))


def _weighted() -> tuple[list[Manner], list[int]]:
    return [each for _, each in MANNERS.values()], [share for share, _ in MANNERS.values()]


def _true_units(prompt: str, rng: random.Random) -> list[str]:
    """Return the first sentences of the first answer in a prompt."""
    answer = _ANSWER.search(prompt)
    units = [each.strip() for each in _UNIT.findall(answer.group(1))] if answer else [_HELD_BACK]
    return [each for each in units if each][: rng.randint(1, _MAX_UNITS)]


def _torn(units: Sequence[str], rng: random.Random) -> str:
    """Return the sentences up to the middle of the last one that is long enough for that."""
    for last in range(len(units) - 1, -1, -1):
        unit = units[last]
        if len(unit) > _SHORTEST_TEAR + 1:
            return " ".join([*units[:last], unit[: rng.randint(_SHORTEST_TEAR, len(unit) - 2)]])
    return " ".join(units)


class _Gone(Exception):
    """The client has gone away, or is to be left."""


class _Server(ThreadingHTTPServer):
    request_queue_size = 128
    seed = 0

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing: clients go away."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Print nothing."""

    def do_GET(self) -> None:
        self._send(200, {"object": "list", "data": [{"id": MODEL, "object": "model"}]})

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        print(ASKED, flush=True)
        reply = reply_to(cast("_Server", self.server).seed, body["messages"])
        if reply.manner.status != 200:
            self._send(reply.manner.status, {"error": {"message": "not now"}})
            return
        try:
            self._stream(reply)
        except (_Gone, OSError):
            self.close_connection = True

    def _send(self, status: int, body: Mapping[str, Any]) -> None:
        encoded = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(encoded)))
        self.end_headers()
        self.wfile.write(encoded)

    def _stream(self, reply: ScriptedReply) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        for number, event in enumerate(_events(reply, self._wait), 1):
            self._chunk(b"data: " + event + b"\n\n")
            if number == reply.planted_after:
                print(PLANTED, flush=True)
        self.wfile.write(b"0\r\n\r\n")

    def _chunk(self, data: bytes) -> None:
        self.wfile.write(f"{len(data):x}\r\n".encode() + data + b"\r\n")

    def _wait(self, seconds: float) -> None:
        if select.select([self.connection], [], [], seconds)[0]:
            raise _Gone


def _events(reply: ScriptedReply, wait: Callable[[float], None]) -> Iterator[bytes]:
    """Yield the events of a reply, each when it is due; raise _Gone where the connection ends."""
    wait(reply.first_seconds)
    for piece in reply.pieces:
        yield _event({"content": piece})
        wait(reply.piece_seconds)
    if reply.manner.stalls:
        wait(_FOR_EVER_SECONDS)
    if reply.manner.stalls or reply.manner.torn == "break":
        raise _Gone
    yield _event({}, reply.manner.torn or "stop")
    yield json.dumps({"choices": [], "usage": _usage(reply)}).encode()
    yield b"[DONE]"


def _event(delta: Mapping[str, str], finish_reason: str | None = None) -> bytes:
    choice = {"index": 0, "delta": delta, "finish_reason": finish_reason}
    return json.dumps({"object": "chat.completion.chunk", "choices": [choice]}).encode()


def _usage(reply: ScriptedReply) -> Mapping[str, int]:
    return {"prompt_tokens": 100, "completion_tokens": len(reply.pieces)}


def main(port: int, seed: int) -> None:
    """Serve until the process ends."""
    with _Server(("127.0.0.1", port), _Handler) as server:
        server.seed = seed
        server.serve_forever()


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))

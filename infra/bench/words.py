"""How long a person waits for the first sentence of a reply, and for all of it.

    python -m infra.bench.words [URL] [QUESTIONS]

Asks a Parley that runs already, one question of the demo base after the other, each in a
conversation of its own. Prints one line of JSON; times are milliseconds from the request on.
"""

import json
import sys
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from infra.event_source import EventSource, StreamBroken
from infra.harness.messages import read_messages

_URL = "http://127.0.0.1:8000"
_QUESTIONS = 30
_PAUSE_SECONDS = 0.3  # between questions: what a worker says of itself is a second old at most


@dataclass(frozen=True, slots=True)
class Answered:
    """One reply: seconds until its first text and until its end, and whose words it has."""

    first: float
    whole: float
    words: str


def ask(url: str, question: str) -> Answered:
    """Ask one question; raise StreamBroken if there is no reply."""
    began_at = time.monotonic()
    first: float | None = None
    with EventSource(url, "POST", "/chat", {"message": question}) as source:
        for event in source.events() if source.is_stream else ():
            seconds = time.monotonic() - began_at
            if event.name == "delta" and first is None:
                first = seconds
            elif event.name == "reply":
                words = event.data.get("words") or "entry"
                return Answered(seconds if first is None else first, seconds, words)
        raise StreamBroken(f"no reply: status {source.status}")


def figures(answered: Sequence[Answered]) -> dict[str, object]:
    """Return the middle, the 95th percentile and the most of both times, and whose words."""
    times = {
        "first": [1_000 * each.first for each in answered],
        "whole": [1_000 * each.whole for each in answered],
    }
    found: dict[str, object] = {"questions": len(answered)}
    for name, milliseconds in times.items():
        p50, p95, most = np.percentile(milliseconds, (50, 95, 100))
        found |= {f"{name}_p50": round(p50), f"{name}_p95": round(p95), f"{name}_max": round(most)}
    return found | {"words": dict(Counter(each.words for each in answered))}


def main() -> None:
    """Measure, and print."""
    url, questions = (*sys.argv[1:], *(_URL, str(_QUESTIONS))[len(sys.argv) - 1 :])
    answered = []
    for question in read_messages(None).texts[: int(questions)]:
        answered.append(ask(url, question))
        time.sleep(_PAUSE_SECONDS)
    print(json.dumps(figures(answered)))


if __name__ == "__main__":
    main()

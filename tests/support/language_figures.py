"""How well languages are told: `python -m tests.support.language_figures [--english FILE…]`.

FILE holds English messages as JSON lines with a field `text`; any of them that is taken for another
language is counted.
"""

import json
import sys
from argparse import ArgumentParser
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import yaml

from workers.dialogue.cues import read_cues
from workers.dialogue.state import Dialogue
from workers.reading.languages import language_of
from workers.reading.legibility import FOREIGN

SPELT_OUT = "hi-Latn"  # Hindi in Latin letters: spelling.py spells it out, so it may be answered
_DATA = Path(__file__).parents[1] / "data"
_SETS = ("languages_development", "languages_development_2", "languages_unseen")


@dataclass(frozen=True, slots=True)
class Told:
    """How many messages in other languages were told from English, and named right."""

    messages: int
    found: int
    named: int


def messages_of(name: str) -> Mapping[str, Sequence[str]]:
    """Return the messages of a set in tests/data, by language."""
    messages: Mapping[str, Sequence[str]] = yaml.safe_load(
        (_DATA / f"{name}.yaml").read_text(encoding="utf-8")
    )
    return messages


def told(language: str, messages: Sequence[str]) -> Told:
    """Return how well messages of one language are told."""
    found = sum(is_foreign(message) for message in messages)
    named = sum(language_of(message) == language[:2] for message in messages)
    return Told(len(messages), found, named)


def is_foreign(message: str) -> bool:
    """Return whether a message is taken for one in another language."""
    return read_cues(message, Dialogue("small"), {}).unreadable in FOREIGN


def total(each: Sequence[Told]) -> Told:
    """Return the sums."""
    sums = (sum(one.messages for one in each), sum(one.found for one in each))
    return Told(*sums, sum(one.named for one in each))


def say(line: str) -> None:
    """Write a line."""
    sys.stdout.write(f"{line}\n")


def _print(name: str, figures: Told) -> None:
    say(f"{name:32} {figures.messages:6} {figures.found:6} {figures.named:6}")


def main() -> None:
    """Print the figures."""
    parser = ArgumentParser(description=__doc__)
    parser.add_argument("--english", nargs="*", type=Path, default=())
    say(f"{'set':32} {'all':>6} {'found':>6} {'named':>6}")
    for name in _SETS:
        figures = {one: told(one, those) for one, those in messages_of(name).items()}
        hindi = figures.pop(SPELT_OUT)
        _print(name, total(list(figures.values())))
        _print("  Hindi in Latin letters", hindi)
    for path in parser.parse_args().english:
        rows = [json.loads(row)["text"] for row in path.read_text(encoding="utf-8").splitlines()]
        _print(path.stem, told("en", rows))


if __name__ == "__main__":
    main()

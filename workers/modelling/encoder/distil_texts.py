"""The texts a student learns from: read, kept apart from what judges it, and made noisy."""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from shared.errors import CommandMisused
from workers.modelling.encoder.gate import LabelledRow

MIN_TEXTS = 32
_HELD_OUT_EVERY = 5
_LETTERS = "abcdefghijklmnopqrstuvwxyz"
_MARKS = str.maketrans("", "", "?!.,;:'’\"-")
_CHAT: Mapping[str, str] = {
    "you": "u",
    "your": "ur",
    "are": "r",
    "please": "pls",
    "thanks": "thx",
    "because": "cuz",
    "want to": "wanna",
    "going to": "gonna",
    "do not": "dont",
    "cannot": "cant",
    "for": "4",
    "to": "2",
    "why": "y",
    "with": "w",
    "message": "msg",
    "account": "acct",
    "password": "pw",
}


@dataclass(frozen=True, slots=True)
class Split:
    """A base's wordings: those to search, and those set aside to ask with."""

    searched: tuple[LabelledRow, ...]
    asked: tuple[LabelledRow, ...]


def read_texts(paths: Sequence[Path]) -> list[str]:
    """Read text files of one text a line, and JSON lines of `text`; raise CommandMisused."""
    return [text for path in paths for text in _read(path)]


def split_base(rows: Sequence[LabelledRow]) -> Split:
    """Set aside a fifth of each entry's wordings, its first one never."""
    seen: dict[str, int] = {}
    searched: list[LabelledRow] = []
    asked: list[LabelledRow] = []
    for row in rows:
        count = seen[row.label] = seen.get(row.label, 0) + 1
        # The second of five: an entry of two wordings counts too.
        (asked if count % _HELD_OUT_EVERY == 2 else searched).append(row)
    return Split(tuple(searched), tuple(asked))


def training_texts(texts: Iterable[str], split: Split) -> list[str]:
    """Return each text once, the searched wordings with them, and none that is asked."""
    asked = {_key(row.text) for row in split.asked}
    known: dict[str, str] = {}
    for text in (*texts, *(row.text for row in split.searched)):
        key = _key(text)
        if key and key not in asked:
            known.setdefault(key, text.strip())
    if len(known) < MIN_TEXTS:
        raise CommandMisused(f"--texts: {len(known)} texts are too few, {MIN_TEXTS} are the least.")
    return list(known.values())


def noisy(text: str, rng: np.random.Generator) -> str:
    """Write a text as people type: chat spellings, dropped marks, one or two typing errors."""
    changed = text.lower() if rng.random() < 0.5 else text
    if rng.random() < 0.4:
        changed = _chat(changed, rng)
    if rng.random() < 0.5:
        changed = changed.translate(_MARKS)
    for _ in range(rng.integers(0, 3)):
        changed = _ERRORS[rng.integers(len(_ERRORS))](changed, rng)
    return changed if changed.strip() else text


def _read(path: Path) -> list[str]:
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise CommandMisused(f"--texts {path} cannot be read: {error}") from error
    if path.suffix != ".jsonl":
        return lines
    return [_text(path, number, line) for number, line in enumerate(lines, 1) if line.strip()]


def _text(path: Path, number: int, line: str) -> str:
    try:
        return str(json.loads(line)["text"])
    except (ValueError, KeyError, TypeError) as error:
        raise CommandMisused(f"--texts {path}:{number}: no JSON object with a `text`.") from error


def _key(text: str) -> str:
    return " ".join(text.lower().split())


def _chat(text: str, rng: np.random.Generator) -> str:
    padded = f" {text} "
    for plain, chat in _CHAT.items():
        if rng.random() < 0.5:
            padded = padded.replace(f" {plain} ", f" {chat} ")
    return padded.strip()


def _swap(text: str, rng: np.random.Generator) -> str:
    if len(text) < 4:
        return text
    at = int(rng.integers(1, len(text) - 2))
    return text[:at] + text[at + 1] + text[at] + text[at + 2 :]


def _drop(text: str, rng: np.random.Generator) -> str:
    at = int(rng.integers(len(text))) if text else 0
    return text[:at] + text[at + 1 :]


def _double(text: str, rng: np.random.Generator) -> str:
    at = int(rng.integers(len(text))) if text else 0
    return text[: at + 1] + text[at:]


def _replace(text: str, rng: np.random.Generator) -> str:
    at = int(rng.integers(len(text))) if text else 0
    return text[:at] + _LETTERS[rng.integers(len(_LETTERS))] + text[at + 1 :]


_ERRORS: tuple[Callable[[str, np.random.Generator], str], ...] = (_swap, _drop, _double, _replace)

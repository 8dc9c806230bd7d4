"""Lexical scores: how much of what a message says word for word an entry knows (BM25 over stems).

Vectors blur names and numbers; a rare word that only one entry uses points at that entry.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate

import numpy as np

from workers.knowledge.head import Vectors
from workers.nltk_modules import english_stemmer

# BM25's usual constants; other values made no difference: docs/experiments/retrieval.md.
_SATURATION = 1.2
_LENGTH_SHARE = 0.5
_ANSWER_COUNT = 0.3  # a stem of the answer counts as this share of a wording that holds it
_MIN_TYPO_LENGTH = 5  # shorter words differ in one letter too often by right
_MAX_WORDS_KEPT = 100_000
_UNKNOWN = -1
_WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)*")


def words(text: str) -> list[str]:
    """Return the words of a text in lower case, marks and emoji left out."""
    return [word.replace("’", "'") for word in _WORD.findall(text.casefold())]


@dataclass(frozen=True, slots=True, eq=False)
class LexicalScores:
    """`shares` [rows, entries]: the part, 0 to 1, of a text's rare words that an entry holds.

    `words` [rows]: how many words the text has.
    """

    shares: Vectors
    words: Vectors


class Lexicon:
    """The stems of a base, with what each says for each entry. One caller at a time.

    `wordings` and `answers` are by entry. A word that the base doesn't know counts as the known
    stem that is one letter away, if there is one.
    """

    def __init__(self, wordings: Sequence[Sequence[str]], answers: Sequence[str]) -> None:
        self._stem = english_stemmer().stem
        self._stems: dict[str, int] = {}
        self._ids: dict[str, int] = {}
        counts = self._counts(wordings, answers)
        self._rarity = _rarity(counts)
        self._unknown_rarity = float(np.log(1 + (counts.shape[1] + 0.5) / 0.5))
        self._weights = _weights(counts) * self._rarity[:, None]
        self._respellings = _respellings(self._stems, counts)
        self._ids.clear()  # while the base was read each word stood for itself

    def score(self, texts: Sequence[str]) -> LexicalScores:
        """Score texts against every entry; a text without words has no share anywhere."""
        said = [words(text) for text in texts]
        read = [self._read(each) for each in said]
        lengths = np.array([len(each) for each in said], np.float32)
        rows = [row for row, (known, _) in enumerate(read) if known]
        if rows and len(rows) == len(read):
            return LexicalScores(self._shares(read), lengths)
        shares = np.zeros((len(texts), self._weights.shape[1]), np.float32)
        if rows:
            shares[rows] = self._shares([read[row] for row in rows])
        return LexicalScores(shares, lengths)

    def _shares(self, read: Sequence[tuple[list[int], int]]) -> Vectors:
        """Return [texts, entries] of texts that have a known stem each."""
        stems = np.array([stem for known, _ in read for stem in known])
        begins = [0, *accumulate(len(known) for known, _ in read[:-1])]
        unknown = np.array([unknown for _, unknown in read])
        rarity = np.add.reduceat(self._rarity.take(stems), begins) + unknown * self._unknown_rarity
        held = np.add.reduceat(self._weights.take(stems, axis=0), begins, axis=0)
        held /= rarity.astype(np.float32)[:, None]
        return held

    def _read(self, said: Iterable[str]) -> tuple[list[int], int]:
        """Return the known stems, each once, and how many different words are unknown."""
        if len(self._ids) > _MAX_WORDS_KEPT:
            self._ids.clear()
        known, unknown = dict[int, None](), set[str]()
        for word in said:
            index = self._ids.get(word)
            if index is None:
                index = self._ids[word] = self._find(self._stem(word))
            if index == _UNKNOWN:
                unknown.add(word)
            else:
                known[index] = None
        return list(known), len(unknown)

    def _find(self, stem: str) -> int:
        index = self._stems.get(stem, _UNKNOWN)
        if index != _UNKNOWN or len(stem) < _MIN_TYPO_LENGTH:
            return index
        near = (self._respellings.get(each, _UNKNOWN) for each in _one_less(stem))
        return next((each for each in near if each != _UNKNOWN), _UNKNOWN)

    def _counts(self, wordings: Sequence[Sequence[str]], answers: Sequence[str]) -> Vectors:
        """Return [stems, entries]: how many of an entry's wordings hold a stem."""
        entries = [
            self._count(texts, answer) for texts, answer in zip(wordings, answers, strict=True)
        ]
        counts = np.zeros((len(self._stems), len(entries)), np.float32)
        for index, entry in enumerate(entries):
            counts[list(entry), index] = list(entry.values())
        return counts

    def _count(self, texts: Iterable[str], answer: str) -> Counter[int]:
        count: Counter[int] = Counter()
        for text in texts:
            count.update(self._learn(text))
        for index in self._learn(answer):
            count[index] += _ANSWER_COUNT  # type: ignore[assignment] # a Counter adds any number
        return count

    def _learn(self, text: str) -> set[int]:
        ids = set()
        for word in words(text):
            index = self._ids.get(word)
            if index is None:
                stem = self._stem(word)
                index = self._ids[word] = self._stems.setdefault(stem, len(self._stems))
            ids.add(index)
        return ids


def _rarity(counts: Vectors) -> Vectors:
    entries, holding = counts.shape[1], (counts > 0).sum(axis=1)
    return np.asarray(np.log(1 + (entries - holding + 0.5) / (holding + 0.5)), np.float32)


def _weights(counts: Vectors) -> Vectors:
    """Return BM25's part of a stem that depends on the entry, 0 to 1 for each stem."""
    lengths = counts.sum(axis=0)
    relative = lengths / max(float(lengths.mean()), 1e-6) if lengths.size else lengths
    damping = _SATURATION * (1 - _LENGTH_SHARE + _LENGTH_SHARE * relative)
    return np.asarray(counts / (counts + damping), np.float32)


def _respellings(stems: dict[str, int], counts: Vectors) -> dict[str, int]:
    """Map each spelling less one letter to the commonest stem that it may come from."""
    common_first = np.argsort(-counts.sum(axis=1), kind="stable")
    names = list(stems)
    found: dict[str, int] = {}
    for index in common_first.tolist():
        if len(names[index]) >= _MIN_TYPO_LENGTH - 1:
            for spelling in _one_less(names[index]):
                found.setdefault(spelling, index)
    return found


def _one_less(word: str) -> Iterator[str]:
    yield word
    for place in range(len(word)):
        yield word[:place] + word[place + 1 :]

"""Whether a fact is said of the thing that the sources say it of."""

from collections.abc import Sequence

from workers.voice import wording
from workers.voice.evidence import Evidence, Spot
from workers.voice.facts import Fact
from workers.voice.reading import Place, Reading, Stems, is_denial
from workers.voice.vocabulary import words_in

_LEAST_HELD = 0.6  # of the words around a fact that must stand around it in the sources
_LEAST_BOUND = 0.5  # of the words around "free" that must be said with it
# How much a word tells by where it stands around a fact: here, and there.
_NEAR_NEAR, _NEAR_BROAD, _NEAR_CONTEXT = 1.0, 0.6, 0.2
_BROAD_BROAD, _BROAD_CONTEXT = 0.6, 0.1
# Whatever is sold or asked for: they tell no fact from another.
GENERIC = frozenset(map(wording.stem_of, words_in("order item customer product thing arrive")))


class Placement:
    """Compares where facts stand in a sentence with where the sources state them."""

    def __init__(self, evidence: Evidence) -> None:
        self._evidence = evidence

    def is_misplaced(self, reading: Reading) -> bool:
        """Tell whether a fact is said of something that the sources say another fact of."""
        denies = is_denial(reading.text)
        return any(
            self._is_out_of_place(fact, place) or (not denies and self._is_only_denied(fact))
            for fact, place in zip(reading.facts, reading.places, strict=True)
            if not _is_end_of_range(fact, reading)
        )

    def _is_only_denied(self, fact: Fact) -> bool:
        """Tell whether nothing happens at a fact in all places where the sources name it."""
        return all(spot.place.denies for spot in self._evidence.spots if spot.fact.key == fact.key)

    def _is_out_of_place(self, fact: Fact, place: Place) -> bool:
        spots = [spot for spot in self._evidence.spots if spot.fact.key == fact.key]
        here = {spot.where for spot in spots}
        others = [
            spot
            for spot in self._evidence.spots
            if spot.fact.measure == fact.measure and spot.where not in here
        ]
        best = max((self._nearness(place, spot) for spot in spots), default=0.0) - 1e-9
        if any(self._nearness(place, other) > best + 2e-9 for other in others):
            return True
        spots = [spot for spot in spots if self._nearness(place, spot) >= best]
        return (
            all(self._lacks(place.near, spot, others) for spot in spots)
            or all(_is_opposed(place.near, spot) for spot in spots)
            or _is_beyond(fact, spots)
            or (fact.unit == "free" and all(self._widens(place, spot) for spot in spots))
        )

    def _nearness(self, place: Place, spot: Spot) -> float:
        """Return how well the words around a fact fit a spot of the sources."""
        weight, there = self._evidence.weight, spot.place
        context, further = spot.statement.context - there.broad, place.broad - place.near
        return (
            _NEAR_NEAR * weight(place.near & there.near)
            + _NEAR_BROAD * weight(place.near & (there.broad - there.near))
            + _NEAR_CONTEXT * weight(place.near & context)
            + _BROAD_BROAD * weight(further & there.broad)
            + _BROAD_CONTEXT * weight(further & context)
        )

    def _lacks(self, near: Stems, spot: Spot, others: Sequence[Spot]) -> bool:
        """Tell whether a fact is said of things that its spot knows nothing of."""
        known = (near & self._evidence.known) - GENERIC
        missing = known - spot.held
        if missing & frozenset().union(*(other.place.broad for other in others)):
            return True
        return bool(known) and self._evidence.share(known, spot.held) < _LEAST_HELD

    def _widens(self, place: Place, spot: Spot) -> bool:
        """Tell whether less is free in the sources: "folded bikes are free", not all."""
        weight, bounds = self._evidence.weight, spot.place.near - GENERIC
        return weight(bounds & place.broad) < _LEAST_BOUND * weight(bounds)


def _is_end_of_range(fact: Fact, reading: Reading) -> bool:
    return any(
        other.start == fact.start and other.unit == f"{fact.unit}s" for other in reading.facts
    )


def _is_opposed(near: Stems, spot: Spot) -> bool:
    return wording.opposes(near, spot.place.near, spot.place.broad | spot.statement.title)


def _is_beyond(fact: Fact, spots: Sequence[Spot]) -> bool:
    """Tell whether "at most" is said where the sources say "at least", or the other way round."""
    limits = {spot.fact.limit for spot in spots}
    return "~" not in fact.value and bool(fact.limit and limits - {""} and fact.limit not in limits)

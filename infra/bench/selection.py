"""Which figures of a run answer which question: by users, by rate, by share of saturation."""

from collections.abc import Mapping, Sequence

from infra.bench.figures import Figures
from infra.bench.plan import OVERLOAD, SWEEP

COMPARED_AT = 256  # users, if both systems have that; else the most they have in common
NOMINAL_LOAD = 0.7  # share of saturation at which a service would be run


def closed_loop(figures: Sequence[Figures], system: str) -> dict[int, Figures]:
    """Return a system's closed-loop figures by users."""
    return {f.users: f for f in figures if f.system == system and f.offered_per_second is None}


def open_loop(figures: Sequence[Figures], system: str) -> list[Figures]:
    """Return a system's open-loop figures, from few arrivals to many."""
    rated = [f for f in figures if f.system == system and f.offered_per_second is not None]
    return sorted(rated, key=lambda f: f.offered_per_second or 0.0)


def saturation(figures: Sequence[Figures]) -> float:
    """Return the most that Parley answered in a closed loop; 0 if none was measured."""
    ours = closed_loop(figures, "parley").values()
    return max((f.messages_per_second for f in ours), default=0.0)


def goodput_share(figures: Sequence[Figures]) -> float | None:
    """Return goodput ÷ saturation while twice as much is offered; None if it was not measured."""
    flooded = at_share(figures, OVERLOAD)
    return flooded.goodput_per_second / saturation(figures) if flooded else None


def at_share(figures: Sequence[Figures], share: float) -> Figures | None:
    """Return the open-loop figures nearest to a share of saturation, within half a step."""
    fastest = saturation(figures)
    rated = open_loop(figures, "parley")
    if not fastest or not rated:
        return None

    def distance(candidate: Figures) -> float:
        return abs((candidate.offered_per_second or 0.0) / fastest - share)

    nearest = min(rated, key=distance)
    return nearest if distance(nearest) < (SWEEP[3] - SWEEP[2]) / 2 else None


def reference_users(ours: Mapping[int, Figures]) -> int | None:
    """Return the number of users that Parley is compared at: 256, else the most measured."""
    return COMPARED_AT if COMPARED_AT in ours else max(ours, default=None)


def users_in_words(users: int) -> str:
    """Return a number of users as it is written in reports."""
    return "1 user" if users == 1 else f"{users:,} users"

"""What a benchmark run measures, and the bounds of it."""

from dataclasses import dataclass
from pathlib import Path

from infra.bench.systems import NO_MONITORING, SERVED, STANDARD
from shared.errors import CommandMisused

IDEAL = "ideal"
QUEUE = "queue"
SYSTEMS = (*STANDARD, IDEAL)
ALL_SYSTEMS = (*SERVED, IDEAL, QUEUE)
_FORMER_NAMES = {"unseen": NO_MONITORING}
CONCURRENCY = (1, 32, 256, 1000)
OVERLOAD = 2.0  # times what Parley answers in a closed loop
SWEEP = (0.3, 0.5, 0.7, 0.8, 0.9, 1.0, 1.15, 1.3, OVERLOAD)  # of the same
MAX_USERS = 10_000
MAX_SECONDS = 600.0
_USER_SECONDS = 4.0  # an open loop has users for the arrivals of this time
_MIN_USERS, _MAX_OPEN_USERS = 64, 4_000


@dataclass(frozen=True, slots=True)
class BenchPlan:
    """Systems, loads and times.

    `rates` are arrivals a second for Parley's open loop; None: shares (SWEEP) of its closed-loop
    throughput. `slow_seconds` bounds how long a closed loop waits for a slow system.
    """

    systems: tuple[str, ...] = SYSTEMS
    concurrency: tuple[int, ...] = CONCURRENCY
    rates: tuple[float, ...] | None = None
    seconds: float = 10.0
    warm_seconds: float = 4.0
    slow_seconds: float = 60.0
    messages: Path | None = None
    caches: bool = False

    def __post_init__(self) -> None:
        unknown = [name for name in self.systems if name not in ALL_SYSTEMS]
        if unknown or not self.systems:
            raise CommandMisused(f"no system named {unknown}: there are {', '.join(ALL_SYSTEMS)}")
        if not all(1 <= users <= MAX_USERS for users in self.concurrency):
            raise CommandMisused(f"--concurrency takes numbers from 1 to {MAX_USERS}")
        if not all(0 < rate <= MAX_USERS for rate in self.rates or ()):
            raise CommandMisused(f"--rates takes numbers above 0, at most {MAX_USERS}")
        if not 0 < self.seconds <= MAX_SECONDS:
            raise CommandMisused(f"--seconds takes a number above 0, at most {MAX_SECONDS:.0f}")

    def measurements(self, processors: int) -> int:
        """Return how many figures a run of this plan has."""
        return sum(_measurements_of(name, self, processors) for name in self.systems)

    def open_rates(self, saturation: float | None) -> tuple[float, ...]:
        """Return the rates of the open loop; none if there is nothing to take shares of."""
        if self.rates is not None:
            return self.rates
        return tuple(round(share * saturation, 1) for share in SWEEP) if saturation else ()


def _measurements_of(name: str, plan: BenchPlan, processors: int) -> int:
    if name == IDEAL:
        return len({1, processors})
    if name == QUEUE:
        return 1
    rates = len(SWEEP if plan.rates is None else plan.rates) if name == "parley" else 0
    return len(plan.concurrency) + rates


def systems_named(names: str) -> tuple[str, ...]:
    """Return the systems of a list separated by commas; former names are understood."""
    return tuple(_FORMER_NAMES.get(name, name) for name in names.split(","))


def quick_plan(systems: tuple[str, ...], messages: Path | None) -> BenchPlan:
    """Return a plan that shows in a minute that everything works; its figures mean nothing."""
    return BenchPlan(
        systems=systems,
        concurrency=(1, 4),
        rates=(10.0,),
        seconds=1.5,
        warm_seconds=0.5,
        slow_seconds=20.0,
        messages=messages,
    )


def open_loop_users(rate: float) -> int:
    """Return how many requests may be under way at once when they arrive at a rate."""
    return int(min(_MAX_OPEN_USERS, max(_MIN_USERS, rate * _USER_SECONDS)))

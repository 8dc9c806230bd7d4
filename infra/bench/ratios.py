"""Parley in proportion to others, for one kind of processor: what can be compared across machines.

Messages a second of two machines say little of either; what both systems do on one, in one run,
says what Parley is worth there.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from infra.bench.figures import Figures
from infra.bench.plan import OVERLOAD
from infra.bench.selection import (
    NOMINAL_LOAD,
    at_share,
    closed_loop,
    goodput_share,
    reference_users,
)
from infra.harness.machine import Machine
from infra.tables import NO_VALUE, Table
from shared import keys

_AROUND = ("gateway", "redis", "flower")  # Flower is who hears the events


@dataclass(frozen=True, slots=True)
class Ratios:
    """What a run says of Parley beside others; None where something was not measured.

    `users` are those of the closed loops that are compared, `engine` what inference ran on.
    """

    users: int | None
    rate_to_mosec: float | None
    p50_to_mosec: float | None
    rate_to_stock: float | None
    goodput_to_saturation: float | None
    nominal_p99_ms: float | None
    around_cpu_to_echo: float | None
    engine: str | None = None


def ratios(figures: Sequence[Figures]) -> Ratios:
    """Return the ratios of one run."""
    ours, mosec, stock, echo = (
        closed_loop(figures, name) for name in ("parley", "mosec", "stock", "echo")
    )
    at = reference_users(ours)
    nominal = at_share(figures, NOMINAL_LOAD)
    return Ratios(
        users=at,
        rate_to_mosec=_quotient(_rate(ours, at), _rate(mosec, at)),
        p50_to_mosec=_quotient(_p50(ours, 1), _p50(mosec, 1)),
        rate_to_stock=_quotient(_rate(ours, at), _rate(stock, at)),
        goodput_to_saturation=goodput_share(figures),
        nominal_p99_ms=nominal.latency.p99_ms if nominal and nominal.latency else None,
        around_cpu_to_echo=_quotient(_cpu(ours, at, _AROUND), _cpu(echo, at, ("gateway",))),
        engine=_engine(ours, at),
    )


def by_kind(machine: Machine, found: Ratios) -> Table:
    """Return the row of this machine's kind; no row if nothing can be compared."""
    head = (
        "processor",
        "engine",
        f"messages/s at {found.users} ÷ mosec",
        "p50 at one user ÷ mosec",
        f"messages/s at {found.users} ÷ stock",
        f"goodput at {OVERLOAD:g} × saturation ÷ saturation",
        f"p99 at {NOMINAL_LOAD:.0%}, ms",
        "CPU of gateway, Redis and events ÷ echo",
    )
    values = (
        found.rate_to_mosec,
        found.p50_to_mosec,
        found.rate_to_stock,
        found.goodput_to_saturation,
        found.nominal_p99_ms,
        found.around_cpu_to_echo,
    )
    shown = (NO_VALUE if value is None else _significant(value) for value in values)
    row = (machine.kind, found.engine or NO_VALUE, *shown)
    measured = any(value is not None for value in values)
    return Table("By kind of processor", head, (row,) if measured else ())


def _rate(loops: Mapping[int, Figures], users: int | None) -> float | None:
    figures = loops.get(users or 0)
    return figures.messages_per_second if figures else None


def _p50(loops: Mapping[int, Figures], users: int) -> float | None:
    figures = loops.get(users)
    return figures.latency.p50_ms if figures and figures.latency else None


def _cpu(loops: Mapping[int, Figures], users: int | None, processes: Sequence[str]) -> float | None:
    figures = loops.get(users or 0)
    spent = figures.cpu_ms if figures else {}
    found = [spent[name] for name in processes if name in spent]
    return sum(found) if found else None


def _engine(loops: Mapping[int, Figures], users: int | None) -> str | None:
    figures = loops.get(users or 0)
    batches = figures.batches.get(keys.INFERENCE) if figures else None
    return batches.engine if batches else None


def _quotient(ours: float | None, theirs: float | None) -> float | None:
    return ours / theirs if ours is not None and theirs else None


def _significant(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.2f}"

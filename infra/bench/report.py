"""One benchmark run as a whole: where it ran, what was measured, and what follows."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

import msgspec

from infra.bench.figures import Batches, Figures
from infra.bench.plan import IDEAL, OVERLOAD
from infra.bench.ratios import Ratios, ratios
from infra.bench.selection import (
    COMPARED_AT,
    NOMINAL_LOAD,
    at_share,
    closed_loop,
    goodput_share,
    reference_users,
    users_in_words,
)
from infra.harness.machine import Machine, this_machine
from infra.harness.messages import Messages
from shared import keys


@dataclass(frozen=True, slots=True)
class Report:
    """All results of a run; `settings` are the PARLEY_* variables it ran with.

    `left_out` names the systems that could not be measured, with the reason.
    """

    made_at: str
    machine: Machine
    messages: str
    different_messages: int
    settings: Mapping[str, str]
    figures: tuple[Figures, ...]
    comparisons: Mapping[str, float]
    ratios: Ratios
    left_out: Mapping[str, str]

    def save(self, path: Path) -> None:
        """Write the report as JSON."""
        path.write_bytes(msgspec.json.format(msgspec.json.encode(self)) + b"\n")


def make_report(
    made_at: str,
    messages: Messages,
    figures: Sequence[Figures],
    left_out: Mapping[str, str] = MappingProxyType({}),
) -> Report:
    """Put a report together."""
    return Report(
        made_at=made_at,
        machine=this_machine(),
        messages=messages.source,
        different_messages=len(messages.texts),
        settings={k: v for k, v in sorted(os.environ.items()) if k.startswith("PARLEY_")},
        figures=tuple(figures),
        comparisons=compare(figures),
        ratios=ratios(figures),
        left_out=dict(left_out),
    )


def compare(figures: Sequence[Figures]) -> dict[str, float]:
    """Return the ratios and single figures that a reader looks for first, if measured."""
    ours = closed_loop(figures, "parley")
    compared: dict[str, float] = {}
    for peer in ("mosec", "stock", "tutorial", "small", "guarded"):
        common = sorted(ours.keys() & closed_loop(figures, peer).keys())
        if common:
            at = COMPARED_AT if COMPARED_AT in common else common[-1]
            theirs = closed_loop(figures, peer)[at].messages_per_second
            if theirs:
                figure = f"parley ÷ {peer}, {users_in_words(at)}"
                compared[figure] = ours[at].messages_per_second / theirs
    compared |= _versus_ideal(figures, ours) | _versus_echo(figures, ours) | _outside_engine(ours)
    return compared | _single_figures(figures, ours)


def _versus_ideal(figures: Sequence[Figures], ours: Mapping[int, Figures]) -> dict[str, float]:
    at = reference_users(ours)
    if at is None:
        return {}
    return {
        f"parley, {users_in_words(at)} ÷ ideal ×{processes}": ours[at].messages_per_second
        / ideal.messages_per_second
        for processes, ideal in closed_loop(figures, IDEAL).items()
        if ideal.messages_per_second
    }


def _versus_echo(figures: Sequence[Figures], ours: Mapping[int, Figures]) -> dict[str, float]:
    common = sorted(ours.keys() & closed_loop(figures, "echo").keys())
    if not common:
        return {}
    at = COMPARED_AT if COMPARED_AT in common else common[-1]
    bare = closed_loop(figures, "echo")[at].cpu_ms.get("gateway")
    own = ours[at].cpu_ms.get("gateway")
    if bare is None or own is None:
        return {}
    figure = f"gateway CPU above a bare Flask echo, µs a message, {users_in_words(at)}"
    return {figure: (own - bare) * 1e3}


def _single_figures(figures: Sequence[Figures], ours: Mapping[int, Figures]) -> dict[str, float]:
    compared: dict[str, float] = {}
    if 1 in ours and (latency := ours[1].latency):
        compared["p50 ms, 1 user"] = latency.p50_ms
    for users in sorted({1, reference_users(ours) or 1} & ours.keys()):
        batches = ours[users].batches.get(keys.INFERENCE)
        if batches and batches.mean_batch:
            compared[f"mean batch, {users_in_words(users)}"] = batches.mean_batch
        if batches and batches.padding_waste is not None and users != 1:
            compared[f"padding waste, {users_in_words(users)}"] = batches.padding_waste
    nominal = at_share(figures, NOMINAL_LOAD)
    if nominal and nominal.latency:
        compared[f"p99 ms, {NOMINAL_LOAD:.0%} of saturation"] = nominal.latency.p99_ms
    kept = goodput_share(figures)
    if kept is not None:
        compared[f"goodput ÷ saturation, {OVERLOAD:g} × saturation offered"] = kept
    return compared


def worker_steps(figures: Figures, queue: str) -> dict[str, float]:
    """Return milliseconds of CPU a message in each step of a queue's workers, and in the rest.

    Together they are what the workers' processes took, for each message that was answered.
    """
    batches = figures.batches.get(queue, Batches())
    steps = dict(batches.step_cpu_ms)
    total = figures.cpu_ms.get(queue)
    return steps | {"rest": max(0.0, total - sum(steps.values()))} if steps and total else {}


def _outside_engine(ours: Mapping[int, Figures]) -> dict[str, float]:
    at = reference_users(ours)
    steps = {} if at is None else worker_steps(ours[at], keys.INFERENCE)
    if at is None or not steps:
        return {}
    return {
        f"inference worker CPU outside the engine, µs a message, {users_in_words(at)}": 1e3
        * (sum(steps.values()) - steps.get("engine", 0.0)),
        "of it lease and complete": 1e3 * (steps.get("lease", 0.0) + steps.get("complete", 0.0)),
    }

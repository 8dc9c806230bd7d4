"""What workers report of themselves. Values only."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from shared.histograms import Histogram


@dataclass(frozen=True, slots=True)
class KnowledgeStatus:
    """A knowledge base as a worker serves it; times are Unix seconds.

    `tenant` is None for the base that tenants without one of their own share. `revision` is a
    digest of the entries, and empty if the tenant has no base that can be used; `since` says from
    when on it has been served. `refused` is the first fault (FILE:LINE: FAULT) of what lies in its
    place now and was not taken at `refused_at`.
    """

    tenant: str | None
    revision: str
    entries: int
    since: float
    refused: str | None = None
    refused_at: float | None = None


@dataclass(frozen=True, slots=True)
class WorkerStatus:
    """What a worker reports of itself with every heartbeat; it counts since its start.

    A paused worker takes no messages until it is told to. `stage_seconds` is by stage, and
    `batch_messages` how large batches were (shared/histograms.py). `loaded_per_second` is how many
    messages a second it answers while more wait, None from an older worker; `looks_turned_away`
    second looks that it could not get lately, because large workers were too slow or none lived.
    `gives_early`: it gives sentiment workers early vectors of what it runs.
    """

    id: str
    queue: str
    engine: str
    pid: int
    host: str
    started_at: float
    counters: Mapping[str, float] = field(default_factory=dict)
    knowledge: tuple[KnowledgeStatus, ...] = ()
    paused: bool = False
    stage_seconds: Mapping[str, Histogram] = field(default_factory=dict)
    batch_messages: Histogram | None = None
    loaded_per_second: float | None = None
    looks_turned_away: float = 0.0
    gives_early: bool = False

"""One campaign on a cluster as a whole, and as tables."""

from collections.abc import Sequence
from dataclasses import dataclass

from infra.chaos.cluster_faults import ClusterInjection
from infra.chaos.verdict import CampaignVerdict
from infra.harness.machine import Machine
from infra.tables import Table

# What becomes of a message that was accepted in the moment before a master died: its job is not
# known, or it is accepted a second time, as another job.
_MAY_BE_LOST = frozenset(("lost", "missing turn", "forgotten job", "doubled job"))


@dataclass(frozen=True, slots=True, kw_only=True)
class ClusterReport:
    """What happened, and what became of all messages.

    `acceptances_lost`: messages that a gateway had accepted and whose jobs the new master did not
    know, so that their clients sent them once more.
    """

    made_at: str
    machine: Machine
    seed: int
    replica_acks: int
    load_seconds: float
    injections: Sequence[ClusterInjection]
    acceptances_lost: int
    verdict: CampaignVerdict

    @property
    def is_good(self) -> bool:
        """Tell whether nothing went wrong but what asynchronous replication may lose."""
        return not self.verdict.broken.keys() - _MAY_BE_LOST


def cluster_tables(report: ClusterReport) -> list[Table]:
    """Return the report as tables for a terminal."""
    verdict = report.verdict
    faults = Table(
        f"Faults, {report.replica_acks} replicas waited for",
        ("fault", "on", "over after"),
        tuple((each.kind, each.target, f"{each.seconds:.1f} s") for each in report.injections),
    )
    counted = {
        "messages": verdict.messages,
        "accepted": verdict.accepted,
        "answered": verdict.answered,
        "lost": verdict.lost,
        "doubled turns": verdict.broken.get("doubled turn", 0),
        "out of order": verdict.out_of_order,
        "acceptances lost, sent again": report.acceptances_lost,
        "retries": verdict.retries,
        **{f"broken: {kind}": count for kind, count in verdict.broken.items()},
    }
    rows = tuple((name, f"{count:,}") for name, count in counted.items())
    return [faults, Table("Messages", ("what became of them", ""), rows)]

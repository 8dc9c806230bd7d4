"""The verdict on a campaign on a cluster: what asynchronous replication may lose is no fault."""

from dataclasses import replace

import pytest

from infra.chaos.cluster_faults import KINDS, ClusterInjection, kinds_named
from infra.chaos.cluster_report import ClusterReport, cluster_tables
from infra.chaos.verdict import CampaignVerdict
from infra.harness.machine import this_machine
from shared.errors import BenchError

VERDICT = CampaignVerdict(
    messages=10,
    sent=10,
    accepted=10,
    answered=9,
    errors_reported=0,
    unknown=0,
    lost=1,
    doubled=0,
    out_of_order=0,
    dead_letters=0,
    broken={"lost": 1, "forgotten job": 1},
    examples=(),
    errors={},
    trouble={},
    retries=3,
)
REPORT = ClusterReport(
    made_at="now",
    machine=this_machine(),
    seed=1,
    replica_acks=1,
    load_seconds=9.0,
    injections=(ClusterInjection("kill master", "127.0.0.1:7000", 1.0, 2.34),),
    acceptances_lost=0,
    verdict=VERDICT,
)


@pytest.mark.parametrize(
    ("kind", "good"),
    [("lost", True), ("doubled job", True), ("doubled turn", False), ("internal error", False)],
)
def test_only_what_replication_may_lose_is_forgiven(kind: str, *, good: bool) -> None:
    report = replace(REPORT, verdict=replace(VERDICT, broken={kind: 1}))
    assert report.is_good is good


def test_the_tables_show_faults_and_what_became_of_messages() -> None:
    faults, messages = cluster_tables(REPORT)
    assert faults.rows == (("kill master", "127.0.0.1:7000", "2.3 s"),)
    assert ("lost", "1") in messages.rows
    assert ("broken: forgotten job", "1") in messages.rows


def test_kinds_of_faults_are_named_by_their_beginnings() -> None:
    assert kinds_named(None) == KINDS
    assert kinds_named("kill") == ("kill master",)
    assert kinds_named("move slot at, kill") == ("kill master", "move slot at once")
    with pytest.raises(BenchError, match="--only takes beginnings"):
        kinds_named("burn")

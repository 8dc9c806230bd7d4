"""The campaign on a Redis Cluster: masters killed and slots moved under load, then judged.

Asynchronous replication may lose what was accepted in the moment before a master dies; that is
counted apart. All else is judged as in the campaign on one server.
"""

import random
import shutil
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import msgspec
from rich.console import Console

from infra.chaos.cluster_faults import ClusterFaultKind, ClusterFaults, ClusterInjection
from infra.chaos.cluster_report import ClusterReport
from infra.chaos.inspection import Inspection, inspect, left_over, letters, unbounded
from infra.chaos.ledger import histories, read_ledger
from infra.chaos.load import ClientPoolSpec
from infra.chaos.plan import ChaosPlan
from infra.chaos.script import write_script
from infra.chaos.testbed import QUICK_RESTARTS, ChaosObserver
from infra.chaos.verdict import judge
from infra.harness.children import running_child
from infra.harness.machine import this_machine
from infra.harness.messages import read_messages
from infra.harness.ports import free_ports
from infra.harness.run_environment import isolated_environment, new_run_folder, sigterm_as_interrupt
from infra.harness.running_system import RunningSystem, running_system
from infra.harness.scratch_cluster import ScratchCluster
from infra.harness.systems import System
from infra.supervisor.logs import LogFolder
from infra.supervisor.model import refresh_model
from infra.supervisor.plan import plan_services
from infra.supervisor.settings import StackSettings
from shared.connection import REDIS_ERRORS
from shared.partitions import Partitions, connect_partitions
from shared.settings import load

_TICK_SECONDS = 0.1
_LEAD_SECONDS = 4.0
_SETTLE_SECONDS = 60.0
_LEFT_OUT = "flower"


class ClusterCampaign:
    """Run one seed; ledger, logs and report lie in `folder`."""

    def __init__(
        self,
        plan: ChaosPlan,
        texts: Sequence[str],
        folder: Path,
        model_folder: Path,
        replica_acks: int,
        kinds: Sequence[ClusterFaultKind],
    ) -> None:
        self._kinds = kinds
        self._plan = plan
        self._folder = folder
        self._model_folder = model_folder
        self._acks = replica_acks
        self._rng = random.Random(f"cluster {plan.seed}")  # noqa: S311 - no secret
        self._script = write_script(plan.seed, plan.messages, plan.seconds, texts, ())

    def run(self) -> ClusterReport:
        """Return the report; raise BenchError if the system cannot be judged at all."""
        made_at = time.strftime("%Y-%m-%dT%H:%M:%S%z")
        logs = LogFolder(self._folder / "log")
        nodes = (self._folder / "cluster").resolve()
        with ScratchCluster(nodes, options={"appendonly": "yes"}) as cluster:
            system = self._system(cluster.url)
            observer = ChaosObserver(logs)
            with running_system(system, logs, observer, QUICK_RESTARTS) as running:
                partitions = connect_partitions(cluster.url)
                faults = ClusterFaults(cluster, partitions.prefixes, self._rng)
                began_at = time.time()
                injections = self._run_load(running, faults)
                load_seconds = time.time() - began_at
                faults.restart_dead()
                self._settle(running, partitions)
                return self._report(
                    made_at, load_seconds, injections, self._inspect(system.url, partitions)
                )

    def _system(self, redis_url: str) -> System:
        http, flower = free_ports(2)
        settings = load(
            StackSettings,
            http_host="127.0.0.1",
            http_port=http,
            redis_url=redis_url,
            flower_port=flower,
            data_dir=self._folder / "data.tmp",
            model_dir=self._model_folder,
            inference_workers=2,
            encoder="small",
        )
        services = [
            replace(
                service,
                environment={**service.environment, "PARLEY_REPLICA_ACKS": str(self._acks)},
            )
            for service in plan_services(settings)
            if service.name != _LEFT_OUT
        ]
        return System("parley", f"http://127.0.0.1:{http}", tuple(services), "/readyz", redis_url)

    def _run_load(self, running: RunningSystem, faults: ClusterFaults) -> list[ClusterInjection]:
        """Inject a fault again and again while clients send; each kind once before any again."""
        plan, injections = self._plan, list[ClusterInjection]()
        spec = ClientPoolSpec(
            (running.system.url,),
            plan.clients,
            plan.seed,
            plan.seconds,
            plan.timeout_seconds,
            tuple(self._script),
        )
        spec_file, ledger = self._folder / "load.json", self._folder / "ledger.jsonl"
        spec_file.write_bytes(msgspec.json.encode(spec))
        arguments, log = (str(spec_file), str(ledger)), self._folder / "log" / "clients.log"
        pause = max(1.0, (plan.seconds - _LEAD_SECONDS) / max(1, plan.faults))
        with running_child("infra.chaos.load", arguments, spec.bound_seconds, log) as clients:
            clients.read_line()
            next_at = time.monotonic() + _LEAD_SECONDS
            while clients.is_running:
                running.poll()
                if len(injections) < plan.faults and time.monotonic() >= next_at:
                    injections.append(
                        faults.inject(self._kinds[len(injections) % len(self._kinds)])
                    )
                    faults.restart_dead()
                    next_at = time.monotonic() + pause
                time.sleep(_TICK_SECONDS)
            clients.finish()
        return injections

    def _settle(self, running: RunningSystem, partitions: Partitions) -> None:
        deadline = time.monotonic() + _SETTLE_SECONDS
        while time.monotonic() < deadline:
            running.poll()
            if not running.waiting_for and not _left_over(partitions):
                return
            time.sleep(_TICK_SECONDS)

    def _inspect(self, url: str, partitions: Partitions) -> Inspection:
        sent = histories(read_ledger(self._folder / "ledger.jsonl"))
        open_jobs = [
            job_id for each in sent.values() if each.ending is None for job_id in each.job_ids
        ]
        ids = [conversation.id for conversation in self._script]
        found = inspect((url,), partitions.home, open_jobs, ids)
        return replace(
            found,
            letters=[letter for client in partitions.clients for letter in letters(client)],
            left_over=_left_over(partitions),
            unbounded=[key for client in partitions.clients for key in unbounded(client)],
        )

    def _report(
        self,
        made_at: str,
        load_seconds: float,
        injections: Sequence[ClusterInjection],
        found: Inspection,
    ) -> ClusterReport:
        sent = histories(read_ledger(self._folder / "ledger.jsonl"))
        verdict = judge(self._script, sent, found, {})
        broken: Mapping[str, int] = verdict.broken
        return ClusterReport(
            made_at=made_at,
            machine=this_machine(),
            seed=self._plan.seed,
            replica_acks=self._acks,
            load_seconds=load_seconds,
            injections=injections,
            acceptances_lost=broken.get("doubled job", 0),
            verdict=verdict,
        )


def _left_over(partitions: Partitions) -> list[str]:
    try:
        return [key for client in partitions.clients for key in left_over(client)]
    except REDIS_ERRORS as error:
        return [f"a partition does not answer: {error}"]


def run_cluster_chaos(
    plan: ChaosPlan, replica_acks: int, kinds: Sequence[ClusterFaultKind], console: Console
) -> tuple[ClusterReport, Path]:
    """Run a campaign; return the report and the folder that holds it, ledger and logs."""
    settings = load(StackSettings)
    refresh_model(settings.model_folder, console)
    folder = new_run_folder(settings.data_folder / "chaos")
    with isolated_environment(), sigterm_as_interrupt(), console.status("running"):
        texts = read_messages(None).texts
        campaign = ClusterCampaign(plan, texts, folder, settings.model_folder, replica_acks, kinds)
        try:
            report = campaign.run()
        finally:
            for name in ("data.tmp", "cluster"):
                shutil.rmtree(folder / name, ignore_errors=True)
    (folder / "report.json").write_bytes(msgspec.json.format(msgspec.json.encode(report)))
    return report, folder

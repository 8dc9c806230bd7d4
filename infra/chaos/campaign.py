"""One seed: start the system, run load and faults, let it settle, inspect it, judge it."""

import contextlib
import shutil
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec

from infra.chaos.faults import MODEL_SERVER, draw
from infra.chaos.inspection import Inspection, inspect, left_over
from infra.chaos.leases import InFlightProbe
from infra.chaos.ledger import LedgerEntry, MessageHistory, histories, read_ledger
from infra.chaos.load import ClientPoolSpec
from infra.chaos.plan import ChaosPlan
from infra.chaos.proxy import Proxy
from infra.chaos.recovery import recoveries
from infra.chaos.report import ChaosReport, Timeline
from infra.chaos.scheduler import AIM_SECONDS, FaultScheduler
from infra.chaos.script import FOLLOWING, prompt_messages, write_script
from infra.chaos.testbed import QUICK_RESTARTS, ChaosObserver, ChaosTestbed, build_testbed
from infra.chaos.verdict import Violation, judge
from infra.chaos.voice_verdict import (
    KnownSentences,
    VoiceFigures,
    printed_in,
    voice_figures,
    voice_violations,
)
from infra.harness.children import ChildProgram, running_child
from infra.harness.machine import this_machine
from infra.harness.running_system import RunningSystem, running_system
from infra.supervisor.logs import LogFolder
from shared.connection import REDIS_ERRORS, connect
from shared.errors import BenchError
from workers.knowledge.loader import load

_TICK_SECONDS = 0.05
_LOAD_SHARE = 0.95  # of a campaign's time; the rest is settling and inspection
_SETTLED_SECONDS = 1.0  # nothing in flight for this long: the system is idle

ShowProgress = Callable[[str, float], None]


@dataclass(frozen=True, slots=True)
class CampaignPaths:
    """What a campaign reads: the built model, the cache of embeddings, the knowledge base."""

    model: Path
    cache: Path
    kb: Path


@dataclass(frozen=True, slots=True)
class _RunRecord:
    """What is known once the system has been inspected."""

    began_at: float
    load_seconds: float
    settle_seconds: float
    entries: Sequence[LedgerEntry]
    histories: Mapping[int, MessageHistory]
    found: Inspection


class ChaosCampaign:
    """Run one plan; ledger, logs and report lie in `folder`."""

    def __init__(
        self,
        plan: ChaosPlan,
        texts: Sequence[str],
        folder: Path,
        paths: CampaignPaths,
        show: ShowProgress,
    ) -> None:
        self._plan = plan
        self._folder = folder
        self._model_folder = paths.model
        self._cache_folder = paths.cache
        self._kb = paths.kb
        self._show = show
        self._faults = draw(plan.seed, plan.faults, plan.seconds, plan.specs)
        following = FOLLOWING if plan.voice else 0.0
        self._script = write_script(
            plan.seed, plan.messages, plan.seconds, texts, self._faults, following
        )

    def run(self) -> ChaosReport:
        """Return the report; raise BenchError if the system cannot be judged at all."""
        made_at = time.strftime("%Y-%m-%dT%H:%M:%S%z")
        logs = LogFolder(self._folder / "log")
        self._copy_cache()
        testbed = build_testbed(self._folder / "data.tmp", self._model_folder, self._plan)
        observer = ChaosObserver(logs)
        self._show("starting", 0.0)
        with (
            Proxy(testbed.links, testbed.redis_port, testbed.far_ports) as proxy,
            running_system(testbed.system, logs, observer, QUICK_RESTARTS) as system,
        ):
            aim_seconds = 0.0 if self._plan.planted_bug else AIM_SECONDS  # it never shows leases
            probe = InFlightProbe(testbed.redis_url)
            scheduler = FaultScheduler(self._faults, observer, proxy, probe, aim_seconds)
            record = self._run(testbed, system, scheduler)
        return self._report(made_at, record, scheduler, observer)

    def _copy_cache(self) -> None:
        """Copy what `parley up` has computed from the knowledge base; it only saves time."""
        if self._cache_folder.is_dir():
            shutil.copytree(self._cache_folder, self._folder / "data.tmp" / "cache")

    def _run(
        self, testbed: ChaosTestbed, system: RunningSystem, scheduler: FaultScheduler
    ) -> _RunRecord:
        began_at = time.time()
        with self._clients(testbed) as clients:
            self._run_load(system, scheduler, clients, began_at)
            clients.finish()
        load_seconds = time.time() - began_at
        self._show("settling", _LOAD_SHARE)
        self._settle(testbed, system, scheduler, began_at)
        settle_seconds = time.time() - began_at - load_seconds
        self._show("inspecting everything from outside", 0.98)
        entries = read_ledger(self._ledger)
        sent = histories(entries)
        return _RunRecord(
            began_at, load_seconds, settle_seconds, entries, sent, self._inspect(testbed, sent)
        )

    @contextlib.contextmanager
    def _clients(self, testbed: ChaosTestbed) -> Iterator[ChildProgram]:
        plan = self._plan
        spec = ClientPoolSpec(
            testbed.gateway_urls,
            plan.clients,
            plan.seed,
            plan.seconds,
            plan.timeout_seconds,
            tuple(self._script),
        )
        spec_file = self._folder / "load.json"
        spec_file.write_bytes(msgspec.json.encode(spec))
        arguments = (str(spec_file), str(self._ledger))
        log = self._folder / "log" / "clients.log"
        with running_child("infra.chaos.load", arguments, spec.bound_seconds, log) as clients:
            clients.read_line()
            yield clients

    @property
    def _ledger(self) -> Path:
        return self._folder / "ledger.jsonl"

    def _run_load(
        self,
        system: RunningSystem,
        scheduler: FaultScheduler,
        clients: ChildProgram,
        began_at: float,
    ) -> None:
        while clients.is_running:
            system.poll()
            scheduler.tick(began_at)
            injected = len(scheduler.journal.injections)
            elapsed = time.time() - began_at
            done = _LOAD_SHARE * min(1.0, elapsed / self._plan.seconds)
            self._show(f"{injected} of {self._plan.faults} faults injected", done)
            time.sleep(_TICK_SECONDS)

    def _settle(
        self,
        testbed: ChaosTestbed,
        system: RunningSystem,
        scheduler: FaultScheduler,
        began_at: float,
    ) -> None:
        """Return once all services are ready and nothing is in flight, or after the timeout."""
        scheduler.revert_all()
        deadline = time.monotonic() + self._plan.timeout_seconds
        idle_since = None
        while idle_since is None or time.monotonic() - idle_since < _SETTLED_SECONDS:
            system.poll()
            scheduler.tick(began_at)
            idle = not system.waiting_for and scheduler.done and self._nothing_in_flight(testbed)
            idle_since = (idle_since or time.monotonic()) if idle else None
            if time.monotonic() > deadline:
                break
            time.sleep(_TICK_SECONDS)
        if system.waiting_for:
            raise BenchError(f"these services did not come back: {', '.join(system.waiting_for)}")

    def _nothing_in_flight(self, testbed: ChaosTestbed) -> bool:
        try:
            with connect(testbed.redis_url) as client:
                return not left_over(client)
        except REDIS_ERRORS:
            return False

    def _inspect(self, testbed: ChaosTestbed, sent: Mapping[int, MessageHistory]) -> Inspection:
        open_jobs = [
            job_id
            for history in sent.values()
            if history.ending is None
            for job_id in history.job_ids
        ]
        with connect(testbed.redis_url) as client:
            ids = [conversation.id for conversation in self._script]
            return inspect(testbed.gateway_urls, client, open_jobs, ids)

    def _report(
        self, made_at: str, record: _RunRecord, scheduler: FaultScheduler, observer: ChaosObserver
    ) -> ChaosReport:
        journal = scheduler.journal
        further, voice = self._judge_voice(record) if self._plan.voice else ((), None)
        struck = recoveries(
            journal.injections, record.histories, observer.ready_at, prompt_messages(self._script)
        )
        return ChaosReport(
            made_at=made_at,
            machine=this_machine(),
            plan=self._plan,
            load_seconds=record.load_seconds,
            settle_seconds=record.settle_seconds,
            verdict=judge(self._script, record.histories, record.found, journal.pushed, further),
            recoveries=tuple(struck),
            injections=tuple(journal.injections),
            missed=tuple(journal.missed),
            deaths={name: len(codes) for name, codes in observer.deaths.items()},
            timeline=timeline(record.entries, record.began_at),
            voice=voice,
        )

    def _judge_voice(self, record: _RunRecord) -> tuple[Sequence[Violation], VoiceFigures]:
        entries = load(self._kb).entries
        known = KnownSentences(
            text for each in entries for text in (each.question, each.answer, *each.tones.values())
        )
        broken = tuple(voice_violations(self._script, record.histories, record.found, known))
        printed = printed_in(LogFolder(self._folder / "log").path(MODEL_SERVER[0]))
        return broken, voice_figures(self._script, record.histories, printed)


def timeline(entries: Sequence[LedgerEntry], began_at: float) -> Timeline:
    """Count what clients received in each second."""
    counts: dict[str, Counter[int]] = {}
    last = 0
    for entry in entries:
        second = int(entry.at - began_at)
        counts.setdefault(entry.event, Counter())[second] += 1
        last = max(last, second)

    def row(event: str) -> tuple[int, ...]:
        counted = counts.get(event, Counter())
        return tuple(counted[second] for second in range(last + 1))

    return Timeline(began_at, row("answered"), row("failed"), row("trouble"))

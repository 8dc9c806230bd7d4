"""One seed: start the system, let clients speak and faults strike, let it heal, judge it."""

import contextlib
import shutil
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec

from infra.bench.children import Child, child
from infra.bench.hosting import Hosted, hosted
from infra.bench.report import this_machine
from infra.chaos.faults import draw
from infra.chaos.hands import Hands
from infra.chaos.inspection import Inspection, inspect, left_over
from infra.chaos.ledger import Entry, Story, read_ledger, stories
from infra.chaos.load import LoadSpec
from infra.chaos.plan import ChaosPlan
from infra.chaos.proxy import Proxy
from infra.chaos.recovery import recoveries
from infra.chaos.report import ChaosReport, Timeline
from infra.chaos.script import write_script
from infra.chaos.stage import QUICK_RESTARTS, Stage, StageWatch, build_stage
from infra.chaos.strikes import AIM_SECONDS, Striker
from infra.chaos.verdict import judge
from infra.stack.logs import LogFolder
from shared.connection import REDIS_ERRORS, connect
from shared.errors import BenchError

_TICK_SECONDS = 0.05
_SETTLED_SECONDS = 1.0  # nothing under way for so long: nothing will come any more

Tell = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Grounds:
    """Folders that a campaign reads: the built model, and the cache of embeddings."""

    model: Path
    cache: Path


@dataclass(frozen=True, slots=True)
class _Course:
    """What is known when the system has been looked at."""

    began_at: float
    load_seconds: float
    heal_seconds: float
    entries: Sequence[Entry]
    told: Mapping[int, Story]
    found: Inspection


class ChaosCampaign:
    """Run one plan; ledger, logs and report lie in `folder`."""

    def __init__(
        self, plan: ChaosPlan, texts: Sequence[str], folder: Path, grounds: Grounds, tell: Tell
    ) -> None:
        self._plan = plan
        self._folder = folder
        self._model_folder = grounds.model
        self._cache_folder = grounds.cache
        self._tell = tell
        self._faults = draw(plan.seed, plan.faults, plan.seconds, plan.cards)
        self._script = write_script(plan.seed, plan.messages, plan.seconds, texts, self._faults)

    def run(self) -> ChaosReport:
        """Return the report; raise BenchError where the system could not even be judged."""
        made_at = time.strftime("%Y-%m-%dT%H:%M:%S%z")
        logs = LogFolder(self._folder / "log")
        self._bring_cache()
        stage = build_stage(
            self._folder / "data.tmp", self._model_folder, planted_bug=self._plan.planted_bug
        )
        watch = StageWatch(logs)
        self._tell("starting")
        with (
            Proxy(stage.links, stage.redis_port) as proxy,
            hosted(stage.system, logs, watch, QUICK_RESTARTS) as host,
        ):
            aim_seconds = 0.0 if self._plan.planted_bug else AIM_SECONDS  # its hands look empty
            hands = Hands(stage.redis_url)
            striker = Striker(self._faults, watch, proxy, hands, aim_seconds)
            course = self._pass_through(stage, host, striker)
        return self._report(made_at, course, striker, watch)

    def _bring_cache(self) -> None:
        """Take along what `parley up` has worked out of the knowledge base; only time depends."""
        if self._cache_folder.is_dir():
            shutil.copytree(self._cache_folder, self._folder / "data.tmp" / "cache")

    def _pass_through(self, stage: Stage, host: Hosted, striker: Striker) -> _Course:
        began_at = time.time()
        with self._clients(stage) as clients:
            self._endure(host, striker, clients, began_at)
            clients.finish()
        load_seconds = time.time() - began_at
        self._tell("healing")
        self._heal(stage, host, striker, began_at)
        heal_seconds = time.time() - began_at - load_seconds
        self._tell("looking at everything from outside")
        entries = read_ledger(self._ledger)
        told = stories(entries)
        return _Course(
            began_at, load_seconds, heal_seconds, entries, told, self._inspect(stage, told)
        )

    @contextlib.contextmanager
    def _clients(self, stage: Stage) -> Iterator[Child]:
        plan = self._plan
        spec = LoadSpec(
            stage.gateway_urls,
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
        with child("infra.chaos.load", arguments, spec.bound_seconds, log) as clients:
            clients.hear()
            yield clients

    @property
    def _ledger(self) -> Path:
        return self._folder / "ledger.jsonl"

    def _endure(self, host: Hosted, striker: Striker, clients: Child, began_at: float) -> None:
        while clients.runs:
            host.look()
            striker.tick(began_at)
            struck = len(striker.journal.strikes)
            gone = time.time() - began_at
            self._tell(f"{gone:.0f} s, {struck} of {self._plan.faults} faults have struck")
            time.sleep(_TICK_SECONDS)

    def _heal(self, stage: Stage, host: Hosted, striker: Striker, began_at: float) -> None:
        """Return once all parts serve and nothing is under way, or after a while."""
        striker.mend_all()
        deadline = time.monotonic() + self._plan.timeout_seconds
        calm_since = None
        while calm_since is None or time.monotonic() - calm_since < _SETTLED_SECONDS:
            host.look()
            striker.tick(began_at)
            calm = not host.waiting_for and striker.done and self._nothing_under_way(stage)
            calm_since = (calm_since or time.monotonic()) if calm else None
            if time.monotonic() > deadline:
                break
            time.sleep(_TICK_SECONDS)
        if host.waiting_for:
            raise BenchError(f"these parts did not come back: {', '.join(host.waiting_for)}")

    def _nothing_under_way(self, stage: Stage) -> bool:
        try:
            with connect(stage.redis_url) as client:
                return not left_over(client)
        except REDIS_ERRORS:
            return False

    def _inspect(self, stage: Stage, told: Mapping[int, Story]) -> Inspection:
        open_jobs = [
            job_id for story in told.values() if story.ending is None for job_id in story.job_ids
        ]
        with connect(stage.redis_url) as client:
            ids = [conversation.id for conversation in self._script]
            return inspect(stage.gateway_urls, client, open_jobs, ids)

    def _report(
        self, made_at: str, course: _Course, striker: Striker, watch: StageWatch
    ) -> ChaosReport:
        journal = striker.journal
        return ChaosReport(
            made_at=made_at,
            machine=this_machine(),
            plan=self._plan,
            load_seconds=course.load_seconds,
            heal_seconds=course.heal_seconds,
            verdict=judge(self._script, course.told, course.found, journal.pushed),
            recoveries=tuple(recoveries(journal.strikes, course.told, watch.ready_at)),
            strikes=tuple(journal.strikes),
            missed=tuple(journal.missed),
            deaths={name: len(codes) for name, codes in watch.deaths.items()},
            timeline=timeline(course.entries, course.began_at),
        )


def timeline(entries: Sequence[Entry], began_at: float) -> Timeline:
    """Count what clients heard in each second."""
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

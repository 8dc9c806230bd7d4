"""What a campaign sends and how many faults it injects, and the bounds of both."""

from dataclasses import dataclass, field, replace

from infra.chaos.faults import CATALOGUE, SECOND_LOOK_FAULTS, VOICE_FAULTS, FaultSpec
from shared.errors import CommandMisused

MAX_MESSAGES = 200_000
MAX_FAULTS = 1_000
MAX_SECONDS = 7_200.0
_FORMER_NAMES = {"away": "outage", "deadly": "crash"}
QUICK_MESSAGES, QUICK_SECONDS = 1_500, 54.0
_QUICK_VOICE_SECONDS = 22.0  # more, for its faults


@dataclass(frozen=True, slots=True)
class ChaosPlan:
    """One seed of the campaign.

    The messages are spread over `seconds`; an outage makes them late, and they catch up. A client
    retries one message for `timeout_seconds`, and settling may take as long. `specs` are the kinds
    of faults; each comes once before any comes again. `voice`: a language model puts replies into
    words. `planted_bug` is for the test which shows that the campaign finds one.
    """

    seed: int = 1
    messages: int = 20_000
    faults: int = 48
    seconds: float = 330.0
    clients: int = 96
    timeout_seconds: float = 120.0
    specs: tuple[FaultSpec, ...] = field(default=CATALOGUE)
    planted_bug: bool = False
    voice: bool = False

    def __post_init__(self) -> None:
        if not 1 <= self.messages <= MAX_MESSAGES:
            raise CommandMisused(f"--messages takes a number from 1 to {MAX_MESSAGES}")
        if not 0 <= self.faults <= MAX_FAULTS:
            raise CommandMisused(f"--faults takes a number from 0 to {MAX_FAULTS}")
        if not 1 <= self.timeout_seconds <= MAX_SECONDS:
            raise CommandMisused(f"--patience takes a number from 1 to {MAX_SECONDS:.0f}")
        if not 0 < self.seconds <= MAX_SECONDS:
            raise CommandMisused(f"--seconds takes a number above 0, at most {MAX_SECONDS:.0f}")


def quick_plan(seed: int, *, voice: bool = False) -> ChaosPlan:
    """Return a plan in which every kind of fault comes once, in a minute and a half or two."""
    seconds = QUICK_SECONDS + (_QUICK_VOICE_SECONDS if voice else 0.0)
    return ChaosPlan(seed, QUICK_MESSAGES, len(CATALOGUE), seconds)


def with_second_looks(plan: ChaosPlan) -> ChaosPlan:
    """Return a plan that also hits the worker of second looks, unless its faults were chosen."""
    return _with_faults(plan, SECOND_LOOK_FAULTS)


def with_voice(plan: ChaosPlan) -> ChaosPlan:
    """Return a plan with a language model, which hits it too, unless its faults were chosen."""
    return _with_faults(replace(plan, voice=True), VOICE_FAULTS)


def _with_faults(plan: ChaosPlan, more: tuple[FaultSpec, ...]) -> ChaosPlan:
    if plan.specs[: len(CATALOGUE)] != CATALOGUE:
        return plan
    return replace(plan, specs=(*plan.specs, *more), faults=plan.faults + len(more))


def specs_named(words: str, *, voice: bool = False) -> tuple[FaultSpec, ...]:
    """Return the fault specs that a list separated by commas names, by titles or beginnings.

    Those of the voice are among them only in a campaign that has one.
    """
    wanted = tuple(_current_name(word.strip()) for word in words.split(","))
    specs = (*CATALOGUE, *SECOND_LOOK_FAULTS, *(VOICE_FAULTS if voice else ()))
    whole = {spec.title for spec in specs}.intersection(wanted)
    begun = tuple(word for word in wanted if word not in whole)
    chosen = tuple(s for s in specs if s.title in whole or (begun and s.title.startswith(begun)))
    if not chosen or "" in wanted:
        known = ", ".join(spec.title for spec in specs)
        raise CommandMisused(f"--only takes beginnings of these, separated by commas: {known}")
    return chosen


def _current_name(title: str) -> str:
    action, _, target = title.partition(" ")
    return f"{_FORMER_NAMES.get(action, action)} {target}".strip()

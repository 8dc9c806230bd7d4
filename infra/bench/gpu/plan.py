"""Which stacks are measured on a GPU, in which order, and what each is made of.

A message takes about 0.3 ms of a gateway's processor, 0.3 of an inference worker's, 0.13 of a
sentiment worker's and 0.16 of Redis' only thread (docs/experiments/gpu.md): beyond some 6,000
messages a second Redis has to be a cluster.
"""

from dataclasses import dataclass
from typing import Literal

from workers.encoder_choice import EncoderChoice

_TOKENS_A_MESSAGE = 32  # of the token budget: room for the longest of a full batch's messages


@dataclass(frozen=True, slots=True)
class Stack:
    """One configuration of workers, started once, and the users that it is measured with.

    With several `masters`, Redis is a cluster of as many, each with one partition.
    """

    workers: int
    max_batch: int
    users: tuple[int, ...]
    encoder: EncoderChoice = "small"
    masters: int = 1

    @property
    def token_budget(self) -> int:
        """Return the token budget that lets a batch become full."""
        return max(1_024, self.max_batch * _TOKENS_A_MESSAGE)

    def __str__(self) -> str:
        redis = f", {self.masters} Redis" if self.masters > 1 else ""
        return f"{self.encoder} encoder, {self.workers} × batches of {self.max_batch}{redis}"


@dataclass(frozen=True, slots=True)
class GpuPlan:
    """Stacks in the order of what is asked first: those that find no time are left out.

    `limit_seconds` hold for all of them together, starts included. `around` is the number of
    gateway processes, and of load generators; half of it are sentiment workers. `warms_up`: first
    see how long the engine takes to warm up.
    """

    stacks: tuple[Stack, ...]
    engine: Literal["tensorflow", "simulated"]
    around: int
    seconds: float
    warm_seconds: float
    limit_seconds: float
    warms_up: bool = False

    @property
    def sentiment_workers(self) -> int:
        """Return the number of sentiment workers."""
        return max(1, self.around // 2)

    def sentiment_engine(self, stack: Stack) -> str:
        """Return what finds tones: what the small encoder finds on the way needs no GPU again."""
        return "litert" if stack.encoder == "small" else self.engine

    def stack_seconds(self, stack: Stack, start_seconds: float) -> float:
        """Return how long a stack takes if it starts in this time."""
        return start_seconds + len(stack.users) * (self.seconds + self.warm_seconds + 2.0)


def full_plan(processors: int, limit_seconds: float) -> GpuPlan:
    """Return the plan for a machine with a GPU."""
    stacks = (
        Stack(4, 512, (2_048,), masters=3),
        Stack(4, 512, (2_048,), "large", masters=3),
        Stack(1, 512, (64, 2_048)),
        Stack(4, 512, (2_048,)),
        Stack(2, 512, (2_048,)),
        Stack(2, 512, (2_048,), "large"),
        Stack(1, 32, (2_048,)),
        Stack(1, 128, (2_048,)),
        Stack(1, 512, (2_048,), "large"),
    )
    around = max(1, processors // 4)
    return GpuPlan(stacks, "tensorflow", around, 6.0, 2.0, limit_seconds, warms_up=True)


def processor_plan() -> GpuPlan:
    """Return a plan that shows without a GPU that TensorFlow works in every step."""
    stacks = (Stack(1, 32, (8,)), Stack(2, 512, (64,), masters=2))
    return GpuPlan(stacks, "tensorflow", 2, 1.0, 0.3, 300.0, warms_up=True)


def dry_plan() -> GpuPlan:
    """Return a plan that shows on two processors, without a GPU, that every step works."""
    stacks = (Stack(1, 32, (8,)), Stack(2, 64, (8, 16)))
    return GpuPlan(stacks, "simulated", 2, 1.0, 0.3, 120.0)

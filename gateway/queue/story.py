"""The whole story of a conversation, put together from all that is still kept of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import msgspec

from shared.feedback import Feedback
from shared.handovers import Handover
from shared.jobs import JobState

FoundBy = Literal["conversation", "job", "user"]
StoryState = Literal[JobState, "forgotten"]


@dataclass(frozen=True, slots=True)
class Death:
    """Why a message became a dead letter, of which queue, and when (Unix seconds)."""

    queue: str
    reason: str
    at: float


@dataclass(frozen=True, slots=True)
class StoryJob:
    """What is known of one message; `forgotten`: how it ended is kept no longer.

    `reply` is the object that `POST /chat` answered, `error` the sentence in place of one.
    `seconds_left` says for how long these are kept yet.
    """

    job_id: str
    state: StoryState
    reply: msgspec.Raw | None = None
    error: str | None = None
    seconds_left: int | None = None
    feedback: Feedback | None = None
    dead_letter: Death | None = None


@dataclass(frozen=True, slots=True)
class Story:
    """A conversation's turns, the messages behind them, who took part, and its last handover.

    Messages of turns come in the order of these; those without a turn, which wait or have failed,
    come last. `whole` is False if there are more dead letters than were looked through.
    """

    conversation_id: str
    users: Sequence[str]
    turns: Sequence[msgspec.Raw]
    jobs: Sequence[StoryJob]
    handover: Handover | None
    whole: bool


@dataclass(frozen=True, slots=True)
class FoundConversation:
    """A conversation that an id leads to."""

    conversation_id: str
    found_by: FoundBy

"""What is decided about a message, and what it is decided from."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from shared.handovers import HandoverReason
from shared.jobs import Answer
from workers.dialogue.state import Dialogue
from workers.knowledge.finder import Finding
from workers.memory.memory import MemoryRecord
from workers.reading.legibility import IllegibleReason

Escalation = Literal["wish", "legal", "self_harm", "emergency"]
Called = Literal["said", "unsaid"]


@dataclass(frozen=True, slots=True)
class Heard:
    """A message as it was read and searched for.

    `text` is clean and whole. `main` is the finding for all of it, `questions` those for each of
    its questions if it has several, `contexts` those for it together with what was asked before,
    `joined` the same where it does not seem to lean on that.
    `choice` are the places (from 0) that it chooses among those offered before, empty for none of
    them, None if it chooses nothing. `unwanted`: it says only what the person does not want.
    `language` (ISO 639-1) is the one it is in, as far as that is known; None: English. If a model
    translated it, `original` is what the person wrote.
    `recalls`: it asks for what the person wrote before; `recalled` is that, if it was found.
    `looks_back`: it asks so, or sounds so at least.
    `bereaved`: it tells of a death.
    `with_person`: a person has taken over; `person_called`: one shall, but none has yet.
    """

    text: str
    dialogue: Dialogue
    main: Finding
    questions: tuple[Finding, ...] = ()
    contexts: tuple[Finding, ...] = ()
    joined: tuple[Finding, ...] = ()
    escalation: Escalation | None = None
    choice: tuple[int, ...] | None = None
    unwanted: bool = False
    unreadable: IllegibleReason | None = None
    language: str | None = None
    original: str = ""
    recalled: MemoryRecord | None = None
    recalls: bool = False
    looks_back: bool = False
    bereaved: bool = False
    with_person: bool = False
    person_called: bool = False
    reask_score: float | None = None

    @property
    def written(self) -> str:
        """Return the message as it was written."""
        return self.original or self.text


@dataclass(frozen=True, slots=True)
class Decision:
    """What a message gets, in its plain wording (Markdown).

    `tones` are the entry's own other wordings, `subject` is its question. `offered` are the entries
    that the reply offers to choose from. `handover` says why a person takes over, if one does;
    `offers_person`: the words offer one. `called`: a person is on the way, so that the words offer
    none; they say so themselves (`said`), or it is to be said with them (`unsaid`). `solemn`: the
    words take no opener, whatever the tone. `sources` are the entries that the words are made of,
    none where no entry says them. `kept` ends `text` and is said as it is, because what the next
    message means depends on it: a list to choose from, the offer of a further question.
    """

    answer: Answer
    text: str
    tones: Mapping[str, str] = field(default_factory=dict)
    offered: tuple[str, ...] = ()
    handover: HandoverReason | None = None
    offers_person: bool = False
    called: Called | None = None
    solemn: bool = False
    subject: str = ""
    sources: tuple[str, ...] = ()
    kept: str = ""

    def about(self, subject: str) -> "Decision":
        """Return the decision with its subject."""
        return Decision(  # field by field: `replace` costs twice as much
            answer=self.answer,
            text=self.text,
            tones=self.tones,
            offered=self.offered,
            handover=self.handover,
            offers_person=self.offers_person,
            called=self.called,
            solemn=self.solemn,
            subject=subject,
            sources=self.sources,
            kept=self.kept,
        )

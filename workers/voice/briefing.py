"""Make a brief of what was decided, where a language model may put it into words."""

from collections.abc import Mapping, Sequence

from shared.jobs import AnswerKind, ChatJob, Tone
from workers.dialogue.decision import Decision, Heard
from workers.dialogue.state import Asked
from workers.dialogue.worded import Worded
from workers.knowledge.base import Entry
from workers.reading.legibility import FOREIGN
from workers.tone.wording import is_sure
from workers.voice.brief import Brief, Exchange, Source
from workers.voice.prompt import MAX_MESSAGE_CHARACTERS, MAX_SOURCE_CHARACTERS
from workers.voice.quoting import is_quotable

_MAX_TURNS = 3
_HEAD_SHARE = 0.4  # of a long message: what it is about; the question mostly comes last
_CUT = " […] "
_VOICED: frozenset[AnswerKind] = frozenset({"answer", "clarify", "recall"})
# What has the same words for everybody is said in another language, too.
_TRANSLATED: frozenset[AnswerKind] = _VOICED | {"smalltalk", "fallback"}
_ANSWERED: frozenset[AnswerKind] = frozenset({"answer", "handover"})


def brief_of(
    job: ChatJob,
    heard: Heard,
    decision: Decision,
    said: Worded,
    tone: Tone,
    entries: Mapping[str, Entry],
) -> Brief | None:
    """Return the brief of a reply; None if it is said in its own words.

    `entries` are those of the conversation's base, of the revision that was decided on. What is
    grave, a person's matter, small talk or an honest no is never put otherwise, nor what a prompt
    cannot hold whole and as it is: a few sentences would lose its conditions, or its code.
    """
    if job.translation is None and heard.unreadable in FOREIGN:
        return _to_be_translated(job, heard, decision, said)
    if not said.words or not _may_be_voiced(job, heard, decision):
        return None
    sources = _sources(heard, decision, said, entries)
    if not sources or not _are_quotable(sources):
        return None
    return Brief(
        decision.answer.kind,
        _shortened(job.message),
        sources,
        said.words,
        kept=said.kept,
        turns=_turns(heard.dialogue.asked),
        tone=tone.label if is_sure(tone) else "unknown",
        language=job.translation.language if job.translation else "en",
    )


def _to_be_translated(job: ChatJob, heard: Heard, decision: Decision, said: Worded) -> Brief | None:
    """Return what lets a model translate the message; None if a person has it, or is called."""
    if heard.language is None or heard.with_person or decision.handover or not said.words:
        return None
    return Brief("fallback", job.message, (), said.words, kept=said.kept, language=heard.language)


def is_to_be_translated(brief: Brief) -> bool:
    """Tell whether a message is to be brought into English, rather than a reply into words."""
    return brief.kind == "fallback" and not brief.sources


def _may_be_voiced(job: ChatJob, heard: Heard, decision: Decision) -> bool:
    grave = heard.escalation or heard.bereaved or decision.solemn or decision.handover
    silent = heard.with_person or heard.unreadable
    kinds = _TRANSLATED if job.translation else _VOICED
    return decision.answer.kind in kinds and not (grave or silent)


def _sources(
    heard: Heard, decision: Decision, said: Worded, entries: Mapping[str, Entry]
) -> tuple[Source, ...]:
    """Return what the words were made of; nothing if an entry of it is not there."""
    kind = decision.answer.kind
    if kind == "recall":
        return (Source("", "", heard.recalled.text),) if heard.recalled else ()
    if kind in ("smalltalk", "fallback"):
        return (Source("", "", said.words),)
    chosen = [entries.get(name) for name in dict.fromkeys(decision.sources)]
    if kind == "clarify":
        return tuple(Source(each.id, each.question, "") for each in chosen if each)
    found = tuple(Source(each.id, each.question, _text(each, said)) for each in chosen if each)
    return found if len(found) == len(chosen) else ()


def _text(entry: Entry, said: Worded) -> str:
    """Return what an entry says, and its own words for the tone if they were taken."""
    answer = entry.answer.strip()
    spoken = said.words in entry.tones.values() and said.words != answer
    return f"{answer}\n\n{said.words}" if spoken else answer


def _are_quotable(sources: Sequence[Source]) -> bool:
    texts = [text for each in sources for text in (each.title, each.text)]
    fit = sum(map(len, texts)) <= MAX_SOURCE_CHARACTERS
    return fit and all(map(is_quotable, texts))


def _turns(asked: Sequence[Asked]) -> tuple[Exchange, ...]:
    counting = [each for each in asked if each.kind != "smalltalk"]
    return tuple(
        Exchange(each.text, each.subject if each.kind in _ANSWERED else "")
        for each in counting[-_MAX_TURNS:]
    )


def _shortened(message: str) -> str:
    """Return a message without its middle if it is long."""
    if len(message) <= MAX_MESSAGE_CHARACTERS:
        return message
    room = MAX_MESSAGE_CHARACTERS - len(_CUT)
    head = int(room * _HEAD_SHARE)
    return f"{message[:head]}{_CUT}{message[head - room :]}"

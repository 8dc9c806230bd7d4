"""What is said if the knowledge base has no words for it. One of several, spread by message."""

from collections.abc import Mapping, Sequence
from zlib import crc32

from shared.handovers import HandoverReason
from workers.reading.legibility import IllegibleReason

FALLBACKS = (
    "I don't know the answer to that. Shall I fetch a person? Just say so.",
    "That is not something I have an answer for. If you like, a colleague can take over.",
    "I would only be guessing here. Say the word, and I'll hand you over to one of our team.",
    "I can't find that in our help centre. I can pass you to a colleague if you wish.",
)
_FOREIGN = (
    "I'm sorry, I can only read English. Could you write that in English? If you would rather "
    "have a colleague read it, say “person”.",
    "I'm afraid that I only know English. Please write to me in English, or say “person” and a "
    "colleague will read it.",
)
UNREADABLE: Mapping[IllegibleReason, Sequence[str]] = {
    "language": _FOREIGN,
    "script": _FOREIGN,
    "number": (
        "I can't look up a number or an address here. Tell me in a sentence what you need, or say "
        "“person” and a colleague will look at it.",
        "Thank you, but I can't see any records from here. What would you like to know? If it is "
        "about this very case, say “person” and a colleague will look into it.",
    ),
    "gibberish": (
        "I couldn't make sense of that. Could you put it in other words?",
        "I'm sorry, I can't make that out. Could you write it in other words?",
    ),
    "empty": (
        "I'm not sure what you mean. Could you say it in words?",
        "I can only read words. What can I do for you?",
    ),
}
FOREIGN_HANDOVER = (
    "I can only read English, so I'm passing you to a colleague. They will see what you wrote."
)
QUESTIONS_BACK = (
    "I want to get this right. Do you mean one of these?",
    "Just to be sure, which of these is it?",
    "I can think of more than one thing here. Which do you mean?",
)
UNWANTED = (
    "Understood, that is not what you want. What can I do for you instead?",
    "All right, I won't go into that. What would you like to know instead?",
)
UPSET = (
    "I hear you. Tell me what you need, or say “person” and I'll fetch a colleague.",
    "I understand that this has not helped. Would you like me to fetch a colleague?",
    "That can't be pleasant. Say in a few words what you need, or ask for a person.",
)
CALLED = (
    "A colleague has been told and will write to you here. Until then, ask me whatever you like.",
    "Your wish has reached our team: a colleague will write to you here. I'm here until then.",
)
CALLED_TOO = (
    "The colleague who has been called will write to you here.",
    "A colleague has been told, too, and will write to you here.",
)
CALLED_UPSET = (
    "I hear you. A colleague has been told and will see what you write here.",
    "I understand. A colleague has been called, who will read all of this.",
)
LEFT_TO_PERSON = (
    "I can't answer that myself. The colleague who has been called will see it here.",
    "That is one for the colleague who has been called: they will see your question here.",
)
CONDOLENCE = "I'm very sorry for your loss."
GREETED_AGAIN = "Hello again, I'm still here. What would you like to know?"
NOTHING_RECALLED = (
    "I can't find that among what you have written to me. Could you tell me once more?"
)
_HANDOVERS: Mapping[HandoverReason, str] = {
    "wish": "Of course. I'm passing you to a colleague, who will see what we have talked about.",
    "legal": "I understand. A colleague will take this over and get back to you here.",
    "self_harm": (
        "I'm very sorry that you are going through this. I'm passing you to a person now. If you "
        "may be in danger, please call your local emergency number or a crisis line at once."
    ),
    "emergency": (
        "Your safety comes first: if anybody is in danger, please call your local emergency number "
        "at once. I'm passing you to a colleague now."
    ),
    "unanswered": (
        "I haven't been able to help with this, so I'm passing you to a colleague. They will see "
        "what we have talked about, so you need not repeat it."
    ),
    "tone": "I'm passing you to a colleague, who will see what we have talked about.",
    "entry": "I'm passing you to a colleague.",
}


def choose(phrases: Sequence[str], message: str) -> str:
    """Return one phrase; the same for the same message."""
    return phrases[crc32(message.encode()) % len(phrases)]


def rest_text(question: str) -> str:
    """Return the words that offer an answer to a further question (Markdown)."""
    return f"As to your other question, did you mean *{question}*?"


def recalled_text(written: str) -> str:
    """Return the words that give a person back what they wrote (Markdown)."""
    quoted = "\n".join(f"> {line}" for line in written.splitlines())
    return f"You wrote:\n\n{quoted}"


def handover_text(reason: HandoverReason) -> str:
    """Return what a person is told who is handed over."""
    return _HANDOVERS[reason]

"""What a message says it does not want, or has not done, and what it wants besides.

"I do NOT want to cancel my order" must not get the how-to for cancelling. A negation inside a
problem ("my code does not work", "I can't log in", "I don't want to pay for delivery") negates no
request and is none of this.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from workers.reading.lexicon import content_words, words
from workers.reading.reference import resolve, thing_in
from workers.reading.text import MAX_CHARACTERS, Span, fold

_MAY_NEGATE = re.compile(
    r"n't\b|\bnot\b|\b(?:do|have|did)nt\b|\bnever|\bno longer\b|instead of|rather than|\bforget\b"
    r"|\Ano\b|\bscratch\b|\bthoughts?\b"
)

_ADVERBS = (
    r"(?:\s+(?:really|actually|even|ever|in\s+fact|certainly|definitely|absolutely|currently))*"
)
_DO_NOT = r"(?:do\s+not|don't|dont|never)"
_HAVE_NOT = r"(?:(?:have|'ve)\s+(?:not|never)|haven't|havent|never|(?:did\s+not|didn't|didnt))"
_DONE = (
    r"(?:forgotten|forgot|forget|lost|lose|cancell?ed|cancel|returned|deleted|delete|closed|close"
    r"|changed|change|moved|broken|damaged|locked|mislaid|misplaced|unsubscribed|opened|asked\s+(?:for|about))\b"
)
_DEED = (
    r"(?:cancel|return|refund|exchange|delete|close|change|update|edit|reset|remove|replace|repair"
    r"|order|reorder|buy|dispatch|post|reschedule|postpone|pause|stop|block|freeze|unsubscribe"
    r"|subscribe|sign\s+up|register|upgrade|downgrade|transfer|top\s+up|book|rebook|activate"
    r"|deactivate|complain|withdraw|terminate|switch|modify|report|redeem|swap|escalate|renew"
    r"|(?:deliver|ship|send|process|apply|charge)\s+(?:it|my|the|them))\b"
)
_SERVICE = (
    r"(?:(?:a|an|any|the|your|my|another)\s+(?:[\w-]+\s+){0,2}|(?:store|shop|gift|partial|full|extra)\s+)?"
    r"(?:refund|replacement|exchange|voucher"
    r"|credit|repair|cancell?ation|gift\s?card|return|quote|invoice|receipt|account|subscription"
    r"|upgrade|discount|appointment|callback|loan|overdraft|money\s+back)s?\b"
)
# Not wanting these is a problem or another wish: "I don't want to pay", "… to keep it".
_SUFFERED = (
    r"(?:receive|get|be|pay|wait|lose|miss|have|see|hear|keep|spend|share|give|risk|go|live|drive"
    r"|break|damage|bother|deal|continue|renew|proceed|stay|take|make|sound|seem|come|end|leave"
    r"|worry|know|guess|start|use|support|carry|just|only|simply|accept|hold|sit|send|commit|suffer"
    r"|waste|loose|throw|verify|provide|enter|fill|show|upload|answer)\b"
)
# "I wasn't charged twice", "the lamp isn't broken": what is not the matter.
_STATE = (
    r"(?:(?:over|double[\s-]?)charged|(?:charged|billed|debited)\s+(?:twice|double|two\s+times)|broken"
    r"|damaged|faulty|defective|declined|late|delayed|lost|missing|stolen|blocked|locked|hacked|expired"
    r"|cracked|dead)\b"
)
_NOT_SO = (
    r"(?:\b(?:i|we|it|they)|\b(?:my|our|the|your)\s+(?:[\w-]+\s+){0,2}?(?!that\b|which\b)[\w-]+)\s*"
    r"(?:(?:'s|\s*is|\s*are|\s*was|\s*were)\s+not|(?:\s*is|\s*are|\s*was|\s*were)n't"
    r"|\s*(?:have|has)(?:\s+not|n't)\s+been|\s*(?:did\s+not|didn't)\s+get)"
)
_NEGATED = re.compile(
    rf"\b(?:i|we){_ADVERBS}\s+(?:{_DO_NOT}|no\s+longer|would\s+not|wouldn't){_ADVERBS}\s+"
    r"(?P<wish>(?:want|wish|intend|plan|need|like|mean)(?:\s+(?:to|on))?|wanna)\s+"
    r"|(?:\b(?:i|we)\s+(?:am|are|was|were)\s+not|\b(?:i'm|im|we're)\s+not|\b(?:i|we)\s+wasn't)"
    rf"{_ADVERBS}\s+(?P<aim>(?:asking|talking|writing|enquiring|inquiring|calling|complaining"
    r"|looking|interested|requesting|trying|planning|going|intending|wanting)"
    r"\s+(?:about|for|in|on|to))\s+"
    r"|\b(?:i|we)\s+(?:did\s+not|didn't|didnt)\s+(?:ask\s+(?:about|for|to)|mean\s+(?!to\b))\s*"
    rf"|\b(?:never\s*mind|forget)\s+(?:about\s+)?{_SERVICE}|\Ano\s+{_SERVICE}(?=\s+(?:please|pls|thanks)\b"
    r"|\s*[,.;-]\s*(?!no\b|nothing\b)[^.?!]{1,60}\b(?:please|pls|instead)\b)"
    rf"|(?P<denied>{_NOT_SO}{_ADVERBS}\s+{_STATE})"
    r"|\b(?:i'd|i\s+would)\s+(?:rather|prefer)\s+(?:not(?:\s+to)?|to\s+not)\s+"
    rf"|\b(?:i|we)\s*{_HAVE_NOT}{_ADVERBS}\s+(?P<done>{_DONE})"
    r"|(?:\A|[.!?;:,\n]\s*|\b(?:please|pls|plz|but|and|kindly|hi|hey|hello)\s+)"
    rf"(?P<order>{_DO_NOT}\s+(?:please\s+)?{_DEED})"
    r"|\bmake\s+sure\s+(?:that\s+)?(?:you|u|they|it)\s+(?:do\s+not|don't|dont)\s+"
    rf"{_DEED}"
    r"|\b(?:it|this|that)(?:'s|\s+is)\s+not\s+(?P<topic>(?:about|a|an|the|my)\s+)"
)
_CONTRASTED = re.compile(
    rf"(?:\A|,\s*|\s[–—-]\s|\s)(?:(?:and|but)\s+)?not\s+(?:(?:about|for|to|with)\s+)?(?:{_SERVICE}"
    rf"|(?<=about\s)\w+|(?:(?<=,\snot\s)|(?<=,\snot\sto\s)|(?<=and\snot\s)|(?<=but\snot\s)){_DEED}"
    r"|(?:(?<=,\snot\s)|(?<=but\snot\s))(?:a|an|the|my)\s+\w+)"
    rf"|\s(?:instead\s+of|rather\s+than)\s+{_SERVICE}"
)
_CLAUSE_END = re.compile(
    r"\s*(?:[.!?;:,)\n]|\s[-–—]\s|\s(?:but|just|only|instead)\b|\s(?:and|so|because|as|since)\s+"
    r"(?:i|we|it|please|pls|just|my|the|there|would|do|can|how|what|when|where)\b"
    r"|\s(?:i|we)(?:\s+(?:just\s+|only\s+|really\s+)?(?:want|need|would|wanna|am)"
    r"|'d\s+(?:just\s+|only\s+|really\s+|much\s+)*(?:like|love|prefer|rather))\b|\Z)"
)
# "Cancel my order. Actually no, don't": all that stands before it is taken back.
_SO = (
    r"(?:(?:actually|no|nope|wait|oh|hm+|sorry|ok(?:ay)?|well|please|on\s+second\s+thoughts?|hang\s+on)"
    r"(?:\s*[,.!…-]+\s*|\s+)){0,4}"
)
_RETRACTED = re.compile(
    rf"(?:[.!?;…\n]\s*|\s[–—-]+\s*|,\s*(?=(?:no|actually|wait|on\s+second|oh|never|forget|scratch)\b))"
    rf"{_SO}(?:(?:don't|dont|do\s+not)(?:\s+(?:do\s+(?:it|that|this|so)|bother))?(?:\s+(?:please|pls))?"
    r"|never\s*mind(?:\s+(?:that|it))?|(?:forget|scratch|strike)\s+(?:it|that|this|about\s+(?:it|that))"
    r"|(?<=second\sthought\s)(?:no|keep\s+it|leave\s+it)|(?<=second\sthoughts\s)(?:no|keep\s+it|leave\s+it)"
    r"|(?<=second\sthought,\s)(?:no|keep\s+it|leave\s+it)|(?<=second\sthoughts,\s)(?:no|keep\s+it|leave\s+it))"
    r"(?=\s*(?:[.!,;…-]|\Z))"
)
_MAX_CLAUSE = 160
_REACH_BACK = 200

_WISH_VERB = re.compile(rf"(?!{_SUFFERED})[a-z]+|(?:get|have|receive|accept|take)\s+{_SERVICE}")
_DEED_VERB = re.compile(_DEED)
_WISH_THING = re.compile(
    rf"{_SERVICE}|(?:you|u|anyone|them)\s+to\s+{_DEED}"
    r"|(?:[\w-]+\s+){1,4}(?:cancell?ed|deleted|closed|changed|refunded|returned|exchanged|replaced)\b"
)
_CONTRAST = re.compile(
    r"[\s,.;!-]*(?:but\s+)?(?:(?:i|we)(?:'d|\s+would)?\s+(?:just\s+|only\s+)?(?:need|want|like|asked|meant)\b"
    r"|(?:it|this|that)(?:'s|\s+is)\s+(?:about\s+)?(?:a|an|the|my)\b|but\s+(?:about\s+)?(?:a|an|the|my)\b)"
)
_DOUBTED = re.compile(r"\b(?:if|unless|whether|why|when|in\s+case|how\s+come)\s*\Z")
# "How do I know that it isn't broken", "make sure the glass is not damaged".
_SUPPOSED = re.compile(
    r"\b(?:if|unless|whether|why|when|know|sure|check|hope|says?|said|case|as\s+long|provided|that"
    r"|which|until|because|since|though|although|while|so|hopefully|wish|pray)\s+(?:that\s+)?\Z"
)
_GIVEN_UP = re.compile(r"\b(?:any\s?more|any\s+longer|yet)\b")
_ONCE = re.compile(
    r"\b(?:any\s?more|any\s+longer|yet|when|before|until|originally|then|at\s+first)\b"
)
_NO_CHOICE = re.compile(
    r"\W*but\s+(?:i|we)(?:'ve)?\s+(?:have|must|need|got|has)\b(?!\s+(?:a|an)\b)"
)
_WISHED = re.compile(
    r"\b(?:want|wanna|need|like|prefer|can|could|may|possible|asking|ask|meant|mean|looking|about)\b"
)
_HAPPENED = re.compile(
    r"\b(?:got|received|sent|delivered|was|were|came|arrived|charged|gave|given|shows?|says?|took"
    r"|had)\b"
)
_SENTENCE_MARK = re.compile(r"[.!?\n]")
# Left over, these ask for nothing: "leave it as it is".
_IDLE = frozenset(
    words(
        """leave keep stay stays fine remain carry continue deliver wrong changed nothing good great
        mistake misunderstood understood understand wait love happy said dear team"""
    )
)
_LOOSE_START = re.compile(
    r"(?:[\s,;:.!?–—-]|(?:but|and|so|instead|rather|though|however)\b)+", re.IGNORECASE
)
_LOOSE_END = re.compile(r"(?:[\s,;:–—-]|\b(?:but|and|so|because|though)\b){1,8}\Z", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Negation:
    """The unwanted parts of a message, and the text of what it asks besides (None: nothing)."""

    spans: tuple[Span, ...]
    wanted: str | None


def read_negation(text: str) -> Negation | None:
    """Return what a message declines and what it wants, or None if it declines nothing."""
    text = text[:MAX_CHARACTERS]
    folded = fold(text)
    if _MAY_NEGATE.search(folded) is None:
        return None
    spans = _disjoint([*_retracted(folded), *_negated(folded), *_contrasted(folded)])
    return Negation(tuple(spans), _wanted(text, spans)) if spans else None


def _retracted(folded: str) -> Iterator[Span]:
    found = _RETRACTED.search(folded)
    if found and content_words(folded[: found.start()]):
        yield Span(0, found.end())


def _negated(folded: str) -> Iterator[Span]:
    for found in _NEGATED.finditer(folded):
        end = _clause_end(folded, found.end())
        if _declines(found, folded, end):
            lead = len(found.group()) - len(found.group().lstrip(" .!?;:,\n"))
            yield Span(found.start() + lead, end)


def _declines(found: re.Match[str], folded: str, end: int) -> bool:
    before = folded[max(0, found.start() - 16) : found.start()]
    clause = folded[found.end() : end]
    if found["denied"]:
        supposed = _SUPPOSED.search(before) or _ONCE.search(clause)
        return supposed is None and not _asks(folded, end)
    if _DOUBTED.search(before) or _NO_CHOICE.match(folded, end):
        return False
    if found["topic"]:
        return _CONTRAST.match(folded, end) is not None
    if found["wish"]:
        bare = found["wish"] in ("want", "need")
        contrasted = bare and _CONTRAST.match(folded, end) is not None
        return contrasted or _is_request(found["wish"], clause)
    if found["aim"] and found["aim"].endswith(" to"):
        verb = _DEED_VERB if found["aim"].startswith("going") else _WISH_VERB
        return verb.match(clause) is not None
    if found["done"]:
        return _GIVEN_UP.search(clause) is None
    return not (found["order"] and _asks(folded, end))


def _asks(folded: str, end: int) -> bool:
    return folded[end : end + 2].strip().startswith("?")


def _is_request(wish: str, clause: str) -> bool:
    if wish.endswith((" to", " on", "wanna")):
        return _WISH_VERB.match(clause) is not None
    # "I don't want the lamp any more" wishes to send it back.
    return _WISH_THING.match(clause) is not None and _GIVEN_UP.search(clause) is None


def _contrasted(folded: str) -> Iterator[Span]:
    for found in _CONTRASTED.finditer(folded):
        before = folded[max(0, found.start() - _REACH_BACK) : found.start()]
        sentence = _SENTENCE_MARK.split(before)[-1]
        wished = not sentence or _WISHED.search(sentence) is not None
        if wished and not _HAPPENED.search(sentence):
            yield Span(found.start(), _clause_end(folded, found.end()))


def _clause_end(folded: str, start: int) -> int:
    limit = min(len(folded), start + _MAX_CLAUSE)
    found = _CLAUSE_END.search(folded, start, limit)
    return limit if found is None else found.start()


def _disjoint(spans: Sequence[Span]) -> list[Span]:
    kept: list[Span] = []
    for span in sorted(spans, key=lambda span: span.start):
        if not kept or span.start >= kept[-1].end:
            kept.append(span)
    return kept


def _wanted(text: str, spans: Sequence[Span]) -> str | None:
    starts = [0, *(span.end for span in spans)]
    ends = [*(span.start for span in spans), len(text)]
    parts = [_tidy(text[start:end]) for start, end in zip(starts, ends, strict=True)]
    rest = " ".join(part for part in parts if part)
    if not set(content_words(fold(rest))) - _IDLE:
        return None
    return _resolved(rest, spans[0].of(text)) if not parts[0] else rest


def _resolved(rest: str, declined: str) -> str:
    """Say what "it" is if the declined part names a thing: "not return the lamp, but clean it"."""
    thing = thing_in(declined)
    named = thing is not None and _WISH_THING.match(fold(thing)) is None
    return (resolve(rest, declined) if named else None) or rest


def _tidy(part: str) -> str:
    start = _LOOSE_START.match(part)
    part = part[start.end() :] if start else part
    end = _LOOSE_END.search(part[-40:])
    return (part[: len(part) - len(end.group())] if end else part).strip()

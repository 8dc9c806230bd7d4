"""The words in which people ask for what they said before, as patterns of folded text."""

import re

from workers.reading.gated import GatedPattern, gated

_ADVERBS = (
    r"(?:(?:just|already|ever|previously|once|first|actually|originally|earlier|exactly|also"
    r"|recently|now|again|have|had|possibly|really|even|last)\s+)*"
)
_SAY = (
    r"(?:say|tell|mention|name|describe|complain|ask|report|give|share|write|explain|state|specify"
    r"|request|point\s+out|talk\s+about|bring\s+up|send|provide|type|quote|promise|suggest|note|call|claim)"
)
_SAID = (
    r"(?:said|told|mentioned|named|described|complained|asked|reported|gave|given|shared|wrote"
    r"|written|explained|stated|specified|requested|brought\s+up|pointed\s+out|talked\s+about"
    r"|sent|provided|typed|quoted|promised|suggested|noted|claimed|say|tell|mention)"
)
_WISH = r"(?:want|wish|prefer|decide|plan|intend|hope|think|settle)"
_WISHED = r"(?:wanted|wished|preferred|decided|planned|intended|hoped|settled|liked|was\s+after)"
_WH = r"(?:what|which|who|whom|whose|when|where|why|how)"
_YOU = r"(?:you|u|ya|your\s+\w+|the\s+bot|here|this\s+chat)"
_DID_I_SAY = rf"(?:did|have|had)\s+i\s+{_ADVERBS}(?:{_SAY}|{_SAID})\b"
_DID_I_WISH = rf"(?:did|had)\s+i\s+{_ADVERBS}(?:{_WISH}|{_WISHED})\b"
_I_SAID = rf"\bi(?:'ve|'d)?\s+{_ADVERBS}{_SAID}\b"
_I_WISHED = rf"\bi(?:'ve|'d)?\s+{_ADVERBS}{_WISHED}\b"
_SAME = r"[^.?!]{0,100}?"  # within one sentence
_TIME = (
    r"(?:earlier|before|yesterday|previously|last\s+(?:time|week|month|night|year)|again|please"
    r"|pls|already|once|just\s+now|today|at\s+the\s+(?:start|beginning)|so\s+far|this\s+morning"
    r"|(?:a|the\s+other)\s+(?:(?:while|week|month|day)\s+ago|day)|when\s+we\s+\w+"
    r"|in\s+(?:my|the|our)\s+(?:last|first|previous)\s+\w+)"
)
_LEAD = (
    r"(?:\A\W*|[.!?;:]\s*)(?:(?:hi|hey|hello|ok|okay|so|and|but|please|well|sorry|btw|just)\W+)*"
)
_MEMORY = r"(?:remember|rember|recall|recollect)"
_RECITE = rf"(?:{_MEMORY}|remind\s+me(?:\s+of)?|repeat|tell\s+me|say|know|recite)(?:\s+again)?"
_ANY = r"(?:my|our|the|that|those|this|these)"

MAY_RECALL = re.compile(
    rf"\b(?:{_MEMORY}|remind|my\s+(?:first\s+)?name|do\s+i|again|was|were|wrong|(?:did|have|had)\s+(?:i|we)|{_SAID}|{_WISHED})\b"
)
_MEMORIES = ("remember", "rember", "recall", "recollect")
_DESCRIBED = ("described", "sent", "named", "put")
_ASKED_BACK = ("did", "have", "had")
# Each names the person's own words or wishes.
CERTAIN: tuple[GatedPattern, ...] = tuple(
    gated(form, *parts)
    for form, parts in (
        (
            rf"\b{_WH}\b{_SAME}\b{_DID_I_SAY}",
            _ASKED_BACK,
        ),
        (
            rf"\b{_WH}\b{_SAME}\b{_DID_I_WISH}",
            ("did", "had"),
        ),
        (
            rf"{_LEAD}(?:did|have|had)\s+i\s+{_ADVERBS}(?:"
            rf"(?:tell|told|give|given|send|sent|ask|asked|write|written)\s+{_YOU}"
            rf"|(?:say|said|mention|mentioned|complain|complained|describe|explain|ask\s+about|report)\b)[^?]*\?",
            _ASKED_BACK,
        ),
        (
            r"[,?]\s*(?:did\s+i\s+(?:say|tell\s+you)|according\s+to\s+me)\W*\Z",
            ("did", "according"),
        ),
        (
            rf"{_LEAD}did\s+i\s+(?:want|prefer)\b[^?.]{{1,80}}\bor\b",
            ("did",),
        ),
        (
            rf"\b(?:{_MEMORY}|remind\s+me\s+of|repeat|still\s+know)\s+(?:again\s+)?{_SAME}(?:{_I_SAID}|{_I_WISHED})",
            (*_MEMORIES, "remind", "repeat", "still"),
        ),
        (
            rf"\b(?:know|tell\s+me|say|remind\s+me)\s+(?:again\s+)?(?:for\s+|to\s+|on\s+|in\s+)?{_WH}\b"
            rf"{_SAME}(?:{_I_SAID}|{_I_WISHED})",
            ("know", "tell", "say", "remind"),
        ),
        (
            rf"\b(?:do|can|could|would)\s+(?:you|u)\s+(?:still\s+)?{_MEMORY}\s+my\b",
            _MEMORIES,
        ),
        (
            rf"{_LEAD}(?:what(?:'s|\s+is)|do\s+(?:you|u)\s+(?:still\s+)?know)\s+my\s+(?:first\s+)?name\W*\Z",
            ("name",),
        ),
        (
            rf"{_LEAD}(?:do\s+(?:you|u)\s+)?{_MEMORY}\s+(?:my|our)\s+(?:last\s+|first\s+)?"
            r"(?:complaint|problem|trouble|issue|question|request|story|wish|message)",
            _MEMORIES,
        ),
        (
            rf"{_LEAD}(?:do\s+(?:you|u)\s+)?{_MEMORY}\s+{_ANY}\b[^?]*\b(?:i|my|our)\b[^?]*\?",
            _MEMORIES,
        ),
        (
            rf"\b(?:what|which|who|where|when)\b{_SAME}\b(?:was|were)\s+(?:it|they)\s+(?:again\s+)?(?:that\s+)?(?:i|we|my|our)\b",
            ("was", "were"),
        ),
        (
            r"\bwhat\s+was\s+it\s+again\b",
            ("again",),
        ),
        (
            rf"\b(?:what|which|who)\s+(?:was|were)\s+(?:again\s+)?(?:it|{_ANY})\b{_SAME}{_I_SAID}",
            ("was", "were"),
        ),
        (
            rf"\b(?:what|which|who)(?:'s|\s+is|\s+are)\s+(?:again\s+)?{_ANY}\s+(?!status|news)[^?!.,]{{1,60}}?"
            rf"\s(?:that\s+|which\s+)?i(?:'ve|'d)?\s+{_ADVERBS}(?:said|told|mentioned|gave|given|named)\b",
            ("said", "told", "mentioned", "gave", "given", "named"),
        ),
        (
            rf"{_LEAD}(?:{_WH}\b(?!\s*(?:'s|is|are|will)\s+(?:my|the)\s+(?:parcel|order|refund|money|package|delivery))"
            rf"|(?:do|can|could)\s+(?:you|u)\b|tell\s+me\b|{_WH}'s\b)[^.?!]*?(?:[,?.!-]\s*|\s(?=as|like))"
            rf"(?:as\s+|like\s+|because\s+)?i(?:'ve|'d)?\s+{_ADVERBS}"
            r"(?:said|told|mentioned|gave|given|explained|wrote|described|sent|named|put)"
            rf"(?:\s+(?:it|that|this|so))?(?:\s+(?:to\s+)?{_YOU})?(?:\s+(?:it|that|this|so|all))?(?:\s+{_TIME})*\W*\Z",
            ("said", "told", "mentioned", "gave", "given", "explained", "wrote", *_DESCRIBED),
        ),
        (
            rf"{_I_SAID}[^?]*?\W\s*(?:so\s+)?(?:what|which|when|where|who)\s+(?:was|is|were|are)\s+(?:it|that|they|those)\W*\Z",
            ("what", "which", "when", "where", "who"),
        ),
        (
            r"\bwhat\s+(?:was|were|is)\s+my\s+(?:(?:very\s+)?first|last|previous|earlier|original|initial|other)\s+"
            r"(?:questions?|messages?|requests?|complaints?|problems?|issues?)\b",
            ("first", "last", "previous", "earlier", "original", "initial", "other"),
        ),
        (
            r"\bwhat\s+(?:did|were|have)\s+we\s+(?:just\s+|been\s+)?(?:talk|discuss|speak|chat)",
            ("talk", "discuss", "speak", "chat"),
        ),
        (
            r"\bwhere\s+(?:did|were)\s+we\s+(?:leave\s+off|stop|left\s+off)\b",
            ("leave", "left", "stop"),
        ),
    )
)
# They may as well ask for what the company knows: what was said decides.
POSSIBLE: tuple[GatedPattern, ...] = tuple(
    gated(form, *parts)
    for form, parts in (
        (
            rf"{_LEAD}(?!why){_WH}\b[^.?!]*?\b(?:was|were)\b[^.?!]*\bagain\W*\Z",
            ("again",),
        ),
        (
            rf"\b(?!why){_WH}(?:\s+\w+)?\s+(?:was|were)\s+(?:my|our)\b(?!\s+last\b)",
            ("my", "our"),
        ),
        (
            r"\bwhat\s+was\s+wrong\s+with\b",
            ("wrong",),
        ),
        (
            rf"\b(?:do|can|could|would)\s+(?:you|u)\s+(?:still\s+)?(?:{_MEMORY})\s+(?:for\s+|in\s+)?{_WH}\b{_SAME}\b(?:i|my|we|our)\b",
            _MEMORIES,
        ),
        (
            rf"{_LEAD}where\s+do\s+i\s+(?:live|work)\W*\Z",
            ("live", "work"),
        ),
        (
            rf"\bremind\s+me\s+(?:again\s+)?{_WH}\b{_SAME}\b(?:was|were|did|had)\b",
            ("remind",),
        ),
        (
            rf"\b(?:do\s+(?:you|u)\s+still\s+(?:know|have)|remind\s+me\s+of)\s+(?:{_WH}\b{_SAME}\b)?(?:my|our)\b",
            ("still", "remind"),
        ),
        (
            rf"\b{_WH}\b{_SAME}\b(?:did|had)\s+i\s+{_ADVERBS}(?:choose|chosen|pick|select|go\s+for|opt|find|like|dislike|hate|need)\b",
            ("did", "had"),
        ),
        (
            rf"\b{_WH}\b{_SAME}\bwas\s+i\s+(?:after|looking\s+for|unhappy|worried|upset)\b",
            ("after", "looking", "unhappy", "worried", "upset"),
        ),
        (
            rf"\b(?:what|which)\b{_SAME}\bi\s+(?:didn't\s+like|couldn't)\b",
            ("didn't", "couldn't"),
        ),
    )
)
# Less than CERTAIN and POSSIBLE: what sounds like this is at least nothing to be remembered.
RECITES = re.compile(rf"{_LEAD}(?:remind|refresh|repeat|recite|recall|recollect)\b")
LOOKS_BACK = re.compile(
    rf"\b{_MEMORY}\b(?!\s+(?:that|this|to|i|we|i'm)\b)|\b(?:remind|refresh)\s+(?:me|my)\s+(?:of\b|about\b|memory\b|{_WH}\b)"
    rf"|{_DID_I_SAY}|{_DID_I_WISH}|\b{_WH}\b{_SAME}{_I_SAID}"
    rf"|{_I_SAID}[^.?!]*\b(?:what|which|who)\s+(?:was|were)\b"
)
# What asks rather than says what is asked for; cut out, the matter remains.
FRAME = re.compile(
    rf"(?:{_LEAD})?(?:\b(?:can|could|would|will|do)\s+(?:you|u)\s+(?:(?:still|please|maybe|also)\s+)*)?"
    rf"\b(?:{_RECITE}|still\s+have)\b(?:\s+(?=(?:what|which|who|when|where|why|how|for|my|the|that|our)\b)|(?=\W*\Z))"
    rf"|(?:\b{_WH}\s+)?(?:\bexactly\s+)?\b{_DID_I_SAY}(?:\s+up\b)?(?:\s+(?:to\s+)?{_YOU}\b)?(?:\s+(?:about|that|of|on|regarding)\b)?"
    rf"|\b{_DID_I_WISH}(?:\s+(?:of|on)\b)?"
    rf"|(?:\b(?:that|which|as|like|what)\s+)?{_I_SAID}(?:\s+(?:it|this))?(?:\s+(?:to\s+)?{_YOU}\b)?(?:\s+(?:about|regarding)\b)?"
    rf"|{_I_WISHED}"
    rf"|\b(?:what|which|who|when|where)(?:\s+(?:was|were|is|are)|'s)\s+(?:it|that|they|those)\b(?:\s+again\b)?(?:\s+that\b)?"
    rf"|\b(?:was|were)\s+(?:it|they)\s+(?:again\s+)?(?:that\b)?"
    rf"|\b(?:{_ANY}\s+)?(?:complaint|trouble|problem|issue|story|fault)\s+(?:(?:was|is)\s+)?(?:i\s+(?:had|have)\s+)?(?:about|with)\b"
    r"|\b(?:was\s+|were\s+|found\s+)?wrong\s+with\b"
    rf"|\b(?:did|were|have)\s+we\s+(?:just\s+|been\s+)?(?:talk|discuss|speak|chat|stop|leave\s+off|left\s+off)\w*(?:\s+about\b)?"
    rf"|\baccording\s+to\s+me\b"
)
OPENING = re.compile(
    rf"\A\W*(?:(?:hi|hey|hello|ok|okay|so|and|but|please|earlier)\b\W*)*"
    rf"(?:(?:about|for|in|on|at|from|by|of|to|with|since)\s+)?(?:{_WH}\b(?:'s|\s+(?:is|was|were|are)\b)?)?\s*(?:again\b)?\W*"
)
CLOSING = re.compile(rf"(?:(?:^|[\s,?]+)(?:{_TIME}|about|that|which))?\W*\Z")
NOT_SAID = re.compile(r"\b(?:password|pin|passcode|passphrase|username)\b")
SAID = re.compile(rf"{_I_SAID}|\b{_DID_I_SAY}")
DENIED = re.compile(r"\b(?:don't|dont|do\s+not|can't|cannot|doesn't|does\s+(?:the|your|this))\s*\Z")

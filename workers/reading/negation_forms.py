"""How people decline, deny and take back; all patterns are for folded text."""

import re

from workers.reading.gated import at_words, gated
from workers.reading.lexicon import words

MAY_NEGATE = gated(
    r"n't\b|\bnot\b|\b(?:do|have|did)nt\b|\bnever|\bno longer\b|instead of|rather than|\bforget\b"
    r"|\bscratch\b|\bthoughts?\b",
    *("n't", "not", "dont", "havent", "didnt", "never", "no longer"),
    *("instead of", "rather than", "forget", "scratch", "thought"),
)
NO_FIRST = re.compile(r"no\b")

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
    r"|(?:deliver|ship|send|process|apply|charge)\s+(?:it|my|the|them)"
    r"|(?:call|fetch|involve)\s+(?:anyone|anybody|someone|somebody|(?:a|an|any)\s+\w+)"
    r"|(?:pass|hand|connect|transfer|forward)\s+(?:me|us)|put\s+(?:me|us)\s+through)\b"
)
_SERVICE = (
    r"(?:(?:a|an|any|the|your|my|another)\s+(?:[\w-]+\s+){0,2}|(?:store|shop|gift|partial|full|extra)\s+)?"
    r"(?:refund|replacement|exchange|voucher"
    r"|credit|repair|cancell?ation|gift\s?card|return|quote|invoice|receipt|account|subscription"
    r"|upgrade|discount|appointment|callback|loan|overdraft|money\s+back)s?\b"
)
_PERSON = (
    r"(?:(?:(?:talk|speak|chat)\s+(?:to|with)|see|have)\s+)?(?:(?:a|an|any|your|another)\s+)?"
    r"(?:(?:real|live|human)\s+)?(?:persons?|humans?|agents?|colleagues?|representatives?|operators?|advis[eo]rs?"
    r"|managers?|supervisors?)(?=\W*\Z|\s*[,.;:!?]|\s+(?:please|pls|now|any|for|just|thanks|yet)\b)"
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
_SO = (
    r"(?:(?:actually|no|nope|wait|oh|hm+|sorry|ok(?:ay)?|well|please|on\s+second\s+thoughts?|hang\s+on)"
    r"(?:\s*[,.!…-]+\s*|\s+)){0,4}"
)
NEGATED = at_words(
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
    r"|(?:\A|[.!?;:,\n]\s*|\b(?:please|pls|plz|but|and|so|kindly|hi|hey|hello"
    r"|no|nope|wait|stop|oh|actually|ok(?:ay)?|well)\s+)"
    rf"(?P<order>{_DO_NOT}\s+(?:please\s+)?{_DEED})"
    rf"|\A(?!(?:don't|dont|do\s+not)\W*\Z){_SO}(?:don't|dont|do\s+not)(?:\s+do\s+(?:it|that|this|so))?(?:\s+(?:please|pls))?(?=\W*\Z)"
    rf"|\bno\s+need\s+(?:for\s+|to\s+)(?={_PERSON}|{_DEED})"
    r"|\bmake\s+sure\s+(?:that\s+)?(?:you|u|they|it)\s+(?:do\s+not|don't|dont)\s+"
    rf"{_DEED}"
    r"|\b(?:it|this|that)(?:'s|\s+is)\s+not\s+(?P<topic>(?:about|a|an|the|my)\s+)",
    marks=r".!?;:,\n",
)
CONTRASTED = gated(
    rf"(?:\A|,\s*|\s[–—-]\s|\s)(?:(?:and|but)\s+)?not\s+(?:(?:about|for|to|with)\s+)?(?:{_SERVICE}"
    rf"|(?<=about\s)\w+|(?:(?<=,\snot\s)|(?<=,\snot\sto\s)|(?<=and\snot\s)|(?<=but\snot\s)){_DEED}"
    r"|(?:(?<=,\snot\s)|(?<=but\snot\s))(?:a|an|the|my)\s+\w+)"
    rf"|\s(?:instead\s+of|rather\s+than)\s+{_SERVICE}",
    *("not", "instead", "rather"),
)
CLAUSE_END = re.compile(
    r"\s*(?:[.!?;:,)\n]|\s[-–—]\s|\s(?:but|just|only|instead)\b|\s(?:and|so|because|as|since)\s+"
    r"(?:i|we|it|please|pls|just|my|the|there|would|do|can|how|what|when|where)\b"
    r"|\s(?:i|we)(?:\s+(?:just\s+|only\s+|really\s+)?(?:want|need|would|wanna|am)"
    r"|'d\s+(?:just\s+|only\s+|really\s+|much\s+)*(?:like|love|prefer|rather))\b|\Z)"
)
# "Cancel my order. Actually no, don't": all that stands before it is taken back.
RETRACTED = re.compile(
    rf"(?:[.!?;…\n]\s*|\s[–—-]+\s*|,\s*(?=(?:no|actually|wait|on\s+second|oh|never|forget|scratch)\b))"
    rf"{_SO}(?:(?:don't|dont|do\s+not)(?:\s+(?:do\s+(?:it|that|this|so)|bother))?(?:\s+(?:please|pls))?"
    r"|never\s*mind(?:\s+(?:that|it))?|(?:forget|scratch|strike)\s+(?:it|that|this|about\s+(?:it|that))"
    r"|(?<=second\sthought\s)(?:no|keep\s+it|leave\s+it)|(?<=second\sthoughts\s)(?:no|keep\s+it|leave\s+it)"
    r"|(?<=second\sthought,\s)(?:no|keep\s+it|leave\s+it)|(?<=second\sthoughts,\s)(?:no|keep\s+it|leave\s+it))"
    r"(?=\s*(?:[.!,;…-]|\Z))"
)

WISH_VERB = re.compile(
    rf"(?!{_SUFFERED})[a-z]+|(?:get|have|receive|accept|take)\s+{_SERVICE}|{_PERSON}"
    r"|(?:send|give|bring|take)\s+(?:\w+\s+){1,4}?back\b(?!\s+(?:and\s+forth|to\s+back))"
)
DEED_VERB = re.compile(_DEED)
WISH_THING = re.compile(
    rf"{_SERVICE}|{_PERSON}|that\b(?=\W*\Z)|(?:you|u|anyone|them)\s+to\s+{_DEED}"
    r"|(?:[\w-]+\s+){1,4}(?:cancell?ed|deleted|closed|changed|refunded|returned|exchanged|replaced)\b"
)
CONTRAST = re.compile(
    r"[\s,.;!-]*(?:but\s+)?(?:(?:i|we)(?:'d|\s+would)?\s+(?:just\s+|only\s+)?(?:need|want|like|asked|meant)\b"
    r"|(?:it|this|that)(?:'s|\s+is)\s+(?:about\s+)?(?:a|an|the|my)\b|but\s+(?:about\s+)?(?:a|an|the|my)\b)"
)
DOUBTED = re.compile(r"\b(?:if|unless|whether|why|when|in\s+case|how\s+come)\s*\Z")
# "How do I know that it isn't broken", "make sure the glass is not damaged".
SUPPOSED = re.compile(
    r"\b(?:if|unless|whether|why|when|know|sure|check|hope|says?|said|case|as\s+long|provided|that"
    r"|which|until|because|since|though|although|while|so|hopefully|wish|pray)\s+(?:that\s+)?\Z"
)
GIVEN_UP = re.compile(r"\b(?:any\s?more|any\s+longer|yet)\b")
ONCE = re.compile(
    r"\b(?:any\s?more|any\s+longer|yet|when|before|until|originally|then|at\s+first)\b"
)
NO_CHOICE = re.compile(r"\W*but\s+(?:i|we)(?:'ve)?\s+(?:have|must|need|got|has)\b(?!\s+(?:a|an)\b)")
WISHED = re.compile(
    r"\b(?:want|wanna|need|like|prefer|can|could|may|possible|asking|ask|meant|mean|looking|about)\b"
)
HAPPENED = re.compile(
    r"\b(?:got|received|sent|delivered|was|were|came|arrived|charged|gave|given|shows?|says?|took"
    r"|had)\b"
)
SENTENCE_MARK = re.compile(r"[.!?\n]")
# Left over, these ask for nothing: "leave it as it is".
IDLE = frozenset(
    words(
        """leave keep stay stays fine remain carry continue deliver wrong changed nothing good great
        mistake misunderstood understood understand wait love happy said dear team"""
    )
)
LOOSE_START = re.compile(
    r"(?:[\s,;:.!?–—-]|(?:but|and|so|instead|rather|though|however)\b)+", re.IGNORECASE
)
LOOSE_END = re.compile(r"(?:[\s,;:–—-]|\b(?:but|and|so|because|though)\b){1,8}\Z", re.IGNORECASE)

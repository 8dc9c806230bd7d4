"""How people call for a person, or threaten with the law.

All patterns are for folded text. They are worded for precision: a customer who "talked to a
person yesterday" calls for nobody.
"""

import re

from workers.reading.gated import at_words
from workers.reading.lexicon import words

_BOT = r"(?:bots?|chat\s?bots?|robots?|machines?|ai|automated\s+\w+)"
_ADJECTIVE = (
    r"(?:(?:a|an|another|any|some|the|ur|your|one\s+of\s+your|actual|real|live|human|proper|living"
    r"|customer|service|support|care|senior|store|sales|competent|different|other|member\s+of"
    r"|your\s+team|duty|line)\s+)*"
)
_WORKER = (
    r"(?:humans?|persons?|people|agents?|representatives?|rep|advis[eo]rs?|operators?|managers?"
    r"|supervisors?|boss|colleagues?|employees?|staff|executive|consultant|assistant\s+manager)"
)
_ANYONE = r"(?:someone|somebody|some\s+one|sm1|anyone|anybody)"
_SERVICE = r"(?:customer\s+(?:services?|care|support)|support|(?:the|your)\s+team|human\s+being)"
_HUMAN = rf"{_ADJECTIVE}(?:{_WORKER}|{_ANYONE}|{_SERVICE}|member\s+of\s+(?:staff|your\s+team))\b"
_STRICT = (
    r"(?:an?\s+|the\s+|any\s+|some\s+|your\s+|another\s+)?(?:(?:real|live|actual|human|support"
    r"|customer\s+(?:service|care|support)|proper)\s+)*(?:humans?(?:\s+being)?|persons?|agents?"
    r"|representatives?|operators?|supervisors?|managers?|boss|staff|(?<=human\s)support)\b"
)
_SPEAK = r"(?:speak|talk|chat|spk|tlk|tlak|speek)"
_TO = r"(?:to|with|2|w|wit|wth)"
_CALL = r"(?:call|phone|ring|telephone)"
_ASKING = (
    r"(?:\A|[.!?,;]\s*|\b(?:please|pls|plz|kindly|asap|and|then|just|must)\s+"
    r"|(?<!what\s)\b(?:can|could|will|would)\s+(?:you|u|someone|somebody|anyone)\s+(?:please\s+|pls\s+)?"
    r"|\b(?:want|need|like|have|get)\s+(?:you|someone|somebody|sm1)\s+(?:to\s+)?)"
)
_CALL_ENDS = (
    r"(?=\s+(?:back|on|asap|today|now|please|pls|tomorrow|about|at|immediately|urgently|regarding"
    r"|this\s+(?:morning|afternoon|evening|week))\b|\s*(?:[.!?,]|\Z))(?!\s+(?:back\s+)?(?:when|before|if|once)\b)"
)
_PLEASE = r"(?:please|pls|plz|now|asap|immediately|already|then|urgently|today|right\s+now)"
_ENDS = rf"(?=\W*\Z|\s*[.!?,;]|\s+{_PLEASE}\b)"
_HELPS = (
    r"(?:help|answer|assist|call|contact|reply|respond|look|take|deal|talk|speak|chat|handle|read)"
)

PERSON = at_words(
    rf"\b{_SPEAK}\s+{_TO}\s+(?!my\b|me\b){_HUMAN}"
    rf"|\b(?:want|need|like|wanna|wish)\s+(?:to\s+)?{_SPEAK}(?:\s+(?:directly|now|please|pls))?\W*\Z"
    rf"|\bwho\s+(?:can|could|may)\s+i\s+{_SPEAK}\s+to\b"
    rf"|\b(?:connect|transfer|put|pass|hand|forward|switch|escalate|redirect|refer|direct|route)\s+"
    rf"(?:me|us|this|the\s+chat|this\s+chat)\s+(?:(?:through|thru|over|on)\s+)?"
    rf"(?:to|with)\s+{_HUMAN}(?!'s|\s+(?:account|address))"
    rf"|\b(?:get|give|bring|find|fetch|send)\s+(?:me|us)\s+(?:to\s+)?{_ADJECTIVE}"
    rf"(?:{_WORKER}\b|{_ANYONE}\s+(?:real|human|who|else|that|to\s+{_HELPS})\b|{_ANYONE}{_ENDS}"
    r"|human\s+being\b)"
    rf"|\bi(?:'m|'ve|\s+am|\s+have)?\s+(?:\w+\s+)?(?:asked|asking)\s+(?:\w+\s+)?for\s+{_STRICT}{_ENDS}"
    rf"|\b(?:can|could|may)\s+i\s+(?:please\s+|just\s+)?(?:have|get)\s+{_STRICT}(?:{_ENDS}|(?=\s+(?:on|in|here|to)\b))"
    rf"|\bis(?:n't)?\s+there\s+{_ANYONE}\s+(?:\w+\s+){{0,3}}{_SPEAK}\b"
    rf"|\b{_ANYONE}\s+(?:\w+\s+)?{_SPEAK}\s+{_TO}\s+me\b"
    r"|\bwhere(?:'s|\s+is|\s+are)\s+(?:my|that|your)\s+(?:human|agent|colleague|operator|representative)s?\b"
    rf"|\bwhen\s+(?:will|does|is)\s+(?:{_ANYONE}|an?\s+(?:human|agent|colleague)|(?:the|your|my)\s+"
    rf"(?:human|agent|colleague))\s+(?:finally\s+)?(?:{_HELPS}|come|coming|write|join|here)\b"
    rf"|\b(?:want|need|prefer|demand|require|wanna|prefer\s+to\s+deal\s+with|deal\s+with)\s+(?:a\s+)?"
    rf"{_STRICT}(?!'s|\s+(?:account|invoice|login|discount|code|number|voucher)\b)"
    rf"|\bput\s+an?\s+(?:\w+\s+)?(?:human|person|agent)\s+on\b"
    rf"|{_ASKING}{_CALL}\s+(?:me|us){_CALL_ENDS}"
    rf"|\b(?:agent|someone|somebody|person|manager|human|colleague)\s+(?:to\s+)?"
    rf"(?:{_CALL}|contact)\s+me\b(?!\s+(?:back\s+)?(?:when|before|if|once)\b)"
    r"|\b(?:want|need|request|like|arrange|require)\s+(?:for\s+)?(?:a\s+|to\s+(?:get|have)\s+a\s+)?"
    r"(?:call\s?back|phone\s+call|call\s+from\s+(?:you|someone|a)"
    r"|to\s+be\s+called(?:\s+back|\s+on|\s+today|\s+asap|\s+by\s+(?:someone|an?|your)|(?=\W*\Z)))\b"
    r"|\b(?:is|are)\s+there\s+(?:a|an|any|some)\s+(?:\w+\s+)?(?:humans?|agents?|persons?|people|one)"
    rf"\s+(?:\w+\s+){{0,4}}(?:available|{_SPEAK}|there|here|online|help\s+me)\b"
    rf"|\bcan\s+an?\s+(?:real\s+|live\s+|human\s+|actual\s+)*(?:person|human|agent|human\s+being)\s+{_HELPS}\b"
    r"|\bhave\s+a\s+(?:word|chat|conversation)\s+with\s+(?:your|a|an|one|someone|somebody)\b"
    r"|\b(?:live|human)\s+(?:agent|chat\s+with\s+an?\s+(?:person|human|agent)|support|assistance|help)\b"
    r"|\b(?:someone|somebody|sm1|anyone|anybody)\s+(?:real|human|actual)\b"
    rf"|\Astop\W+{_BOT}|\bno\s+(?:more\s+)?{_BOT}\b"
    rf"|\b(?:don't|dont|do\s+not)\s+(?:want|like|need|wanna)\s+(?:to\s+)?(?:{_SPEAK}\s+{_TO}\s+)?"
    rf"(?:an?|this|the|your|any)?\s*{_BOT}\b(?!\s+(?:mower|vacuum|cleaner|lawn))"
    r"|\b(?:stupid|useless|dumb|rubbish|shitty|fucking|crap|sick\s+of\s+(?:this|your|the)"
    rf"|tired\s+of\s+(?:this|your|the)|hate\s+(?:this|your|the)|fed\s+up\s+with\s+(?:this|your|the))\s+(?:chat\s?)?bots?\b"
    r"|\b(?:this|the|ur|your)\s+(?:chat\s?)?bot\s+(?:is|isn't|does\s+not|doesn't)\s+(?:so\s+|a\s+|not\s+)?"
    r"(?:useless|stupid|rubbish|crap|dumb|joke|help|helping|helpful|understand)"
    rf"|\bget\s+(?:me|us)\s+off\s+(?:this|the)\s+{_BOT}"
    r"|\bput\s+(?:me|us)\s+in\s+(?:touch|contact)\s+with\b"
    r"|\bin\s+(?:touch|contact)\s+with\s+an?\s+(?:real\s+|live\s+|actual\s+)?(?:human|person|agent)\b"
    r"|\b(?:answer|reply|response|help|assistance)\s+from\s+an?\s+(?:real\s+|live\s+|actual\s+)?"
    r"(?:human|person|agent)\b"
    r"|\b(?:automated|canned|robot)\s+(?:answers?|repl(?:y|ies)|responses?|messages?)\s+and\s+let\b",
    marks=".!?,;",
)
PUT_THROUGH = at_words(
    rf"\b(?:put\s+(?:me|us)\s+(?:through|thru)|(?:connect|transfer)\s+(?:me|us)){_ENDS}"
    rf"|\b(?:be|get)\s+(?:transferred|connected|put\s+(?:through|thru)|passed(?:\s+on)?)\s+"
    rf"(?:to|with)\s+{_HUMAN}|\bget\s+(?:through|thru)\s+to\s+{_HUMAN}"
)
# "I don't want to talk to a person, just tell me the price": the call is taken back.
TAKEN_BACK = re.compile(
    r"(?:\b(?:don't|dont|do\s+not|no\s+need|needn't|without|not|do\s+i|must\s+i|should\s+i)"
    r"\s+(?:\w+\s+){0,2}(?:to\s+|having\s+to\s+)?"
    r"|\b(?:did|was|were|had|supposed|promised|(?<!\bi\s)(?:said|told)"
    r"|(?:nobody|no\s+one|never)(?!\s+(?:\w+\s+)?(?:lets?|gets?)\b))\s+(?:\w+\s+){0,3})\Z"
)
PERSON_ALONE = frozenset(
    words(
        "human humans person agent agents representative rep operator advisor adviser supervisor"
        " manager"
    )
)
AROUND_PERSON = frozenset(
    words(
        "a an the real live actual human customer service support care please pls plz now asap need"
        " want get me to i give hi hello hey ok okay yes no just your being urgent immediately us"
        " not stop bot robot can could may have on here there let with"
    )
)

_LAWYER = (
    r"(?:lawyers?|solicitors?|attorneys?|barristers?"
    r"|legal\s+(?:team|counsel|department|advis[eo]rs?))"
)
_THREATENS = (
    r"(?:report|reporting|reported|complain|complaining|contact|contacting|contacted|file|filing"
    r"|filed|going|go|escalate|escalating|complaint|take|taking|refer|lodge|lodging|inform"
    r"|informing|hear\s+from|making|raise|raising)"
)
_AUTHORITY = (
    r"(?:ombudsman|ombudsmen|trading\s+standards|\bbbb|better\s+business\s+bureau|attorney\s+general"
    r"|consumer\s+(?:protection|rights|affairs)|information\s+commissioner|\bico|data\s+protection"
    r"\s+(?:authority|commissioner|agency|officer)|financial\s+conduct\s+authority|\bfca|\bftc"
    r"|regulator|watchdog)"
)
LEGAL = at_words(
    r"\b(?:i|we|i'll|we'll|gonna|i\s+will|we\s+will|i\s+shall|going\s+to|want\s+to|intend\s+to|have\s+to"
    r"|ready\s+to|forced\s+to|to\s+be|i'll\s+be|will\s+be|i'm|i\s+am|we're|we\s+are)\s+su(?:e|ing)\b(?!\s+(?:him|her))"
    r"|\bsu(?:e|ing)\s+(?:you|u|your|ur|the\s+company|this\s+company|them)\b"
    rf"|\b(?:my|our)\s+{_LAWYER}\b(?!'|\s+(?:needs?|wants?|office|likes?|firm|orders?|allowed|asked)\b)"
    rf"|\b(?:get|getting|hire|hiring|contact|contacting|consult|consulting|instruct|instructed"
    rf"|instructing|involve|involving|call|calling|engage|hear\s+from|letter\s+from)\s+"
    rf"(?:an?\s+|the\s+|my\s+|our\s+)?{_LAWYER}\b"
    rf"|\b{_LAWYER}\b[^.?]{{0,40}}\btake\s+this\s+(?:matter\s+)?further\b"
    r"|\bsmall\s+claims\b|\bcounty\s+court\b|\bconsumer\s+(?:court|forum|tribunal)\b"
    r"|\bsee\s+(?:you|u)\s+in\s+court\b|\b(?:you|u|this|it|matter)\s+to\s+(?:the\s+)?court\b"
    r"|\bgo(?:ing)?\s+to\s+(?:the\s+)?court\b|\b(?:claim|case)\s+in\s+court\b|\bcourt\s+(?:proceedings"
    r"|case|claim|action|order(?!\s+to\b))\b|\blegal\s+(?:action|proceedings|steps|advice|claim|case|consequences)\b"
    r"|\bcommence\s+proceedings\b|\blaw\s?suit\b|\bletter\s+before\s+(?:action|claim)\b"
    r"|\bpress(?:ing)?\s+charges\b"
    rf"|\b{_THREATENS}\b[^.?]{{0,50}}\b{_AUTHORITY}\b"
    rf"|\b{_AUTHORITY}\b[^.?]{{0,30}}\b(?:complaint|will\s+hear|about\s+(?:you|this))\b"
    r"|\b(?:complaint|complain|report\s+you|breach(?:ed)?|violation|violated|violating|illegal)\b"
    r"[^.?]{0,40}\b(?:data\s+protection|gdpr|privacy\s+law)\b"
    r"|\b(?:data\s+protection|gdpr)\s+(?:complaint|breach|violation)\b"
    r"|\b(?:report(?:ed|ing)?|go(?:ing)?|call(?:ing)?|file)\b[^.?]{0,30}\bpolice\b[^.?]{0,30}"
    r"\b(?:you|your|fraud|scam|company)\b|\b(?:report(?:ed|ing)?)\s+(?:you|your\s+\w+)\s+to\s+the\s+police\b"
)

PERSON_TRIGGERS = PERSON_ALONE | frozenset(
    words(
        """people reps persons boss colleague colleagues employee employees staff executive
        consultant services touch contact answer reply response
        managers supervisors operators advisers advisors
        representatives someone somebody sm1 anyone
        anybody support service care team member call phone ring telephone callback called bot bots
        chatbot robot robots machine machines computer ai automated canned who word one"""
    )
)
PUT_THROUGH_TRIGGERS = frozenset(
    ("through", "thru", "connect", "connected", "transfer", "transferred")
)
LEGAL_TRIGGERS = frozenset(
    words(
        """sue suing lawyer lawyers solicitor solicitors attorney attorneys barrister barristers
        legal         claims court consumer lawsuit law action charges proceedings
        ombudsman ombudsmen trading bbb
        bureau commissioner ico data gdpr fca ftc financial regulator watchdog police privacy"""
    )
)

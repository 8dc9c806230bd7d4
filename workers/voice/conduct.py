"""What a sentence does besides stating: courtesy, promises, commands, leaks of the prompt."""

import re

from workers.voice.vocabulary import words_in

LEAKS = re.compile(
    r"<\|\w*\|?>|</?s>|\[/?INST\]|<</?SYS>>|#{2,}\s*(?:instruction|system|response)"
    r"|^\s*\**(?:system|assistant|user|human|instructions?|sources?|developer)\**\s*:"
    r"|\b(?:as|i'm|i\s+am|being)\s+(?:only\s+|just\s+)?an?\s+(?:ai|artificial|large\s+language"
    r"|language\s+model|chat\s?bot|bot|assistant)"
    r"|\b(?:system\s+prompt|my\s+instructions?|language\s+model|training\s+data"
    r"|the\s+(?:provided\s+)?(?:sources?|context|knowledge\s+base|entr(?:y|ies))\s+(?:say|says"
    r"|state|states|provided|above|given|does)"
    r"|according\s+to\s+(?:the|my)\s+(?:sources?|context|knowledge|prompt|entr(?:y|ies)"
    r"|instructions?)|openai|chatgpt|knowledge\s+cutoff)\b",
    re.IGNORECASE | re.MULTILINE,
)

_END = r"(?=\s*(?:[.!?:;,)\n-]|\Z|\bbut\b|\band\b))"
_COURTESIES = (
    r"(?:and\s+)?please\s+(?:just\s+)?(?:let\s+(?:me|us)\s+know|don't\s+hesitate\s+to\s+(?:ask"
    r"|contact(?:\s+(?:me|us))?|let\s+(?:me|us)\s+know))",
    r"(?:just\s+)?let\s+(?:me|us)\s+know(?:\s+if\s+(?:you\s+(?:have|need)\s+(?:any\s+|more\s+"
    r"|further\s+|other\s+)*(?:questions?|help|anything(?:\s+else)?"
    r"|assistance)(?:\s+with\s+(?:that|this|anything(?:\s+else)?))?|there(?:'s"
    r"|\s+is)\s+anything\s+(?:else|more)(?:\s+i\s+can\s+(?:do|help)(?:\s+(?:with|for\s+you))?)?"
    r"|(?:that|this)\s+helps))?",
    r"if\s+(?:you\s+have|there\s+are)\s+(?:any\s+)?(?:other\s+|further\s+|more\s+)?questions?",
    r"(?:just\s+|please\s+)?(?:feel\s+free\s+to|don't\s+hesitate\s+to)\s+(?:ask"
    r"|contact(?:\s+(?:me|us))?|write(?:\s+(?:me|us|again))?|let\s+(?:me|us)\s+know)",
    r"i(?:'m|\s+am)\s+(?:here|happy|glad|pleased|delighted)\s+to\s+(?:help|assist"
    r"|explain)(?:\s+you)?(?:\s+with\s+(?:that|this|any\s+questions?))?",
    r"(?:always\s+|i'd\s+be\s+|i\s+would\s+be\s+|i'll\s+be\s+)?(?:happy|glad"
    r"|pleased)\s+to\s+(?:help|assist|explain)(?:\s+(?:you|out))?(?:\s+with\s+(?:that|this"
    r"|any\s+questions?))?",
    r"i\s+can\s+(?:certainly\s+|definitely\s+|absolutely\s+)?(?:help"
    r"|assist)(?:\s+you)?(?:\s+with\s+(?:that|this))?",
    r"i\s+(?:completely\s+|fully\s+|really\s+|totally\s+)?understand(?:\s+(?:that"
    r"|how)\s+(?:this|that|it)\s+(?:is|can\s+be|must\s+be"
    r"|may\s+be)(?:\s+\w+)?)?(?:\s+your\s+(?:frustration|concerns?|worry|question))?",
    r"i(?:'m|\s+am)\s+(?:so\s+|very\s+|really\s+|truly\s+)?sorry(?:\s+(?:to\s+hear\s+(?:that"
    r"|this|about\s+(?:that|this))|about\s+(?:that|this)|(?:for|about)\s+(?:the|any"
    r"|this)\s+(?:inconvenience|trouble|wait|frustration)))?",
    r"sorry(?:\s+(?:to\s+hear\s+(?:that|this|about\s+(?:that|this))|about\s+(?:that|this)"
    r"|(?:for|about)\s+(?:the|any|this)\s+(?:inconvenience|trouble|wait|frustration)))?",
    r"(?:thank\s+you|thanks|many\s+thanks)(?:\s+(?:so\s+much|very\s+much"
    r"|a\s+lot))?(?:\s+for\s+(?:asking|contact(?:ing\s+us)?|getting\s+in\s+touch|reaching\s+out"
    r"|writing(?:\s+(?:in|to\s+us))?|your\s+(?:message|question|patience|interest"
    r"|understanding)|letting\s+us\s+know))?",
    r"i\s+hope\s+(?:this|that|it)\s+(?:helps?|answers\s+your\s+question|clears?\s+(?:this|that"
    r"|it|things)\s+up)",
    r"(?:that(?:'s|\s+is)\s+)?(?:a\s+)?(?:good|great)\s+(?:question|news)",
    r"here(?:'s|\s+is|\s+are)\s+(?:how(?:\s+(?:it|this|that)\s+works|\s+to\s+do\s+(?:it|that"
    r"|this))?|what\s+(?:you\s+need\s+to\s+know|to\s+do|you\s+can\s+do|i\s+found)"
    r"|the\s+(?:details|steps|answer|information)|more\s+(?:details?|information))",
    r"let\s+me\s+(?:explain|help(?:\s+you)?|walk\s+you\s+through\s+(?:it|this|that|the\s+steps)"
    r"|go\s+through\s+(?:it|this|that))(?:\s+(?:with\s+)?(?:that|this))?",
    r"is\s+there\s+anything\s+else\s+(?:that\s+)?(?:i|we)\s+can\s+(?:help"
    r"|assist)(?:\s+you)?(?:\s+with)?|can\s+i\s+help(?:\s+you)?\s+with\s+anything\s+else",
    r"have\s+a\s+(?:nice|good|great|lovely|wonderful)\s+(?:day|evening|weekend)",
    r"you(?:'re|\s+are)\s+(?:very\s+|most\s+)?welcome(?=\s*[.!])|my\s+pleasure|no\s+(?:problem"
    r"|worries)(?:\s+at\s+all)?|don't\s+worry|not\s+to\s+worry",
    r"(?:hello|hi|hey|good\s+(?:morning|afternoon|evening))(?:\s+there)?",
    r"to\s+answer\s+your\s+(?:first\s+|second\s+|other\s+)?question|as\s+(?:for"
    r"|to)\s+your\s+(?:first\s+|second\s+|other\s+)?question|in\s+short|to\s+sum\s+up"
    r"|in\s+summary|in\s+other\s+words|that\s+is\s+to\s+say|good\s+to\s+know"
    r"|for\s+your\s+information|keep\s+in\s+mind(?:\s+that)?|please\s+note(?:\s+that)?"
    r"|note\s+that|(?:please\s+)?(?:be\s+aware|remember)(?:\s+that)?|just\s+so\s+you\s+know",
)
COURTESY = re.compile(rf"\b(?:{'|'.join(_COURTESIES)}){_END}", re.IGNORECASE)
LEAD_IN = re.compile(
    r"\b(?:please\s+note(?:\s+that)?|note\s+that|keep\s+in\s+mind(?:\s+that)?"
    r"|(?:please\s+)?be\s+aware(?:\s+that)?"
    r"|(?:please\s+)?remember\s+that|just\s+so\s+you\s+know|i\s+(?:completely\s+"
    r"|fully\s+)?understand\s+that|i\s+see\s+that"
    r"|i(?:'m|\s+am)\s+(?:so\s+|very\s+|really\s+)?sorry\s+(?:to\s+hear\s+)?(?:that|about)"
    r"|sorry\s+(?:to\s+hear\s+)?(?:that|about)|(?:feel\s+free|you(?:'re"
    r"|\s+are)\s+welcome)\s+to)\b",
    re.IGNORECASE,
)

_ADVERBS = (
    r"(?:\s+(?:also|then|now|just|already|gladly|happily|personally|certainly"
    r"|definitely|always|immediately|even|of\s+course|usually|normally|generally|only|never))*"
)
# What "I" may say to do: nothing that leaves the chat.
_HARMLESS = (
    r"(?:help|assist|explain|understand|see|hope|know|be|say|tell\s+you|show\s+you|guide|walk|think"
    r"|realise|realize|appreciate|apologi[sz]e|found|find|'d)\b"
)
VOWS = re.compile(
    r"\b(?:i|we)(?:'ll|\s+will|\s+can|\s+do|\s+hereby)?\s+(?:guarantee|promise|assure|swear|vow"
    r"|commit|pledge|warrant)\b"
    r"|\bleave\s+(?:it|this|that)\s+(?:to|with)\s+(?:me|us)\b"
    r"|\b(?:i'm|i\s+am|we're|we\s+are|team\s+is)\s+on\s+(?:it|this|that|the\s+case)\b"
    r"|\brest\s+assured\b|\bmy\s+word\b|\btrust\s+me\b|\bon\s+the\s+house\b|\b(?:our"
    r"|my)\s+(?:\w+\s+)?(?:mistake|fault|error|negligence|failure|side)\b"
    r"|\bmake\s+(?:it|this|things)\s+(?:right|up)\b|\b(?:take|accept|bear)\s+(?:full\s+"
    r"|the\s+)?(?:responsibility|liability|blame)\b"
    r"|\b(?:we|i)\s+(?:admit|messed\s+up|were\s+wrong|failed|made\s+a\s+mistake)\b"
    r"|\bexception\s+for\s+you\b|\bjust\s+for\s+you\b"
    r"|\bmake\s+sure\s+(?:that\s+)?(?:you\s+(?:get|receive|are|have)|your|it|they)\b"
    r"|\byou\s+have\s+(?:my|our)\s+(?:word|promise|guarantee)\b"
    r"|\b(?:i|we)(?:'ll|\s+will)\s+(?:personally|definitely|certainly)\b|\bi(?:'m"
    r"|\s+am)\s+(?:certain|confident|positive)\b|\bno\s+questions\s+asked\b",
    re.IGNORECASE,
)
# A deed of the speaker's that is done, being done, or announced by one person.
DEEDS = re.compile(
    rf"\b(?:i|we)(?:'ve|\s+have|\s+had){_ADVERBS}\s+(?!to\b|a\b|an\b|no\b|one\b"
    rf"|\d)(?P<done>\w+(?:ed|en|nt|ne|ade|ut|et|old|ought|ound)\b)"
    rf"|\b(?:i(?:'m|\s+am)|we(?:'re|\s+are)){_ADVERBS}\s+(?P<doing>(?!happy|glad|sorry|here"
    rf"|going\b)\w+ing)\b"
    rf"|\b(?:i(?:'m|\s+am)|we(?:'re|\s+are)){_ADVERBS}\s+going\s+to\s+(?P<planned>\w+)"
    rf"|\bi(?:'ll|\s+will|\s+shall){_ADVERBS}\s+(?!{_HARMLESS})(?P<announced>\w+)"
    rf"|\bi\s+(?:can|could|would|may){_ADVERBS}\s+(?!{_HARMLESS})(?P<offered>\w+)"
    rf"|\bi\s+(?P<did>\w+ed|sent|gave|made|took|put|put|told|paid)\b(?!\s+that)"
    rf"|\blet\s+me\s+(?!know\b|explain\b|help\b|walk\b|show\b|see\b|tell\b|guide\b)(?P<let>\w+)"
    r"|\b(?:your|the|this|that)\s+(?:[\w'-]+\s+){0,2}?(?:has|have"
    r"|had)\s+(?:\w+\s+)?been\s+(?P<been>\w+)"
    r"|\b(?:your|the|this|that)\s+(?:[\w'-]+\s+){0,2}?(?:is|are)\s+(?:(?:already|now"
    r"|currently)\s+)?(?P<state>on\s+(?:its|their|the)\s+way|being\s+\w+)"
    r"|\byour\s+(?:[\w'-]+\s+){1,2}?(?:was|were)\s+(?P<was>\w+)"
    r"|\byou(?:'ve|\s+have)\s+(?:\w+\s+)?been\s+(?P<you>\w+)"
    rf"|\b(?:my|our)\s+(?:team|manager|supervisor|boss)\s+(?:has|have|will|is"
    rf"|are)\s+(?:\w+\s+)??(?P<team>\w+)",
    re.IGNORECASE,
)
# What "we" do or will do, as a rule: the verb must be a source's.
CUSTOMS = re.compile(
    rf"\bwe(?:'ll|'d|\s+will|\s+shall|\s+can|\s+may|\s+could|\s+would)?{_ADVERBS}\s+(?!are\b"
    rf"|have\b|do\b|will\b|can\b|may\b|also\b|be\b|not\b|would\b|could\b|don't\b|can't\b"
    rf"|cannot\b|won't\b|doesn't\b|need\b|only\b|never\b|ask\b|recommend\b)(?P<verb>[a-z]+)",
    re.IGNORECASE,
)
PROMISING = words_in(
    """
    guarante promis ensur assur compens except goodwil discount voucher coupon bonus gift
    credit upgrad waiv complimentari reward cashback reimburs refund fault liabl liabil
    respons neglig owe entitl extra prioriti special exclus definit personal fulli promot
    rebat
    """
)

VERBS = (
    r"accept|access|activate|add|allow|answer|apply|ask|attach|avoid|book|bring|browse|buy|call"
    r"|cancel|change|charge|check|choose"
    r"|claim|clean|clear|click|close|collect|come|complete|confirm|connect|contact|continue"
    r"|copy|create|deactivate|delete|deposit|dial|disable|disconnect|discard|dispose"
    r"|do|don't|download|drive|drop|edit|email|enable|enter|exchange|fax|fill|follow|forget"
    r"|forward|give|go|grant|head|hand|hold|ignore|inform|insert|install"
    r"|join|keep|leave|link|listen|locate|lock|log|mail|make|message|move|never|notify|open"
    r"|order|pack|pay|pick|place|plug|post|press|print|prove|provide|purchase"
    r"|put|quote|reach|read|reboot|redeem|register|reinstall|remove|renew|reopen|repair|replace"
    r"|reply|report|request|reset|restart|return|ring|run|save|scan|schedule|scroll|seal|search"
    r"|see"
    r"|select|sell|send|set|share|show|sign|signin|skip|speak|start|stay|stop|submit|subscribe"
    r"|switch|take|talk|tap|tell|text|throw|tick|top|track|transfer|try|turn|type|unplug|unlock"
    r"|unsubscribe|update|upgrade"
    r"|upload|use|verify|visit|wait|withdraw|write|wrap"
)
COMMAND = re.compile(
    r"(?:\A|[.!?;:,>\n(\"-]\s*|\b(?:and|or|then|please|so|but|just|simply|first|next"
    r"|to\s+do\s+(?:so|this|that))\s+)"
    r"(?:(?:please|then|just|simply|first|next|now|also|kindly|instead|and|or|always|only)\s+"
    r"|,\s*)*"
    rf"(?P<verb>{VERBS})\b(?!\s+(?:is|are|was|were|has|will)\b)"
    rf"|\byou(?:'ll|\s+will)?\s+(?:must|should|ought\s+to|have\s+to|need\s+to|(?:are"
    rf"|be)\s+(?:required|asked|requested|obliged)\s+to|had\s+better)"
    r"(?:\s+(?:also|always|then|not|only|first))*\s+(?P<duty>[a-z]+)"
    r"|\b(?:make\s+sure|be\s+sure)\s+(?:to\s+|that\s+you\s+|you\s+)(?P<care>[a-z]+)"
    r"|\b(?:i|we)(?:'d|\s+would)?\s+(?:need|ask|require|want|urge|advise|recommend"
    r"|suggest)(?:\s+that)?\s+you\s+(?:to\s+)?(?P<wish>[a-z]+)"
    r"|\b(?:could|can|would)\s+you\s+(?:please\s+)?(?P<ask>[a-z]+)",
    re.IGNORECASE,
)
SENSITIVE = re.compile(
    r"\b(?:passwords?|passcodes?|pins?|cvv|cvc|card\s+numbers?|card\s+details|security\s+codes?"
    r"|bank\s+details|iban|account\s+numbers?|social\s+security|ssn"
    r"|passports?|otp|one-time\s+\w+|verification\s+codes?|login\s+details|signin\s+details"
    r"|credentials|seed\s+phrase|secret|remote\s+access|id\s+(?:card|number))\b",
    re.IGNORECASE,
)
GIVING = re.compile(
    r"\b(?P<verb>send|share|give|tell|provide|enter|reply|confirm|type|write|post|read|email"
    r"|text|submit|upload|state|quote|need|attach|include)\b",
    re.IGNORECASE,
)
AFFIRMS = re.compile(
    r"^\W*(?:yes|yeah|yep|sure|absolutely|definitely|certainly|indeed|of\s+course|correct|right"
    r"|exactly)\b",
    re.IGNORECASE,
)
DENIES = re.compile(r"^\W*(?:no\b(?!\s+(?:problem|worries))|nope)", re.IGNORECASE)
REGRETS = re.compile(r"^\W*(?:unfortunately|sadly|i'm\s+afraid|regrettably)", re.IGNORECASE)
ANSWERS = re.compile(
    r"\b(?:can|can't|cannot|may|possible|impossible|allowed|must|will|won't|does|doesn't|is"
    r"|isn't|are|aren't|do|don't|works?|true|correct|right|wrong|yes|no)\b",
    re.IGNORECASE,
)
BENIGN = words_in(
    """
    choose select click go tap press check follow visit see look open use keep note add
    attach
    """
)
YES_OR_NO = re.compile(
    r"\W*(?:can|could|may|do|does|did|is|are|was|were|will|would|should|must|has|have|am)\b",
    re.IGNORECASE,
)
THERE_IS = re.compile(r"\W*there(?:'s|\s+is|\s+are|\s+was|\s+were|\s+has)\b", re.IGNORECASE)

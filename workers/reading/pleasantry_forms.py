"""How people greet, excuse themselves, lead up to a question, thank and sign."""

import re

from workers.reading.lexicon import words

_NAME = r"(?-i:[A-Z][a-z]+)"
_TIMES = r"(?:m[ao]rning?|mrng|mrning|afternoon|evening|eve|evng|day|noon)"
_HAIL = (
    r"(?:hi+|hii+|hy+|hiya|h[ae]l+o+w?|heloo+|hlo+|hllo+|hlw|helo+|hullo|hey+a?|heyy+|yo|howdy"
    rf"|greetings|(?:very\s+)?(?:good|gud|gd|gooood)\s*{_TIMES})"
)
_ADDRESSED = (
    r"(?:there|team|all|everyone|everybody|guys|folks|again|or\s+madam|to\s+you|sir|madam|ma'?am|mam"
    r"|mate|bro|buddy|friend|bot|support|dear|and\s+welcome|from\s+\w+)"
)
_GREETING = (
    rf"(?:{_HAIL}|{_TIMES}|hai|hay|gm|dear\s+[a-z]+|respected\s+(?:sir|madam|team)|to\s+whom\s+it\s+may\s+concern)"
    rf"(?:\s+{_ADDRESSED})*(?:[\s/]+{_ADDRESSED})*(?:\s+{_NAME}(?=\s*[,!]))?"
)
_PLEASE = r"(?:(?:please|pls|plz|kindly)\s+)+"
_IF = r"(?:\s+(?:if|whether))?"
_QUESTION = r"(?:question|doubt|query|querry|questions|issue|concern|thing\s+to\s+ask)"

_OPENERS = (
    rf"{_HAIL}(?:\s*[,/]?\s*{_ADDRESSED}\b)*(?:\s+{_NAME}(?=\s*[,!]))?(?:\s*[,.!:;-]+)?",
    rf"{_GREETING}\s*[,.!:;-]+",
    r"(?:i\s+)?(?:do\s+)?(?:hope|trust)\s+(?:you|u|this|all|everything)\b[^,.!?;]{0,60}[,.!?;]+",
    r"how\s+(?:are\s+(?:you|u|things)|is\s+it\s+going|r\s+u)(?:\s+(?:doing|today))*\s*[?.!,]+",
    # Apologies.
    r"(?:i'm\s+|i\s+am\s+)?(?:so\s+|very\s+|really\s+)?(?:sorry|apologies|apologize|apologise|pardon)"
    r"\s+(?:to|for|if|about|that)\s+(?:the\s+|my\s+|i'm\s+|i\s+am\s+|a\s+|this\s+|me\s+)*(?:bother|disturb"
    r"|trouble|ask|stupid|silly|dumb|bad|poor|long|english|late|spelling|typos?|interrupt|inconvenience)"
    r"(?:ing)?\b(?:\s+(?:you|u|question|english|message|spelling|again|reply|this|so\s+\w+))*"
    r"(?:\s*[,.!:-]+)?(?:\s+but\b)?",
    r"(?:sorry|excuse|pardon)(?:\s+me)?(?:\s+but\b|\s*[,.!]+(?:\s+but\b)?)|excuse\s+me\b(?:\s+but\b)?",
    r"(?:i\s+know\s+)?(?:this|it)(?:\s+is|'s)?\s+(?:is\s+)?(?:probably\s+|maybe\s+|might\s+be\s+)?a?\s*(?:silly|stupid|dumb|basic"
    r"|simple|quick)\s+question\b(?:\s*[,.!:-]+)?(?:\s+but\b)?",
    r"(?:sorry\s*,?\s+)?my\s+english\s+is\s+(?:not\s+(?:so\s+|very\s+)?good|bad|poor)\s*[,.!]+(?:\s*but\b)?",
    # Who writes.
    rf"(?:this\s+is|my\s+name\s+is|i'm|i\s+am|it's)\s+{_NAME}(?:\s+{_NAME})?(?:\s+here)?"
    r"(?:\s*[,.!-]+(?:\s*and\b)?|\s+and\b)",
    rf"{_NAME}\s+here\s*[,.!:-]+",
    # What leads up to the question.
    rf"(?:(?:i|we)\s+(?:just\s+)?(?:have|got|had)\s+|just\s+|here's\s+)?(?:an?\s+|one\s+|another\s+|some\s+|my\s+)?"
    rf"(?:small\s+|quick\s+|simple\s+|little\s+|basic\s+|general\s+|silly\s+|stupid\s+|other\s+|short\s+)*{_QUESTION}"
    r"(?:\s+(?:for\s+you|please|here))?(?:\s+(?:is|about|regarding|concerning|on)(?=\s)|\s*[:,.!-]+)",
    r"(?:just\s+)?(?:a\s+)?quick\s+one\s*[:,.!-]+",
    r"(?:please|pls|plz|can\s+(?:you|u|someone|anyone)|could\s+(?:you|u))\s+help(?:\s+me)?(?:\s+(?:please|pls|out))?\s*[?!.,:]+",
    r"(?:can|could|may)\s+i\s+ask\s+(?:you\s+)?(?:a\s+(?:quick\s+)?question|something|smth)\s*[?,.:!]*",
    # Without a "please" these are part of the question: shortening them gained nothing on any set.
    rf"(?:(?:can|could|would|will)\s+(?:you|u|ya|someone|somebody|anyone)\s+)?{_PLEASE}"
    rf"(?:tell\s+(?:me|us)|inform\s+me|advise\s+me|let\s+me\s+know(?!\s+(?:when|once|as)\b)){_IF}(?=\s+\w)",
    # Fillers.
    r"(?:u+m+|u+h+|e+r+m*|hm+|ahem|a+h+|o+h+|mm+)\b(?:\s*[,.!-]+)?",
    r"(?:so|ok|okay|well|right|look|listen|see|like|now|alright|anyway|anyways|and|but|yeah|yes)"
    r"\s*(?:,|\.{2,}|-)+",
    r"(?:ok(?:ay)?|so|and|well)(?=\s+(?:so|how|what|when|where|why|who|can|could|do|does|is|are|i|my|if|basically|the\s+thing"
    r"|please|pls)\b)",
    r"(?:so\s+)?(?:basically|actually|honestly|literally)\b\s*,?",
    r"(?:the\s+thing\s+is|here's\s+the\s+thing|long\s+story\s+short)\s*[,:-]*(?:\s+that\b)?",
    r"(?:pls|plz|kindly)(?=\s+\w)",
    r"(?:ok|okay|right|well|great|perfect|cool|lol|sorry|cheers|thanks|thank\s+you|thx)"
    r"(?:\s+(?:so\s+much|very\s+much|a\s+lot|again))?\s*[,.!;]+",
)
_THANKED_FOR = (
    r"(?:your|the|any|all|ur)\s+(?:\w+\s+)?(?:help|time|assistance|support|reply|answer|response)"
)
_SIGNED = rf"(?:\s*[,.!-]?\s+{_NAME}(?:\s+{_NAME})?)?"
_CLOSERS = (
    r"(?:many\s+)?(?:thanks|thank\s+(?:you|u)|thankyou|thx|thanx|tia|ty|cheers)"
    rf"(?:\s+(?:so\s+much|very\s+much|a\s+lot|a\s+million|in\s+advance|again|and|for\s+{_THANKED_FOR}|mate|guys|sir|madam))*{_SIGNED}",
    rf"(?:(?:kind|kindest|best|warm|with|many)\s+)*(?:regards|wishes|rgds)(?:\s*,)?(?:\s+{_NAME}){{0,2}}",
    rf"(?:yours\s+(?:sincerely|faithfully|truly)|sincerely(?:\s+yours)?)(?:\s*,)?(?:\s+{_NAME}){{0,2}}",
    rf"(?:best|br|kr|cheers|love)\s*,\s*{_NAME}(?:\s+{_NAME})?|[–—-]{{1,2}}\s*{_NAME}(?:\s+{_NAME})?",
    r"(?:can|could)\s+(?:you|u|someone|anyone)\s+(?:please\s+|pls\s+)?(?:help|advise|assist)(?:\s+me)?(?:\s+(?:please|pls|out|with\s+this))?",
    r"(?:pls|plz|kindly)|(?:please|pls|plz|kindly)\s+(?:help|advise|guide|reply|respond|assist|revert|confirm|suggest|explain|let\s+me\s+know"
    r"|tell\s+me|do\s+the\s+needful|get\s+back\s+to\s+me)(?:\s+(?:me|us))?(?:\s+(?:asap|soon|urgently|quickly|please|out|on\s+this"
    r"|with\s+this|and\s+thank\s+you))*",
    r"(?:i\s+need\s+)?(?:some\s+)?help(?:\s+me)?\s+(?:please|pls|plz)|asap",
    r"any\s+(?:help|advice|info|information|ideas?|suggestions?)\s+(?:(?:would|will)\s+be\s+|is\s+)?(?:much\s+|greatly\s+|very\s+)*"
    r"(?:appreciated|welcome|great|good|helpful)",
    r"(?:i(?:'d|\s+would)?\s+)(?:really\s+)?appreciate\s+(?:it|(?:your|any)\s+(?:help|reply|advice|time))",
    r"(?:please\s+)?let\s+me\s+know(?:\s+(?:please|asap|soon))?",
    r"(?:i\s+am\s+|i'm\s+|am\s+)?(?:looking\s+forward\s+to|waiting\s+for|awaiting)\s+(?:your|ur|hearing|a)\s*(?:\w+\s*){0,5}",
    r"have\s+a\s+(?:nice|good|great|lovely|wonderful)\s+(?:day|evening|weekend|one|time)(?:\s+ahead)?",
    r"sent\s+from\s+my\s+\w+(?:\s+\w+)?|(?:lol|haha+|x{2,}|xo+|bye+|good\s?bye|cya|see\s+you|take\s+care)",
    r"(?:sir|madam|ma'?am|bro|mate|dear|guys)",
)
OPENER = re.compile(rf"\s*(?:{'|'.join(_OPENERS)})(?:\s+|\Z)", re.IGNORECASE)
CLOSER = re.compile(rf"(?:^|[\s,.!?;-])({'|'.join(_CLOSERS)})[\s.!?,;]{{0,6}}\Z", re.IGNORECASE)
_MURMUR = r"(?:u+m+|u+h+|e+r+m*|hm+|ahem|lol|lmao|haha+)\b(?: ?,|\.{2,3})?(?=[ ?.!]|\Z)"
_ASIDE = r"(?:you know|like|i mean|basically|please|pls|sir|madam|bro|mate) ?,(?= )"
# Each choice begins with a mark of its own, so that only those places are tried.
INSIDE = re.compile(
    rf" (?:, )?{_MURMUR}|, {_MURMUR}| , ?{_ASIDE}|, ?{_ASIDE}",
    re.IGNORECASE,
)
# "Oh great, another delay": praise that is none, for trouble follows.
IRONIC = re.compile(
    r"(?:oh\s+|well\s+)?(?:(?:just\s+|how\s+)?(?:great|wonderful|lovely|brilliant|fantastic|nice|perfect"
    r"|amazing|superb|awesome|excellent|marvellous|cool|bravo|congratulations)(?:\s+(?:one|job|work|service))?"
    r"|(?:well\s+done|good\s+job)(?:\s+(?:guys|all|everyone))?)\s*[,.!:;-]+\s*(?:thanks[,.!]+\s*)?"
    r"(?!.{0,60}\bno\s+(?:complaints?|problems?|issues?|worries|trouble|delays?|fuss|damage)\b)"
    r"(?=.{0,120}\b(?:another|again|still|no|not|never|late|delay(?:s|ed)?|lost|broken|damaged|wrong|missing"
    r"|cancell?ed|twice|crash\w*|fail\w*|waiting|gone|stuck|\w+n't)\b)",
    re.IGNORECASE,
)
CLOSER_TRIGGERS = frozenset(
    words(
        """
        thanks thank thankyou thx thanx tia ty cheers regards wishes rgds sincerely faithfully
        truly best br kr love help advise assist guide reply respond revert confirm suggest
        explain please pls plz kindly asap appreciated welcome appreciate know forward waiting
        awaiting have sent lol haha hahaha bye goodbye good cya see take sir madam ma'am maam
        bro mate dear guys x xx xxx xo xoxo
        """
    )
)
SMALL_TALK = frozenset(
    words(
        """
        help reply respond advise guide hello hi hey hlw hlo hllo helo hii heyy bye goodbye
        thanks thank cheers morning evening afternoon sir madam dear team great cool nice lovely
        welcome perfect good fine okay night day bot everyone guys thx howdy haha lol
        appreciated super awesome wonderful regards question questions doubt gud
        """
    )
)

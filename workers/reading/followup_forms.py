"""How messages lean on the turn before; all patterns are for folded text."""

import re

_LEAD = (
    r"(?:(?:ok(?:ay)?|oh|hm+|and|but|so|well|then|also|ah|right|great|thanks|thank\s+you|cool|yes"
    r"|yeah|fine|sure|alright|perfect|good|nice|lol|please|pls)\b[\s,.!:-]*){0,4}"
)
ABOUT = re.compile(
    rf"{_LEAD}(?:(?:what|how|wat)\s+(?:about|if\s+it'?s|abt|bout)|(?:the\s+)?same\s+(?:question\s+)?(?:for|with|about|goes\s+for)"
    r"|(?:and|or|but)\s+(?:what\s+)?(?:if\s+(?:it's|it\s+is)|for|to|in|from|with|on|at|by|as|about)"
    r"|is\s+(?:it|that)\s+(?:also\s+)?the\s+same\s+(?:for|with|in))\s+(?P<slot>\S[^?.!]{0,80})"
)
JOINED = re.compile(r"(?:ok(?:ay)?\s+)?(?:and|but|or)\b\s*(?P<rest>[^?.!]{1,60})[?.!]*\Z")
BARE_ASPECT = re.compile(
    rf"{_LEAD}(?:why(?:\s+(?:not|so|is\s+that|that))?|how(?:\s+(?:so|come|exactly|then|long|much|many|often"
    r"|soon|far|do\s+i\s+do\s+(?:that|this|it)))?|when(?:\s+exactly)?|where(?:\s+exactly)?|since\s+when|until\s+when|by\s+when|which(?:\s+ones?)?|who|what\s+(?:then|else|next"
    r"|now|kind|type|do\s+you\s+mean)|how\s+(?:much|long)\s+(?:exactly|then|more)|really|for\s+(?:how\s+long|free)|any(?:thing)?\s+(?:other|else)(?:\s+\w+)?|and\s+then|then\s+what|is\s+there\s+(?:another|any\s+other)\s+(?:way|option)|(?:tell\s+me|know)\s+more|more\s+(?:info|details)(?:\s+(?:please|pls))?|can\s+you\s+(?:explain|elaborate))\W*\Z"
)
FRAGMENT = re.compile(
    rf"{_LEAD}(?P<slot>(?:for|to|in|from|with|on|at|by|as|without|even|only)\s+[^?.!]{{1,50}})\?\W*\Z"
)
CORRECTED = re.compile(
    r"(?:(?:no|nope|nah|sorry|actually|wait|oops|hm+|oh|not\s+that(?:\s+one)?|wrong)\b[\s,.!:-]*){0,3}"
    r"(?:i\s+(?:meant|mean|was\s+(?:asking|talking)\s+about|asked\s+(?:about|for)|said)\s+(?P<slot>\S[^?.!]{0,80})"
    r"|(?:i\s+)?(?:didn't|did\s+not|don't)\s+mean\b)"
)
REFUSED = re.compile(
    r"(?:no|nope|nah|not\s+(?:that|this|the\s+\w+)(?:\s+one)?)\b[\s,.!:-]+(?P<slot>(?:the|a|an|my|about|for)\s+\S[^?.!]{0,60})[?.!]*\Z"
)
ONE = re.compile(
    r"(?:no\W+)?(?:the|a|this|that|another)\s+(?:\w+\s+){0,2}(?:ones?|other)\b(?:\s+(?:please|pls))?[?.!]*\Z"
)
SOME = re.compile(
    rf"{_LEAD}(?:some|mine|ours|both|all|none|most|half|one|two|(?:the\s+)?others?|another|neither|the\s+rest)\s+"
    r"(?:of\s+(?:them|it|these|those|mine)\s+)?(?:is|are|was|were|has|have|had|did|does|do|ran|runs|never"
    r"|isn't|aren't|wasn't|hasn't|haven't|doesn't|don't|didn't|won't|came|arrived|expired|works?|says?)\b"
)
# "No, I mean return it": another deed takes the place of the one before.
DEED_INSTEAD = re.compile(
    r"(?:(?:how\s+)?to\s+)?(?!(?:for|with|in|on|at|by|from|about|of|not|as|and|or|only|just|is|was)\b)"
    r"[a-z]+\s+(?:it|them|that|this|one|those|these)\b"
)
THEY = re.compile(r"\b(?:they|them|he|she|him)\b(?!')")
PLACED = re.compile(
    r"\b(?:park|get|go|pay|come|collect|return|buy|order|stay|eat|sit|smoke|work|shop)\s+"
    r"(?:\w+\s+){0,2}there\b"
)
INDIRECT = re.compile(
    r"\b(?:if|whether)\s+(?:they|it)\s+(?:also\s+)?(?:offers?|accepts?|ha(?:ve|s)|requires?|allows?|takes?|provides?|sells?)\b"
)
WHAT_IF = re.compile(rf"{_LEAD}(?:what\s+if|(?:and|or|but)\s+if|(?:and\s+)?which\s+ones?)\b")
STILL = re.compile(r"\b(?:then|instead|too|as\s+well|either|that\s+case|the\s+same)\W*\Z")
PREPOSITION = re.compile(r"(for|to|in|from|with|on|at|by)\s+")

LEADING = re.compile(r"(?:(?:ok(?:ay)?|and|but|so|then|well|oh|thanks|great)\b[\s,.!-]*){0,4}")
DETERMINED = re.compile(r"(?:my|the|a|an|your|our)\s")
KIND_OF_ONE = re.compile(r"\s+ones?\Z", re.IGNORECASE)
NAME = re.compile(r"\b[A-Z][\w'-]+(?:\s+[A-Z][\w'-]+)*")

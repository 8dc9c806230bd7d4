"""How questions, requests and their joints are worded; all patterns are for folded text."""

import re

from workers.reading.gated import gated

_SUBJECT = (
    r"(?:i|you|u|ya|we|they|he|she|it|there|the|a|an|my|your|ur|our|their|this|that|these|those|any"
    r"|anyone|anybody|someone|somebody|all|both)"
)
_DO = r"(?:do|does|did|don't|doesn't|didn't)"
_BE = r"(?:is|are|was|were|isn't|aren't|wasn't|weren't|am)"
_MODAL = (
    r"(?:can|could|will|would|should|shall|may|must|can't|cant|couldn't|won't|wouldn't|shouldn't)"
)
_HAVE = r"(?:has|have|had|hasn't|haven't)"
_AUXILIARY = rf"(?:{_DO}|{_BE}|{_MODAL}|{_HAVE})"
_WH = r"(?:what|when|where|who|whom|whose|which|why|how|wher|wen|wat)"
_INVERTED_WH = (
    rf"{_WH}(?:'s|'re|s\b)\s+\S|{_WH}\s+(?:exactly\s+)?{_AUXILIARY}\s+\S"
    r"|(?:what|how)\s+about\s+\S|how\s+(?:come|to|much|many|long|often|far|big|soon|quickly|old)\b"
    rf"|(?:what|which|whose)\s+(?:[\w-]+\s+){{1,3}}{_AUXILIARY}\s+{_SUBJECT}\b|why\s+not\s+\S"
    r"|who\s+(?:pays?|covers?|delivers?|gets?|signs?|bears?|decides?|collects?)\s+\S"
    r"|what\s+(?:happens?|counts?|comes?|applies)\s+\S"
)
_INVERTED = (
    rf"{_DO}\s+{_SUBJECT}\s+\S"
    rf"|{_BE}\s+{_SUBJECT}\b(?!\s+(?:\w{{2,12}}est|most|best|least|only)\b)"
    rf"|{_MODAL}\s+{_SUBJECT}\b|(?:have|had|haven't)\s+(?:i|you|u|we|they)\b"
    r"|(?:has|had|hasn't)\s+(?:he|she|it|my|your)\b"
)
_NEED = (
    r"(?:i|we)\s+(?:also\s+|just\s+|really\s+|only\s+|still\s+|would\s+|urgently\s+)*"
    r"(?:need|want|wanna|like\s+to|wish\s+to|require)\b"
    r"|(?:i|we)'?d\s+(?:also\s+|really\s+|just\s+)*(?:like|love|want|need)\b"
)
_EMBEDDED = rf"(?:how\s+(?:much|long|many)|whether|if|{_WH})\s+{_SUBJECT}\s+\S"
_LOOKING = (
    r"(?:i'm|im|i\s+am|we're|we\s+are)\s+(?:also\s+|just\s+)?(?:looking|trying|wondering|asking"
    r"|interested|unable)\b|i\s+(?:was|am)\s+(?:just\s+|also\s+)?wondering\b"
    r"|i\s+wonder\b|(?:i\s+)?(?:can't|cant|cannot|can\s+not|don't\s+know\s+how|couldn't)\s+\S"
)
_ORDER = (
    r"(?:pls|plz|please|kindly)\s+\w|(?:tell|send|show|help|give|cancel|change|update|delete|check"
    r"|refund|explain|return|track|resend|call|stop|remove|close|reset|block|confirm|let|add|order"
    r"|book|find|replace|exchange)\s+(?:me|us|my|the|it|this|that|a|an|our|all|both)\b"
    r"|need\s+(?:to|a|an|my|help|info|information)\b|want\s+(?:to|a|an|my)\b"
)
_ADDED = (
    r"(?:also|additionally|furthermore|besides|secondly|thirdly|second|third|next|plus|finally|lastly"
    r"|(?:another|second|other|one\s+more|one\s+other|last|next|my\s+(?:other|second|next))"
    r"\s+(?:thing|question|query|issue|doubt|point)|by\s+the\s+way|btw|oh|on\s+another\s+note)"
)
_FILLER = (
    rf"(?:(?:{_ADDED}|and|but|so|ok|okay|well|now|then|(?:hi|hello|hey|hiya)(?:\s+there)?|dear|sir|madam"
    r"|team|thanks|thank\s+you|sorry|excuse\s+me|please|pls|plz|um+|uh+|er|hm+|first|firstly|first\s+of"
    r"\s+all|yes|yeah|no|basically|actually|anyway|just|good\s+(?:morning|afternoon|evening|day)"
    r"|question|my\s+question(?:\s+is)?|now\s+to\s+my\s+question)[\s,:;.!-]{1,4}){0,6}"
)
ASKS = re.compile(rf"{_FILLER}(?:{_INVERTED_WH}|{_AUXILIARY}\s+\S|{_NEED}|{_LOOKING}|{_ORDER})")
ASKS_BY_ORDER = re.compile(rf"{_FILLER}(?:{_INVERTED_WH}|{_INVERTED})")
INQUIRY = re.compile(
    r"\b(?:know|tell|wonder|wondering|wanted\s+to\s+ask|find\s+out|explain|inform|ask)\b"
)
IS_ADDED = re.compile(rf"(?:(?:and|but|oh|ok|so)\s+)?{_ADDED}\b")
# What has gone wrong, by its subject: as good as a question.
_STATE = (
    r"(?:late|missing|lost|broken|damaged|faulty|stuck|wrong|gone|expired|declined|refused|rejected"
    r"|blocked|locked|cancell?ed|leaking|dead|died|delayed|cracked|stolen|incomplete|defective|empty"
    r"|flickers?|crash(?:es|ed|ing)|fail(?:s|ed)|stopped|wobbles|leaks?|vanished|disappeared|hacked)"
)
_NOT = (
    r"(?:not|never|isn't|hasn't|haven't|didn't|doesn't|don't|won't|wasn't|weren't|can't|cannot"
    r"|no\s+longer)\s+(?:yet\s+|even\s+|been\s+|be\s+)?(?:arrived?|come|came|work\w*|received|delivered"
    r"|show\w*|load\w*|fit|turn|start|open\w*|charg\w+|go|gone|updat\w+|mov\w+|accept\w*|correct"
    r"|here|valid|complete|refunded|sent|shipped|credited)"
)
_PROBLEM = (
    r"(?:(?:my|our)\s+(?:(?!i\b|we\b)[\w-]+\s+){1,3}?(?:(?:is|are|was|were|has|have|been|got|keeps?|arrived|came"
    rf"|still|also|just|again|did|does|do)\s+)*(?:{_NOT}|{_STATE})\b"
    r"|(?:i|we)(?:'ve|'m)?\s+(?:(?:have|had|was|were|am|are|been|also|just|got|still|again)\s+)*"
    r"(?:overcharged|(?:double\s+)?(?:charged|billed|debited)\s+(?:twice|double|too\s+much|wrong\w*)"
    r"|locked\s+out|(?:lost|forgot|forgotten|mislaid)\s+(?:my|our|the)\s+\w"
    r"|(?:received|got|sent|given)\s+(?:the\s+wrong|an?\s+(?:wrong|broken|damaged|faulty))"
    r"|(?:never|haven't|have\s+not|didn't|did\s+not)\s+(?:yet\s+|even\s+)?(?:received?|got|gotten|get)\s+"
    r"(?:my|our|the|any|an?)\s+\w|(?:can't|cannot|can\s+not|couldn't)\s+(?:log|sign|get)\s+in))"
)
_BOTH_JOIN = (
    rf"(?:and|&|nd|n|plus|also)(?:\s+(?:{_ADDED}|then))?[\s,]+(?:if\s+(?:so|not|yes)[\s,]+)?"
)
JOINT = re.compile(
    rf"(?:\s*[,.-]\s*|\s+){_BOTH_JOIN}(?={_INVERTED_WH}|{_INVERTED}|{_NEED}|{_EMBEDDED}|{_PROBLEM})"
    rf"|(?:\s*,\s*|\s+)(?:and\s+|&\s+)also[\s,]+(?={_ORDER})"
    rf"|,\s*(?!which|who)(?={_INVERTED_WH}|{_INVERTED}|{_NEED})"
    rf"|:\s+(?={_INVERTED_WH}|{_INVERTED})"
)
PROBLEM = re.compile(rf"{_FILLER}{_PROBLEM}")
# These problems are told without naming a thing.
NEEDS_NO_THING = re.compile(
    r"\b(?:charged|overcharged|billed|debited|locked|(?:log|sign|get)\s+in)\b"
)
BARE_PROBLEM = re.compile(_PROBLEM)
LATER_ORDER = re.compile(rf",\s+{_FILLER}(?:{_INVERTED_WH}|{_INVERTED})")
LEAD_IN = re.compile(r"\b(?:questions?|doubts?|quer(?:y|ies)|things?|ask|know|issues?|help)\b")
EMBEDDED_FIRST = re.compile(_EMBEDDED)
ASPECT = re.compile(r"\bhow (?:much|many|long|often|far|soon|quickly)\b")
CONDITION = re.compile(
    rf"{_FILLER}(?:if|when|once|since|because|as|although|what\s+if|after|before|in\s+case)\s+"
    rf"(?!{_AUXILIARY}\b)"
)
MAY_JOIN = re.compile(r"\n|[.?!;,:]\s|\s(?:and|&|nd|n|plus|also)\s|\d[.):]")
ITEM = re.compile(r"(?:(?<=\s)|\A)\(?([1-4]|[a-d])(?:[.:]\s+|\)\s*)(?=\S)")
FIRST_ITEMS = ("1.", "1:", "1)", "a.", "a:", "a)")
BULLET = gated(r"(?:\A|\n|\s)[•*‣▪·-]\s+(?=\S)", *"•*‣▪·-")
TAG = re.compile(
    r"(?:(?:and|but|so|ok|please|pls)\s+)?(?:hello+|hi+|hey+|right|ok(?:ay)?|really|yes|no|huh|eh"
    r"|anyone|anybody|why|why not|how come|please|pls|isn't it|you know|seriously|thanks?(?: you)?"
    r"|(?:can|could|would|will) (?:you|u|anyone|someone|somebody)(?: please| pls)? "
    r"(?:help|advise|assist|explain|confirm|check)(?: me| us)?(?: out)?(?: with (?:this|that|it))?"
    r"(?: please| pls)?|(?:can|may|could) i ask (?:you )?(?:a |some)\w*(?: \w+)?"
    r"|(?:is )?any(?:one|body) there|are you there|how are you(?: \w+)?|is (?:this|that) (?:ok"
    r"|okay|right|correct|true|possible|normal)|(?:i )?(?:really |urgently )?(?:need|want)"
    r" (?:some |your )?(?:help|assistance|support)"
    r"(?: with (?:this|that|it))?(?: please| pls)?|(?:please|pls|kindly)(?: do)? (?:help|advise"
    r"|assist|guide|reply|respond|explain|fix)(?: me| us)?(?: out)?(?: (?:with|in|on) (?:this|that"
    r"|it))?(?: please| asap)?|any (?:idea|ideas|update|updates|help|advice)"
    r"|what (?:should|can|do|must) i do(?: now)?|what now"
    r"|(?:i )?(?:have|want to (?:know|ask)|'ve got|need to know) (?:two|three|four|2|3|4|a few"
    r"|a couple of|some"
    r"|several)(?: quick)? (?:things|questions))[\s?!.]*"
)


NEEDS = re.compile(rf"{_FILLER}{_NEED}")
LEADING_JOINT = re.compile(
    rf"(?:(?:and|but|so|{_ADDED})\b[\s,:;.-]{{0,3}}){{1,3}}(?=\S)", re.IGNORECASE
)

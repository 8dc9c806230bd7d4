"""Words by what they do: those without content, those that mean the same, and opposites."""

import re
from functools import lru_cache

from nltk.stem.snowball import SnowballStemmer

_WORD = re.compile(r"[^\W_]+(?:'[^\W_]+)?")
_stem = SnowballStemmer("english").stem
_KEPT_STEMS = 50_000


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


# They carry no content of their own. Words that widen, narrow or deny are not among them.
EMPTY = _words(
    """
    a about actually already any after again ahead along also although am among an and another are around as at
    away back be because been before being below between both but by can could did do does doing done
    down during each either else etc even for from further get gets getting go goes going got had has
    have having he hence her here hers herself him himself his how however i if in indeed instead into is it
    its itself like may me meanwhile might mine more moreover much my myself nor now of off on once
    one ones onto or   our ours ourselves out over own per perhaps please quite rather really
    said say says see she should simply since so some somebody someone something soon such than that
    the their theirs them themselves then there thereby therefore these they thing things this those
    though through thus till to together too toward towards under until up upon us very via was way
    ways we well were what whatever when where whereas whether which while who whom whose why will
    with within would yet you your yours yourself yourselves just let make makes need needs needed
    still sure use uses using able available case e g first next finally lastly additionally
    mean means regarding concerning related relevant respective exactly okay ok yes no not never none
    without cannot must shall ought able
    'll 've 're 'd 's 'm i'm i'll i've i'd you're you'll you've you'd we're we'll we've we'd it's it'll that's
    that'll there's here's what's they're they'll they've don't doesn't didn't won't can't couldn't
    shouldn't wouldn't isn't aren't wasn't weren't haven't hasn't hadn't mustn't needn't let's who's he's she's
    come comes want wants wish wanted would'd put find found look looks
    exclude excludes excluded short simple simplest easy easily quick quickly best
    """
)
# Verbs that say little: new ones are no new claim.
LIGHT = _words(
    """
    choose select click go tap press check follow visit see look place stay stays turn turns become becomes remain
    remains spend listed listing weigh count counts happen happens work works start starts afraid number own
    currently area part open belong means afterwards directly straight moreover page section menu option
    button simply head navigate scroll under take takes taken took place placed either possible allowed able
    required require necessary everything carry bring brings include includes included made done given
    else other others receive receives received obtain tell told apply applies come arrive back down full fully
    """
)
IRREGULAR = dict(
    pair.split(":")
    for pair in """kept:keep sent:send paid:pay lost:lose bought:buy got:get given:give gave:give taken:take took:take came:come
    told:tell left:leave held:hold chose:choose chosen:choose written:write wrote:write brought:bring broken:break broke:break begun:begin
    began:begin shown:show known:know found:find spent:spend met:meet ran:run sold:sell thrown:throw withdrawn:withdraw worn:wear
    stolen:steal driven:drive spoken:speak forgotten:forget built:build lent:lend meant:mean read:read went:go gone:go cost:cost
    refunds:refund shut:close closed:close opened:open""".split()
)
COURTEOUS = _words(
    """
    thank thanks thankyou hello hi hey dear greetings welcome glad happy pleased pleasure sorry apologise
    apologize apologies regret hope hopefully help helps helping helpful assist assistance question
    questions ask asked asking answer answers understand understandable understood frustrating annoying
    frustration inconvenience inconvenient trouble disappointing disappointed worrying worry upsetting stressful
    hear great good nice lovely wonderful perfect day sounds explain explanation details detail steps
    step know anything below following patience reaching touch message moment news course certainly
    problem hesitate feel tell info information briefly summary overview matter situation issue concern
    kind appreciate luck wishes regards cheers bye goodbye fine hand anytime
    """
)

_SAME = """
refund reimburse reimbursement repay
dispatch ship post sent send mail forward despatch shipping shipment
return
buy purchase buyer bought purchaser
order
price cost fee charge rate tariff
pay payment paid payable
deliver delivery delivered
arrive reach arrival
parcel package
email mailbox inbox
phone telephone call ring
change alter amend edit modify adjust update
choose select pick pick choice
cancel cancellation
begin start commence
end finish conclude
receive get obtain
show display appear
enter type fill input
click press tap hit
confirm confirmation
verify check
password passcode
photo picture image
repair fix mend
replace replacement swap
exchange
faulty defective broken
damage damaged
item article product goods
customer client
colleague staff employee agent representative advisor
store shop showroom branch
contact
write
request ask apply application
register signup enrol
delete erase remove
last expire
valid
allow permit possible permitted allowed
require required requirement necessary obligatory mandatory
need
free
discount
voucher coupon
guarantee warranty
invoice bill
credit
debit
assess review examine
collect fetch pickup
move transfer
book reserve booking reservation
lose lost
miss missing
large big bulky
small little
fast quick rapid
approximately approx roughly about
usually normally generally typically
include included including
exclude excluded
limit maximum max cap
minimum least
keep retain store
join
renew renewal
stop
open
close
bring
instruct instruction guide
complain complaint
document paper
proof evidence
identity id
appointment
doctor physician
prescription
patient
account profile
balance
earn collect
print
child children kid
annual yearly
home house
town city
citizen resident
passport
fine penalty
trip journey
flight
luggage baggage bag suitcase
hotel
cover covered coverage
car vehicle
mobile cellphone
""".strip()


@lru_cache(maxsize=1)
def _classes() -> dict[str, str]:
    classes: dict[str, str] = {}
    for line in _SAME.splitlines():
        stems = [_stem(word) for word in line.split()]
        for stem in stems:
            classes.setdefault(stem, stems[0])
    return classes


@lru_cache(maxsize=_KEPT_STEMS)
def stem_of(word: str) -> str:
    """Return what a word shares with words that mean the same in customer service."""
    word = word.removesuffix("'s")
    stem = str(_stem(IRREGULAR.get(word, word)))
    return _classes().get(stem, stem)


_PHRASES = [
    (re.compile(rf"\b(?:{pattern})\b", re.IGNORECASE), put)
    for pattern, put in (
        (
            r"free\s+of\s+charge|(?:at\s+)?no\s+(?:extra\s+|additional\s+)?(?:charge|cost)s?|without\s+(?:any\s+)?(?:extra\s+)?(?:charge|cost)s?"
            r"|(?:does(?:n't|\s+not)\s+cost|costs?)\s+(?:you\s+)?(?:nothing|anything)|for\s+nothing|cost-free|free-of-charge",
            "free",
        ),
        (r"get(?:ting)?\s+in\s+touch(?:\s+with)?|reach(?:ing)?\s+out(?:\s+to)?", "contact"),
        (r"(?:sign|log)(?:ging|ning|ned|ged)?[\s-]+(?:in|on)(?:to)?|logins?|sign-?ins?", "signin"),
        (r"(?:sign|log)(?:ging|ning)?[\s-]+out|logouts?", "signout"),
        (r"sign(?:ing)?[\s-]+up|registration", "register"),
        (r"(?:your\s+|the\s+)?money\s+back|(?:get|pay)\s+back", "refund"),
        (
            r"(?:send|sending|sent|bring|bringing|take|give|ship|post)\s+(?:it|them|this|these|the\s+\w+|your\s+\w+|an?\s+\w+|items?|things|goods|anything)?\s*back",
            "return",
        ),
        (r"e-mails?(?:\s+address(?:es)?)?|emails?\s+address(?:es)?|electronic\s+mail", "email"),
        (r"(?:business|banking)\s+days?", "working days"),
        (r"not\s+only", ""),
        (
            r"no\s+longer\s+than|not\s+longer\s+than|no\s+later\s+than|not\s+later\s+than|no\s+more\s+than|not\s+more\s+than",
            "at most",
        ),
        (r"no\s+(?:less|fewer)\s+than|not\s+less\s+than", "at least"),
        (r"even\s+if|whether\s+or\s+not|if\s+not|no\s+matter|or\s+not", "even if"),
        (r"opening\s+(?:hours|times)|business\s+hours|hours\s+of\s+opening", "open"),
        (r"is\s+up\s+to\s+you", "choose"),
        (r"set\s+up|setting\s+up", "create"),
        (r"turn(?:ed|ing)?\s+on|switch(?:ed|ing)?\s+on|activat(?:e|es|ed|ing)", "enable"),
        (r"turn(?:ed|ing)?\s+off|switch(?:ed|ing)?\s+off|deactivat(?:e|es|ed|ing)", "disable"),
        (r"take(?:s|n)?\s+place", "happen"),
        (
            r"used(?!\s+(?:to|for|by|in|at|with|as|on|only|up|within|together|until|till|instead)\b)(?<!be used)(?<!is used)(?<!are used)",
            "secondhand",
        ),
        (
            r"(?:do(?:es)?n't|do(?:es)?\s+not|needn't)\s+(?:have\s+to\s+)?(?:pay|cost)(?:\s+you)?\s+anything",
            "free",
        ),
        (r"as\s+(?:long|soon)\s+as", "when"),
        (r"at\s+the\s+latest", "at most"),
        (r"(?:(?:that|which)\s+(?:is|are)\s+)?(?:not|no)\s+older\s+than", "at most"),
        (
            r"in\s+(?:any|every)\s+case|under\s+(?:any|all)\s+circumstances|regardless|no\s+matter\s+what"
            r"|unconditionally|at\s+any\s+time|any\s?time|at\s+all\s+times",
            "always",
        ),
        (r"by\s+(?:itself|themselves)|on\s+(?:its|their)\s+own", "automatically"),
        (r"at\s+once|right\s+away|straight\s+away|without\s+delay|on\s+the\s+spot", "immediately"),
        (r"only(?=\s+(?:ha(?:ve|s)|needs?)\s+to)", ""),
        (r"any(?=\s+\w+\s+(?:can|may|is|are|could|will)\b)", "every"),
        (r"bank\s+cards?", "card"),
    )
]


def unified(text: str) -> str:
    """Return a text with one wording for phrases that mean the same."""
    for pattern, put in _PHRASES:
        text = pattern.sub(put, text)
    return text


def words_of(text: str) -> list[str]:
    """Return the words of a plain text in lower case."""
    return _WORD.findall(text.lower())


def content_of(text: str) -> list[str]:
    """Return the stems of a text's words that have a content, in order, without numbers."""
    return [stem_of(word) for word in words_of(text) if word not in EMPTY and not word[0].isdigit()]


_OPPOSED = """
open close
open unopened
opened unopened
secondhand unused
secondhand new
green red
buy sell
before after
include exclude
allow forbid
allow prohibit
accept refuse
accept reject
accept decline
possible impossible
valid invalid
valid expire
online showroom
free chargeable
free paid
minimum limit
early late
earlier later
inside outside
same different
increase decrease
increase reduce
raise lower
enable disable
add remove
add delete
create delete
lock unlock
block unblock
keep lose
new old
private business
domestic international
personal automatic
manual automatic
sender recipient
working calendar
optional require
voluntary require
always never
all none
first last
full partial
begin end
start stop
adult child
single return
morning evening
deliver collect
subscribe unsubscribe
credit debit
incoming outgoing
deposit withdraw
weekday weekend
indoor outdoor
summer winter
arrive depart
send receive
more less
more fewer
higher lower
yes no
dispatch arrive
covered uncovered
insured uninsured
temporary permanent
standard express
economy business
original copy
"""


@lru_cache(maxsize=1)
def opposites() -> dict[str, frozenset[str]]:
    """Return the opposites of each stem that has some."""
    found: dict[str, set[str]] = {}
    for line in _OPPOSED.split("\n"):
        if line:
            one, other = (stem_of(word) for word in line.split())
            if one != other:
                found.setdefault(one, set()).add(other)
                found.setdefault(other, set()).add(one)
    return {stem: frozenset(others) for stem, others in found.items()}


def opposes(stems: frozenset[str], own: frozenset[str], around: frozenset[str]) -> bool:
    """Tell whether the opposite of some stem stands around where the stem itself should stand."""
    known = opposites()
    return any(
        not known[stem].isdisjoint(around) for stem in stems if stem in known and stem not in own
    )


# They stretch or bound what is said, so that a source must have them, or one of the same group.
BOUNDING = tuple(
    frozenset(stem_of(word) for word in group.split())
    for group in (
        "all every everyone everybody anyone anybody everything whole entire each both whatever unlimited",
        "always anytime ever forever whenever permanent permanently lifetime indefinitely constantly",
        "only solely exclusively alone except",
        "instantly immediately immediate instant straightaway automatically automatic",
        "guaranteed definitely certainly surely absolutely",
        "worldwide everywhere anywhere nationwide international internationally globally abroad",
        "most majority usually",
    )
)

NEGATIVE = re.compile(
    r"\b(?:not|no(?!\s*\.?\s*\d)|never|none|nothing|nobody|nowhere|neither|nor|without|cannot|unable|impossible"
    r"|except(?:ion|ions)?|excluded?|excludes|excluding|unless|forbidden|prohibited|refused?|declined?|reject(?:ed)?|ineligible|lacks?|invalid"
    r"|hardly|needn|\w+n't|n't|non)\b|\b(?:can't|won't|don't)\b",
    re.IGNORECASE,
)
MUST = re.compile(
    r"\b(?:must|ha(?:ve|s)\s+to|need(?:s|ed)?(?:\s+to)?|required?|requires|obliged|obligatory|mandatory|compulsory|necessary)\b"
    r"(?!\s+not\b)",
    re.IGNORECASE,
)
MAY = re.compile(
    r"\b(?:may|can|could|might|optional|optionally|voluntary|if\s+you\s+(?:like|want|wish)|allowed|welcome|recommend(?:ed)?)\b",
    re.IGNORECASE,
)
DAY_OR_MONTH = re.compile(
    r"(?:mon|tues?|wed(?:nes)?|thu(?:rs)?|fri|sat(?:ur)?|sun)(?:days?)?|jan(?:uary)?|feb(?:ruary)?|march|apr(?:il)?|may|june|july|aug(?:ust)?"
    r"|sept?(?:ember)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?|christmas|easter",
    re.IGNORECASE,
)

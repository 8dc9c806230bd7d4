"""How people say that someone is in danger, or means to harm themselves.

All patterns are for folded text. They are worded for precision: a "fire pit" calls for nobody.
"""

import re

from workers.reading.gated import at_words
from workers.reading.lexicon import words

_NEAR = (
    r"(?:son|daughter|baby|child|kid|kids|children|toddler|boy|girl|wife|husband|partner|mother|mum"
    r"|mom|father|dad|grandma|grandmother|grandfather|brother|sister|friend|he|she|i|we|they"
    r"|someone|somebody|neighbou?r|dog|cat|colleague|person|worker|guest|nephew|niece)"
)
_PERSONS = (
    r"(?:\w*(?:sons|daughters|kids|boys|girls|wives|parents|mothers|fathers|brothers|sisters"
    r"|friends|students|patients|colleagues|others|twins|teens|teenagers))\b"
)
SELF_HARM = at_words(
    r"\bkill(?:ing)?\s+my\s?self\b|(?<!\d\s)\bkms\b(?!\s+(?:away|from|per|drive))|\bunalive\b"
    r"|\b(?:want|wanna|going|gonna|thinking|think|thought|feel|urge|urges|like|about|to)\s+"
    r"(?:\w+\s+){0,2}?(?:hurt(?:ing)?|harm(?:ing)?|cut(?:ting)?|hang(?:ing)?|shoot(?:ing)?)\s+my\s?self\b(?!\s+(?:an?|the|up)\b)"
    r"|\b(?:been|keep|started|start)\s+(?:harming|cutting|hurting)\s+myself\b|\bself[\s-]harm"
    r"|\bsuicid(?:al|e)\b(?!\s+(?:squad|doors?|kings?))"
    r"|\b(?:want|wanna|wish|rather|better)\s+(?:to\s+|i\s+(?:(?:could|would)\s+)?|off\s+)?(?:just\s+)?"
    r"(?:die(?!\s+than\s+(?!(?:live|be|stay|exist|wake|go\s+on)\b))|be\s+dead|was\s+dead|were\s+dead|dead)\b"
    r"(?!\s+(?:of|in|laughing)\b|\s+(?:\w+\s+)?(?:battery|plants?|flowers?))"
    rf"|\b{_NEAR}\s+(?:\w+\s+){{0,2}}?(?:wants|tried|threatens|is\s+going)\s+to\s+"
    r"(?:die|kill\s+(?:him|her|them)sel(?:f|ves))\b"
    r"|\bend(?:ing)?\s+(?:my\s+(?:own\s+)?life|it\s+all(?!\s*:))\b|\btak(?:e|ing)\s+my\s+(?:own\s+)?life\b"
    r"|\b(?:don't|dont|do\s+not|no\s+longer)\s+(?:want|wanna|wish)\s+(?:to\s+)?"
    r"(?:live|be\s+alive|exist|wake\s+up|be\s+here)(?:\s+(?:any\s?more|any\s+longer)|\W*\Z|\s+like\s+this)"
    r"|\b(?:no|(?:don't|dont|do\s+not|can't|cant|cannot)\s+see\s+(?:any|the|a))\s+(?:reason|point)"
    r"\s+(?:to|in|for|of)\s+(?:live|living|life)\b"
    r"|\b(?:isn't|not|ain't)\s+worth\s+living\b|\bbetter\s+off\s+without\s+me\b"
    r"|\b(?:took|taken|swallowed)\s+(?:a\s+lot\s+of|too\s+many|all\s+(?:my|the)|an\s+overdose)\b[^.]{0,20}(?:pills|tablets)?"
    r"(?=[^.]{0,30}\b(?:pills|tablets|overdose|wake))"
)  # "My plants want to die", "this lamp seems to want to die".
OF_THINGS = re.compile(
    r"(?:(?:\A|[.!?,;:]\s*|\b(?:and|but|do|think|like)\s+)(?:all\s+)?(?:my|the|your|our|these|those)\s+"
    rf"(?:(?!i\b)\w+\s+){{0,2}}(?!{_PERSONS})\w+(?<!')s\s+(?:(?:just|all|always|really)\s+)*"
    rf"|\b(?:this|that|the|my|your|our)\s+(?!{_NEAR}\b)\w+\s+(?:seems?|appears?|looks\s+like\s+it)\s+"
    r"(?:to\s+)?|\b(?:plants?|flowers?|roses?|ferns?|trees?|seedlings?|shrubs?|herbs?|orchids?"
    r"|succulents?|batter(?:y|ies)|bulbs?)\b[^.!?]{0,25}\b(?:they|it)\s+)\Z"
)

_LIMB = (
    r"(?:hands?|arms?|fingers?|faces?|legs?|foot|feet|eyes?|head|skin|thumb|toes?|lips?|mouth|neck"
    r"|throat|chest|son|daughter|child|kid|baby|mother|mum|mom|father|dad|wife|husband|dog)"
)
_POISON = (
    r"(?:batter(?:y|ies)|weed\s?killer|fertili[sz]er|bleach|cleaner|poison|pellets|tablets|pills"
    r"|plant\s+(?:feed|food)|lil(?:y|ies)|magnets?|detergent|capsules?|pesticide|insecticide|paint|lamp\s+oil)"
)
EMERGENCY = at_words(
    r"\b(?:on|caught|catching|catches)\s+fire\b(?!\s+(?:tv|stick|pit|sale|with\s+(?:the|these|your|those)\s+(?:prices|deals|offers)))|\b(?:in|into|up\s+in)\s+flames\b"
    r"|\bthere\s?(?:'s|s|\s+is|\s+was)\s+a\s+fire\b(?!\s*(?:pit|place|extinguisher|door|alarm|sale))"
    r"|\A(?:help\W+)?fire\W*\Z|\bflames?\s+(?:are\s+|is\s+)?(?:coming|shooting)\b"
    r"|\bsmoke\s+(?:is\s+|was\s+)?(?:coming|pouring)\b|\b(?:is|was|are|started|starts|began)\s+(?:smoking|sparking)\b"
    r"|\bexplod(?:ed|ing)\b(?!\s+(?:view|drawing|diagram))|\bblew\s+up\b|\bblown\s+up\b"
    r"|\bsmell(?:s|ing|ed)?\s+(?:of\s+|like\s+|strongly\s+of\s+)?(?:leaking\s+)?gas\b|\bgas\s+(?:leak|is\s+leaking|smell)"
    r"|\bgas\s+(?:bottle|pipe|hose|cylinder|canister|stove|hob)\s+(?:is\s+|has\s+been\s+)?leak(?:s|ing|ed)"
    r"|\bcarbon\s+monoxide\s+(?:alarm\s+)?(?:is|was|went|going|poisoning|leak)"
    r"|\b(?:seriously|badly|severely|been|got|was|were|is|are|am|getting|i'm|he's|she's)\s+(?:\w+ly\s+)?"
    r"(?:injured|hurt|electrocuted|scalded|hospitali[sz]ed|unconscious|bleeding|choking|poisoned)\b(?!\s+by\s+the\s+price)"
    rf"|\b{_NEAR}(?:'s|\s+is|\s+was|\s+got|\s+has|\s+have|\s+just|\s+been)*\s+(?:unconscious|bleeding|choking"
    r"|electrocuted|fainted|passed\s+out|hospitali[sz]ed)\b"
    rf"|\b(?:burn(?:ed|t)|cut|injured|scalded|hurt|crushed|broke|sliced|burst\s+and\s+\w+)\s+(?:my|his|her|our|their)\s+"
    rf"(?:\w+\s+)?{_LIMB}\b|\b(?:cut|hurt|burn(?:ed|t)|injured|scalded)\s+(?:myself|himself|herself)\b"
    rf"|\b(?:{_NEAR}|{_LIMB})\s+(?:got|was|were|is|has\s+been|have\s+been)\s+(?:\w+ly\s+)?burn(?:ed|t)\b"
    r"|\b(?:severe|bad|serious|nasty|second\s+degree|third\s+degree|chemical)\s+(?:burns?|injur(?:y|ies)|cuts?|wounds?)\b"
    r"(?!\s+marks?)"
    r"|\belectric(?:al)?\s+shock\b(?!\s+(?:protection|absorber|of\s+an?\b))"
    r"|\b(?:can't|cant|cannot|can\s+not|couldn't|not|stopped|trouble|difficulty|hard\s+to)\s+breath(?:e|ing)\b"
    r"|\bchoking\s+on\b|\bambulance\b(?!\s+(?:toy|set|car))|\bparamedics?\b|\bheart\s+attack\b(?!\s+patients?)|\bchest\s+pains?\b|\bseizures?\b|\bfainted\b"
    rf"|\b{_NEAR}\s+(?:has\s+|have\s+|had\s+|just\s+|accidentally\s+)*swallowed\b"
    rf"|\b{_NEAR}\s+(?:has\s+|have\s+|had\s+|just\s+|accidentally\s+)*(?:ate|eaten|drank|drunk|drunken|licked)\s+(?:\w+\s+){{0,3}}{_POISON}\b"
    r"|\b(?:having|had|has|have|got|getting|suffered|suffering|severe|caused)\s+(?:an?\s+)?(?:\w+\s+)?"
    r"allergic\s+(?:reaction|shock)\b|\banaphyla"
    r"|\b(?:throat|face|tongue|lips?|eyes?)\s+(?:is\s+|are\s+|has\s+|have\s+)?(?:swelling|swollen|swelled|closing)\b"
    r"|\bswollen\s+(?:face|throat|tongue|lips?|eyes?)\b"
    r"|\b(?:terrible|bad|severe|painful|nasty|awful)\s+(?:skin\s+)?rash\b"
    r"|\b(?:got|have|developed|broke\s+out\s+in|gave\s+me)\s+(?:an?\s+)?(?:\w+\s+)?rash\b"
    r"|\b(?:hospital|a\s?&\s?e|emergency\s+room)\b[^.]{0,30}\b(?:after|because|due|from)\b[^.]{0,30}\b(?:using|taking|eating|your|the)\b"
)
UNHARMED = re.compile(
    r"\b(?:nobody|no\s+one|noone|none|not|n't|without|never|if|can|could|would)\s+(?:\w+\s+){0,3}\Z"
)

SELF_HARM_TRIGGERS = frozenset(
    words(
        """kill killing kms unalive hurt hurting harm harming cut cutting hang hanging shoot self
        suicide suicidal die dead life all live alive exist wake living without overdose pills
        tablets here shooting"""
    )
)
EMERGENCY_TRIGGERS = frozenset(
    words(
        """fire flames flame smoke smoking sparking exploded exploding blew blown gas carbon injured
        hurt electrocuted scalded hospitalised hospitalized unconscious bleeding choking poisoned
        fainted passed burned burnt cut crushed broke sliced burst severe bad serious nasty second
        third chemical electric electrical breathe breathing ambulance paramedic paramedics heart
        chest seizure seizures swallowed ate eaten drank drunk licked allergic anaphylaxis
        anaphylactic swelling swollen swelled closing rash hospital emergency myself"""
    )
)

"""Does a message tell of somebody's death? Whoever writes so is met with sympathy, not routine."""

from workers.reading.gated import gated
from workers.reading.text import MAX_CHARACTERS, fold

_KIN = (
    r"(?:(?:step|grand|god)?-?(?:mother|father|mum|mom|mam|dad|daddy|mummy|son|daughter|parents?|child|pa|ma)"
    r"|husband|wife|spouse|partner|fianc[eé]e?|boyfriend|girlfriend|brother|sister|nan|nana|gran|granny"
    r"|uncle|aunt|auntie|cousin|nephew|niece|friend|baby|(?:mother|father|brother|sister|son|daughter)[\s-]in[\s-]law"
    r"|dog|cat)"
)
_DIED = (
    r"(?:(?:has|have|had|just|recently|sadly|suddenly|unexpectedly)\s+)*"
    r"(?:died(?!\s+(?:of\s+laugh|laughing))|passed\s+away|passed\s+on(?=\W*\Z|\s*[,.])"
    r"|(?:is|was)\s+(?:now\s+)?(?:dead|deceased|no\s+longer\s+(?:with\s+us|alive))(?!\s+(?:set|against|tired|keen|right|wrong)))"
)
_TOLD = gated(
    rf"\b(?:my|our|his|her|their)\s+(?:(?!'s)[\w-]+\s+){{0,2}}?{_KIN}\s+(?:[\w'-]+\s+)?{_DIED}"
    rf"|\b(?:death|passing|funeral|estate)\s+of\s+(?:my|our)\s+(?:[\w-]+\s+){{0,2}}?{_KIN}\b"
    rf"|\b(?:my|our)\s+(?:late|deceased)\s+{_KIN}\b"
    rf"|\b(?:i|we)(?:'ve|\s+have)?\s+(?:just\s+|recently\s+)?lost\s+(?:my|our)\s+{_KIN}(?=\W*\Z|\s*[,.;]|\s+(?:last|this|to|and|in|two|a)\b)"
    r"|\b(?:account|card)\s?-?holder\s+(?:[\w-]+\s+)?(?:died|passed\s+away|is\s+(?:dead|deceased))"
    r"|\b(?:bereaved|bereavement|deceased\s+(?:customer|relative|person|estate)|probate)\b",
    *("died", "passed", "dead", "deceased", "longer", "death", "passing", "funeral", "estate"),
    *("late", "lost", "bereave", "probate"),
)


def tells_of_death(text: str) -> bool:
    """Tell whether a message says that somebody near to the person has died."""
    return _TOLD.search(fold(text[:MAX_CHARACTERS])) is not None

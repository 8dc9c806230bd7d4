"""Texts that show nothing, as people's channels really send them."""

BLANK_TEXTS = (
    "\x00\u200b",
    "\u2800\u2800",  # braille blanks
    "\u3164",  # Hangul fillers
    "\u115f\u1160 \uffa0",
    "\u034f",  # combining grapheme joiner
    "\u0301\u0308",  # accents on nothing
    "\u20dd",
    "\ufe0f\ufe0f",  # variation selectors
    "\U000e0100",
    "\U000e0041\U000e007f",  # tags
    "\u2062\u2063\u2064",
    "\u180e\u180b",
    "\u202e\u202c",
    "\u2065\ufff0",  # not assigned, to be ignored
    "\U0001d159",  # a note without a head
    " \u00a0\u3000\t\r\n\u2028",
)

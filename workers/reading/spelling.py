"""Chat spellings and common slips in plain words: "u", "pls", "wher is my ordr", "kab aayega".

Only what can mean one thing is here: an encoder reads a slip that it does not know as noise.
"""

import re
from collections.abc import Mapping
from types import MappingProxyType

_CHAT = """
u you|ur your|yr your|r are|pls please|plz please|plss please|plzz please|plse please
plis please|thx thanks|thnx thanks|thanx thanks|tnx thanks|ty thanks|b4 before|2day today
2moro tomorrow|2morrow tomorrow|tmrw tomorrow|tmr tomorrow|tomoro tomorrow|2nite tonight|l8 late
gr8 great|gud good|msg message|msgs messages|acc account|acct account|a/c account|pw password
pwd password|pswd password|pswrd password|passwrd password|passwrod password|pasword password
passowrd password|addr address|adress address|addres address|ordr order|odrer order|oreder order
ordder order|orderd ordered|delivry delivery|delivary delivery|dilivery delivery
delievery delivery|devlivery delivery|delivrd delivered|dilivered delivered|recieve receive
recieved received|recive receive|recived received|rcvd received|refnd refund|refnud refund
reund refund|refun refund|cancle cancel|cancl cancel|cancell cancel|cancelation cancellation
shiping shipping|shippng shipping|shipng shipping|shpping shipping|wen when|whn when|wher where
whr where|wats what's|whats what's|wat what|wht what|wich which|hw how|hwo how|y'all you
cuz because|coz because|bcz because|bcoz because|becuase because|dnt don't|dint didn't
didnt didn't|doesnt doesn't|dosent doesn't|isnt isn't|cant can't|couldnt couldn't|havent haven't
hasnt hasn't|im i'm|ive i've|abt about|abut about|nd and|wid with|dis this|dat that|hv have
hav have|hve have|snd send|tel tell|telme tell me|idk i don't know|dunno don't know|lemme let me
gimme give me|sux sucks|ppl people|sum1 someone|sm1 someone|some1 someone|any1 anyone|hrs hours
wk week|wks weeks|w/o without|amt amount|txn transaction|trx transaction|num number|nmbr number
mob mobile|frm from|frnd friend|kindy kindly|exchnge exchange|exchage exchange|retrun return
retun return|reutrn return|returm return|replacment replacement|replcement replacement
payed paid|paymnt payment|paymet payment|pymnt payment|voucer voucher|vocher voucher
discout discount|discnt discount|invioce invoice|invoce invoice|warrenty warranty
warrantee warranty|guarentee guarantee|subscribtion subscription|trak track|trackin tracking
parcle parcel|parsel parcel|pacel parcel|packge package|pakage package|custmer customer
costumer customer|emial email|e-mail email|chnge change|chage change|updte update|delet delete
dlt delete|wanna want to|wnt want|wana want to|gonna going to|availble available
avaliable available|avilable available|stok stock|acount account|accont account|accout account
logn login|loggin login|regster register|websit website|wesite website
"""
# Hindi in Latin letters; a single one may be a name or another word, so two are needed.
_HINGLISH = """
kya what|kab when|kaise how|kahan where|kaha where|kyu why|kyun why|kitna how much
kitne how many|mera my|meri my|mere my|mujhe i|muje i|mai i|hai is|hain are|tha was|nahi not
nhi not|nahin not|chahiye need|chaiye need|karna do|karu do|kare do|karo do|kar do|aayega arrive
ayega arrive|aya arrived|aaya arrived|milega get|mila got|hoga will be|hua happened|ho is
gaya went|kharidna buy|paisa money|paise money|wapas back|vapas back|abhi now|tak until|ke of
ka of|ki of|ko to|se from|me in|aur and|yeh this|ye this|liye for|bhai sir|kripya please
batao tell|bataye tell|wala one|raha is|rahi is|sakta can|sakte can
"""
_SHARED = frozenset(("me", "ho", "se", "ye", "mai", "tha", "kar", "aya", "mere", "tak"))
_TWO = 2


def _table(listing: str) -> Mapping[str, str]:
    pairs = (pair.strip().split(" ", 1) for pair in listing.replace("\n", "|").split("|"))
    return MappingProxyType({pair[0]: pair[1] for pair in pairs if len(pair) > 1})


_CHAT_WORDS = _table(_CHAT)
_HINGLISH_WORDS = _table(_HINGLISH)
_HINGLISH_ALONE = frozenset(_HINGLISH_WORDS) - _SHARED
_BOTH = MappingProxyType({**_CHAT_WORDS, **_HINGLISH_WORDS})
# "U" in "U.S" is none of ours; possessive, so that no part of a word is taken for one.
_TOKEN = re.compile(r"(?<![\w.])\w++(?:['/-]\w++)?+(?!\.\w)")


def spell_out(text: str) -> str:
    """Return `text` with chat spellings and common slips written out; the rest untouched."""
    tokens = _TOKEN.findall(text.lower())
    if len(_HINGLISH_ALONE.intersection(tokens)) >= _TWO:
        return _replaced(text, _BOTH)
    if _CHAT_WORDS.keys().isdisjoint(tokens):
        return text
    return _replaced(text, _CHAT_WORDS)


def _replaced(text: str, table: Mapping[str, str]) -> str:
    return _TOKEN.sub(lambda found: table.get(found.group().lower(), found.group()), text)

"""English words by what they do in customer service."""


def words_in(text: str) -> frozenset[str]:
    """Return the words of a list that is written with spaces."""
    return frozenset(text.split())


# They carry no content of their own. Words that widen, narrow or deny are not among them.
EMPTY = words_in(
    """
    a about actually already otherwise any after again ahead along also although am among an
    and another are around as at away back be because been before being below between both
    but by can could did do does doing done down during each either else etc even for from
    further get gets getting go goes going got had has have having he hence her here hers
    herself him himself his how however i if in indeed instead into is it its itself like
    may me meanwhile might more moreover much my myself nor now of off on once one ones onto
    or our ourselves out over own per perhaps please quite rather really said say says see
    she should simply since so some somebody someone something soon such than that the their
    theirs them themselves then there thereby therefore these they thing things this those
    though through thus till to together too toward towards under until up upon us very via
    was way ways we well were what whatever when where whereas whether which while who whom
    whose why will with within would yet you your yourself yourselves just let make makes
    need needs needed still sure use uses using able available case e g first next finally
    lastly additionally mean means regarding concerning related relevant respective exactly
    okay ok yes no not never none without cannot must shall ought 'll 've 're 'd 's 'm i'm
    i'll i've i'd you're you'll you've you'd we're we'll we've we'd it's it'll that's
    that'll there's here's what's they're they'll they've don't doesn't didn't won't can't
    couldn't shouldn't wouldn't isn't aren't wasn't weren't haven't hasn't hadn't mustn't
    needn't let's who's he's she's come comes want wants wish wanted would'd put find found
    look looks exclude excludes excluded short simple simplest easy easily quick quickly
    best
    """
)
# They say little: new ones are no new claim. None has an opposite.
LIGHT = words_in(
    """
    choose select click go tap press check follow visit see look stay become becomes turns
    remain remains spend listed listing weigh happen happens works starts afraid number own
    currently option means afterwards directly straight moreover page section menu button
    simply head navigate scroll under take takes place possible come open back down else
    yours either receive receives bring tell apply applies everything anything done
    give given arrive arrives
    """
)
COURTEOUS = words_in(
    """
    unfortunately sadly regrettably fortunately luckily thank thanks thankyou hello hi hey
    dear greetings welcome glad happy pleased pleasure sorry apologise apologize apologies
    regret hope hopefully help helps helping helpful assist assistance question questions ask
    asked asking answer answers understand understandable understood appreciate great good
    nice lovely wonderful perfect sounds explain explanation details steps step know anything
    below following certainly course briefly summary overview wishes regards cheers bye
    goodbye anytime day tell
    """
)
# Courteous only in a sentence that says nothing else: "You'll hear from the courier" promises.
COURTEOUS_ALONE = words_in(
    """
    hear frustrating annoying frustration inconvenience inconvenient trouble disappointing
    disappointed worrying worry upsetting stressful detail patience reaching touch message
    moment news problem hesitate feel info information matter situation issue concern kind
    luck fine hand
    """
)
IRREGULAR = dict(
    pair.split(":", 1)
    for pair in words_in(
        """
        kept:keep sent:send paid:pay lost:lose bought:buy got:get given:give gave:give
        taken:take took:take came:come told:tell left:leave held:hold chose:choose
        chosen:choose written:write wrote:write brought:bring broken:break broke:break
        begun:begin began:begin shown:show known:know found:find spent:spend met:meet
        ran:run sold:sell thrown:throw withdrawn:withdraw worn:wear stolen:steal
        driven:drive spoken:speak forgotten:forget built:build lent:lend meant:mean
        read:read went:go gone:go cost:cost refunds:refund shut:close closed:close
        opened:open
        """
    )
)
# Each group means the same; a word in two groups counts in the first.
SAME = """
refund reimburse reimbursement repay / dispatch ship post sent send mail forward despatch
shipping shipment / return / buy purchase buyer bought purchaser / order / price cost fee charge
rate tariff / pay payment paid payable / deliver delivery delivered / arrive reach arrival /
parcel package / email mailbox inbox / phone telephone call ring / change alter amend edit
modify adjust update / choose select pick pick choice / cancel cancellation / begin start
commence / end finish conclude / receive get obtain / show display appear / enter type fill
input / click press tap hit / confirm confirmation / verify check / password passcode / photo
picture image / repair fix mend / replace replacement swap / exchange / faulty defective broken
/ damage damaged / item article product goods / customer client / colleague staff employee agent
representative advisor / store shop showroom branch / contact / write / request ask apply
application / register signup enrol / delete erase remove / last expire / valid / allow permit
possible permitted allowed / require required requirement necessary obligatory mandatory / need
/ free / discount / voucher coupon / guarantee warranty / invoice bill / credit / debit / assess
review examine / collect fetch pickup / move transfer / book reserve booking reservation / lose
lost / miss missing / large big bulky / small little / fast quick rapid / approximately approx
roughly about / usually normally generally typically / include included including / exclude
excluded / limit maximum max cap / minimum least / keep retain store / join / renew renewal /
stop / open / close / bring / instruct instruction guide / complain complaint / document paper /
proof evidence / identity id / appointment / doctor physician / prescription / patient / account
profile / balance / earn collect / print / child children kid / annual yearly / home house /
town city / citizen resident / passport / fine penalty / trip journey / flight / luggage baggage
bag suitcase / hotel / cover covered coverage / car vehicle / mobile cellphone / sign signature
"""
OPPOSED = """
open close / open unopened / opened unopened / secondhand unused / secondhand new / green red /
buy sell / before after / include exclude / allow forbid / allow prohibit / accept refuse /
accept reject / accept decline / possible impossible / valid invalid / valid expire / online
showroom / free chargeable / free paid / minimum limit / early late / earlier later / inside
outside / same different / increase decrease / increase reduce / raise lower / enable disable /
add remove / add delete / create delete / lock unlock / block unblock / keep lose / new old /
private business / domestic international / personal automatic / manual automatic / sender
recipient / working calendar / optional require / voluntary require / always never / all none /
first last / full partial / begin end / start stop / adult child / single return / morning
evening / deliver collect / subscribe unsubscribe / credit debit / incoming outgoing / deposit
withdraw / weekday weekend / indoor outdoor / summer winter / arrive depart / send receive /
more less / more fewer / higher lower / yes no / dispatch arrive / covered uncovered / insured
uninsured / temporary permanent / standard express / economy business / original copy
"""

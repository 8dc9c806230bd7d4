"""English words beside those of the lexicon, as far as they tell English from other languages."""

from workers.reading.lexicon import words

# They are words of other languages, too, or names that an English sentence holds.
ENGLISH_TOO = frozenset(
    words(
        """
        card account long come rate far care comment op men ai die cat uber ya non plus article per
        cheque cheques ha arrive son min dice meme la main san mate gun door met size eu till hang
        ten las war em af pro hat til ons com ate tag de den fare serve ton pot los ban favor dang
        sale um da solo co sore dig al adress bin ben dan nap un ca fi el pa er yeh hun con ma mia
        sin bi ho bent dos na dat era ed chi mi va van os ik cam aus az dia ins en boa pan fur biz
        dem ted se hong costa ka sa le mere dal bolt og ar ni inn lo mein hoe ko hay mag cont mon
        fra wat ole jake don bare kim mis ke deja nyt il fran ama changer dank med buenos au koi tak
        su del par persona ne que viet ou nada att es maine ti oder di av du des pe ser ja pres ta
        pour et ada har soy ay les jest dun wil te payer ale hu hoa nay chez tack andre dove sen tot
        expedition tha kar nos jen das nog sans ces laden cu mana bom sous sao mot carta mat mam
        dana ce devo cho notre od ao hon thang hum fiscal mar dono sur cum mila mai isse kon gui
        hose hafta pata gibi tres mea bez je meg bu som vy como nu volt faire ind ont yang eso lan
        vi din oi vas apa saber entre var mitt ter mu moji doi uw om byte numero uno gi kali mit phi
        tai modifier trop wala pas halo nem nic rota io thi mua aux kosten konto retour passe pass
        commander salut salve prego posta stock post kun sko mal moi toi mes raster order hora over
        under land komma kort raten faut produit tu no me so an am in on do to as her bald also fast
        gut wie nun kind bat bad has hast had at compare tout toute ruled lama pagi dari tapi pada
        tidak siang malam maaf toko minggu senda lag sei sia ora ore cura conto reso tra noi voi lui
        lei ci vie nova kita karo kare kal aap sir aur bar ham kuch hei hej koko apua kuka kuinka
        bun bani mele ki be elvo gram frank franco monte déjà vu são señor señora mañana torch lava
        cara casa mama papa tempo via viva vita bella bon beau belle grand petit cafe
        """
    )
)
# No other language has borrowed them: who uses one writes English.
PLAIN_ENGLISH = frozenset(
    words(
        """
        address allowed amount answer apply arrived available because become began believe better
        blocked book booked booking bought bring broken brought buy buying called calling cancel
        cancelled canceled cancelling caused change changed changing charged check checked checking
        choose claim clean close closed clothes coming complain cost create currency damaged
        declined deliver delivered delivering delivery describe difference does doing drink drive
        during early eat enough entered error exchange expected expires explain faulty feel find
        finding fix fixed food forgot forgotten found give given good great guess happy hear held
        hours increase keep kept kinds know language last late learn leave left list living longer
        lost love lower makes meaning meal meeting missing money month morning mother moved moving
        named near never new next nice night number offered open opened opening ordered ordering
        paid parcel parents pay paying payment payments payroll pending people phone picture please
        pounds power price process purchase purchased questions quick quickly rather reach read
        receive received receiving recipe refunded refused reminder remove repair repeat replace
        reported request required results return returned returning returns ride send sending sent
        setting shipped shipping shoes shoe should slow small something spell speak speaking spend
        spent spending started stolen stuck suggest sure talk talking tell there they thing think
        third till times tires told tomorrow tonight took track transferred travel traveling tried
        trouble trying turn turned twice understand unable unlock using vacation verify waiting
        wants water weather week weeks were where which while wish withdrawal withdrawing withdrawn
        woman word words worked working worry write written wrong year years yesterday
        """
    )
)

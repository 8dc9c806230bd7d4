"""The commonest words of languages in Latin letters, and those of customers among them.

People leave accents out, so each word counts without them as well.
"""

import unicodedata
from collections.abc import Mapping
from types import MappingProxyType

from workers.reading.english_words import ENGLISH_TOO, PLAIN_ENGLISH
from workers.reading.lexicon import FUNCTION_WORDS

_WORDS_OF = {
    "es": """
        el la los las lo un una unos unas de del al y o que qué no se me mi mis tu su sus nos por
        para con sin sobre en entre desde hasta como cómo cuando cuándo cuánto cuanto cuánta cuántos
        cuántas dónde donde quién quien cuál cual porque es está estoy están estaba son soy ser fue
        era ha he han hay había tengo tiene tienen tenéis tener hacer hace hago hizo puedo puede
        pueden podría poder quiero quisiera quiere necesito necesita debo deber olvidé olvidado
        perdí perdido recibí recibido recibir llegó llega llegado llegar llegará cobraron cobrado
        cobrar pagar pagué pago enviar envío envíos enviado envían pedido pedidos paquete compra
        compré comprar cuenta contraseña tarjeta dinero tienda factura devolver devolución
        reembolso cambiar cambio cancelar dirección entrega talla zapatos ropa hola buenas buenos
        días tardes noches gracias favor ayuda ayudar ya aún todavía muy más menos también pero si
        sí esto esta este ese eso esa mismo nada nadie algo siempre nunca ahora hoy ayer mañana
        semana semanas meses días veces usted ustedes hablo habla hablar español espanol inglés
        ingles funciona sale roto rota correo número aceptan acepta plazos precio cuesta cuestan
        cliente persona saber decir dice sigue sigo desde producto artículo garantía descuento
        cupón código usar uso hacéis envíais quedan queda gustaría disponible
    """,
    "fr": """
        le la les l' un une des du de d' et ou où à au aux en dans sur sous par pour avec sans chez
        je j'ai tu il elle on nous vous ils elles me mon ma mes ton votre vos notre nos leur ce cet
        cette ces c'est ça cela qui que quoi qu'est quand quel quelle quels quelles comment combien
        pourquoi est suis sont êtes était être ai avez ont avons avait avoir fait faire faut peut
        peux puis-je puis pouvez voudrais veux souhaite souhaiterais aimerais besoin dois doit pas
        plus ne n'ai n'est n'arrive n'a m'a jamais rien toujours encore déjà bonjour bonsoir salut
        merci s'il plaît commande commandé commander colis livraison livré livrée livrer reçu
        recevoir remboursement remboursé rembourser rembourse retour retourner renvoyer échanger
        échange annuler compte mot passe carte facture payer paiement magasin boutique adresse
        chaussures article arrivé arrivée arrive cassé cassée oublié perdu perdue débité fois jours
        semaine semaines mois après avant aujourd'hui demain hier très bien mais si aussi aide
        aider parle parlez français francais anglais frais coûte prix taille chèque chèques
        acceptez-vous avez-vous peut-on est-ce changer modifier connecter d'une d'un l'adresse
        jusqu'à depuis trop peu même tout tous toute quelqu'un conseiller numéro délai expédition
        expédié proposez acceptez disponible produit garantie marche fonctionne
    """,
    "de": """
        der die das den dem des ein eine einen einem einer eines und oder aber nicht kein keine
        keinen ich du er sie es wir ihr mich mir dich uns euch ihnen mein meine meinen meinem meiner
        dein ihre ihren ihrem unser sein seine ist sind bin war wird werden wurde wurden worden
        habe hab hat haben hatte kann kannst können könnte könnten konnte muss müssen soll sollte
        will wollen möchte möchten darf dürfen wo wann wie was wer warum wieso weshalb welche
        welcher welches wohin woher wieviel viel lange für von vom zu zum zur mit bei bis nach aus
        auf an am im in ins um ohne über unter vor gegen seit durch noch schon immer wieder nie
        jetzt heute gestern morgen auch nur sehr mehr hier dort da dass wenn weil bitte danke hallo
        guten tag bestellung bestellt bestellen bestellte lieferung liefern geliefert lieferadresse
        paket päckchen versand verschickt verschicken versendet senden zurück zurückgeben
        zurückschicken rückgabe umtauschen umtausch stornieren storniert erstattung erstattet geld
        rechnung konto passwort kennwort vergessen verloren gutschein bezahlen bezahlt zahlen
        zahlung abgebucht zweimal raten karte laden filiale schuhe hose größe kaputt beschädigt
        defekt angekommen ankommen kam kommt bekommen bekomme erhalten brauche braucht bleibt
        anmelden einloggen ändern adresse firma kosten kostet dauert dauern gibt geht steht
        funktioniert hilfe helfen sprechen sprichst deutsch englisch tage wochen monate eigentlich
        leider falsch falsche artikel ware verfügbar kündigen mitarbeiter ihnen jemand etwas nichts
    """,
    "it": """
        il lo la i gli le un uno una di del dello della dei degli delle al alla ai alle da dal dalla
        nel nella nei su sul sulla per con senza tra e ed o ma non che chi cosa come dove dov'è
        quando quanto quanti quanta quante perché perche quale quali mi ti si ci vi io tu lui lei
        noi voi mio mia miei mie tuo vostro vostra suo è sono sei siamo era ho hai ha abbiamo avete
        hanno avere essere fare fatto faccio posso puoi può possiamo potrei potete vorrei voglio
        volevo devo serve servono bisogno ancora già mai sempre più meno molto anche solo adesso
        oggi ieri domani questo questa quello ciao salve buongiorno buonasera grazie prego favore
        ordine ordini ordinato ordinare pacco spedizione spedire spedito spedite consegna
        consegnato arrivato arrivata arriva arrivare ricevuto ricevere rimborso rimborsato
        rimborsare reso restituire cambiare cambio annullare cancellare conto pagare pagamento
        pagato rate fattura scontrino carta soldi negozio negozi scarpe taglia rotto rotta
        danneggiato dimenticato dimenticata perso persa addebitato addebitata volte giorni
        settimana settimane mesi riesco accedere funziona indirizzo prodotto articolo aiuto
        aiutare aiutarmi parlo parlare parla italiano inglese dell'ordine l'ordine l'indirizzo
        dall'account quest'ordine c'è cos'è prezzo costa costano sapere disponibile garanzia sconto
        codice usare operatore qualcuno niente nulla avviene posta
    """,
    "pt": """
        o a os as um uma uns umas de do da dos das no na nos nas em ao à aos pelo pela por para pra
        com sem sobre até desde e ou mas não nao que quê quem qual quais como onde quando quanto
        quanta quantos quantas porque porquê eu você voce vocês voces tu ele ela nós me meu minha
        meus minhas seu sua é está esta estou estão foi fui era são ser ter tem têm tenho há ainda
        já nunca sempre muito mais menos também só agora hoje ontem amanhã isso isto este esse
        quero queria gostaria posso pode podem poderia consigo consegue preciso precisa devo fazer
        faço faz dá fica olá oi bom boa dia tarde noite obrigado obrigada favor ajuda ajudar pedido
        pedidos encomenda entrega entregue entregar envio enviar enviado frete chegou chega chegar
        chegada recebi receber recebido reembolso devolver devolução troca trocar cancelar conta
        senha palavra-passe cartão dinheiro pagar pagamento paguei fatura nota fiscal loja lojas
        sapatos produto quebrado quebrada estragado esqueci perdi cobrado cobrada cobraram vezes
        dias semana semanas mês meses endereço morada mudar alterar comprar comprei compra entrar
        funciona português ingles inglês falo fala falar falam fazem aceitam aceita parcelar
        parcelas prazo preço custa custam tamanho rastrear código desconto cupom usar saber alguém
        nada atendente dentro depois antes nota
    """,
    "nl": """
        de het een en of maar niet geen ik je jij u hij zij ze we wij jullie hen mij me mijn jouw
        uw zijn haar ons onze is ben bent was waren wordt worden werd heb hebt heeft hebben had kan
        kunt kunnen kon wil willen wilt zou zal mag moet moeten wat waar wanneer hoe hoeveel hoelang
        waarom welke wie voor van naar met bij op in uit aan om over onder tot door zonder na te
        er nog steeds al weer nooit altijd nu vandaag gisteren morgen ook alleen heel meer hier daar
        dat dit deze die dan als want graag bedankt dank hallo goedemorgen goedemiddag goedenavond
        dag alsjeblieft alstublieft bestelling bestellingen besteld bestellen pakket pakje levering
        leveren geleverd bezorging bezorgd bezorgen bezorgadres bezorgkosten verzending verzenden
        verzonden verzendkosten terug terugsturen teruggave retour retourneren ruilen annuleren
        geannuleerd geld terugbetaling terugbetaald rekening factuur wachtwoord vergeten kwijt
        betalen betaald betaling afgeschreven keer achteraf winkel schoenen maat kapot beschadigd
        aangekomen ontvangen krijg kreeg gekregen komt kost kosten duurt dagen weken maanden
        wijzigen veranderen adres inloggen werkt doet hulp helpen spreek spreekt nederlands engels
        account heb nodig paar mogelijk kopen gekocht korting kortingscode gebruiken medewerker
        iemand iets niets bestaat
    """,
    "pl": """
        i w we z ze na do od po za o u nie tak to ten ta te tej tego jest są był była było być mam
        masz ma mają mieć mogę możecie można może czy co jak gdzie kiedy ile dlaczego czemu kto
        jaki jaka jakie który która które mój moja moje moją mojego mojej mi mnie się sie ja wy was
        pan pani państwo chcę chce chciałbym chciałabym proszę prosze dziękuję dzięki dzień dobry
        cześć witam zamówienie zamowienie zamówienia zamówić zamówiłem zamówiłam paczka paczki
        paczkę przesyłka przesyłki przesyłkę dostawa dostawy dostawę wysyłka wysyłki zwrot zwrotu
        zwrócić zwroty pieniądze pieniędzy reklamacja reklamację anulować konto konta hasło hasła
        zapłacić płatność płacić karta kartą faktura faktury fakturę sklep sklepu buty rozmiar
        adres zmienić wymienić wymiana uszkodzona uszkodzony zepsuty przyszła przyszedł przyszło
        dotarła dotarło doszła zapomniałem zapomniałam zgubiłem dwa razy raz dni tydzień tygodnie
        miesiąc nadal jeszcze już nigdy zawsze teraz dziś dzisiaj wczoraj jutro bardzo tylko też
        ale lub albo że żeby dla przez przed bez kosztuje koszt kosztów trwa działa pomoc pomóc
        mówię mówisz polsku angielsku potrzebuję zalogować dostałem dostałam otrzymałem otrzymałam
        raty firmę pobrano opłatę ktoś nic kupić kupiłem kupiłam kod rabatowy produkt
    """,
    "tr": """
        bir ve veya ama değil mi mı mu mü miyim mıyım musunuz misiniz mısınız var yok ne nasıl
        neden niye nerede nereye nereden kaç kim hangi kadar için ile gibi daha çok en bu şu o ben
        sen biz siz benim sizin bana size beni bizim hala hâlâ henüz artık şimdi bugün dün yarın
        gün gündür hafta ay iyi günler merhaba selam teşekkürler teşekkür ederim lütfen sipariş
        siparişim siparişimi siparişimin kargo kargom ürün ürünü ürünüm teslimat teslim iade
        değişim değiştirmek değiştirebilir iptal ettim etmek etmem para param paramı ücret ödeme
        ödemek taksit hesap hesabım hesabıma şifre şifremi parola fatura adres adresi adresimi
        mağaza mağazanız ayakkabı ayakkabıları beden kırık hasarlı bozuk geldi gelmedi gelecek
        gelir gelmiyor unuttum kaybettim istiyorum istiyoruz yapıyor yapabilir yapabilirim
        yapamıyorum olur oldu olarak edildi edilmedi alındı alabilir alamadım giriş kez defa sürer
        yardım yardımcı konuşuyor türkçe turkce ingilizce müşteri hizmetleri temsilci indirim kodu
        fiyat fiyatı tutar satın aldım stokta üyelik
    """,
    "id": """
        saya aku kamu anda kami kita dia yang dan atau tapi tidak tak bukan belum sudah akan sedang
        masih ini itu di ke dari pada untuk dengan tanpa oleh apa apakah siapa kapan dimana mana
        bagaimana gimana kenapa mengapa berapa lama bisa bisakah boleh bolehkah mau ingin perlu
        butuh ada adalah jika kalau karena agar juga lagi saja sekali dua kali hari minggu bulan
        kemarin besok sekarang nanti selamat pagi siang sore malam terima kasih tolong mohon maaf
        halo pesanan pesan memesan paket barang barangnya kirim dikirim pengiriman ongkos ongkir
        alamat ubah diubah mengubah ganti mengganti kembali kembalikan dikembalikan mengembalikan
        pengembalian dana uang bayar membayar pembayaran dibayar tagihan ditagih faktur akun masuk
        lupa kata sandi toko sepatu ukuran rusak datang sampai diterima menerima batal batalkan
        membatalkan pembatalan cicilan kartu harga gratis bantu bantuan membantu bicara bahasa
        inggris produk stok tersedia belanja membeli beli kode diskon nomor
    """,
    "sv": """
        och att det den de en ett jag du han hon vi ni mig dig min mitt mina din ditt er era vår är
        var vara varit blir blev har hade ha kan kunde ska skulle vill ville måste får fick fått
        inte ingen inget aldrig alltid ännu fortfarande redan nu idag igår imorgon när hur vad vem
        vilken vilket varför hos på i av för från till med utan om under efter innan över som men
        eller också bara mycket mer här där går gått kom kommer kommit finns hej tack snälla
        beställning beställningen beställt beställde beställa paket paketet leverans leveransen
        leveransadressen frakt frakten skicka skickat skickas tillbaka retur returnera byta byte
        ångra avbeställa pengar pengarna återbetalning konto kontot lösenord lösenordet glömt
        glömde faktura fakturan betala betalat betalning avbetalning kort kortet butik butiken skor
        storlek trasig trasigt skadad sönder adress ändra logga lämna behöver kostar kostnad gånger
        dagar veckor månader hjälp hjälpa någon något pratar svenska engelska köpt köpte köpa
        rabattkod drogs dragit fungerar
    """,
    "da": """
        og at det den de en et jeg du han hun vi mig dig min mit mine din dit jer jeres vores er
        var være blev bliver har havde kan kunne skal skulle vil ville må får fik fået ikke ingen
        intet aldrig altid endnu stadig allerede nu hvor hvornår hvordan hvad hvem hvilken hvorfor
        hos på i af for fra til med uden om efter før over som men eller også kun meget mere her der
        kommer kommet hej tak venligst ordre bestilling bestilt pakke pakken levering leveret
        leveringsadressen fragt fragten sendt tilbage retur returnere bytte annullere penge pengene
        konto kontoen adgangskode glemt faktura betale betalt betaling kort butik sko størrelse
        ødelagt beskadiget varen adresse ændre logge ind brug koster gange dage uger måneder hjælp
        hjælpe nogen noget taler dansk engelsk købt købte gerne trukket modtaget
    """,
    "no": """
        og det den de en et jeg du han hun vi dere meg deg min mitt mine din ditt er var være blir
        har hadde kan kunne skal skulle vil ville må får fikk fått ikke ingen aldri alltid ennå
        fortsatt allerede nå hvor når hvordan hva hvem hvilken hvorfor hos på i av for fra til med
        uten om etter før over som men eller også bare mye mer her der kommer kommet hei takk
        bestilling bestillingen bestilt pakke pakken levering levert frakt sendt tilbake retur
        returnere bytte kansellere penger pengene konto kontoen passord passordet glemt faktura
        betale betalt betaling kort butikk sko størrelse ødelagt adresse endre logge inn trenger
        koster ganger dager uker måneder hjelp hjelpe noen noe snakker norsk engelsk kjøpt kjøpte
        mottatt
    """,
    "fi": """
        ja tai mutta ei en et emme ole olen on ovat oli olisi olla minun minä minulla sinun teidän
        te me mikä mitä missä mistä milloin miten miksi kuka kuinka paljonko kauanko voinko voiko
        voin voi saanko saan saa haluan haluaisin tarvitsen pitää vielä jo nyt tänään eilen huomenna
        hei moi kiitos tilaus tilaukseni tilauksen tilata tilasin paketti pakettini toimitus
        toimitusosoite toimitusosoitteen toimitusaika palauttaa palautus vaihtaa peruuttaa rahat
        rahaa hyvitys tili tilini tililleni salasana salasanan salasanani unohdin unohtanut lasku
        maksaa maksu kortti kauppa myymälä kengät koko rikki tuote osoite kirjautua kirjautumaan
        pääse maksoi kertaa päivää viikkoa apua auttaa puhutko suomea englantia jotain joku
        saapunut tullut tuli veloitettiin
    """,
    "cs": """
        a i v ve z ze na do od po za o u k ne ano to ten ta je jsou byl byla bylo být mám máte má
        mohu můžu můžete může co jak kde kdy kolik proč kdo jaký jaká jaké který můj moje moji mi mě
        se si já vy vás chci chtěl chtěla prosím děkuji díky dobrý den ahoj objednávka objednávku
        objednávky objednal objednala zásilka zásilku balík doprava dopravy doručení dodání vrátit
        vrácení peníze peněz reklamace reklamaci zrušit účet účtu heslo hesla zaplatit platba
        kartou faktura fakturu obchod prodejna boty velikost adresa adresu změnit vyměnit poškozené
        poškozený rozbité přišlo přišel přišla nepřišla dorazil zapomněl zapomněla jsem dvakrát dní
        dnů týden ještě už nikdy teď dnes včera zítra jen také ale nebo že pro přes bez stojí trvá
        funguje pomoc pomoci česky anglicky potřebuji přihlásit nemůžu zboží strhli
    """,
    "ro": """
        și si sau dar nu este e sunt sînt era am ai are avem aveți au a fost fi pot poate puteți
        vreau aș dori trebuie unde când cand cum cât cat câți de ce cine care meu mea mei mele mi
        îmi mă te vă eu noi voi la în in din pe cu pentru fără până despre un o unei lui pe încă
        deja acum azi ieri mâine foarte mai doar bună ziua salut mulțumesc multumesc rog comanda
        comandă comenzi comandat coletul colet livrare livrarea livrat returnez retur returna
        schimba schimb anula bani banii rambursare cont contul parola parolă uitat factura factură
        plăti plată card cardul magazin pantofi mărime adresa produsul produs spart stricat venit
        ajuns primit costă ori zile săptămâni ajutor ajuta vorbiți română engleză nevoie intra
        luat cineva
    """,
    "hu": """
        a az egy és vagy de nem igen van vannak volt lesz hol mikor hogyan hogy mennyi mennyibe
        miért mi ki melyik mit én ön önök nekem engem enyém meg el ki be még már most ma tegnap
        holnap csak is nagyon szeretnék szeretném tudok tudom lehet kell kellene akarok kérem
        köszönöm szia üdvözlöm jó napot rendelés rendelésem rendelésemet rendeltem csomag csomagom
        csomagot szállítás szállítási visszaküldeni visszaküldés cserélni csere lemondani pénz
        pénzt pénzem visszatérítés fiók fiókom fiókomba jelszó jelszavam jelszavamat elfelejtettem
        számla számlát fizetni fizetés kártya bolt üzlet cipő cipőt méret cím címet törött törötten
        sérült érkezett megérkezett kerül kétszer nap hete segítség segíteni beszél magyarul
        angolul vonták belépni változtatni
    """,
    "vi": """
        tôi toi bạn của cua là có không khong được duoc và hoặc nhưng này đó ở đâu khi nào bao giờ
        nhiêu như thế sao tại ai gì muốn cần phải đã đang sẽ chưa vẫn rồi cho với từ đến về trong
        ngày tuần tháng hôm xin chào cảm ơn vui lòng đơn hàng giao gửi trả lại đổi hủy hoàn tiền
        thanh toán tài khoản mật khẩu quên hóa đơn địa chỉ cửa giày bị vỡ hỏng lần phí nhận đăng
        nhập giúp tiếng việt anh thể mua sản phẩm
    """,
    "hi": """
        kya hai hain kab kaise kaisa kahan kaha kidhar kyu kyun kyon kitna kitne kitni mera meri
        mere mujhe muje hum hamara humko aap aapka aapki aapke tum nahi nahin nhi karna karni karne
        karo kare karein karta karu kiya kar raha rahi rahe tha thi gaya gayi gaye hua hui hue hoga
        hogi chahiye chaiye chahie milega milegi mila mili aayega aayegi ayega aaya aayi aaye abhi
        tak wapas vapas paise paisa liye wala wali kuch koi kripya batao bataye bataiye sakta sakti
        sakte hoon ho hu main mein aur lekin agar toh bhi yeh woh iska uska isse saman samaan dukan
        jaldi kal aaj din baar dono bhool toota badal pata kishton bhai khul lagte lagega dijiye
        namaste dhanyavad shukriya kharab ka ki ko se
    """,
}  # ISO 639-1; Hindi as it is written in Latin letters
_UNDECOMPOSED = str.maketrans("łøđıßæœ", "lodisao")


def bare(word: str) -> str:
    """Return a folded word without its accents."""
    if word.isascii():
        return word
    decomposed = unicodedata.normalize("NFKD", word.translate(_UNDECOMPOSED))
    return "".join(letter for letter in decomposed if not unicodedata.combining(letter))


def _index() -> Mapping[str, tuple[str, ...]]:
    languages: dict[str, dict[str, None]] = {}
    for language, listing in _WORDS_OF.items():
        for word in listing.split():
            for form in (word, bare(word)):
                languages.setdefault(form, {})[language] = None
    return MappingProxyType({word: tuple(those) for word, those in languages.items()})


LANGUAGES_OF: Mapping[str, tuple[str, ...]] = _index()  # those that have a word
# Words that no English sentence holds but as a quotation.
FOREIGN_WORDS = frozenset(
    word for word in LANGUAGES_OF if len(word) > 2 and word not in FUNCTION_WORDS | ENGLISH_TOO
)
ONLY_ENGLISH = (FUNCTION_WORDS | PLAIN_ENGLISH) - LANGUAGES_OF.keys()

"""Who asks for a person in another language, by the word for one alone or with a word for speaking.

All patterns are for folded text. The words that `workers/dialogue/foreign.yaml` names are here.
"""

import re
from collections.abc import Sequence

# "Agent", "operator", "person" are English, too, and told by the English forms.
_LATIN = """
    persona humano humana agente asesor asesora operador operadora encargado encargada representante
    personne conseiller conseillère conseillere humain responsable opérateur operateur
    mensch menschen mitarbeiter mitarbeiterin berater kundenberater ansprechpartner
    operatore operatrice umano responsabile addetto pessoa atendente gerente medewerker persoon
    konsultant konsultanta konsultantem konsultantką człowiek człowiekiem czlowiek czlowiekiem osobą
    pracownik pracownikiem kierownikiem temsilci temsilcisi temsilciye temsilciyle temsilcisiyle
    insan insanla yetkili yetkiliyle petugas manusia orang insaan vyakti medarbetare människa
    medarbejder menneske medarbeider asiakaspalvelija asiakaspalvelijan asiakaspalvelijalle ihminen
    ihmisen operátor operátorem člověk člověkem pracovník pracovníkem operatorem operatorowi coleg
    persoană munkatárs munkatárssal munkatársukkal ügyintéző ügyintézővel ember emberrel
"""
_WHOLE = (  # of other alphabets, with what is written together with them
    r"[иі]?(?:оператор|человек|менеджер|сотрудник|людин|працівник)\w{0,4}"
    r"|(?:[وفبلك]|ال|لل|بال)?(?:موظف|شخص|إنسان|انسان|ممثل|وكيل)\w{0,2}|خدمة\s+العملاء"
    r"|کارشناس|اپراتور|پشتیبان|ה?נציגה?|בן\s+אדם|εκπρόσωπο\w?|άνθρωπο\w?|υπάλληλο\w?"
    r"|nhân\s+viên|tổng\s+đài\s+viên"
)
_WITHIN = (
    "人工|真人|客服|担当者|オペレーター|有人|人間|상담원|상담사|담당자|직원|사람"
    "|व्यक्ति|इंसान|इन्सान|एजेंट|कर्मचारी|เจ้าหน้าที่|พนักงาน"
)
_PERSON = re.compile(rf"\b(?:{'|'.join(_LATIN.split())}|{_WHOLE})\b|{_WITHIN}")
_AROUND = re.compile(
    r"\b(?:una?|uno|el|la|por|favor|quiero|necesito|con|real|une?|le|s'il|vous|plaît|plait|svp|je"
    r"|veux|einen?|ein|eine|bitte|ich|will|möchte|brauche|echter|echten|con|per|favore|voglio|vero"
    r"|um|uma|quero|preciso|een|graag|echt|proszę|prosze|z|żywy|bir|lütfen|gerçek|müşteri|canlı"
    r"|пожалуйста|живой|живого|нужен|хочу|позовите|будь|ласка|أريد|من|فضلك|حقيقي|לדבר|עם"
    r"|saya|mau|tolong|en|tack|snälla|vill|ha|et|tak|takk|kiitos|prosím|un|vă|rog|kérem|egy"
    r"|xin|vui|lòng|παρακαλώ|se|kisi|koi|chahiye|customer|service|client|cliente|hola|hallo)\b"
    r"|[请請转轉我要找接服务務有的]|お願いします|をお願い|[をにとのへ]|연결|해|주세요|좀|किसी|एक|से|चाहिए|मुझे"
    r"|ขอ|ครับ|ค่ะ"
)
_SPEAKS = (
    r"\b(?:habl\w+|comunic\w+|p[aá]s[ae](?:me|r)\w*|conéct\w+|conect\w+|atend\w+|parler|joindre"
    r"|passez-moi|sprech\w+|reden|verbind\w+|parlare|parli|passi|passatemi|falar|conversar|spreken"
    r"|praten|doorverbinden|(?:po)?rozmawia[ćc]|rozmow\w+|połącz\w*|görüş\w*|konuş\w*|bağla\w*"
    r"|поговорить|говорить|соедини\w*|переключи\w*|позови\w*|связаться|свяжи\w*|поговорити|з'єднай\w*"
    r"|[\u0623\u0627]تحدث|التحدث|[\u0623\u0627]تكلم|[\u0623\u0627]كلم|كلم\w*|تحويل\w*|حول\w*|صحبت|לדבר"
    r"|bicara|berbicara|hubungkan|sambungkan|baat|prata|tala|tale|snakke|puhua|mluvit|hovořit"
    r"|spoji\w*|vorb\w+|beszél\w*|nói\s+chuyện|gặp|μιλήσω|συνδέστε)\b"
    r"|[转轉找接]|つない|話し|話が|연결|통화|바꿔|बात|คุย|ติดต่อ"
)
_NEAR = 40  # characters between the two
_ANYBODY = rf"(?:{_PERSON.pattern}|\bmens\b)"  # "mens" alone is English, and about clothes
_SPOKEN_TO = re.compile(
    rf"(?:{_SPEAKS}).{{0,{_NEAR}}}?{_ANYBODY}|{_ANYBODY}.{{0,{_NEAR}}}?(?:{_SPEAKS})"
)
_DECLINED = re.compile(
    r"\b(?:no|ne|n'\w+|nicht|kein\w*|non|não|nao|niet|geen|nie|не|inte|ikke|tidak|لا|değil|nu|ei)\s"
    r"(?:\w+\s){0,2}\Z|[不别別]\Z"
)
_TRIGGERS = frozenset((*_LATIN.split(), "mens"))
_MAX_CHARACTERS = 200  # longer messages tell a story


def asks_for_person(folded: str, spoken: Sequence[str]) -> bool:
    """Tell whether a folded text asks for a person in another language; `spoken` are its words."""
    if len(folded) > _MAX_CHARACTERS or (folded.isascii() and _TRIGGERS.isdisjoint(spoken)):
        return False
    rest, named = _PERSON.subn(" ", folded)
    if named and not any(map(str.isalnum, _AROUND.sub(" ", rest))):
        return True
    asked = _SPOKEN_TO.search(folded)
    return asked is not None and _DECLINED.search(folded[: asked.start()]) is None

"""Can the encoder read a message at all? If not, a fallback that says so is the honest answer."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal, TypeAlias

from workers.reading.lexicon import FUNCTION_WORDS, words
from workers.reading.text import MAX_CHARACTERS, fold

IllegibleReason: TypeAlias = Literal["empty", "script", "language", "gibberish", "number"]

FOREIGN: frozenset[IllegibleReason] = frozenset({"language", "script"})
FOR_A_PERSON: frozenset[IllegibleReason] = FOREIGN | {"number"}  # who can do more with it
UNKNOWN = "[UNK]"
_MAX_SHARE = 0.5  # of foreign letters, of unknown pieces
_MASHED_SHARE = 0.6  # of a message's letters in words that nobody writes
_MIN_PIECE = 1.6  # letters a piece; English has four, mashed keys one
_MIN_LETTERS = 6
_MIN_MASHED = 5
_RUN = 4  # neighbouring keys

_LATIN = re.compile(r"[a-zA-ZÀ-ɏḀ-ỿ]")
_VOWELLESS = re.compile(r"[^aeiouyàáâäãåèéêëìíîïòóôöõùúûü\d']+")
_CONSONANTS = re.compile(r"[bcdfghjklmnpqrstvwxz]{7}")
_ROWS = "qwertyuiop asdfghjkl zxcvbnm poiuytrewq lkjhgfdsa mnbvcxz"
_STUTTER = re.compile(r"([a-z]{2,3})\1{2,}")
_LAUGHTER = re.compile(r"(?:(?:ha|he|hi|ah|eh|lo|no|so|na|la|ya)+[hlo]?|blah(?:blah)*)\Z")

# Words of other languages that are no English ones.
_FOREIGN = frozenset(
    words(
        """
        und ist nicht ich wo wann wie mein meine meinen meiner wird warum kann kannst bitte
        danke habe haben eine einen einer für das der von zu zum zur bestellung lieferung paket
        bezahlen rechnung gutschein passwort geld zurück ihr ihre sie wir kein keine noch schon
        hallo où est mon mes je vous nous les une avec dans comment quand pourquoi puis peut
        merci bonjour commande livraison colis remboursement passe suis c'est j'ai votre el los
        las una por como cómo cuándo cuando dónde donde está esta quiero puedo puede hola
        gracias pedido envío envio devolver dinero tarjeta contraseña cuenta tengo hacer que qué
        del su il gli della dove quando perché mio mia ordine spedizione rimborso vorrei posso
        grazie ciao sono che reso pacco het een mijn waar wanneer hoe waarom niet ik bestelling
        levering pakket krijg naar voor graag onde meu minha não nao encomenda obrigado olá
        quero você uma gdzie moje moja kiedy jak dlaczego nie zamówienie zamowienie paczka dzień
        dobry proszę nerede siparişim nasıl iade kargo merhaba lütfen istiyorum är när hur mitt
        beställning inte och sprichst sprechen deutsch möchte zurückgeben umtauschen stornieren
        hablo hablas habla español espanol inglés ingles parle parlez français francais anglais
        voudrais parlo italiano inglese spreek spreekt português polsku mówię türkçe
        pesanan saya kapan bagaimana tidak apa ini bisa kya hai kab kaise
        nahi nhi mera meri mujhe kyu kyun kahan kaha chahiye karna kitna kitne milega aayega
        hain raha rahi gaya bhai
        """
    )
)


@dataclass(frozen=True, slots=True)
class Legibility:
    """Whether a message can be read, or the reason why not."""

    readable: bool
    reason: IllegibleReason | None = None


_READABLE = Legibility(readable=True)


def judge_legibility(text: str, pieces: Sequence[str] = ()) -> Legibility:
    """Judge a message, and its `pieces` of the vocabulary if there are any ("##x" continues).

    Unreadable: no letter or digit ("empty"), another script, another language by its commonest
    words, or keys hit at random ("gibberish"). A bare number ("number") is told by another reader.
    """
    reason = _reason(fold(text[:MAX_CHARACTERS]), pieces)
    return _READABLE if reason is None else Legibility(readable=False, reason=reason)


def _reason(folded: str, pieces: Sequence[str]) -> IllegibleReason | None:
    if not folded.isascii():
        letters = sum(map(str.isalpha, folded))
        if letters and len(_LATIN.findall(folded)) < (1 - _MAX_SHARE) * letters:
            return "script"
    spoken = words(folded)
    if not spoken:
        return "empty"
    foreign = sum(word in _FOREIGN for word in spoken)
    if foreign and _is_foreign(spoken, foreign):
        return "language"
    return "gibberish" if _is_mashed(spoken) or _is_shattered(pieces) else None


def _is_foreign(spoken: Sequence[str], foreign: int) -> bool:
    """Two foreign words, and more of them than English ones, or nothing else."""
    english = sum(word in FUNCTION_WORDS for word in spoken)
    return foreign > english and (foreign > 1 or foreign == len(spoken))


def _is_mashed(spoken: Sequence[str]) -> bool:
    letters = [len(word) for word in spoken if not word.isdecimal()]
    mashed = [len(word) for word in spoken if len(word) >= _MIN_MASHED and _is_mash(word)]
    return bool(mashed) and sum(mashed) >= _MASHED_SHARE * sum(letters)


def _is_mash(word: str) -> bool:
    if _LAUGHTER.match(word) or not word.isalpha():
        return False
    return (
        _VOWELLESS.fullmatch(word) is not None
        or _CONSONANTS.search(word) is not None
        or _STUTTER.fullmatch(word) is not None
        or _is_run(word)
    )


def _is_run(word: str) -> bool:
    """Tell whether more than half of a word's letters follow each other on the keyboard."""
    near = sum(one + other in _ROWS for one, other in pairwise(word))
    return near >= _RUN and near * 3 >= 2 * (len(word) - 1)


def _is_shattered(pieces: Sequence[str]) -> bool:
    if not pieces:
        return False
    if sum(piece == UNKNOWN for piece in pieces) > _MAX_SHARE * len(pieces):
        return True
    bare = [piece.removeprefix("##") for piece in pieces if piece.removeprefix("##").isalpha()]
    letters = sum(map(len, bare))
    continued = sum(piece.startswith("##") for piece in pieces)
    return (
        letters >= _MIN_LETTERS and len(bare) <= 2 * continued and letters < _MIN_PIECE * len(bare)
    )

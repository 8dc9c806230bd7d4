"""Whether a sentence points the way that the sources point: denials, duties, order, bounds."""

from workers.voice import conduct, wording
from workers.voice.evidence import Evidence, Stated
from workers.voice.placement import GENERIC
from workers.voice.reading import Clause, Reading, Stems, is_denial

_LEAST_SHARE = 0.4  # of a clause's weight that a source's clause must hold to be compared with it
_NEARLY_BEST = 0.85
_LEAST_CONTEXT = 0.5
_TURNED = {"before": "after", "after": "before"}


class Direction:
    """Compares the clauses of a sentence with those of the sources."""

    def __init__(self, evidence: Evidence) -> None:
        self._evidence = evidence

    def is_turned(self, reading: Reading) -> bool:
        """Tell whether a clause denies what the sources affirm, or the other way round."""
        if any(
            (_TURNED[way], stem) in self._evidence.order and (way, stem) not in self._evidence.order
            for way, stem in reading.order
        ):
            return True
        before: Stems = frozenset()
        for clause in reading.clauses:
            stems = clause.stems | before if clause.leans else clause.stems
            known = stems & self._evidence.known
            known = known - GENERIC or (known if clause.denies else frozenset())
            if self._is_clause_turned(clause, known):
                return True
            before = stems
        return False

    def _is_clause_turned(self, clause: Clause, known: Stems) -> bool:
        if known and known <= (
            self._evidence.affirmed if clause.denies else self._evidence.refused
        ):
            return True
        like = self._evidence.clauses_like(known) if known else []
        if not like or like[0][0] < _LEAST_SHARE:
            return False
        best = [stated for share, stated in like if share >= like[0][0] * _NEARLY_BEST]
        return not any(_agree(clause, known, stated) for stated in best) or all(
            wording.opposes(
                clause.stems, each.statement.reading.stems, each.statement.reading.stems
            )
            for each in best
        )

    def answers_wrongly(self, reading: Reading) -> bool:
        """Tell whether a sentence says yes where the sources say no, or the other way round."""
        evidence = self._evidence
        if conduct.AFFIRMS.match(reading.text):
            return evidence.denies and not evidence.affirms
        return (
            conduct.DENIES.match(reading.text) is not None
            and evidence.affirms
            and not evidence.denies
        )

    def is_bare_answer(self, reading: Reading) -> bool:
        """Tell whether a sentence without content answers the question as no source does."""
        if conduct.AFFIRMS.match(reading.text):
            return not self._answers("yes")
        if conduct.DENIES.match(reading.text) or conduct.REGRETS.match(reading.text):
            return not self._answers("no")
        if reading.text.rstrip().endswith("?") or not conduct.ANSWERS.search(reading.text):
            return False
        return not self._answers("no" if is_denial(reading.text) else "yes")

    def _answers(self, answer: str) -> bool:
        """Tell whether there is one question, and a source answers it so."""
        evidence = self._evidence
        said = evidence.denies if answer == "no" else evidence.affirms
        return said and len(evidence.titles) == 1

    def is_asked_only(self, reading: Reading, content: Stems) -> bool:
        """Tell whether a sentence says yes or no to what a title asks and no text answers."""
        evidence = self._evidence
        asked = content & (evidence.asked - evidence.stated)
        affirms = bool(conduct.AFFIRMS.match(reading.text))
        return any(
            not asked & clause.stems <= (evidence.refused if clause.denies else evidence.granted)
            for clause in reading.clauses
            if clause.stems & asked
            if affirms or clause.permits or clause.demands or clause.denied & asked
        )

    def is_misbounded(self, reading: Reading, content: Stems) -> bool:
        """Tell whether "all", "only", "there is" stand where no such source has one."""
        near = [
            statement.reading
            for statement in self._evidence.statements
            if self._evidence.share(content, statement.context) >= _LEAST_CONTEXT
        ]
        exists = conduct.THERE_IS.match(reading.text) is not None
        if exists and not any(conduct.THERE_IS.match(each.text) for each in near):
            return True
        return any(
            reading.bounds & group and not any(each.bounds & group for each in near)
            for group in wording.BOUNDING
        )


def _agree(clause: Clause, known: Stems, stated: Stated) -> bool:
    other = stated.clause
    if other.depends and not clause.depends:
        return False
    if clause.denies:
        denied = clause.denied & known
        if not other.denies or (denied and not denied & other.denied):
            return False
    elif other.denied & known:
        return False
    if clause.demands and not clause.permits:
        return other.asks
    return not (clause.permits and other.demands and not other.permits)

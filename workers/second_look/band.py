"""Which decisions of the small encoder deserve a second look."""

from dataclasses import dataclass

from workers.dialogue.decision import Decision, Heard


@dataclass(frozen=True, slots=True)
class Band:
    """The confidences (0-1) between which the small encoder is not sure."""

    unsure_from: float
    sure_from: float

    def holds(self, confidence: float) -> bool:
        """Return whether such a confidence is not sure."""
        return self.unsure_from <= confidence < self.sure_from


# Below, no entry serves anyway; above, the small one is right: docs/experiments/retrieval.md.
UNSURE = Band(0.05, 0.8)


def wants_second_look(heard: Heard, decision: Decision, band: Band = UNSURE) -> bool:
    """Return whether the large encoder could know better.

    It has no say in what was decided without looking for entries: a wish for a person, a choice
    among those offered, what the person does not want, small talk, recall. Nor does it while a
    person answers.
    """
    if heard.escalation or heard.unwanted or heard.unreadable or heard.recalls:
        return False
    if heard.choice is not None and heard.dialogue.offered:
        return False
    if heard.with_person or decision.answer.kind in ("smalltalk", "recall"):
        return False
    if decision.handover not in (None, "unanswered"):
        return False
    questions = [question.confidence for question in heard.questions]
    return any(band.holds(each) for each in (decision.answer.confidence, *questions))

"""Have a model speak on what was drafted: one that serves, or one that lies on purpose."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from infra.evaluation.voice.asking import Drafted
from infra.evaluation.voice.falsehood import Falsehood
from infra.evaluation.voice.lies import Lie, lies, told
from infra.evaluation.voice.lying_model import LyingModel
from infra.evaluation.voice.outcomes import (
    Share,
    Trial,
    lie_outcome,
    question_outcome,
    spoken_outcome,
)
from infra.evaluation.voice.plain_text import sentences
from infra.evaluation.voice.questions import HandMadeLie, HandMadeTruth, Question
from workers.evaluation.observation import Progress
from workers.voice.brief import Brief, Source, Spoken
from workers.voice.language_model import LanguageModel

Speak = Callable[[LanguageModel, Brief], Spoken]
_SEED = "voice"


@dataclass(frozen=True, slots=True)
class PlantedLie:
    """A falsehood, and the brief that it is told about."""

    drafted: Drafted
    brief: Brief
    lie: Lie


def try_model(
    drafted: Sequence[Drafted],
    model: LanguageModel,
    speak: Speak,
    at_once: int,
    progress: Progress,
) -> list[Trial]:
    """Have a model say all replies that one may say, some of them at once."""

    def one(each: Drafted) -> Trial:
        if each.brief is None:
            return Trial(question_outcome(each))
        if each.elsewhere:
            speak(model, each.elsewhere)
        return Trial(spoken_outcome(each, each.brief, speak(model, each.brief)))

    trials = []
    with ThreadPoolExecutor(at_once) as threads:
        for trial in threads.map(one, drafted):
            trials.append(trial)
            progress(len(trials) / len(drafted))
    return trials


def try_lies(
    drafted: Sequence[Drafted], planted: Sequence[PlantedLie], speak: Speak, progress: Progress
) -> list[Trial]:
    """Have a model tell all falsehoods, one a reply."""
    trials = [Trial(question_outcome(each)) for each in drafted if each.brief is None]
    for done, each in enumerate(planted, 1):
        spoken = speak(LyingModel(each.lie.reply), each.brief)
        question = spoken_outcome(each.drafted, each.brief, spoken)
        trials.append(Trial(question, lie_outcome(each.brief, each.lie, spoken)))
        progress(done / len(planted))
    return trials


def try_truths(
    drafted: Sequence[Drafted],
    truths: Sequence[HandMadeTruth],
    sources: Mapping[str, Source],
    speak: Speak,
) -> dict[str, Share]:
    """Return how often true replies are not interrupted: in the entries' words, in others."""
    own = [(each.brief.words, each.brief) for each in drafted if each.brief]
    others = [(each.truth, _about(sources[each.entry], each.asked)) for each in truths]
    return {
        words: Share(
            sum(not speak(LyingModel(text), brief).refused for text, brief in told), len(told)
        )
        for words, told in (("in the entry's own words", own), ("in other words", others))
        if told
    }


def _about(source: Source, message: str) -> Brief:
    return Brief("answer", message, (source,), source.text)


def planted_lies(
    drafted: Sequence[Drafted], sources: Sequence[Source], each: int
) -> Iterator[PlantedLie]:
    """Yield `each` falsehoods of every kind about each question, and what other tenants say."""
    for question in drafted:
        brief = question.brief
        if brief is None:
            continue
        used = {source.id for source in brief.sources}
        others = [source for source in sources if source.id not in used]
        for lie in lies(brief.sources, others, f"{_SEED} {brief.message}", each):
            yield PlantedLie(question, brief, lie)
        if question.question.elsewhere:
            for sentence in sentences(question.question.elsewhere.answer):
                false = Falsehood("claim", "borrowed", sentence, sentence)
                yield PlantedLie(question, brief, told(false, "obeying", ()))


def by_hand(made: Sequence[HandMadeLie], sources: Mapping[str, Source]) -> Iterator[PlantedLie]:
    """Yield falsehoods made by hand, each about its entry."""
    for each in made:
        source = sources[each.entry]
        brief = _about(source, source.title)
        question = Question("made by hand", (source.title,))
        drafted = Drafted(question, "answer", each.entry, source.text, brief)
        yield PlantedLie(drafted, brief, each.as_lie())

"""How the voice's guards do on a development set: `python -m tests.support.voice_development`."""

import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any

import yaml

from workers.voice.brief import Brief, Source
from workers.voice.guard import Check, Guard

DATA = Path(__file__).parent.parent / "data"
SETS = tuple(sorted(DATA.glob("voice_development*.yaml")))


@dataclass(slots=True)
class Figures:
    """Counts by kind of lie, fair sentences, and what went wrong."""

    lies: Counter[str] = field(default_factory=Counter)
    caught: Counter[str] = field(default_factory=Counter)
    passed_wrongly: list[str] = field(default_factory=list)
    fair: int = 0
    passed: int = 0
    refused_wrongly: list[str] = field(default_factory=list)
    milliseconds: list[float] = field(default_factory=list)

    @property
    def caught_share(self) -> float:
        """Return which share of the lies was refused."""
        return self.caught.total() / self.lies.total()

    @property
    def passed_share(self) -> float:
        """Return which share of the fair sentences passed."""
        return self.passed / self.fair


def measure(path: Path, guard: Guard) -> Figures:
    """Judge all sentences of a set."""
    figures = Figures()
    for entry, check in _checks(path, guard):
        for kind, lies in entry["lies"].items():
            for lie in lies:
                caught = _refuses(check, lie, figures)
                figures.lies[kind] += 1
                figures.caught[kind] += caught
                figures.passed_wrongly += [] if caught else [f"{kind}: {lie}"]
        for sentence in entry["fair"]:
            refused = _refuses(check, sentence, figures)
            figures.fair += 1
            figures.passed += not refused
            figures.refused_wrongly += [sentence] if refused else []
    return figures


def _checks(path: Path, guard: Guard) -> Iterator[tuple[dict[str, Any], Check]]:
    for entry in yaml.safe_load(path.read_text("utf-8")):
        texts = [(entry["title"], entry["text"]), *entry.get("more", [])]
        sources = tuple(Source(title, title, text) for title, text in texts)
        words = "\n\n".join(source.text for source in sources)
        yield entry, guard.over(Brief("answer", entry["message"], sources, words))


def _refuses(check: Check, sentence: str, figures: Figures) -> bool:
    began = perf_counter()
    reason = check.judge(sentence)
    figures.milliseconds.append(1_000 * (perf_counter() - began))
    return reason is not None


def _report(name: str, figures: Figures) -> str:
    times = sorted(figures.milliseconds)
    kinds = ", ".join(f"{kind} {figures.caught[kind]}/{n}" for kind, n in figures.lies.items())
    return "\n".join(
        [
            f"{name}: lies caught {figures.caught.total()} of {figures.lies.total()} "
            f"({figures.caught_share:.1%}), fair sentences shown {figures.passed} "
            f"of {figures.fair} ({figures.passed_share:.1%}), "
            f"{median(times):.1f} ms a sentence, p99 {times[int(0.99 * len(times))]:.1f}",
            f"  {kinds}",
            *(f"  shown wrongly: {lie}" for lie in figures.passed_wrongly),
            *(f"  refused: {sentence}" for sentence in figures.refused_wrongly),
            "",
        ]
    )


def main() -> None:
    """Print the figures of all sets, with the built small encoder in the folder named."""
    from shared.settings import load
    from workers.knowledge.encoder import encode
    from workers.modelling.knowledge.tuning import open_encoder
    from workers.settings import WorkerSettings

    settings = load(WorkerSettings, model_dir=Path(sys.argv[1]), engine="litert")
    encoder = open_encoder(settings)
    for path in SETS:
        figures = measure(path, Guard(lambda texts: encode(encoder, texts)))
        sys.stdout.write(_report(path.name, figures))


if __name__ == "__main__":
    main()

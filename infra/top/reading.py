"""One scrape of a gateway's /metrics, and what happened between two of them."""

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from prometheus_client.parser import text_string_to_metric_families

Labels = frozenset[tuple[str, str]]
Series = tuple[str, Labels]
_BUCKET = "_bucket"
_BOUND = "le"


@dataclass(frozen=True, slots=True)
class Reading:
    """All samples of a scrape by name and labels; `at` is monotonic seconds."""

    at: float
    samples: Mapping[Series, float]

    def has(self, name: str) -> bool:
        """Tell whether there is any sample of a name."""
        return any(series[0] == name for series in self.samples)

    def rows(self, name: str, **wanted: str) -> Iterator[tuple[dict[str, str], float]]:
        """Yield labels and value of each sample of a name whose labels have the wanted values."""
        for (each, labels), value in self.samples.items():
            if each == name and wanted.items() <= dict(labels).items():
                yield dict(labels), value

    def total(self, name: str, **wanted: str) -> float:
        """Return the sum of a name's samples."""
        return sum(value for _, value in self.rows(name, **wanted))

    def first(self, name: str, **wanted: str) -> float | None:
        """Return the value of one sample, None if there is none."""
        return next((value for _, value in self.rows(name, **wanted)), None)

    def by(self, name: str, label: str, **wanted: str) -> dict[str, float]:
        """Return the sums of a name's samples by the values of a label."""
        sums: dict[str, float] = {}
        for labels, value in self.rows(name, **wanted):
            key = labels.get(label, "")
            sums[key] = sums.get(key, 0.0) + value
        return sums


def read_exposition(text: str, at: float) -> Reading:
    """Read Prometheus's text format; raise ValueError if it is something else."""
    samples: dict[Series, float] = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            samples[sample.name, frozenset(sample.labels.items())] = sample.value
    return Reading(at, samples)


@dataclass(frozen=True, slots=True)
class Span:
    """Two readings; without an earlier one counters count since their start.

    A series that is new has counted from 0, and one that is gone takes its count along: so a worker
    that ends or begins lets nothing fall.
    """

    earlier: Reading | None
    later: Reading

    @property
    def seconds(self) -> float:
        """Return the time between both."""
        return self.later.at - self.earlier.at if self.earlier else 0.0

    def growth(self, name: str, **wanted: str) -> float:
        """Return by how much a counter has grown."""
        return sum(self._grown(series) for series in self._series(name, wanted))

    def rate(self, name: str, **wanted: str) -> float | None:
        """Return the growth a second; None without an earlier reading."""
        return self.growth(name, **wanted) / self.seconds if self.seconds > 0 else None

    def quantiles(
        self, name: str, shares: Sequence[float], wanted: Iterable[Mapping[str, str]]
    ) -> list[float] | None:
        """Return quantiles of what a histogram has observed; None if that is nothing.

        Histograms with any of the wanted labels are taken together.
        """
        below: dict[float, float] = {}
        for each in wanted:
            for series in self._series(name + _BUCKET, each):
                bound = float(dict(series[1])[_BOUND])
                below[bound] = below.get(bound, 0.0) + self._grown(series)
        bounds = sorted(below)
        if not bounds or below[bounds[-1]] <= 0:
            return None
        return [quantile(bounds, [below[bound] for bound in bounds], share) for share in shares]

    def _series(self, name: str, wanted: Mapping[str, str]) -> Iterator[Series]:
        for series in self.later.samples:
            if series[0] == name and wanted.items() <= dict(series[1]).items():
                yield series

    def _grown(self, series: Series) -> float:
        before = self.earlier.samples.get(series, 0.0) if self.earlier else 0.0
        return max(0.0, self.later.samples[series] - before)


def quantile(bounds: Sequence[float], below: Sequence[float], share: float) -> float:
    """Interpolate within the bucket in which a share of the observations is reached.

    `below` counts, for each bound, the observations up to it. What lies beyond the last finite
    bound is given as that bound.
    """
    wanted = share * below[-1]
    lower, reached = 0.0, 0.0
    for bound, count in zip(bounds, below, strict=True):
        if count >= wanted:
            if math.isinf(bound):
                return lower
            inside = count - reached
            return lower + (bound - lower) * ((wanted - reached) / inside if inside else 1.0)
        lower, reached = bound, count
    return lower

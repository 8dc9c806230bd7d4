"""Groups the gaps that an editor looks at, in between messages: only a worker has an encoder."""

from collections.abc import Callable, Sequence

import numpy as np

from shared.clock import Clock
from shared.gap_groups import GapGroups
from workers.gap_groups import distinct_texts, group_gaps
from workers.gap_store import GapStore
from workers.knowledge.finder import Finder
from workers.knowledge.head import Vectors

Embed = Callable[[Sequence[str]], Vectors]


class GapGrouper:
    """Group on demand; what was embedded last is remembered, so that a new gap costs one text."""

    def __init__(self, store: GapStore, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._vectors: dict[str, Vectors] = {}

    def wanted(self) -> str | None:
        """Return a tenant that somebody waits for; raise QueueUnavailable."""
        return self._store.wanted()

    def group(self, tenant: str, revision: str, finder: Finder, embed: Embed) -> None:
        """Group a tenant's gaps beside its base, unless nothing has changed since."""
        source = f"{self._store.source(tenant)} {revision}"
        last = self._store.groups(tenant)
        if last is not None and last.source == source:
            return
        gaps = self._store.read(tenant)
        texts = distinct_texts(gaps)
        vectors = self._vectors_of(texts, embed)
        groups = group_gaps(gaps, texts, vectors, finder) if texts else []
        self._store.put(tenant, GapGroups(self._clock.now(), source, len(gaps), tuple(groups)))

    def _vectors_of(self, texts: Sequence[str], embed: Embed) -> Vectors:
        """Return vectors [texts, dimension]."""
        fresh = [text for text in texts if text not in self._vectors]
        known = self._vectors | dict(zip(fresh, embed(fresh), strict=True))
        self._vectors = {text: known[text] for text in texts}
        return np.array([self._vectors[text] for text in texts], np.float32)

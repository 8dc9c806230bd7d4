"""Where bases come from: files, and what editors have accepted beside them."""

from collections.abc import Collection, Mapping
from pathlib import Path

from workers.draft_source import DraftSource
from workers.drafts import Outcomes, merge_all
from workers.knowledge.loader import Readings, read_all
from workers.knowledge.watch import FileWatch


class BaseSource:
    """Read all bases under a path, each with its drafts, and notice that one has changed."""

    def __init__(self, path: Path, watch: FileWatch, drafts: DraftSource) -> None:
        self.path = path
        self._watch = watch
        self._drafts = drafts
        self._outcomes: Mapping[str, Outcomes] = {}

    def have_files_changed(self) -> bool:
        """Look once; files that are still being written do not count."""
        return self._watch.changed()

    def have_drafts_changed(self) -> bool:
        """Ask once; without Redis they have not."""
        return self._drafts.changed()

    def read(self) -> Readings:
        """Return the bases as they are now."""
        merged = merge_all(read_all(self.path), self._drafts.read())
        self._outcomes = merged.outcomes
        return merged.readings

    def take(self) -> bool:
        """Say whether what was read may be used: the files did not change meanwhile."""
        return self._watch.take()

    def tell(self, unused: Collection[str]) -> None:
        """Tell editors what became of their drafts, but for tenants whose base was not taken."""
        self._drafts.take(
            {tenant: own for tenant, own in self._outcomes.items() if tenant not in unused}
        )

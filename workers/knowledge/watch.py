"""Notice that the files of a knowledge base have changed, by looking at them now and then."""

from collections.abc import Callable

from workers.knowledge.files import Signature


class FileWatch:
    """Compare the files with those that were taken. Not for two threads.

    Looking costs a `stat` a file and works on every file system, mounts of ConfigMaps and network
    shares included, of which a kernel's notifications tell nothing.
    """

    def __init__(self, look: Callable[[], Signature]) -> None:
        self._look = look
        self._seen = self._taken = look()

    def changed(self) -> bool:
        """Look once; say whether the files differ from those taken and have come to rest.

        Files that changed between two looks may be half written: they are left alone.
        """
        before, self._seen = self._seen, self._look()
        return self._seen == before and self._seen != self._taken

    def take(self) -> bool:
        """Say whether the files are still those that were last looked at, and take these if so.

        Call it after reading: what was read while it changed must not be used.
        """
        before, self._seen = self._seen, self._look()
        if self._seen != before:
            return False
        self._taken = self._seen
        return True

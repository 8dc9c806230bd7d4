"""Where event streams wait for news: thousands at once, each for one conversation or job."""

import threading
from collections.abc import Callable, Iterable

from shared.errors import ClientGone, StreamsFull


class Watch:
    """One stream's wait for news of one topic: a conversation's or a job's id."""

    __slots__ = ("_gone", "_news", "_watches", "ended", "ends_with_process", "topic")

    def __init__(self, watches: "Watches", topic: str, *, ends_with_process: bool) -> None:
        self._watches = watches
        self._news = threading.Event()
        self._gone = False
        self.topic = topic
        self.ends_with_process = ends_with_process
        self.ended = False

    def wait(self, seconds: float) -> None:
        """Return when there may be news or the time is up; raise ClientGone once the client is."""
        self._news.wait(seconds)
        self._news.clear()
        if self._gone:
            raise ClientGone("the client closed the connection")

    def wake(self) -> None:
        """Let the stream look for news."""
        self._news.set()

    def end(self) -> None:
        """Let the stream end after the news that there are."""
        self.ended = True
        self._news.set()

    def client_disconnected(self) -> None:
        """End the wait: nobody reads."""
        self._gone = True
        self._news.set()

    def close(self) -> None:
        """Free the stream's place; harmless when it is free already."""
        self._watches.discard(self)


class StreamPlaces:
    """How many streams a process serves, of whatever kind."""

    def __init__(
        self, max_streams: int, observe: Callable[[int], None] = lambda _streams: None
    ) -> None:
        self._max_streams = max_streams
        self._observe = observe
        self._lock = threading.Lock()
        self._taken = 0

    def take(self) -> None:
        """Take a place; raise StreamsFull if there is none."""
        with self._lock:
            if self._taken >= self._max_streams:
                raise StreamsFull(f"{self._taken} event streams are open")
            self._taken += 1
            self._observe(self._taken)

    def free(self) -> None:
        """Give a place back."""
        with self._lock:
            self._taken -= 1
            self._observe(self._taken)


class Watches:
    """Match the topics that have news with the streams that show them.

    `listen` is called with the first stream: until then this gateway need not hear of any.
    """

    def __init__(
        self,
        places: StreamPlaces,
        listen: Callable[["Watches"], None] = lambda _watches: None,
    ) -> None:
        self._places = places
        self._listen = listen
        self._lock = threading.Lock()
        self._listening = self._ended = False
        self._watches: dict[str, list[Watch]] = {}

    def watch(self, topic: str, *, ends_with_process: bool = True) -> Watch:
        """Take a place for a stream; raise StreamsFull if there is none.

        One that does not end with the process ends by itself, before the process has to.
        """
        watch = Watch(self, topic, ends_with_process=ends_with_process)
        with self._lock:
            if self._ended and ends_with_process:
                raise StreamsFull("this process stops")
            self._places.take()
            self._watches.setdefault(topic, []).append(watch)
            first, self._listening = not self._listening, True
        if first:
            self._listen(self)
        return watch

    def discard(self, watch: Watch) -> None:
        """Free a stream's place."""
        with self._lock:
            others = self._watches.get(watch.topic, [])
            if watch not in others:
                return
            others.remove(watch)
            if not others:
                del self._watches[watch.topic]
            self._places.free()

    def wake(self, topics: Iterable[str]) -> None:
        """Wake the streams of these topics."""
        for topic in topics:
            for watch in tuple(self._watches.get(topic, ())):
                watch.wake()

    def wake_all(self) -> None:
        """Wake every stream: its news may have been announced unheard."""
        self.wake(tuple(self._watches))

    def end_all(self) -> None:
        """End the streams that end with the process, and take no more: this process stops."""
        with self._lock:
            self._ended = True
            watches = [watch for each in self._watches.values() for watch in each]
        for watch in watches:
            if watch.ends_with_process:
                watch.end()

    def __len__(self) -> int:
        return sum(map(len, tuple(self._watches.values())))

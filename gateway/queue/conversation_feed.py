"""Hears which conversations have news, and wakes the event streams that show them."""

import threading
from collections.abc import Callable, Iterable

import redis

from shared import keys
from shared.errors import ClientGone, StreamsFull
from shared.subscription import Subscription


class ConversationWatch:
    """One stream's wait for news of one conversation."""

    __slots__ = ("_gone", "_news", "_watches", "conversation_id", "ended")

    def __init__(self, watches: "ConversationWatches", conversation_id: str) -> None:
        self._watches = watches
        self._news = threading.Event()
        self._gone = False
        self.conversation_id = conversation_id
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


class ConversationWatches:
    """Match the conversations that have news with the streams that show them.

    `listen` is called with the first stream: until then this gateway need not hear of any.
    """

    def __init__(
        self,
        max_streams: int,
        listen: Callable[["ConversationWatches"], None] = lambda _watches: None,
        observe: Callable[[int], None] = lambda _streams: None,
    ) -> None:
        self._max_streams = max_streams
        self._listen = listen
        self._observe = observe
        self._lock = threading.Lock()
        self._listening = self._ended = False
        self._watches: dict[str, list[ConversationWatch]] = {}
        self._count = 0

    def watch(self, conversation_id: str) -> ConversationWatch:
        """Take a place for a stream; raise StreamsFull if there is none."""
        watch = ConversationWatch(self, conversation_id)
        with self._lock:
            if self._ended or self._count >= self._max_streams:
                raise StreamsFull(f"{self._count} event streams are open")
            self._watches.setdefault(conversation_id, []).append(watch)
            self._count += 1
            self._observe(self._count)
            first, self._listening = not self._listening, True
        if first:
            self._listen(self)
        return watch

    def discard(self, watch: ConversationWatch) -> None:
        """Free a stream's place."""
        with self._lock:
            others = self._watches.get(watch.conversation_id, [])
            if watch not in others:
                return
            others.remove(watch)
            if not others:
                del self._watches[watch.conversation_id]
            self._count -= 1
            self._observe(self._count)

    def wake(self, conversation_ids: Iterable[str]) -> None:
        """Wake the streams of these conversations."""
        for conversation_id in conversation_ids:
            for watch in tuple(self._watches.get(conversation_id, ())):
                watch.wake()

    def wake_all(self) -> None:
        """Wake every stream: its news may have been announced unheard."""
        self.wake(tuple(self._watches))

    def end_all(self) -> None:
        """End every stream, and take no more: this process stops."""
        with self._lock:
            self._ended = True
            watches = [watch for each in self._watches.values() for watch in each]
        for watch in watches:
            watch.end()

    def __len__(self) -> int:
        return self._count


class RedisConversationFeed(Subscription):
    """Listen for the conversations that any script has announced."""

    def __init__(
        self, client: "redis.Redis", watches: ConversationWatches, *, silence_seconds: float = 5.0
    ) -> None:
        super().__init__(
            client,
            keys.CONVERSATIONS,
            lambda payload: watches.wake(payload.decode().split("\n")),
            name="conversations",
            on_subscribed=watches.wake_all,
            silence_seconds=silence_seconds,
        )

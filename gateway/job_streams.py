"""Opens the event stream of a job."""

import math
from collections.abc import Callable, Mapping

from flask import Response

from gateway.caller import check_of_caller
from gateway.event_response import event_response
from gateway.event_stream import News, stream
from gateway.idempotency import IdempotencyKey
from gateway.job_events import JobEvents
from gateway.queue.disconnect_watcher import DisconnectWatcher
from gateway.queue.dispatcher import Dispatcher
from gateway.queue.job_follower import JobFollower
from gateway.queue.publisher import ExistingJob
from gateway.queue.watches import Watch, Watches
from shared.jobs import ChatJob

EncodeEvents = Callable[[JobEvents], News]


class JobStreams:
    """Answer requests with what becomes of a job."""

    def __init__(
        self,
        follower: JobFollower,
        watches: Watches,
        disconnect_watcher: DisconnectWatcher,
        dispatcher: Dispatcher,
    ) -> None:
        self._follower = follower
        self._watches = watches
        self._disconnect_watcher = disconnect_watcher
        self._dispatcher = dispatcher

    def follow(self, job_id: str, last_event_id: str | None, encode: EncodeEvents) -> Response:
        """Follow a job until it ends; raise StreamsFull or QueueUnavailable."""
        watch = self._watches.watch(job_id)
        return self._answer(watch, JobEvents(self._follower, job_id, last_event_id), encode)

    def submit(
        self,
        job: ChatJob,
        key: IdempotencyKey | None,
        limit_seconds: float,
        encode: EncodeEvents,
        *,
        headers: Mapping[str, str] | None = None,
        cancels: bool = False,
    ) -> Response:
        """Queue a job and follow it for some time; raise StreamsFull or what `enqueue` raises.

        If the key stands for an earlier job, that one is followed. `cancels`: nobody can come back
        for the reply, so the job is cancelled if the client goes away.
        """
        watch = self._watches.watch(job.id, ends_with_process=False)
        try:
            outcome = self._dispatcher.enqueue(job, key)
        except BaseException:
            watch.close()
            raise
        position = None
        if isinstance(outcome, ExistingJob):
            watch.close()
            watch = self._watches.watch(outcome.job_id, ends_with_process=False)
        else:
            position = outcome.position
        events = JobEvents(self._follower, watch.topic, None, position)
        return self._answer(
            watch, events, encode, limit_seconds, headers=headers, cancels=cancels and key is None
        )

    def end_all(self) -> None:
        """End the streams whose clients will come back, and take no more: this process stops."""
        self._watches.end_all()

    def _answer(
        self,
        watch: Watch,
        events: JobEvents,
        encode: EncodeEvents,
        limit_seconds: float = math.inf,
        *,
        headers: Mapping[str, str] | None = None,
        cancels: bool = False,
    ) -> Response:
        try:
            news = encode(events)
            first = news.news()
            frames = stream(
                news, watch, first, check=check_of_caller(), limit_seconds=limit_seconds
            )
        except BaseException:
            watch.close()
            raise
        return event_response(
            frames,
            watch,
            self._disconnect_watcher,
            headers=headers,
            on_disconnect=lambda: self._dispatcher.abandon(watch.topic) if cancels else None,
        )

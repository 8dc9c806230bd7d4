"""What a gateway process counts."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, Summary

_SECONDS = (0.005, 0.01, 0.02, 0.03, 0.05, 0.075, 0.1, 0.15, 0.25, 0.5, 1, 2, 5, 10, 30)
_JOBS = (1, 2, 4, 8, 16, 32, 64, 128, 256, 512)
_REFUSALS = (
    "rate-limited", "conversation-busy", "queue-full", "queue-unavailable", "streams-full",
)  # fmt: skip


class Metrics:
    """Counters and histograms of this gateway, in a registry of their own."""

    def __init__(self) -> None:
        self.registry = registry = CollectorRegistry()
        self._requests = Histogram(
            "parley_http_request_duration_seconds",
            "time from a request's headers to those of its response, by route and status",
            ("route", "status"),
            buckets=_SECONDS,
            registry=registry,
        )
        self._children: dict[tuple[str, int], Histogram] = {}
        self._problems = Counter(
            "parley_http_problems",
            "requests that were answered with a problem, by its kind",
            ("problem",),
            registry=registry,
        )
        # From the start, so that the first of them is an increase.
        self._kinds = {kind: self._problems.labels(kind) for kind in _REFUSALS}
        self.chat_seconds = Histogram(
            "parley_gateway_chat_seconds",
            "time from an accepted POST /chat to its response",
            buckets=_SECONDS,
            registry=registry,
        )
        self.enqueue_seconds = Summary(
            "parley_gateway_enqueue_seconds",
            "time from an accepted message to the queue's acknowledgement",
            registry=registry,
        )
        self._enqueued_together = Histogram(
            "parley_gateway_enqueued_together",
            "jobs that shared one round trip to the queue",
            buckets=_JOBS,
            registry=registry,
        )
        self._replies = Counter(
            "parley_gateway_replies", "replies that reached a waiting request", registry=registry
        )
        self._deliveries = Counter(
            "parley_webhook_deliveries",
            "tries to deliver a webhook event, by outcome: ok, failed or given_up",
            ("outcome",),
            registry=registry,
        )
        self._missing_acks = Counter(
            "parley_gateway_missing_replica_acks",
            "calls that queued messages and that too few replicas confirmed in time",
            registry=registry,
        )
        self._waiting = self._gauge("waiting", "requests that wait for a reply now")
        self._streams = self._gauge("streams", "event streams that are open now")

    def _gauge(self, name: str, text: str) -> Gauge:
        """Make a gauge that is summed up over the processes that live."""
        return Gauge(
            f"parley_gateway_{name}", text, multiprocess_mode="livesum", registry=self.registry
        )

    def count_missing_acks(self) -> None:
        """Count one call that too few replicas have confirmed."""
        self._missing_acks.inc()

    def count_response(self, route: str, status: int, seconds: float) -> None:
        """Count one HTTP response."""
        child = self._children.get((route, status))
        if child is None:
            child = self._children[route, status] = self._requests.labels(route, str(status))
        child.observe(seconds)

    def count_problem(self, kind: str) -> None:
        """Count one request that was answered with a problem."""
        counter = self._kinds.get(kind)
        if counter is None:
            counter = self._kinds[kind] = self._problems.labels(kind)
        counter.inc()

    def count_enqueued(self, jobs: int, *, waiting: int) -> None:
        """Count one round trip to the queue; `waiting` requests wait for a reply now."""
        self._enqueued_together.observe(jobs)
        self._waiting.set(waiting)

    def count_replies(self, replies: int, *, still_waiting: int) -> None:
        """Count replies that came in together."""
        self._replies.inc(replies)
        self._waiting.set(still_waiting)

    def count_streams(self, streams: int) -> None:
        """Take the number of event streams that are open."""
        self._streams.set(streams)

    def count_delivery(self, outcome: str) -> None:
        """Count one try to deliver a webhook event."""
        self._deliveries.labels(outcome).inc()

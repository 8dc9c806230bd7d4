"""Jobs over all partitions: the hash of a job's id names its partition.

Ids that Celery clients chose say nothing: what is not found where the hash points is looked for in
their partition.
"""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence

from gateway.queue.admission_gate import Admission
from gateway.queue.job_canceller import JobCanceller
from gateway.queue.job_follower import JobFollower, JobProgress
from gateway.queue.job_store import RedisJobStore
from gateway.queue.publisher import EnqueueOutcome, EnqueueRequest, Publisher
from gateway.queue.rate_limiter import Charge, RateLimiter
from shared.errors import AdmissionRefused, ParleyError, QueueUnavailable
from shared.partitions import Partitions
from shared.results import JobRecord


class PartitionedPublisher:
    """Queue each job in its conversation's partition.

    What a request costs is taken before: its buckets may lie elsewhere.
    """

    def __init__(
        self,
        partitions: Partitions,
        parts: Sequence[Publisher],
        limiter: RateLimiter,
        take_charge: Callable[[], Charge | None],
    ) -> None:
        self._partitions = partitions
        self._parts = parts
        self._limiter = limiter
        self._take_charge = take_charge

    def submit(self, item: EnqueueRequest) -> EnqueueOutcome:
        """Queue a job and return the outcome."""
        self._charge()
        return self._part(item).submit(item)

    def post(
        self, item: EnqueueRequest, resolve: Callable[[EnqueueOutcome | Exception], None]
    ) -> None:
        """Queue a job soon and return at once."""
        try:
            self._charge()
        except ParleyError as error:
            resolve(error)
        else:
            self._part(item).post(item, resolve)

    def _charge(self) -> None:
        charge = self._take_charge()
        if charge is not None:
            self._limiter.take(charge)

    def _part(self, item: EnqueueRequest) -> Publisher:
        return self._parts[self._partitions.index_of(item.job.conversation_id)]


class PartitionedAdmission:
    """Refuse what every partition would refuse: which one a message goes to is not known yet."""

    def __init__(self, parts: Sequence[Admission]) -> None:
        self._parts = parts

    def refusal(self, tenant: str) -> AdmissionRefused | None:
        """Return the refusal of the partition that is the first to have room."""
        refusals = [part.refusal(tenant) for part in self._parts]
        known = [each for each in refusals if each is not None]
        if len(known) < len(refusals):
            return None
        return min(known, key=lambda each: each.retry_after_seconds)

    def enter(self, tenant: str) -> AdmissionRefused | None:
        """Return the same, and count a message in a partition that may take it."""
        refused = self.refusal(tenant)
        if refused is None:
            next(part for part in self._parts if part.refusal(tenant) is None).enter(tenant)
        return refused


class PartitionedCanceller:
    """End jobs wherever they are."""

    def __init__(self, partitions: Partitions, parts: Sequence[JobCanceller]) -> None:
        self._partitions = partitions
        self._parts = parts

    def cancel(self, job_id: str) -> bool:
        """End a job unless it has ended already; False if it is not known."""
        own = self._parts[self._partitions.index_of(job_id)]
        return own.cancel(job_id) or self._parts[-1].cancel(job_id)

    def abandon(self, job_id: str, gateway: str) -> None:
        """End a job of a gateway soon."""
        self._parts[self._partitions.index_of(job_id)].abandon(job_id, gateway)


class PartitionedJobStore:
    """Look jobs up wherever they are."""

    def __init__(self, partitions: Partitions, parts: Sequence[RedisJobStore]) -> None:
        self._partitions = partitions
        self._parts = parts

    def find(self, job_id: str) -> JobRecord | None:
        """Return a job's record."""
        own = self._parts[self._partitions.index_of(job_id)]
        return own.find(job_id) or self._parts[-1].find(job_id)

    def finished(self, job_ids: Sequence[str]) -> Mapping[str, JobRecord]:
        """Return those of these jobs of gateways whose result is stored.

        Raises QueueUnavailable if no partition that has any of them can be reached.
        """
        found: dict[str, JobRecord] = {}
        failures: list[QueueUnavailable] = []
        wanted = self._by_part(job_ids)
        for part, ids in wanted.items():
            try:
                found.update(self._parts[part].finished(ids))
            except QueueUnavailable as error:
                failures.append(error)
        if failures and len(failures) == len(wanted):
            raise failures[0]
        return found

    def forget(self, job_ids: Sequence[str]) -> None:
        """Delete the results of jobs of gateways."""
        for part, ids in self._by_part(job_ids).items():
            self._parts[part].forget(ids)

    def _by_part(self, job_ids: Sequence[str]) -> Mapping[int, Sequence[str]]:
        parts: defaultdict[int, list[str]] = defaultdict(list)
        for job_id in job_ids:
            parts[self._partitions.index_of(job_id)].append(job_id)
        return parts


class PartitionedFollower:
    """Follow jobs wherever they are."""

    def __init__(self, partitions: Partitions, parts: Sequence[JobFollower]) -> None:
        self._partitions = partitions
        self._parts = parts

    def follow(self, job_id: str, known_bytes: int) -> JobProgress | JobRecord | None:
        """Return a job's progress or its end."""
        own = self._parts[self._partitions.index_of(job_id)]
        return own.follow(job_id, known_bytes) or self._parts[-1].follow(job_id, known_bytes)

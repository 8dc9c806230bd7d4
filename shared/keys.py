"""Every key, channel and queue name in Redis, in one place.

| key | type | holds | bounded by |
|---|---|---|---|
| inference | list | Celery messages; the right end is the head | admission |
| sentiment | list | the same; the oldest are dropped | cap |
| parley:intake:<worker> | list | messages a waiting worker was woken with | sweep |
| parley:lease:<worker> | hash | lease token → message in a worker's hands | sweep |
| parley:receipt:<worker> | string | what its last lease call took, if its reply is lost | TTL |
| parley:suspects:<queue> | list | messages that two workers died with; taken one by one | sweep |
| parley:alone:<worker> | string | lease token of the suspect in a worker's hands | TTL |
| parley:doomed:<worker> | set | lease tokens of messages that it must end as dead letters | TTL |
| parley:worker:<worker> | string | WorkerStatus as JSON; its absence is death | TTL |
| parley:workers:<queue> | zset | workers ever seen by their last heartbeat | sweep |
| parley:drain-rate | hash | how fast jobs are answered while some wait | one key |
| parley:token | string | counter that makes lease tokens unique | one key |
| parley:redelivered:<job> | string | times a message came back from a dead worker | TTL |
| parley:lane:<conversation> | string | the job in flight | TTL |
| parley:lane-waiting:<conversation> | list | jobs that are parked behind it | admission, sweep |
| parley:parked | zset | conversation and id of parked jobs, by deadline | admission, sweep |
| parley:job:<job> | hash | state, conversation, gateways that wait (watchers) | TTL |
| parley:idempotency:<key> | string | digest of the request, job, conversation | TTL |
| parley:tone:<job> | string | Tone as JSON | TTL |
| parley:tone-wanted:<job> | string | channel of the worker that waits for that tone | TTL |
| parley:turns:<conversation> | list | Turns as JSON | TTL, cap |
| parley:phrases:<conversation> | list | wording already used there | TTL, cap |
| parley:dead | list | dead letters as JSON | cap |
| celery-task-meta-<job> | string | Celery's result | TTL |
"""

INFERENCE = "inference"
SENTIMENT = "sentiment"
QUEUES = (INFERENCE, SENTIMENT)
MAX_TONES = 10_000  # messages on the sentiment queue; lanes.lua has the same
INFER_TASK = "chat.infer"
TONE_TASK = "chat.tone"

# kombu over Redis serves the lowest number first; a plain queue name is priority 0.
PRIORITY_SUFFIXES = ("", "\x06\x163", "\x06\x166", "\x06\x169")

DEAD_LETTERS = "parley:dead"
PARKED = "parley:parked"
THROUGHPUT = "parley:drain-rate"
LEASE_TOKEN = "parley:token"  # noqa: S105 - a counter, no secret


def queue_keys(queue: str) -> list[str]:
    """Return the lists that hold a queue's messages: kombu keeps one for each priority step."""
    return [queue + suffix for suffix in PRIORITY_SUFFIXES]


def handoff(worker: str) -> str:
    """Name the list into which a blocked worker is handed a message."""
    return f"parley:intake:{worker}"


def lease(worker: str) -> str:
    """Name the hash of messages in a worker's hands."""
    return f"parley:lease:{worker}"


def last_lease(worker: str) -> str:
    """Name what a worker's last lease call took."""
    return f"parley:receipt:{worker}"


def quarantine(queue: str) -> str:
    """Name the list of a queue's messages that may have killed the workers who held them."""
    return f"parley:suspects:{queue}"


def exclusive_lease(worker: str) -> str:
    """Name the token of the suspect that a worker holds, and nothing beside it."""
    return f"parley:alone:{worker}"


def exhausted(worker: str) -> str:
    """Name the tokens of messages that were delivered too often and are in a worker's hands."""
    return f"parley:doomed:{worker}"


def worker(worker_id: str) -> str:
    """Name a worker's heartbeat."""
    return f"parley:worker:{worker_id}"


def workers(queue: str) -> str:
    """Name the sorted set of a queue's workers."""
    return f"parley:workers:{queue}"


def lane(conversation_id: str) -> str:
    """Name the key that holds a conversation's job in flight."""
    return f"parley:lane:{conversation_id}"


def lane_waiting(conversation_id: str) -> str:
    """Name the list of a conversation's jobs that wait for the one in flight."""
    return f"parley:lane-waiting:{conversation_id}"


def job(job_id: str) -> str:
    """Name a job's state."""
    return f"parley:job:{job_id}"


def idempotency(key: str) -> str:
    """Name what a client's idempotency key was first used for."""
    return f"parley:idempotency:{key}"


def tone(job_id: str) -> str:
    """Name a job's tone."""
    return f"parley:tone:{job_id}"


def tone_subscription(job_id: str) -> str:
    """Name the record of the channel that waits for a job's tone."""
    return f"parley:tone-wanted:{job_id}"


def turns(conversation_id: str) -> str:
    """Name a conversation's turns."""
    return f"parley:turns:{conversation_id}"


def phrases(conversation_id: str) -> str:
    """Name the wording that a conversation has already seen."""
    return f"parley:phrases:{conversation_id}"


def redelivered(job_id: str) -> str:
    """Name the count of a message's returns from dead workers."""
    return f"parley:redelivered:{job_id}"


def result(job_id: str) -> str:
    """Name Celery's result, which is also the channel that announces it."""
    return f"celery-task-meta-{job_id}"


def replies(gateway: str) -> str:
    """Name the channel on which a gateway hears of its replies."""
    return f"parley:replies:{gateway}"


def tones(worker_id: str) -> str:
    """Name the channel on which an inference worker hears of tones it waits for."""
    return f"parley:tones:{worker_id}"

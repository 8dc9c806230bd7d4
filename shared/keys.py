"""Every key, channel and queue name in Redis. Scripts have the same in shared/lua/keys.lua.

| key | type | holds | bounded by |
|---|---|---|---|
| inference | list | Celery messages of chat jobs (or WAKE); right end: the head | admission |
| inference-large | list | those of them that wait for a second look | the latency target |
| generation | list | those of them that wait to be put into a model's words | the voice's target |
| sentiment | list | Celery messages of tone tasks; the oldest are dropped | MAX_TONES |
| <queue>␟<tenant> | list | the same of a tenant other than the default one | admission, MAX_TONES |
| parley:flows:<queue> | zset | tenants with such a list, by what they had of the workers | lease |
| parley:intake:<worker> | list | handoff: messages that woke a waiting worker | reclaim |
| parley:lease:<worker> | hash | lease token → message that the worker holds | reclaim |
| parley:receipt:<worker> | string | last lease: its tokens, in case the reply was lost | TTL |
| parley:suspects:<queue> | list | quarantine: messages that two workers died with | reclaim |
| parley:alone:<worker> | string | exclusive lease: token of its quarantined message | TTL |
| parley:doomed:<worker> | set | exhausted: tokens of messages that it must dead-letter | TTL |
| parley:worker:<worker> | string | heartbeat: WorkerStatus as JSON; without it, dead | TTL |
| parley:workers:<queue> | zset | known workers by their last heartbeat | reclaim |
| parley:drain-rate | hash | throughput: jobs completed while others waited | one key |
| parley:token | string | counter that makes lease tokens unique | one key |
| parley:redelivered:<job> | string | how often a message came back from a dead worker | TTL |
| parley:lane:<conversation> | string | the job that may run | TTL |
| parley:lane-waiting:<conversation> | list | jobs that are parked behind it | admission, reclaim |
| parley:parked | zset | conversation and id of parked jobs by expires_at | admission, reclaim |
| parley:parked-counts | hash | how many of them are a tenant's, but the default one's | reclaim |
| parley:tenants | set | tenants that had a reply, but the default one | TTL, MAX_TENANTS |
| parley:scheduled | zset | conversation and id of jobs by when they are due (eta) | MAX_SCHEDULED |
| parley:scheduled-messages:<conversation> | hash | their messages by job | parley:scheduled |
| parley:follow-ups | list | tasks that ended, whose callbacks, chain or chord go on | sender |
| parley:follow-ups-sending | zset | those of them that a worker sends, by its deadline | sender |
| parley:followed-up:<job> | string | that this was written down for a job | TTL |
| parley:job:<job> | hash | state, conversation, expires_at, who hears of it, notes | TTL |
| parley:reply-text:<job> | string | what was shown of a reply that is still being written | TTL |
| parley:idempotency:<key> | string | digest of the request, its job and conversation | TTL |
| parley:idempotency-conversation:<key> | string | on a cluster: where the key is known | TTL |
| parley:tone:<job> | string | Tone as JSON | TTL |
| parley:tone-wanted:<job> | string | tone subscription: a channel, or that followers wait | TTL |
| parley:tones-shared | string | messages ahead of one whose tone task is left due | TTL |
| parley:tone-sharers | zset | inference workers that do, by their last heartbeat | TTL |
| parley:turns:<conversation> | list | Turns as JSON | TTL, cap |
| parley:dialogue:<conversation> | string | workers' state of it, as JSON | TTL |
| parley:memory:<owner> | list | what a user (or a conversation) has written | TTL, cap |
| parley:user-conversations:<user> | zset | their conversations, until when known | TTL |
| parley:conversation-users:<conversation> | zset | users who took part in it, likewise | TTL |
| parley:history:<digest> | list | conversations in which exactly this was said | TTL, cap |
| parley:handover:<conversation> | hash | its last Handover: each field as JSON | TTL |
| parley:handover-conversation:<handover> | string | the conversation it belongs to | TTL |
| parley:handovers:<state> | zset | conversations by opened_at; `all`: of any state | TTL, sweep |
| parley:outbox | zset | conversations with undelivered webhook events by due time | TTL, sender |
| parley:outbox-events:<conversation> | list | its events, oldest first: tries, at, JSON | TTL |
| parley:outbox-returned | list | events that an operator put back from the dead letters | sender |
| parley:outcome:<conversation> | string | how it counts, by its last turn | TTL |
| parley:counts:<day> | hash | what was counted on a day (UTC): shared/counts.py | TTL |
| parley:entry-counts:<day> | hash | the same for each entry of the knowledge base | TTL, cap |
| parley:tokens-used:<day> | hash | tokens that language models used for each tenant | TTL |
| parley:feedback | zset | conversations with feedback by its time | TTL, cap |
| parley:feedback:<conversation> | hash | Feedback as JSON by job | TTL, parley:feedback |
| parley:gaps | zset | conversations with gaps by the time of the last | TTL, cap |
| parley:gaps:<conversation> | list | Gaps as JSON: redacted messages without an answer | TTL, cap |
| parley:gap-groups:<tenant> | string | GapGroups as JSON, as a worker made them of the gaps | TTL |
| parley:gap-groups-wanted | set | tenants for whom a worker should do that | TTL |
| parley:settled-gaps:<tenant> | zset | digests of accepted and dismissed wordings | TTL, cap |
| parley:drafts:<tenant> | hash | Drafts as JSON by id: accepted, in no file yet | MAX_DRAFTS |
| parley:draft-versions | hash | a number for each tenant that changes with its drafts | tenants |
| parley:draft-outcomes:<tenant> | hash | DraftOutcomes as JSON: what became of each | drafts |
| parley:dashboard:sampler | string | the gateway process that samples for the dashboard | TTL |
| parley:dashboard:seconds | list | its samples, one every few seconds, oldest first | cap, TTL |
| parley:dashboard:minutes | list | samples of a minute each, oldest first | cap, TTL |
| parley:dashboard:live | string | what the sampler saw last, as JSON | TTL |
| parley:api-keys | hash | id of an API key → its digest | `parley keys revoke` |
| parley:api-key:<digest> | hash | ApiKey: tenant, scopes, expiry, last use | parley:api-keys |
| parley:rate-limit:<bucket> | string | token bucket of a key or an address | TTL |
| parley:dead | list | dead letters as JSON | cap, TTL |
| parley:protocol | hash | version of the data; each live process and its own | one key |
| celery-task-meta-<job> | string | Celery's result | TTL |

Ids of a tenant other than the default one, and a state, a day or nothing in their place, begin with
its name and U+001F: parley:handovers:acme␟open, parley:counts:acme␟2026-01-31,
parley:feedback:acme␟, parley:gaps:acme␟.

On a cluster every key has the prefix of its partition (shared/partitions.py), as in
{p07}parley:job:<job>; {inference}_parley:partitions, a string, holds how many there are. Channels
have none.

Channels: parley:wakes:<queue> for partitions in which messages wait, parley:replies:<gateway> for
its jobs' notifications, parley:tones:<worker> for tones it subscribed to, celery-task-meta-<job>
for Celery's result, parley:conversations for the ids of conversations that have a new turn or
another state of their handover.
"""

from shared import tenants

INFERENCE = "inference"
INFERENCE_LARGE = "inference-large"
GENERATION = "generation"
SENTIMENT = "sentiment"
NEEDED_QUEUES = (INFERENCE, SENTIMENT)  # the others: in a cascade, with a language model
QUEUES = (*NEEDED_QUEUES, INFERENCE_LARGE, GENERATION)
# Where a queue's messages go when a worker gives them up; not named: to their own queue. A second
# look is asked for once, and so are a model's words: what such a worker gave up, an inference
# worker answers.
RETURN_QUEUES = {INFERENCE_LARGE: INFERENCE, GENERATION: INFERENCE}
MAX_TONES = 10_000  # messages on the sentiment queue
MAX_SCHEDULED = 10_000  # jobs that are not due yet
MAX_TURNS = 200  # kept of a conversation
MAX_DEAD_LETTERS = 10_000
MAX_ENTRY_COUNTS = 10_000  # fields of a day, some ten an entry: those asked for first
MAX_FEEDBACK = 10_000  # conversations whose feedback is kept
MAX_GAPS = 5_000  # conversations whose gaps are kept
MAX_SETTLED_GAPS = 20_000  # wordings of a tenant
MAX_DRAFTS = 200  # of a tenant
GAP_GROUPS_TTL_SECONDS = 86_400
MAX_TENANTS = 1_000  # listed
DEAD_LETTER_TTL_SECONDS = 2_592_000  # 30 days
REPORT_TTL_SECONDS = 7_776_000  # 90 days: counts, feedback and gaps
INFER_TASK = "chat.infer"
TONE_TASK = "chat.tone"
EMBED_TASK = "chat.embed"

API_KEYS = "parley:api-keys"
DEAD_LETTERS = "parley:dead"
PARKED = "parley:parked"
SCHEDULED = "parley:scheduled"
FOLLOW_UPS = "parley:follow-ups"
FOLLOW_UPS_SENDING = "parley:follow-ups-sending"
CONVERSATIONS = "parley:conversations"
FEEDBACK = "parley:feedback"
DASHBOARD_SAMPLER = "parley:dashboard:sampler"
DASHBOARD_SECONDS = "parley:dashboard:seconds"
DASHBOARD_MINUTES = "parley:dashboard:minutes"
DASHBOARD_LIVE = "parley:dashboard:live"
GAPS = "parley:gaps"
GAP_GROUPS_WANTED = "parley:gap-groups-wanted"
DRAFT_VERSIONS = "parley:draft-versions"
OUTBOX = "parley:outbox"
PROTOCOL = "parley:protocol"
OUTBOX_RETURNED = "parley:outbox-returned"
PARKED_COUNTS = "parley:parked-counts"
TONES_SHARED = "parley:tones-shared"
TONE_SHARERS = "parley:tone-sharers"
TENANTS = "parley:tenants"
WAKE = "parley:wake"  # a message on a queue that says nothing but that tenants' messages wait
THROUGHPUT = "parley:drain-rate"
PARTITIONS = "parley:partitions"
LEASE_TOKEN = "parley:token"  # noqa: S105 - a counter, no secret


def flow(queue: str, tenant: str) -> str:
    """Name the list of a tenant's messages for a queue: the default tenant's is the queue's own."""
    if tenant == tenants.DEFAULT_TENANT:
        return queue
    return f"{queue}{tenants.SEPARATOR}{tenant}"


def flows(queue: str) -> str:
    """Name the sorted set of the tenants whose messages wait in lists of their own."""
    return f"parley:flows:{queue}"


def handoff(worker: str) -> str:
    """Name the list into which Redis moves a message to wake a waiting worker."""
    return f"parley:intake:{worker}"


def lease(worker: str) -> str:
    """Name the hash of the messages that a worker holds."""
    return f"parley:lease:{worker}"


def last_lease(worker: str) -> str:
    """Name the record of a worker's last lease call."""
    return f"parley:receipt:{worker}"


def quarantine(queue: str) -> str:
    """Name the list of a queue's messages that may have killed the workers that held them."""
    return f"parley:suspects:{queue}"


def exclusive_lease(worker: str) -> str:
    """Name the token of the quarantined message that a worker holds, and holds alone."""
    return f"parley:alone:{worker}"


def exhausted(worker: str) -> str:
    """Name the tokens of messages a worker holds that were delivered too often."""
    return f"parley:doomed:{worker}"


def worker(worker_id: str) -> str:
    """Name a worker's heartbeat."""
    return f"parley:worker:{worker_id}"


def workers(queue: str) -> str:
    """Name the sorted set of a queue's workers."""
    return f"parley:workers:{queue}"


def lane(conversation_id: str) -> str:
    """Name the key that holds the job which may run in a conversation."""
    return f"parley:lane:{conversation_id}"


def lane_waiting(conversation_id: str) -> str:
    """Name the list of a conversation's parked jobs."""
    return f"parley:lane-waiting:{conversation_id}"


def scheduled_messages(conversation_id: str) -> str:
    """Name the hash of a conversation's messages that are not due yet."""
    return f"parley:scheduled-messages:{conversation_id}"


def followed_up(job_id: str) -> str:
    """Name the note that what follows a job's end has been written down."""
    return f"parley:followed-up:{job_id}"


def job(job_id: str) -> str:
    """Name the hash of a job's state."""
    return f"parley:job:{job_id}"


def reply_text(job_id: str) -> str:
    """Name the text that was shown of a job's reply before the reply is there."""
    return f"parley:reply-text:{job_id}"


def idempotency(key: str) -> str:
    """Name the record of the first request that came with an idempotency key."""
    return f"parley:idempotency:{key}"


def idempotency_pointer(key: str) -> str:
    """Name the record of the conversation in whose partition an idempotency key is known."""
    return f"parley:idempotency-conversation:{key}"


def tone(job_id: str) -> str:
    """Name a job's tone."""
    return f"parley:tone:{job_id}"


def tone_subscription(job_id: str) -> str:
    """Name the record of the channel that waits for a job's tone."""
    return f"parley:tone-wanted:{job_id}"


def turns(conversation_id: str) -> str:
    """Name the list of a conversation's turns."""
    return f"parley:turns:{conversation_id}"


def dialogue(conversation_id: str) -> str:
    """Name what workers keep of a conversation from turn to turn."""
    return f"parley:dialogue:{conversation_id}"


def memory(owner: str) -> str:
    """Name the list of what an owner of memories has written."""
    return f"parley:memory:{owner}"


def memory_owner(user_id: str | None, conversation_id: str) -> str:
    """Return whose memory a message belongs to: its user's, or its conversation's without one."""
    return f"user {user_id}" if user_id else f"conversation {conversation_id}"


def user_conversations(user_id: str) -> str:
    """Name the sorted set of the conversations that a user took part in."""
    return f"parley:user-conversations:{user_id}"


def conversation_users(conversation_id: str) -> str:
    """Name the sorted set of the users who took part in a conversation."""
    return f"parley:conversation-users:{conversation_id}"


def history(digest: str) -> str:
    """Name the list of the conversations whose messages have a digest."""
    return f"parley:history:{digest}"


def handover(conversation_id: str) -> str:
    """Name the hash of a conversation's last handover."""
    return f"parley:handover:{conversation_id}"


def handover_conversation(handover_id: str) -> str:
    """Name the record of the conversation that a handover belongs to."""
    return f"parley:handover-conversation:{handover_id}"


def handovers(state: str, tenant: str = tenants.DEFAULT_TENANT) -> str:
    """Name the index of a tenant's handovers in a state, or of `all`."""
    return f"parley:handovers:{tenants.scope(tenant, state)}"


def outbox_events(conversation_id: str) -> str:
    """Name the list of a conversation's webhook events that are not delivered yet."""
    return f"parley:outbox-events:{conversation_id}"


def outcome(conversation_id: str) -> str:
    """Name the record of how a conversation's last turn is counted."""
    return f"parley:outcome:{conversation_id}"


def counts(day: str, tenant: str = tenants.DEFAULT_TENANT) -> str:
    """Name the hash of what was counted for a tenant on a day, as 2026-01-31."""
    return f"parley:counts:{tenants.scope(tenant, day)}"


def entry_counts(day: str, tenant: str = tenants.DEFAULT_TENANT) -> str:
    """Name the hash of what was counted on a day for entries of the knowledge base."""
    return f"parley:entry-counts:{tenants.scope(tenant, day)}"


def tokens_used(day: str) -> str:
    """Return the key of what language models used on a day, 2026-01-31."""
    return f"parley:tokens-used:{day}"


def feedback(tenant: str) -> str:
    """Name the index of a tenant's conversations with feedback."""
    if tenant == tenants.DEFAULT_TENANT:
        return FEEDBACK
    return feedback_of(tenants.scope(tenant, ""))


def gaps(tenant: str) -> str:
    """Name the index of a tenant's conversations with gaps."""
    return GAPS if tenant == tenants.DEFAULT_TENANT else gaps_of(tenants.scope(tenant, ""))


def feedback_of(conversation_id: str) -> str:
    """Name the hash of the feedback on a conversation's replies."""
    return f"parley:feedback:{conversation_id}"


def gaps_of(conversation_id: str) -> str:
    """Name the list of a conversation's messages that got no answer."""
    return f"parley:gaps:{conversation_id}"


def gap_groups(tenant: str) -> str:
    """Name the groups that a worker has made of a tenant's gaps."""
    return f"parley:gap-groups:{tenant}"


def settled_gaps(tenant: str) -> str:
    """Name the sorted set of a tenant's wordings that are no gap any more."""
    return f"parley:settled-gaps:{tenant}"


def drafts(tenant: str) -> str:
    """Name the hash of what a tenant's editors have accepted into its base."""
    return f"parley:drafts:{tenant}"


def draft_outcomes(tenant: str) -> str:
    """Name the hash of what a worker made of a tenant's drafts."""
    return f"parley:draft-outcomes:{tenant}"


def api_key(digest: str) -> str:
    """Name the hash of an API key, by its SHA-256."""
    return f"parley:api-key:{digest}"


def rate_limit(bucket: str) -> str:
    """Name a token bucket."""
    return f"parley:rate-limit:{bucket}"


def redelivered(job_id: str) -> str:
    """Name the count of a message's returns from dead workers."""
    return f"parley:redelivered:{job_id}"


def result(job_id: str) -> str:
    """Name Celery's result, and the channel on which it is published."""
    return f"celery-task-meta-{job_id}"


def replies(gateway: str) -> str:
    """Name the channel on which a gateway is notified of its jobs' results."""
    return f"parley:replies:{gateway}"


def tones(worker_id: str) -> str:
    """Name the channel on which an inference worker receives the tones it subscribed to."""
    return f"parley:tones:{worker_id}"


def wakes(queue: str) -> str:
    """Name the channel on which workers hear of partitions in which messages wait."""
    return f"parley:wakes:{queue}"

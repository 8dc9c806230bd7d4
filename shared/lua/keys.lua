-- Library: key names and limits that several scripts use.
-- LANE .. conversation is a key. Python has the same names and values (shared/keys.py and
-- workers/consumer/lease_queue.py); a test compares them.
-- PREFIX stands before every key of a partition, not before channels; shared/scripts.py defines it,
-- and takes it out of this text where there is none.
local API_KEY = PREFIX .. 'parley:api-key:'
local CONVERSATIONS = 'parley:conversations'
local CONVERSATION_USERS = PREFIX .. 'parley:conversation-users:'
local COUNTS = PREFIX .. 'parley:counts:'
local DIALOGUE = PREFIX .. 'parley:dialogue:'
local ENTRY_COUNTS = PREFIX .. 'parley:entry-counts:'
local FEEDBACK = PREFIX .. 'parley:feedback'
local FEEDBACK_OF = PREFIX .. 'parley:feedback:'
local FLOWS = PREFIX .. 'parley:flows:'
local FOLLOWED_UP = PREFIX .. 'parley:followed-up:'
local FOLLOW_UPS = PREFIX .. 'parley:follow-ups'
local GAPS = PREFIX .. 'parley:gaps'
local GAPS_OF = PREFIX .. 'parley:gaps:'
local HANDOVER = PREFIX .. 'parley:handover:'
local HANDOVERS = PREFIX .. 'parley:handovers:'
local HANDOVER_CONVERSATION = PREFIX .. 'parley:handover-conversation:'
local IDEMPOTENCY = PREFIX .. 'parley:idempotency:'
local INFERENCE = PREFIX .. 'inference'
local JOB = PREFIX .. 'parley:job:'
local LANE = PREFIX .. 'parley:lane:'
local LANE_WAITING = PREFIX .. 'parley:lane-waiting:'
local LEASE = PREFIX .. 'parley:lease:'
local MEMORY = PREFIX .. 'parley:memory:'
local OUTBOX = PREFIX .. 'parley:outbox'
local OUTBOX_EVENTS = PREFIX .. 'parley:outbox-events:'
local OUTCOME = PREFIX .. 'parley:outcome:'
local PARKED = PREFIX .. 'parley:parked'
local PARKED_COUNTS = PREFIX .. 'parley:parked-counts'
local RATE_LIMIT = PREFIX .. 'parley:rate-limit:'
local REDELIVERED = PREFIX .. 'parley:redelivered:'
local REPLIES = 'parley:replies:'
local REPLY_TEXT = PREFIX .. 'parley:reply-text:'
local RESULT = PREFIX .. 'celery-task-meta-'
local TENANTS = PREFIX .. 'parley:tenants'
local SCHEDULED = PREFIX .. 'parley:scheduled'
local SCHEDULED_MESSAGES = PREFIX .. 'parley:scheduled-messages:'
local TONE = PREFIX .. 'parley:tone:'
local TONES_SHARED = PREFIX .. 'parley:tones-shared'
local TONE_SUBSCRIPTION = PREFIX .. 'parley:tone-wanted:'
local TURNS = PREFIX .. 'parley:turns:'
local USER_CONVERSATIONS = PREFIX .. 'parley:user-conversations:'
local WAKE = 'parley:wake'
local WAKES = 'parley:wakes:'
local WORKER = PREFIX .. 'parley:worker:'

local DEAD_LETTER_TTL_SECONDS = 2592000
local MAX_ENTRY_COUNTS = 10000
local MAX_FEEDBACK = 10000
local MAX_GAPS = 5000
local MAX_TENANTS = 1000
local MAX_SCHEDULED = 10000
local MAX_TONES = 10000
local QUARANTINE_AFTER = 3
local REPORT_TTL_SECONDS = 7776000


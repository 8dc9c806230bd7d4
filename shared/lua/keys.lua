-- Library: key names and limits that several scripts use.
-- A prefix with an id appended is a key: LANE .. conversation. Python has the same names and values
-- (shared/keys.py and workers/consumer/lease_queue.py); a test compares them.
local API_KEY = 'parley:api-key:'
local CONVERSATIONS = 'parley:conversations'
local CONVERSATION_USERS = 'parley:conversation-users:'
local COUNTS = 'parley:counts:'
local DIALOGUE = 'parley:dialogue:'
local ENTRY_COUNTS = 'parley:entry-counts:'
local FEEDBACK = 'parley:feedback'
local FEEDBACK_OF = 'parley:feedback:'
local FLOWS = 'parley:flows:'
local FOLLOWED_UP = 'parley:followed-up:'
local FOLLOW_UPS = 'parley:follow-ups'
local GAPS = 'parley:gaps'
local GAPS_OF = 'parley:gaps:'
local HANDOVER = 'parley:handover:'
local HANDOVERS = 'parley:handovers:'
local HANDOVER_CONVERSATION = 'parley:handover-conversation:'
local IDEMPOTENCY = 'parley:idempotency:'
local INFERENCE = 'inference'
local JOB = 'parley:job:'
local LANE = 'parley:lane:'
local LANE_WAITING = 'parley:lane-waiting:'
local LEASE = 'parley:lease:'
local MEMORY = 'parley:memory:'
local OUTBOX = 'parley:outbox'
local OUTBOX_EVENTS = 'parley:outbox-events:'
local OUTCOME = 'parley:outcome:'
local PARKED = 'parley:parked'
local PARKED_COUNTS = 'parley:parked-counts'
local RATE_LIMIT = 'parley:rate-limit:'
local REDELIVERED = 'parley:redelivered:'
local REPLIES = 'parley:replies:'
local REPLY_TEXT = 'parley:reply-text:'
local RESULT = 'celery-task-meta-'
local TENANTS = 'parley:tenants'
local SCHEDULED = 'parley:scheduled'
local SCHEDULED_MESSAGES = 'parley:scheduled-messages:'
local TONE = 'parley:tone:'
local TONE_SUBSCRIPTION = 'parley:tone-wanted:'
local TURNS = 'parley:turns:'
local USER_CONVERSATIONS = 'parley:user-conversations:'
local WAKE = 'parley:wake'
local WORKER = 'parley:worker:'

local DEAD_LETTER_TTL_SECONDS = 2592000
local MAX_ENTRY_COUNTS = 5000
local MAX_FEEDBACK = 10000
local MAX_GAPS = 5000
local MAX_TENANTS = 1000
local MAX_SCHEDULED = 10000
local MAX_TONES = 10000
local QUARANTINE_AFTER = 3
local REPORT_TTL_SECONDS = 7776000


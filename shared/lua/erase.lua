-- Erase a conversation, and end its jobs as cancelled: what they would add must not come back.
--
-- @include handovers.lua
-- @include lanes.lua
-- @include memory.lua
-- @include results.lua
--
-- KEYS[1] turns
-- KEYS[2] dialogue
-- ARGV[1] conversation
-- ARGV[2] TTL of a stored result, seconds; longer than any job may take
-- ARGV[3] notification and
-- ARGV[4] Celery result, both with <job> in place of a job's id
--
-- Keys made from arguments: parley:lane:*, parley:lane-waiting:*, parley:parked, those of
-- Keys made from arguments: parley:lane:*, parley:lane-waiting:*, parley:parked, those of
--   handovers.lua, memory.lua and results.lua
-- Returns how many jobs were cancelled.
local turns, dialogue = unpack(KEYS, 1, 2)
local conversation, result_ttl, notification, result = unpack(ARGV, 1, 4)
local cancelled = 0

local function cancel(id)
  if has_result(id) then return end
  store_cancelled(id, notification, result, result_ttl)
  cancelled = cancelled + 1
end

local holder = redis.call('GET', LANE .. conversation)
if holder then cancel(holder) end
for _, waiting in ipairs(redis.call('LRANGE', LANE_WAITING .. conversation, 0, -1)) do
  local id = string.match(waiting, '^[^\n]+')
  redis.call('ZREM', PARKED, conversation .. ' ' .. id)
  cancel(id)
end
forget_conversation(conversation)
redis.call('DEL', turns, dialogue, LANE .. conversation, LANE_WAITING .. conversation)
forget_handover(conversation)
forget_events(conversation)
announce_conversation(conversation)
flush_notifications()
return cancelled

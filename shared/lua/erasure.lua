-- Library: erase a conversation, and end its jobs as cancelled: what they would add must not come
-- back.
-- Whoever includes this library calls flush_notifications at the end.
--
-- @include handovers.lua
-- @include indexed.lua
-- @include lanes.lua
-- @include memory.lua
-- @include results.lua
--
-- Keys made from arguments: parley:turns:*, parley:dialogue:*, parley:outcome:*, parley:lane:*,
--   parley:lane-waiting:*, parley:parked, parley:feedback, parley:feedback:*, parley:gaps, parley:gaps:*,
--   those of handovers.lua, memory.lua and results.lua

-- End all jobs of a conversation; the templates are those of store_cancelled. Return how many.
local function cancel_jobs(conversation, notification, result, result_ttl)
  local cancelled = 0
  local function cancel(id)
    if has_result(id) then return end
    store_cancelled(id, conversation, notification, result, result_ttl)
    cancelled = cancelled + 1
  end
  local holder = redis.call('GET', LANE .. conversation)
  if holder then cancel(holder) end
  for _, waiting in ipairs(redis.call('LRANGE', LANE_WAITING .. conversation, 0, -1)) do
    local id = string.match(waiting, '^[^\n]+')
    unlist_parked(conversation, id)
    cancel(id)
  end
  redis.call('DEL', LANE .. conversation, LANE_WAITING .. conversation)
  return cancelled
end

local function erase_conversation(conversation, notification, result, result_ttl)
  local cancelled = cancel_jobs(conversation, notification, result, result_ttl)
  forget_conversation(conversation)
  redis.call('DEL', TURNS .. conversation, DIALOGUE .. conversation, OUTCOME .. conversation)
  forget_indexed(FEEDBACK, FEEDBACK_OF, conversation)
  forget_indexed(GAPS, GAPS_OF, conversation)
  forget_handover(conversation)
  forget_events(conversation)
  announce_conversation(conversation)
  return cancelled
end

-- Count handovers and webhook events for the metrics.
--
-- @include handovers.lua
--
-- KEYS[1] conversations with events, by due time
-- ARGV[1] Unix time before which a handover was opened that may have expired
--
-- Keys made from arguments: parley:handovers:*, parley:outbox-events:*, those of handovers.lua
-- Returns {open, opened_at of the oldest or '', claimed, the same of it, events, time of the oldest
--   or ''}; of the conversations with events MAX_COUNTED are looked at.
local outbox = KEYS[1]
local before = ARGV[1]
local MAX_COUNTED = 1000

local function count_handovers(state)
  local oldest = redis.call('ZRANGE', HANDOVERS .. state, 0, 0, 'WITHSCORES')
  return redis.call('ZCARD', HANDOVERS .. state), oldest[2] or ''
end

local function count_events()
  local events, oldest = 0, nil
  for _, conversation in ipairs(redis.call('ZRANGE', outbox, 0, MAX_COUNTED - 1)) do
    local list = OUTBOX_EVENTS .. conversation
    local at = string.match(redis.call('LINDEX', list, 0) or '', '^%d+ (%S+)')
    events = events + redis.call('LLEN', list)
    if at and (not oldest or tonumber(at) < tonumber(oldest)) then oldest = at end
  end
  return events, oldest or ''
end

prune_handovers(before)
local open, open_since = count_handovers('open')
local claimed, claimed_since = count_handovers('claimed')
local events, events_since = count_events()
return {open, open_since, claimed, claimed_since, events, events_since}

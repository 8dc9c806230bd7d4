-- Count handovers and webhook events for the metrics.
--
-- @include handovers.lua
-- @include tenants.lua
--
-- KEYS[1] conversations with events, by due time
-- ARGV[1] Unix time before which a handover was opened that may have expired
-- ARGV[2] conversations with events that are looked at, at most
-- ARGV[3..] tenants whose handovers are counted together: some tens, nobody else is served meanwhile
--
-- Keys made from arguments: parley:handovers:*, parley:outbox-events:*, those of handovers.lua
-- Returns {open, opened_at of the oldest or '', claimed, the same of it, events, time of the oldest
--   or ''}.
local outbox = KEYS[1]
local before, looked_at = unpack(ARGV, 1, 2)

local function older(one, other)
  if not one or other and tonumber(other) < tonumber(one) then return other end
  return one
end

local function count_handovers(state)
  local handovers, oldest = 0, nil
  for i = 3, #ARGV do
    local index = HANDOVERS .. scoped(ARGV[i], state)
    handovers = handovers + redis.call('ZCARD', index)
    oldest = older(oldest, redis.call('ZRANGE', index, 0, 0, 'WITHSCORES')[2])
  end
  return handovers, oldest or ''
end

local function count_events()
  local events, oldest = 0, nil
  if looked_at == '0' then return 0, '' end
  for _, conversation in ipairs(redis.call('ZRANGE', outbox, 0, looked_at - 1)) do
    local list = OUTBOX_EVENTS .. conversation
    local at = string.match(redis.call('LINDEX', list, 0) or '', '^%d+ (%S+)')
    events = events + redis.call('LLEN', list)
    oldest = older(oldest, at)
  end
  return events, oldest or ''
end

for i = 3, #ARGV do prune_handovers(ARGV[i], before) end
local open, open_since = count_handovers('open')
local claimed, claimed_since = count_handovers('claimed')
local events, events_since = count_events()
return {open, open_since, claimed, claimed_since, events, events_since}

-- Give a claimed handover back: it is open again, and waits as long as it did before.
--
-- @include handovers.lua
--
-- ARGV[1] handover
-- ARGV[2] who gives it back, as JSON, or '' for whoever has it
-- ARGV[3] Unix time
-- ARGV[4] conversation TTL, seconds
--
-- Keys made from arguments: parley:handover:*, those of handovers.lua
-- Returns what claim_handover.lua does; conflict means that another person has it, or it is closed.
--   Open already, it stays as it is.
local id, by, now, ttl = unpack(ARGV, 1, 4)

local function release(conversation)
  local key, state = HANDOVER .. conversation, handover_state(conversation)
  if state == 'open' then return 'done' end
  local holder = redis.call('HGET', key, 'claimed_by')
  if state ~= 'claimed' or by ~= '' and by ~= holder then return 'conflict' end
  redis.call('HSET', key, 'claimed_by', 'null', 'claimed_at', 'null')
  set_handover_state(conversation, 'open')
  renew_handover(conversation, ttl)
  record_event(conversation, 'handover.released', now)
  announce_conversation(conversation)
  return 'done'
end

return change_handover(id, release)

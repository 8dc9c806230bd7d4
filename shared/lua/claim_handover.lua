-- Give a handover to a person: from now on the bot is silent in its conversation.
--
-- @include handovers.lua
--
-- ARGV[1] handover
-- ARGV[2] who claims it, as JSON
-- ARGV[3] Unix time
-- ARGV[4] conversation TTL, seconds
--
-- Keys made from arguments: parley:handover:*, those of handovers.lua
-- Returns {verdict, field, value, ...}, the fields as the hash has them; verdict is one of
--   done      this person has it, maybe since before
--   conflict  another person has it, or it is closed
--   unknown   there is no such handover; no fields
local id, by, now, ttl = unpack(ARGV, 1, 4)

local function claim(conversation)
  local key, state = HANDOVER .. conversation, handover_state(conversation)
  if state == 'claimed' and redis.call('HGET', key, 'claimed_by') == by then return 'done' end
  if state ~= 'open' then return 'conflict' end
  redis.call('HSET', key, 'claimed_by', by, 'claimed_at', now)
  enter_handover_state(conversation, 'claimed', now, ttl)
  return 'done'
end

return change_handover(id, claim)

-- Close a handover: the bot answers again. Nothing is added to what was said.
--
-- @include handovers.lua
--
-- ARGV[1] handover
-- ARGV[2] note for the record, as JSON
-- ARGV[3] Unix time
-- ARGV[4] conversation TTL, seconds
-- ARGV[5] name of the person, as JSON; an older gateway sends none
--
-- Keys made from arguments: parley:handover:*, those of handovers.lua
-- Returns what claim_handover.lua does; never conflict: closed again, it stays as it is.
local id, note, now, ttl, by = unpack(ARGV, 1, 5)

local function close(conversation)
  if handover_state(conversation) == 'closed' then return 'done' end
  redis.call('HSET', HANDOVER .. conversation, 'closed_at', now, 'note', note, 'closed_by', by or 'null')
  enter_handover_state(conversation, 'closed', now, ttl)
  return 'done'
end

return change_handover(id, close)

-- Append what a person writes to the conversation that they have.
--
-- @include capped.lua
-- @include handovers.lua
--
-- ARGV[1] handover
-- ARGV[2] who replies, as JSON, or '' for whoever has it
-- ARGV[3] Unix time
-- ARGV[4] conversation TTL, seconds
-- ARGV[5] turns kept per conversation
-- ARGV[6] the turn up to the name of who wrote it: `{…,"by":`
--
-- Keys made from arguments: parley:handover:*, parley:turns:*, those of handovers.lua
-- Returns what claim_handover.lua does; conflict means that this person does not have it.
local id, by, now, ttl, max_turns, open_turn = unpack(ARGV, 1, 6)
local MAX_LOOKED_AT = 16

-- The same call may come twice, after a lost reply.
local function append_once(conversation, turn)
  local turns = TURNS .. conversation
  if redis.call('LPOS', turns, turn, 'RANK', -1, 'MAXLEN', MAX_LOOKED_AT) then return end
  append_capped(turns, {turn}, tonumber(max_turns), ttl)
  record_event(conversation, 'handover.replied', now, turn)
  announce_conversation(conversation)
end

local function reply(conversation)
  local holder = redis.call('HGET', HANDOVER .. conversation, 'claimed_by')
  if not has_person(conversation) or by ~= '' and by ~= holder then return 'conflict' end
  append_once(conversation, open_turn .. holder .. '}')
  renew_handover(conversation, ttl)
  return 'done'
end

return change_handover(id, reply)

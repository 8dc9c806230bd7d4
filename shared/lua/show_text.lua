-- Show a further part of a reply that is still being written to those who follow its job.
--
-- @include followers.lua
-- @include handovers.lua
-- @include keys.lua
-- @include results.lua
--
-- KEYS[1] lease hash of this worker
-- ARGV[1] TTL of what was shown, seconds
-- ARGV[2] token
-- ARGV[3] job id
-- ARGV[4] conversation id
-- ARGV[5] bytes that were shown before
-- ARGV[6] text
--
-- Keys made from arguments: parley:reply-text:*, parley:job:*, those of handovers.lua and results.lua
-- Returns one of
--   shown   it stands there; so says a repeated call
--   lost    the lease is not this worker's, or somebody else has shown something
--   ended   the job has a result already
--   person  a person has taken the conversation over
local leases = KEYS[1]
local ttl, token, id, conversation, known_bytes, text = unpack(ARGV, 1, 6)

local function show()
  if redis.call('HEXISTS', leases, token) == 0 then return 'lost' end
  if has_result(id) then return 'ended' end
  if has_person(conversation) then return 'person' end
  local length = redis.call('STRLEN', REPLY_TEXT .. id)
  if length == known_bytes + #text then return 'shown' end
  if length ~= tonumber(known_bytes) then return 'lost' end
  redis.call('APPEND', REPLY_TEXT .. id, text)
  redis.call('EXPIRE', REPLY_TEXT .. id, ttl)
  announce_step(id)
  return 'shown'
end

local verdict = show()
flush_notifications()
return verdict

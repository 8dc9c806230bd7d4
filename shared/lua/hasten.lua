-- Make jobs that are kept until later due at once, since they were revoked.
--
-- @include keys.lua
-- @include lanes.lua
--
-- KEYS[1] jobs that are not due yet
-- ARGV[1..] job ids
--
-- Keys made from arguments: parley:job:*
-- Returns how many were kept.
local scheduled = KEYS[1]
local kept = 0

for _, id in ipairs(ARGV) do
  local conversation = redis.call('HGET', JOB .. id, 'conversation')
  if conversation then
    local member = parked_member(conversation, id)
    kept = kept + redis.call('ZADD', scheduled, 'XX', 'CH', 0, member)
  end
end
return kept

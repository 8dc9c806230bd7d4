-- End jobs as expired whose time is over and which no worker has claimed: their messages may be gone,
-- as after `celery purge`. A message that is there all the same is dropped by the worker that leases
-- it, as one whose job has ended.
--
-- @include lanes.lua
-- @include results.lua
--
-- KEYS[1] inference queue
-- ARGV[1] time, Unix seconds
-- ARGV[2] TTL of the stored result, seconds; longer than any job may take
-- ARGV[3] lane TTL, seconds
-- ARGV[4] notification and
-- ARGV[5] Celery result, both with <job> in place of the job's id, the latter with <tenant> too
-- ARGV[6..] job ids
--
-- Keys made from arguments: parley:job:*, those of lanes.lua and results.lua
-- Returns how many were ended.
local queue = KEYS[1]
local now, result_ttl, lane_ttl, notification, result = unpack(ARGV, 1, 5)
local expired = 0

local function expire(id)
  local conversation, state, expires_at =
    unpack(redis.call('HMGET', JOB .. id, 'conversation', 'state', 'expires_at'))
  if state ~= 'queued' or not expires_at or tonumber(expires_at) > tonumber(now) then return end
  if has_result(id) then return end
  store_cancelled(id, conversation, notification, result, result_ttl)
  if not withdraw(conversation, id) then release(queue, conversation, id, lane_ttl) end
  expired = expired + 1
end

for i = 6, #ARGV do expire(ARGV[i]) end
flush_notifications()
return expired

-- Renew a worker's heartbeat. A script, since it must succeed when Redis's memory is used up: a
-- worker without a heartbeat loses its messages to others.
-- An inference worker says whether it gives early vectors. Only while all that live do, those of
-- older versions included, tone tasks are left due for them (enqueue.lua).
--
-- @include keys.lua
--
-- KEYS[1] heartbeat of this worker
-- KEYS[2] sorted set of its queue's workers
-- KEYS[3] that all live inference workers give early vectors
-- KEYS[4] sorted set of those that do
-- ARGV[1] status as JSON
-- ARGV[2] TTL, milliseconds
-- ARGV[3] time, Unix seconds
-- ARGV[4] id of this worker
-- ARGV[5] 1: an inference worker that gives early vectors; 0: one that does not; '': no such worker
--
-- Keys made from members: parley:worker:*
-- Returns 1.
local FORGET_SHARER_SECONDS = 600
local heartbeat, workers, shared, sharers = unpack(KEYS, 1, 4)
local status, heartbeat_ttl, now, worker, gives_early = unpack(ARGV, 1, 5)
redis.call('SET', heartbeat, status, 'PX', heartbeat_ttl)
redis.call('ZADD', workers, now, worker)

local function do_all_give_early()
  for _, each in ipairs(redis.call('ZRANGE', workers, 0, -1)) do
    local lives = redis.call('EXISTS', WORKER .. each) == 1
    if lives and not redis.call('ZSCORE', sharers, each) then return false end
  end
  return true
end

if gives_early == '0' then
  redis.call('ZREM', sharers, worker)
elseif gives_early == '1' then
  redis.call('ZREMRANGEBYSCORE', sharers, '-inf', now - FORGET_SHARER_SECONDS)
  redis.call('ZADD', sharers, now, worker)
  redis.call('EXPIRE', sharers, FORGET_SHARER_SECONDS)
end
if gives_early == '0' or gives_early == '1' and not do_all_give_early() then
  redis.call('DEL', shared)
elseif gives_early == '1' then
  redis.call('SET', shared, 1, 'PX', heartbeat_ttl)
end
return 1

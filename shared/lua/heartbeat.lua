-- Renew a worker's heartbeat. A script, since it must succeed when Redis's memory is used up: a
-- worker without a heartbeat loses its messages to others.
-- An inference worker says whether it gives early vectors. Only while all that live do, those of
-- older versions included, tone tasks are left due for them (enqueue.lua).
--
-- @include keys.lua
--
-- KEYS[1] heartbeat of this worker
-- KEYS[2] sorted set of its queue's workers
-- KEYS[3] how many messages must be ahead of one whose tone task is left due
-- KEYS[4] sorted set of those that do
-- ARGV[1] status as JSON
-- ARGV[2] TTL, milliseconds
-- ARGV[3] time, Unix seconds
-- ARGV[4] id of this worker
-- ARGV[5] of an inference worker: how many messages must be ahead for each such worker, 0 if it gives
--         no early vectors; '' of another
--
-- Keys made from members: parley:worker:*
-- Returns 1.
local FORGET_SHARER_SECONDS = 600
local heartbeat, workers, shared, sharers = unpack(KEYS, 1, 4)
local status, heartbeat_ttl, now, worker, ahead = unpack(ARGV, 1, 5)
redis.call('SET', heartbeat, status, 'PX', heartbeat_ttl)
redis.call('ZADD', workers, now, worker)

-- Return how many live, nil if one of them gives no early vectors.
local function count_sharers()
  local live = 0
  for _, each in ipairs(redis.call('ZRANGE', workers, 0, -1)) do
    if redis.call('EXISTS', WORKER .. each) == 1 then
      if not redis.call('ZSCORE', sharers, each) then return nil end
      live = live + 1
    end
  end
  return live
end

local function share()
  redis.call('ZREMRANGEBYSCORE', sharers, '-inf', now - FORGET_SHARER_SECONDS)
  redis.call('ZADD', sharers, now, worker)
  redis.call('EXPIRE', sharers, FORGET_SHARER_SECONDS)
  local live = count_sharers()
  if live then redis.call('SET', shared, live * ahead, 'PX', heartbeat_ttl) end
  return live
end

if ahead == '0' then redis.call('ZREM', sharers, worker) end
if ahead == '0' or ahead and ahead ~= '' and not share() then redis.call('DEL', shared) end
return 1

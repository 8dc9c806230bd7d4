-- Hand leased jobs over to the large encoder's workers for a second look, each only if it would be
-- back in time. A job that is handed over keeps its state, its lane and its watchers; its message
-- waits at the tail of their queue, with the first look in it.
-- Back in time: those workers say in their heartbeats how long a message keeps each of them, and
-- all that they hold and all that waits for them goes first.
--
-- @include keys.lua
--
-- KEYS[1] lease hash of this worker
-- KEYS[2] queue of second looks
-- KEYS[3] sorted set of its workers
-- ARGV[1] time, Unix seconds
-- ARGV[2] seconds that a reply takes beyond its turn with a worker
-- ARGV[3..] four per job: token, job id, Unix time at which its reply is due, message
--
-- Keys made from arguments and members: celery-task-meta-*, parley:worker:*, parley:lease:*
-- Returns for each job one of
--   handed    it waits for its second look; the lease is given up
--   late      it would not be back in time
--   unserved  no worker lives that could look at it
--   ended     it has a result already
--   lost      the lease is not this worker's; so says a repeated call of a job that it handed over
local leases, queue, workers = unpack(KEYS, 1, 3)
local now, reply_seconds = unpack(ARGV, 1, 2)
local verdicts = {}

local function pace_seconds(worker)
  local heartbeat = redis.call('GET', WORKER .. worker)
  return heartbeat and cjson.decode(heartbeat).counters.pace_seconds
end

-- Return the messages a second that all live workers get through, and how many are ahead.
local function measure_pool()
  local per_second, ahead = 0, redis.call('LLEN', queue)
  for _, worker in ipairs(redis.call('ZRANGE', workers, 0, -1)) do
    local pace = pace_seconds(worker)
    if pace then
      per_second = per_second + 1 / math.max(pace, 1e-6)
      ahead = ahead + redis.call('HLEN', LEASE .. worker)
    end
  end
  return per_second, ahead
end

local per_second, ahead = measure_pool()

local function hand_over(token, id, due_at, message)
  if redis.call('HEXISTS', leases, token) == 0 then return 'lost' end
  if redis.call('EXISTS', RESULT .. id) == 1 then return 'ended' end
  if per_second == 0 then return 'unserved' end
  if now + reply_seconds + (ahead + 1) / per_second > tonumber(due_at) then return 'late' end
  redis.call('HDEL', leases, token)
  redis.call('LPUSH', queue, message)
  ahead = ahead + 1
  return 'handed'
end

for i = 3, #ARGV, 4 do
  local token, id, due_at, message = unpack(ARGV, i, i + 3)
  verdicts[#verdicts + 1] = hand_over(token, id, due_at, message)
end
return verdicts

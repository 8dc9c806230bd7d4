-- Hand leased jobs over to the large encoder's workers for a second look, each only if it would be
-- back in time. A job that is handed over is queued again, and keeps its lane and its watchers; its
-- message waits at the tail of their queue, with the first look in it.
-- Back in time: those workers say in their heartbeats how long a message keeps each of them; all
-- that they hold and all that waits for them goes first. They also say how long it took of late,
-- which tells more where processors are short.
--
-- @include flows.lua
-- @include keys.lua
-- @include pools.lua
--
-- KEYS[1] lease hash of this worker
-- KEYS[2] queue of second looks
-- KEYS[3] sorted set of its workers
-- ARGV[1] time, Unix seconds
-- ARGV[2] seconds that a reply takes beyond its turn with a worker
-- ARGV[3..] four per job: token, job id, Unix time at which its reply is due, message
--
-- Keys made from arguments: celery-task-meta-*, parley:job:*, those of pools.lua
-- Returns for each job one of
--   handed    it waits for its second look; the lease is given up
--   late      it would not be back in time
--   unserved  no worker lives, or all are paused, that could look at it
--   ended     it has a result already
--   lost      the lease is not this worker's; so says a repeated call of a job that it handed over
local leases, queue, workers = unpack(KEYS, 1, 3)
local now, reply_seconds = unpack(ARGV, 1, 2)
local verdicts = {}

local per_second, ahead, turnaround = measure_pool(queue, workers)

local function hand_over(token, id, due_at, message)
  if redis.call('HEXISTS', leases, token) == 0 then return 'lost' end
  if redis.call('EXISTS', RESULT .. id) == 1 then return 'ended' end
  if per_second == 0 then return 'unserved' end
  local back_after = seconds_until_back(per_second, ahead, turnaround, reply_seconds)
  if now + back_after > tonumber(due_at) then return 'late' end
  redis.call('HDEL', leases, token)
  wait_again(id)
  announce_first(queue, redis.call('LPUSH', queue, message))
  ahead = ahead + 1
  return 'handed'
end

for i = 3, #ARGV, 4 do
  local token, id, due_at, message = unpack(ARGV, i, i + 3)
  verdicts[#verdicts + 1] = hand_over(token, id, due_at, message)
end
return verdicts

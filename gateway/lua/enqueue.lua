-- Put accepted jobs on the queue, each in its conversation's order, or refuse them.
--
-- KEYS[1] inference queue
-- KEYS[2] sentiment queue
-- ARGV[1] messages that may wait on the inference queue
-- ARGV[2] jobs that may wait for one conversation
-- ARGV[3] job TTL, seconds
-- ARGV[4] lane TTL, seconds
-- ARGV[5..] four per job: job id, conversation id, inference task, tone task
--
-- Keys made from arguments: parley:job:*, parley:lane:*, parley:lane-waiting:*, celery-task-meta-*
-- Returns one integer for each job: messages that wait on the inference queue, -1 the queue is
--   full, -2 too many of its conversation wait, -3 Redis could not write it (Redis's log says why).
--   A job that is known already is not queued again, so the call may be repeated after a lost
--   connection.
local queue_limit, waiting_limit = tonumber(ARGV[1]), tonumber(ARGV[2])
local job_ttl, lane_ttl = ARGV[3], ARGV[4]
local backlog = redis.call('LLEN', KEYS[1])
local places = {}

local function enqueue(id, conversation, infer, tone)
  local job, lane = 'parley:job:' .. id, 'parley:lane:' .. conversation
  local waiting = 'parley:lane-waiting:' .. conversation
  if redis.call('EXISTS', job, 'celery-task-meta-' .. id) > 0 then return backlog end
  if backlog >= queue_limit then return -1 end
  local holder = redis.call('GET', lane)
  if holder and redis.call('LLEN', waiting) >= waiting_limit then return -2 end
  redis.call('HSET', job, 'state', 'queued', 'conversation', conversation)
  redis.call('EXPIRE', job, job_ttl)
  redis.call('LPUSH', KEYS[2], tone)
  if holder then
    redis.call('RPUSH', waiting, id .. '\n' .. infer)
    redis.call('EXPIRE', waiting, lane_ttl)
  else
    redis.call('SET', lane, id, 'EX', lane_ttl)
    backlog = redis.call('LPUSH', KEYS[1], infer)
  end
  return backlog
end

for i = 5, #ARGV, 4 do
  local ok, place = pcall(enqueue, ARGV[i], ARGV[i + 1], ARGV[i + 2], ARGV[i + 3])
  if not ok then redis.log(redis.LOG_WARNING, 'parley: ' .. tostring(place.err or place)) end
  places[#places + 1] = ok and place or -3
end
return places

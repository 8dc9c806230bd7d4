-- Put accepted jobs on the queue, each in its conversation's order, or refuse them.
--
-- KEYS[1] inference queue
-- KEYS[2] sentiment queue
-- ARGV[1] messages that may wait on the inference queue
-- ARGV[2] jobs that may wait for one conversation
-- ARGV[3] job TTL, seconds
-- ARGV[4] lane TTL, seconds
-- ARGV[5] n, the number of jobs
-- ARGV[6..5+4n] four per job: job id, conversation id, inference task, tone task
-- ARGV[6+4n..] four per job with an idempotency key: its place among the jobs, from 1; the key;
--          digest of the request; gateway
--
-- Keys made from arguments: parley:job:*, parley:lane:*, parley:lane-waiting:*,
--   parley:idempotency:*, celery-task-meta-*
-- Returns for each job an integer: messages that wait on the inference queue, -1 the queue is
--   full, -2 too many of its conversation wait, -3 Redis could not write it (Redis's log says why),
--   -4 its idempotency key stands for another request; or, where that key stands for the same
--   request, "job conversation" of the first; its end will be announced to this gateway too.
--   A job that is known already is not queued again, so the call may be repeated after a lost
--   connection. A refused job leaves its key unused.
local queue_limit, waiting_limit = tonumber(ARGV[1]), tonumber(ARGV[2])
local job_ttl, lane_ttl, jobs = ARGV[3], ARGV[4], tonumber(ARGV[5])
local backlog = redis.call('LLEN', KEYS[1])
local claims, places = {}, {}
for i = 6 + 4 * jobs, #ARGV, 4 do
  local key = 'parley:idempotency:' .. ARGV[i + 1]
  claims[tonumber(ARGV[i])] = {key = key, digest = ARGV[i + 2], gateway = ARGV[i + 3]}
end

local function watch(job, gateway)
  local watchers = redis.call('HGET', job, 'watchers') or ''
  if string.find(watchers .. ' ', gateway .. ' ', 1, true) then return end
  redis.call('HSET', job, 'watchers', watchers .. gateway .. ' ')
end

local function earlier(claim, id)
  local digest, first, conversation =
    string.match(redis.call('GET', claim.key) or '', '^(%S+) (%S+) (%S+)$')
  if not first or first == id then return end
  local job = 'parley:job:' .. first
  local on_the_way = redis.call('EXISTS', job) == 1
  if not on_the_way and redis.call('EXISTS', 'celery-task-meta-' .. first) == 0 then return end
  if digest ~= claim.digest then return -4 end
  if on_the_way then watch(job, claim.gateway) end
  return first .. ' ' .. conversation
end

local function enqueue(id, conversation, infer, tone, claim)
  local job, lane = 'parley:job:' .. id, 'parley:lane:' .. conversation
  local waiting = 'parley:lane-waiting:' .. conversation
  if redis.call('EXISTS', job, 'celery-task-meta-' .. id) > 0 then return backlog end
  local first = claim and earlier(claim, id)
  if first then return first end
  if backlog >= queue_limit then return -1 end
  local holder = redis.call('GET', lane)
  if holder and redis.call('LLEN', waiting) >= waiting_limit then return -2 end
  redis.call('HSET', job, 'state', 'queued', 'conversation', conversation)
  redis.call('EXPIRE', job, job_ttl)
  if claim then
    redis.call('SET', claim.key, table.concat({claim.digest, id, conversation}, ' '), 'EX', job_ttl)
  end
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

for n = 1, jobs do
  local i = 2 + 4 * n
  local ok, place = pcall(enqueue, ARGV[i], ARGV[i + 1], ARGV[i + 2], ARGV[i + 3], claims[n])
  if not ok then redis.log(redis.LOG_WARNING, 'parley: ' .. tostring(place.err or place)) end
  places[#places + 1] = ok and place or -3
end
return places

-- Put accepted jobs on the queue, each in its conversation's order, or refuse them.
-- Needs shared/lua/lanes.lua before it.
--
-- KEYS[1] inference queue
-- KEYS[2] sentiment queue
-- ARGV[1] messages that may wait, those behind another of their conversation included
-- ARGV[2] jobs that may wait for one conversation
-- ARGV[3] job TTL, seconds
-- ARGV[4] lane TTL, seconds; longer than any job's time
-- ARGV[5] n, the number of jobs
-- ARGV[6..5+6n] six per job: job id, conversation id, inference task, tone task, gateway or '',
--          when its time is over in Unix seconds
-- ARGV[6+6n..] three per job with an idempotency key: its place among the jobs, from 1; the key;
--          digest of the request
--
-- Keys made from arguments: parley:job:*, parley:idempotency:*, celery-task-meta-*, those of lanes
-- Returns for each job an integer: messages that wait on the inference queue, -1 the queue is
--   full, -2 too many of its conversation wait, -3 Redis could not write it (Redis's log says why),
--   -4 its idempotency key stands for another request; or, where that key stands for the same
--   request, "job conversation" of the first; its end will be announced to this gateway too.
--   A job that is known already is not queued again, so the call may be repeated after a lost
--   connection. A refused job leaves its key unused.
local queue_limit, waiting_limit = tonumber(ARGV[1]), tonumber(ARGV[2])
local job_ttl, lane_ttl, jobs = ARGV[3], ARGV[4], tonumber(ARGV[5])
local backlog, parked = redis.call('LLEN', KEYS[1]), redis.call('ZCARD', PARKED)
local claims, places = {}, {}
for i = 6 + 6 * jobs, #ARGV, 3 do
  claims[tonumber(ARGV[i])] = {key = 'parley:idempotency:' .. ARGV[i + 1], digest = ARGV[i + 2]}
end

local function watch(job, gateway)
  local watchers = redis.call('HGET', job, 'watchers') or ''
  if gateway == '' or string.find(' ' .. watchers, ' ' .. gateway .. ' ', 1, true) then return end
  redis.call('HSET', job, 'watchers', watchers .. gateway .. ' ')
end

local function earlier(claim, id, gateway)
  local digest, first, conversation =
    string.match(redis.call('GET', claim.key) or '', '^(%S+) (%S+) (%S+)$')
  if not first or first == id then return end
  local job = 'parley:job:' .. first
  local on_the_way = redis.call('EXISTS', job) == 1
  if not on_the_way and redis.call('EXISTS', 'celery-task-meta-' .. first) == 0 then return end
  if digest ~= claim.digest then return -4 end
  if on_the_way then watch(job, gateway) end
  return first .. ' ' .. conversation
end

-- A lane that ran out while others are parked in it is theirs, not the newcomer's.
local function join(conversation, id, infer, due, holder, behind)
  if holder or behind > 0 then
    park(conversation, id, infer, due)
    parked = parked + 1
    if holder then return end
    promote(KEYS[1], conversation, lane_ttl)
    parked, backlog = parked - 1, backlog + 1
  else
    redis.call('SET', 'parley:lane:' .. conversation, id, 'EX', lane_ttl)
    backlog = redis.call('LPUSH', KEYS[1], infer)
  end
end

local function enqueue(id, conversation, infer, tone, gateway, due, claim)
  local job = 'parley:job:' .. id
  if redis.call('EXISTS', job, 'celery-task-meta-' .. id) > 0 then return backlog end
  local first = claim and earlier(claim, id, gateway)
  if first then return first end
  if backlog + parked >= queue_limit then return -1 end
  local holder = redis.call('GET', 'parley:lane:' .. conversation)
  local behind = parked > 0 and redis.call('LLEN', 'parley:lane-waiting:' .. conversation) or 0
  if behind >= waiting_limit then return -2 end
  redis.call('HSET', job, 'state', 'queued', 'conversation', conversation,
    'watchers', gateway == '' and '' or gateway .. ' ')
  redis.call('EXPIRE', job, job_ttl)
  if claim then
    redis.call('SET', claim.key, table.concat({claim.digest, id, conversation}, ' '), 'EX', job_ttl)
  end
  redis.call('LPUSH', KEYS[2], tone)
  join(conversation, id, infer, due, holder, behind)
  return backlog
end

for n = 1, jobs do
  local i = 6 * n
  local ok, place = pcall(
    enqueue, ARGV[i], ARGV[i + 1], ARGV[i + 2], ARGV[i + 3], ARGV[i + 4], ARGV[i + 5], claims[n])
  if not ok then redis.log(redis.LOG_WARNING, 'parley: ' .. tostring(place.err or place)) end
  places[#places + 1] = ok and place or -3
end
return places

-- Put accepted jobs on the queue, each in its conversation's order, or refuse them.
-- Needs shared/lua/lanes.lua and drain_rate.lua before it.
--
-- KEYS[1] inference queue
-- KEYS[2] sentiment queue
-- KEYS[3] drain rate
-- ARGV[1] messages that may wait, those behind another of their conversation included
-- ARGV[2] jobs that may wait for one conversation
-- ARGV[3] job TTL, seconds
-- ARGV[4] lane TTL, seconds; longer than any job's time
-- ARGV[5] seconds after which a message is no longer worth an answer
-- ARGV[6] n, the number of jobs
-- ARGV[7..6+6n] six per job: job id, conversation id, inference task, tone task, gateway or '',
--          when its time is over in Unix seconds
-- ARGV[7+6n..] three per job with an idempotency key: its place among the jobs, from 1; the key;
--          digest of the request
--
-- Keys made from arguments: parley:job:*, parley:idempotency:*, celery-task-meta-*, those of lanes
-- Returns for each job an integer: messages that wait on the inference queue, -2 too many of its
--   conversation wait, -3 Redis could not write it (Redis's log says why), -4 its idempotency key
--   stands for another request. Or {-1, milliseconds}: the queue is full, or it drains too slowly for
--   this job to be answered in time; after so long (0: unknown) half of the room will be free. Or,
--   where its key stands for the same request, "job conversation" of the first; its end will be
--   announced to this gateway too.
--   A job that is known already is not queued again, so the call may be repeated after a lost
--   connection. A refused job leaves its key unused.
local queue_limit, waiting_limit = tonumber(ARGV[1]), tonumber(ARGV[2])
local job_ttl, lane_ttl, jobs = ARGV[3], ARGV[4], tonumber(ARGV[6])
local backlog, parked = redis.call('LLEN', KEYS[1]), redis.call('ZCARD', PARKED)
local room, rate
local claims, places = {}, {}
for i = 7 + 6 * jobs, #ARGV, 3 do
  claims[tonumber(ARGV[i])] = {key = 'parley:idempotency:' .. ARGV[i + 1], digest = ARGV[i + 2]}
end

-- How many may wait: no more than are answered within a message's time. Asked once a call.
local function measure_room()
  rate = drain_rate(KEYS[3])
  room = rate and math.min(queue_limit, math.floor(rate * ARGV[5])) or queue_limit
end

local function refuse(waiting)
  if not rate or rate == 0 then return {-1, 0} end
  return {-1, math.ceil(1000 * (waiting - room / 2) / rate)}
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
  local waiting = backlog + parked
  if waiting > 0 and not room then measure_room() end
  if waiting > 0 and waiting >= room then return refuse(waiting) end
  local holder = redis.call('GET', 'parley:lane:' .. conversation)
  local behind = parked > 0 and redis.call('LLEN', 'parley:lane-waiting:' .. conversation) or 0
  if behind >= waiting_limit then return -2 end
  redis.call('HSET', job, 'state', 'queued', 'conversation', conversation,
    'watchers', gateway == '' and '' or gateway .. ' ')
  redis.call('EXPIRE', job, job_ttl)
  if claim then
    redis.call('SET', claim.key, table.concat({claim.digest, id, conversation}, ' '), 'EX', job_ttl)
  end
  ask_for_tone(KEYS[2], tone)
  join(conversation, id, infer, due, holder, behind)
  return backlog
end

for n = 1, jobs do
  local i = 1 + 6 * n
  local ok, place = pcall(
    enqueue, ARGV[i], ARGV[i + 1], ARGV[i + 2], ARGV[i + 3], ARGV[i + 4], ARGV[i + 5], claims[n])
  if not ok then redis.log(redis.LOG_WARNING, 'parley: ' .. tostring(place.err or place)) end
  places[#places + 1] = ok and place or -3
end
return places

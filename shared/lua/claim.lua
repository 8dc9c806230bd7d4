-- Begin leased chat jobs: drop what has ended already, keep each conversation in order.
-- A job that a Celery client queued by itself ("foreign") gets its tone task here; the gateway's
-- enqueue step has done so for its own jobs.
-- Needs shared/lua/lanes.lua before it.
--
-- KEYS[1] lease hash of this worker
-- KEYS[2] sentiment queue
-- KEYS[3] inference queue
-- ARGV[1] job TTL, seconds
-- ARGV[2] lane TTL, seconds
-- ARGV[3..] five per job: token, job id, conversation id, tone task if foreign or '', when its time
--           is over in Unix seconds
--
-- Keys made from arguments: parley:job:*, parley:phrases:*, celery-task-meta-*, those of lanes
-- Returns for each job {verdict, phrase, phrase, ...}; verdict is one of
--   run        run it; it holds its lane; the phrases are the wording its conversation has seen
--   parked     another job holds the lane; the lease is given up (or was lost)
--   ended      a result is stored already
--   cancelled  the same, and it says so
local job_ttl, lane_ttl = ARGV[1], ARGV[2]
local verdicts = {}

local function ask_once(id, conversation, tone)
  if redis.call('HSETNX', 'parley:job:' .. id, 'conversation', conversation) == 1 then
    ask_for_tone(KEYS[2], tone)
  end
end

local function claim(id, conversation)
  local lane = 'parley:lane:' .. conversation
  local holder = redis.call('SET', lane, id, 'EX', lane_ttl, 'GET')
  if holder == id then return true end
  if holder then
    redis.call('SET', lane, holder, 'EX', lane_ttl)
    return false
  end
  return redis.call('LLEN', 'parley:lane-waiting:' .. conversation) == 0
end

-- A lane that ran out while others are parked in it goes to the first of them.
local function line_up(id, conversation, message, due)
  park(conversation, id, message, due)
  if redis.call('GET', 'parley:lane:' .. conversation) == id then
    promote(KEYS[3], conversation, lane_ttl)
  end
end

local function begin(token, id, conversation, tone, due)
  local message = redis.call('HGET', KEYS[1], token)
  if not message then return {'parked'} end
  local result = redis.call('GET', 'celery-task-meta-' .. id)
  if result then
    return {string.find(result, '{"status":"REVOKED"', 1, true) == 1 and 'cancelled' or 'ended'}
  end
  local job, verdict = 'parley:job:' .. id, {'parked'}
  if tone ~= '' then ask_once(id, conversation, tone) end
  if claim(id, conversation) then
    verdict = redis.call('LRANGE', 'parley:phrases:' .. conversation, 0, -1)
    table.insert(verdict, 1, 'run')
    redis.call('HSET', job, 'state', 'started')
  else
    line_up(id, conversation, message, due)
    redis.call('HDEL', KEYS[1], token)
    redis.call('HSET', job, 'state', 'queued')
  end
  redis.call('EXPIRE', job, job_ttl)
  return verdict
end

for i = 3, #ARGV, 5 do
  verdicts[#verdicts + 1] = begin(ARGV[i], ARGV[i + 1], ARGV[i + 2], ARGV[i + 3], ARGV[i + 4])
end
return verdicts

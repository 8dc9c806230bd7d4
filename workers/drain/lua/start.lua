-- Begin leased chat jobs: drop what has ended already, keep each conversation in order.
-- A job that a Celery client queued by itself ("foreign") claims its lane and its tone task here;
-- the gateway's enqueue step has done both for its own jobs.
--
-- KEYS[1] lease hash of this worker
-- KEYS[2] sentiment queue
-- ARGV[1] job TTL, seconds
-- ARGV[2] lane TTL, seconds
-- ARGV[3..] five per job: token, job id, conversation id, message if foreign or '', tone task or ''
--
-- Keys made from arguments: parley:job:*, parley:lane:*, parley:lane-waiting:*, parley:phrases:*, celery-task-meta-*
-- Returns for each job {verdict, phrase, phrase, ...}; verdict is one of
--   go         run it; the phrases are the wording its conversation has seen
--   parked     another job of the conversation is in flight; the lease is given up (or was lost)
--   ended      a result is stored already
--   cancelled  somebody cancelled it
local job_ttl, lane_ttl = ARGV[1], ARGV[2]
local verdicts = {}

local function claim(token, id, conversation, message, tone)
  local lane = 'parley:lane:' .. conversation
  local holder = redis.call('GET', lane)
  if tone ~= '' and redis.call('HSETNX', 'parley:job:' .. id, 'conversation', conversation) == 1 then
    redis.call('LPUSH', KEYS[2], tone)
  end
  if holder and holder ~= id then
    redis.call('HSET', 'parley:job:' .. id, 'state', 'queued')
    redis.call('EXPIRE', 'parley:job:' .. id, job_ttl)
    local waiting_list = 'parley:lane-waiting:' .. conversation
    redis.call('RPUSH', waiting_list, id .. '\n' .. message)
    redis.call('EXPIRE', waiting_list, lane_ttl)
    redis.call('HDEL', KEYS[1], token)
    return false
  end
  redis.call('SET', lane, id, 'EX', lane_ttl)
  return true
end

local function begin(token, id, conversation, message, tone)
  if redis.call('HEXISTS', KEYS[1], token) == 0 then return {'parked'} end
  if redis.call('EXISTS', 'celery-task-meta-' .. id) == 1 then return {'ended'} end
  local job = 'parley:job:' .. id
  if redis.call('HGET', job, 'state') == 'cancelled' then return {'cancelled'} end
  if message ~= '' and not claim(token, id, conversation, message, tone) then return {'parked'} end
  redis.call('HSET', job, 'state', 'started')
  redis.call('EXPIRE', job, job_ttl)
  local verdict = redis.call('LRANGE', 'parley:phrases:' .. conversation, 0, -1)
  table.insert(verdict, 1, 'go')
  return verdict
end

for i = 3, #ARGV, 5 do
  verdicts[#verdicts + 1] = begin(ARGV[i], ARGV[i + 1], ARGV[i + 2], ARGV[i + 3], ARGV[i + 4])
end
return verdicts

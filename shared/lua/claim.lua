-- Claim leased chat jobs to run them: drop what has ended already, keep each conversation in order.
-- A job that a Celery client sent ("external") gets its tone task here; the gateway's jobs got
-- theirs from enqueue.lua.
--
-- @include handovers.lua
-- @include lanes.lua
-- @include tenants.lua
-- @include tone_tasks.lua
--
-- KEYS[1] lease hash of this worker
-- KEYS[2] sentiment queue
-- KEYS[3] inference queue
-- ARGV[1] job TTL, seconds
-- ARGV[2] lane TTL, seconds
-- ARGV[3..] five per job: token, job id, conversation id, tone task if external or '', expires_at
--           in Unix seconds
--
-- Keys made from arguments: parley:job:*, parley:dialogue:*, celery-task-meta-*, parley:lane:*,
--   parley:lane-waiting:*, those of lanes.lua
-- Returns for each job {verdict}, or {'run', dialogue, '1' if a person has the conversation}; verdict
-- is one of
--   run        run it; it holds its lane; the dialogue is as its conversation's last job left it
--   parked     another job holds the lane; the lease is given up (or was lost)
--   ended      it has a result already
--   cancelled  the same, and the result says revoked
local leases, sentiment_queue, inference_queue = unpack(KEYS, 1, 3)
local job_ttl, lane_ttl = unpack(ARGV, 1, 2)
local verdicts = {}

-- Celery clients and workers store results too, so the JSON may be spelled in any way.
local function is_revoked(result)
  local decoded, meta = pcall(cjson.decode, result)
  return decoded and type(meta) == 'table' and meta.status == 'REVOKED'
end

local function queue_tone_task_once(id, conversation, tone_task)
  if redis.call('HSETNX', JOB .. id, 'conversation', conversation) == 1 then
    queue_tone_task(sentiment_queue, tenant_of(conversation), tone_task)
  end
end

local function claim_lane(conversation, id)
  local holder = redis.call('SET', LANE .. conversation, id, 'EX', lane_ttl, 'GET')
  if holder == id then return true end
  if holder then
    redis.call('SET', LANE .. conversation, holder, 'EX', lane_ttl)
    return false
  end
  return redis.call('LLEN', LANE_WAITING .. conversation) == 0
end

-- A lane that expired while jobs were parked in it goes to the first of them.
local function park_behind(conversation, id, message, expires_at)
  park(conversation, id, message, expires_at)
  if redis.call('GET', LANE .. conversation) == id then
    promote(inference_queue, conversation, lane_ttl)
  end
end

local function claim(token, id, conversation, tone_task, expires_at)
  local message = redis.call('HGET', leases, token)
  if not message then return {'parked'} end
  local result = redis.call('GET', RESULT .. id)
  if result then return {is_revoked(result) and 'cancelled' or 'ended'} end
  local verdict = {'parked'}
  if tone_task ~= '' then queue_tone_task_once(id, conversation, tone_task) end
  if claim_lane(conversation, id) then
    verdict = {'run', redis.call('GET', DIALOGUE .. conversation) or '',
      has_person(conversation) and '1' or ''}
    redis.call('HSET', JOB .. id, 'state', 'started')
  else
    park_behind(conversation, id, message, expires_at)
    redis.call('HDEL', leases, token)
    redis.call('HSET', JOB .. id, 'state', 'queued')
  end
  redis.call('EXPIRE', JOB .. id, job_ttl)
  return verdict
end

for i = 3, #ARGV, 5 do
  local token, id, conversation, tone_task, expires_at = unpack(ARGV, i, i + 4)
  verdicts[#verdicts + 1] = claim(token, id, conversation, tone_task, expires_at)
end
return verdicts

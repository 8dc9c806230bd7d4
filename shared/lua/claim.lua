-- Claim leased chat jobs to run them: drop what has ended already, keep each conversation in order.
-- A job that a Celery client sent ("external") gets its tone task here; the gateway's jobs got
-- theirs from enqueue.lua. It is left due if more messages wait and this worker gives early vectors.
--
-- @include clock.lua
-- @include followers.lua
-- @include handovers.lua
-- @include lanes.lua
-- @include results.lua
-- @include schedule.lua
-- @include tenants.lua
-- @include tone_tasks.lua
--
-- KEYS[1] lease hash of this worker
-- KEYS[2] sentiment queue
-- KEYS[3] inference queue
-- ARGV[1] job TTL, seconds
-- ARGV[2] lane TTL, seconds
-- ARGV[3] 1 if this worker gives early vectors, else 0
-- ARGV[4..] eight per job: token, job id, conversation id, tone task if external or '', expires_at,
--           when it is due if that is not yet, or '', both in Unix seconds; '1' if something is to
--           follow its end, or ''; '1' if somebody may have shown a part of its reply, or ''
--
-- Keys made from arguments: parley:job:*, parley:dialogue:*, celery-task-meta-*, parley:lane:*,
--   parley:lane-waiting:*, parley:reply-text:*, those of lanes.lua, schedule.lua and tone_tasks.lua
-- Returns for each job {verdict}, or {'run', dialogue, state of the conversation's handover or
-- 'none', what was shown of the reply or '', 1 if its tone task is due or 0}; verdict is one of
--   run        run it; it holds its lane; the dialogue is as its conversation's last job left it
--   parked     another job holds the lane, or it is not due yet; the lease is given up (or was lost)
--   refused    it is not due yet, and too many such jobs are kept
--   ended      it has a result already
--   cancelled  Celery's tools have revoked or aborted it
local leases, sentiment_queue, inference_queue = unpack(KEYS, 1, 3)
local job_ttl, lane_ttl, gives_early = unpack(ARGV, 1, 3)
local more_wait = #ARGV > 11 or has_waiting(inference_queue)
local verdicts = {}

local function record_state(id, state, conversation)
  redis.call('HSET', JOB .. id, 'state', state, 'conversation', conversation)
end

local function see_to_tone(id, conversation, tone_task)
  if tone_task == '' then return end
  if gives_early == '1' and more_wait then
    leave_tone_due(id)
  else
    queue_tone_task_once(sentiment_queue, tenant_of(conversation), id, tone_task)
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

-- Keep a job until it is due, or until it expires if that is sooner.
local function postpone(token, id, conversation, message, due_at, expires_at)
  local at = math.min(tonumber(due_at), tonumber(expires_at))
  if not schedule(conversation, id, message, at) then return {'refused'} end
  redis.call('HDEL', leases, token)
  record_state(id, 'queued', conversation)
  redis.call('EXPIRE', JOB .. id, job_ttl + math.max(0, math.ceil(at - unix_seconds())))
  return {'parked'}
end

local function claim(token, id, conversation, tone_task, expires_at, due_at, follow_ups, is_begun)
  local message = redis.call('HGET', leases, token)
  if not message then return {'parked'} end
  local status = stored_status(id)
  if status == 'REVOKED' or status == 'ABORTED' then return {'cancelled'} end
  if status and not UNENDED[status] then return {'ended'} end
  if follow_ups ~= '' then redis.call('HSET', JOB .. id, 'follow_ups', follow_ups) end
  if due_at ~= '' then return postpone(token, id, conversation, message, due_at, expires_at) end
  local verdict = {'parked'}
  see_to_tone(id, conversation, tone_task)
  if claim_lane(conversation, id) then
    verdict = {'run', redis.call('GET', DIALOGUE .. conversation) or '',
      handover_state(conversation),
      is_begun ~= '' and redis.call('GET', REPLY_TEXT .. id) or '', is_tone_due(id) and 1 or 0}
    record_state(id, 'started', conversation)
    announce_step(id)
  else
    park_behind(conversation, id, message, expires_at)
    redis.call('HDEL', leases, token)
    record_state(id, 'queued', conversation)
  end
  redis.call('EXPIRE', JOB .. id, job_ttl)
  return verdict
end

for i = 4, #ARGV, 8 do
  local token, id, conversation, tone_task, expires_at, due_at, follow_ups, is_begun =
    unpack(ARGV, i, i + 7)
  verdicts[#verdicts + 1] =
    claim(token, id, conversation, tone_task, expires_at, due_at, follow_ups, is_begun)
end
flush_notifications()
return verdicts

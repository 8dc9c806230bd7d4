-- Claim leased chat jobs to run them: drop what has ended already, keep each conversation in order.
-- A job that a Celery client sent ("external") gets its tone task here; the gateway's jobs got
-- theirs from enqueue.lua.
--
-- @include claims.lua
-- @include clock.lua
-- @include keys.lua
-- @include notifications.lua
-- @include schedule.lua
-- @include tenants.lua
-- @include tone_tasks.lua
--
-- KEYS[1] lease hash of this worker
-- KEYS[2] sentiment queue
-- ARGV[1] job TTL, seconds
-- ARGV[2] lane TTL, seconds
-- ARGV[3..] eight per job: token, job id, conversation id, tone task if external or '', expires_at,
--           when it is due if that is not yet, or '', both in Unix seconds; '1' if something is to
--           follow its end, or ''; '1' if somebody may have shown a part of its reply, or ''
--
-- Keys made from arguments: parley:job:*, those of claims.lua and schedule.lua
-- Returns for each job {verdict}, or {'run', dialogue, state of the conversation's handover or
-- 'none', what was shown of the reply or ''}; verdict is one of
--   run        run it; it holds its lane; the dialogue is as its conversation's last job left it
--   parked     another job holds the lane, or it is not due yet; the lease is given up (or was lost)
--   refused    it is not due yet, and too many such jobs are kept
--   ended      it has a result already
--   cancelled  Celery's tools have revoked or aborted it
local leases, sentiment_queue = unpack(KEYS, 1, 2)
local job_ttl, lane_ttl = unpack(ARGV, 1, 2)
local verdicts = {}

local function queue_tone_task_once(id, conversation, tone_task)
  if redis.call('HSETNX', JOB .. id, 'has_tone_task', 1) == 1 then
    queue_tone_task(sentiment_queue, tenant_of(conversation), tone_task)
  end
end

-- Keep a job until it is due, or until it expires if that is sooner.
local function postpone(token, job, message, due_at)
  local id, conversation = job.id, job.conversation
  local at = math.min(tonumber(due_at), tonumber(job.expires_at))
  if not schedule(conversation, id, message, at) then return {'refused'} end
  redis.call('HDEL', leases, token)
  record_state(id, 'queued', conversation)
  redis.call('EXPIRE', JOB .. id, job_ttl + math.max(0, math.ceil(at - unix_seconds())))
  return {'parked'}
end

local function claim(token, job, tone_task, due_at, follow_ups)
  local message = redis.call('HGET', leases, token)
  if not message then return {'parked'} end
  local reason = reason_to_end(job.id)
  if reason then return {reason} end
  if follow_ups ~= '' then redis.call('HSET', JOB .. job.id, 'follow_ups', follow_ups) end
  if due_at ~= '' then return postpone(token, job, message, due_at) end
  if tone_task ~= '' then queue_tone_task_once(job.id, job.conversation, tone_task) end
  return run_or_park(leases, token, message, job)
end

for i = 3, #ARGV, 8 do
  local token, id, conversation, tone_task, expires_at, due_at, follow_ups, is_begun =
    unpack(ARGV, i, i + 7)
  local job = {id = id, conversation = conversation, expires_at = expires_at,
    is_begun = is_begun ~= '', job_ttl = job_ttl, lane_ttl = lane_ttl}
  verdicts[#verdicts + 1] = claim(token, job, tone_task, due_at, follow_ups)
end
flush_notifications()
return verdicts

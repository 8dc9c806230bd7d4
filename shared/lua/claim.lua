-- Claim leased chat jobs to run them: drop what has ended already, keep each conversation in order.
-- A job that a Celery client sent ("external") gets its tone task here; the gateway's jobs got
-- theirs from enqueue.lua. It is left due if more messages wait and this worker gives early vectors.
--
-- @include bulk.lua
-- @include claims.lua
-- @include clock.lua
-- @include flows.lua
-- @include keys.lua
-- @include lease_tokens.lua
-- @include notifications.lua
-- @include results.lua
-- @include schedule.lua
-- @include tenants.lua
-- @include tone_tasks.lua
--
-- KEYS[1] lease hash of this worker
-- KEYS[2] sentiment queue
-- ARGV[1] job TTL, seconds
-- ARGV[2] lane TTL, seconds
-- ARGV[3] 1 if this worker gives early vectors, else 0
-- ARGV[4..] eight per job: token, job id, conversation id, tone task if external or '', expires_at,
--           when it is due if that is not yet, or '', both in Unix seconds; '1' if something is to
--           follow its end, or ''; '1' if somebody may have shown a part of its reply, or ''
--
-- Further key: inference
-- Keys made from arguments: parley:job:*, parley:dialogue:*, those of claims.lua, schedule.lua and
--   tone_tasks.lua
-- Returns for each job {verdict}, or {'run', dialogue, state of the conversation's handover or
-- 'none', what was shown of the reply or '', 1 if its tone task is due or 0}; verdict is one of
--   run        run it; it holds its lane; the dialogue is as its conversation's last job left it
--   parked     another job holds the lane, or it is not due yet; the lease is given up (or was lost)
--   refused    it is not due yet, and too many such jobs are kept
--   ended      it has a result already
--   cancelled  Celery's tools have revoked or aborted it
local leases, sentiment_queue = unpack(KEYS, 1, 2)
local job_ttl, lane_ttl, gives_early = unpack(ARGV, 1, 3)
local more_wait = #ARGV > 11 or has_waiting(INFERENCE)
local held = held_tokens(leases)
local dialogues = bulk.read_strings(DIALOGUE, bulk.arguments(6, 8))
local verdicts = {}

local function see_to_tone(id, conversation, tone_task)
  if tone_task == '' then return end
  if gives_early == '1' and more_wait then
    redis.call('HSET', JOB .. id, 'tone_due', 1)
  elseif note_tone_task(id) then
    queue_tone_tasks(sentiment_queue, tenant_of(conversation), {tone_task})
  end
end

-- Keep a job until it is due, or until it expires if that is sooner.
local function postpone(token, job, due_at)
  local id, conversation = job.id, job.conversation
  local at = math.min(tonumber(due_at), tonumber(job.expires_at))
  if not schedule(conversation, id, redis.call('HGET', leases, token), at) then return {'refused'} end
  redis.call('HDEL', leases, token)
  record_state(id, 'queued', conversation)
  redis.call('EXPIRE', JOB .. id, job_ttl + math.max(0, math.ceil(at - unix_seconds())))
  return {'parked'}
end

local function claim(token, job, tone_task, due_at, follow_ups)
  if not held[token] then return {'parked'} end
  local reason = reason_to_end(job.id)
  if reason then return {reason} end
  if follow_ups ~= '' then redis.call('HSET', JOB .. job.id, 'follow_ups', follow_ups) end
  if due_at ~= '' then return postpone(token, job, due_at) end
  see_to_tone(job.id, job.conversation, tone_task)
  return run_or_park(leases, token, job)
end

read_results(bulk.arguments(5, 8))
for i = 4, #ARGV, 8 do
  local token, id, conversation, tone_task, expires_at, due_at, follow_ups, is_begun =
    unpack(ARGV, i, i + 7)
  local job = {id = id, conversation = conversation, expires_at = expires_at,
    is_begun = is_begun ~= '', dialogue = dialogues[conversation], job_ttl = job_ttl, lane_ttl = lane_ttl}
  verdicts[#verdicts + 1] = claim(token, job, tone_task, due_at, follow_ups)
end
flush_notifications()
return verdicts

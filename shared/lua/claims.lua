-- Library: claim leased chat jobs whose time has come: drop what has ended already, keep each
-- conversation in order.
-- Whoever includes this library calls flush_notifications at the end.
--
-- @include followers.lua
-- @include handovers.lua
-- @include keys.lua
-- @include lanes.lua
-- @include results.lua
--
-- Keys made from arguments: parley:job:*, celery-task-meta-*, parley:lane:*,
--   parley:lane-waiting:*, parley:reply-text:*, inference, those of lanes.lua

local function record_state(id, state, conversation)
  redis.call('HSET', JOB .. id, 'state', state, 'conversation', conversation)
end

local function claim_lane(conversation, id, lane_ttl)
  local holder = redis.call('SET', LANE .. conversation, id, 'EX', lane_ttl, 'GET')
  if holder == id then return true end
  if holder then
    redis.call('SET', LANE .. conversation, holder, 'EX', lane_ttl)
    return false
  end
  return redis.call('LLEN', LANE_WAITING .. conversation) == 0
end

-- A lane that expired while jobs were parked in it goes to the first of them.
local function park_behind(conversation, id, message, expires_at, lane_ttl)
  park(conversation, id, message, expires_at)
  if redis.call('GET', LANE .. conversation) == id then
    promote(INFERENCE, conversation, lane_ttl)
  end
end

-- Return why a job is not to run, nil if it may.
local function reason_to_end(id)
  local status = stored_status(id)
  if status == 'REVOKED' or status == 'ABORTED' then return 'cancelled' end
  if status and not UNENDED[status] then return 'ended' end
end

-- Let a job run that holds its lane; returns what claim.lua does.
local function start(id, conversation, is_begun, dialogue)
  local tone_due, has_tone_task, followers =
    unpack(redis.call('HMGET', JOB .. id, 'tone_due', 'has_tone_task', 'followers'))
  record_state(id, 'started', conversation)
  announce_to(followers, id)
  return {'run', dialogue or '', handover_state(conversation),
    is_begun and redis.call('GET', REPLY_TEXT .. id) or '', tone_due and not has_tone_task and 1 or 0}
end

-- Give a job its lane, or park it behind the job that has it; returns what claim.lua does.
local function run_or_park(leases, token, job)
  local id, conversation = job.id, job.conversation
  local verdict = {'parked'}
  if claim_lane(conversation, id, job.lane_ttl) then
    verdict = start(id, conversation, job.is_begun, job.dialogue)
  else
    park_behind(conversation, id, redis.call('HGET', leases, token), job.expires_at, job.lane_ttl)
    redis.call('HDEL', leases, token)
    record_state(id, 'queued', conversation)
  end
  redis.call('EXPIRE', JOB .. id, job.job_ttl)
  return verdict
end

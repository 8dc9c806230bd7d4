-- Library: put tone tasks on the sentiment queue, or leave them due.
-- A task is due as long as the job's hash says so (tone_due), until a worker that has claimed the job
-- queues it, maybe with the vector that its engine has found on the way (queue_tones.lua). Whoever
-- claims the job sees that, so no death of a worker loses a task. A job whose hash says
-- has_tone_task had one queued by a worker.
--
-- @include flows.lua
-- @include keys.lua
--
-- Keys made from arguments: parley:job:*

-- Without sentiment workers the oldest tasks of the tenant are dropped: their replies were sent
-- without a tone.
local function queue_tone_task(queue, tenant, task)
  if queue_message(queue, tenant, task) > MAX_TONES then
    redis.call('LTRIM', flow_of(queue, tenant), 0, MAX_TONES - 1)
  end
end

local function queue_tone_task_once(queue, tenant, id, task)
  if redis.call('HSETNX', JOB .. id, 'has_tone_task', 1) == 0 then return false end
  queue_tone_task(queue, tenant, task)
  return true
end

local function leave_tone_due(id)
  redis.call('HSET', JOB .. id, 'tone_due', 1)
end

local function is_tone_due(id)
  local due, has_task = unpack(redis.call('HMGET', JOB .. id, 'tone_due', 'has_tone_task'))
  return due and not has_task
end

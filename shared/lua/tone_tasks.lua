-- Library: put tone tasks on the sentiment queue, or leave them due.
-- A task is due as long as the job's hash says so (tone_due), until a worker that has claimed the job
-- queues it, maybe with the vector that its engine has found on the way (queue_tones.lua). Whoever
-- claims the job sees that, so no death of a worker loses a task. A job that a Celery client sent is
-- left due by its claim, which may come again: its hash says has_tone_task once a worker has queued
-- one.
--
-- @include flows.lua
-- @include keys.lua
--
-- Keys made from arguments: parley:job:*

-- Without sentiment workers the oldest tasks of the tenant are dropped: their replies were sent
-- without a tone.
local function queue_tone_tasks(queue, tenant, tasks)
  if queue_messages(queue, tenant, tasks) > MAX_TONES then
    redis.call('LTRIM', flow_of(queue, tenant), 0, MAX_TONES - 1)
  end
end

-- Note that an external job has its tone task; false if it had it before.
local function note_tone_task(id)
  return redis.call('HSETNX', JOB .. id, 'has_tone_task', 1) == 1
end

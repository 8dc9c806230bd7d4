-- Queue the tone tasks of claimed jobs that are due, each once.
-- Of a job that has ended meanwhile, as when its conversation is erased, none is queued.
--
-- @include results.lua
-- @include tenants.lua
-- @include tone_tasks.lua
--
-- KEYS[1] sentiment queue
-- ARGV three per job: job id, conversation id, tone task
--
-- Keys made from arguments: celery-task-meta-*, parley:job:*, those of tone_tasks.lua
-- Returns how many were queued.
local sentiment_queue = KEYS[1]
local queued = 0

for i = 1, #ARGV, 3 do
  local id, conversation, task = unpack(ARGV, i, i + 2)
  if redis.call('HDEL', JOB .. id, 'tone_due') == 1 and not has_result(id)
    and queue_tone_task_once(sentiment_queue, tenant_of(conversation), id, task) then
    queued = queued + 1
  end
end
return queued

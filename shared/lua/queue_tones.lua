-- Queue the tone tasks of claimed jobs that are due, each once.
-- Of a job that has ended meanwhile, as when its conversation is erased, none is queued.
--
-- @include bulk.lua
-- @include results.lua
-- @include tenants.lua
-- @include tone_tasks.lua
--
-- KEYS[1] sentiment queue
-- ARGV four per job: job id, conversation id, tone task, '1' if a Celery client sent the job, or ''
--
-- Keys made from arguments: celery-task-meta-*, parley:job:*, those of tone_tasks.lua
-- Returns how many were queued.
local sentiment_queue = KEYS[1]
local tasks, queued = {}, 0

local function queue(tenant, task)
  tasks[tenant] = tasks[tenant] or {}
  table.insert(tasks[tenant], task)
  queued = queued + 1
end

read_results(bulk.arguments(1, 4))
for i = 1, #ARGV, 4 do
  local id, conversation, task, is_external = unpack(ARGV, i, i + 3)
  if redis.call('HDEL', JOB .. id, 'tone_due') == 1 and not has_result(id)
    and (is_external == '' or note_tone_task(id)) then
    queue(tenant_of(conversation), task)
  end
end
for tenant, own in pairs(tasks) do queue_tone_tasks(sentiment_queue, tenant, own) end
return queued

-- Library: erase a conversation, and end its jobs as cancelled: what they would add must not come
-- back.
-- Whoever includes this library calls flush_notifications at the end.
--
-- @include flows.lua
-- @include handovers.lua
-- @include indexed.lua
-- @include lanes.lua
-- @include memory.lua
-- @include results.lua
-- @include schedule.lua
-- @include tenants.lua
--
-- Keys made from arguments: parley:turns:*, parley:dialogue:*, parley:outcome:*, parley:lane:*,
--   parley:lane-waiting:*, parley:parked, parley:job:*, parley:scheduled-messages:*, parley:feedback, parley:feedback:*, parley:gaps, parley:gaps:*,
--   celery-task-meta-*, inference, those of handovers.lua, memory.lua, results.lua and schedule.lua

-- End all jobs of a conversation, those that it knows and `unclaimed` ones; the templates are those
-- of store_cancelled. The ids of those that it ends are added to `jobs`.
local function cancel_jobs(conversation, notification, result, result_ttl, jobs, unclaimed)
  local function cancel(id)
    if not has_result(id) then
      store_cancelled(id, conversation, notification, result, result_ttl)
      jobs[#jobs + 1] = id
    end
  end
  -- For what is to follow its end, a worker has to see the message.
  local function cancel_kept(id, message)
    local follow_ups = redis.call('HGET', JOB .. id, 'follow_ups')
    cancel(id)
    if follow_ups then return_message(INFERENCE, tenant_of(conversation), message) end
  end
  local holder = redis.call('GET', LANE .. conversation)
  if holder then cancel(holder) end
  for _, id in ipairs(unclaimed) do cancel(id) end
  for _, waiting in ipairs(redis.call('LRANGE', LANE_WAITING .. conversation, 0, -1)) do
    local id, message = string.match(waiting, '^([^\n]+)\n(.*)$')
    unlist_parked(conversation, id)
    cancel_kept(id, message)
  end
  for _, id in ipairs(redis.call('HKEYS', SCHEDULED_MESSAGES .. conversation)) do
    cancel_kept(id, unschedule(conversation, id))
  end
  redis.call('DEL', LANE .. conversation, LANE_WAITING .. conversation)
end

-- Return whether a job is one that a Celery client sent for a tenant: its id is not in its scope.
local function is_sent_for(tenant, id)
  if tenant == DEFAULT_TENANT then return false end
  local decoded, meta = pcall(cjson.decode, redis.call('GET', RESULT .. id) or '')
  return decoded and type(meta) == 'table' and meta.tenant == tenant
end

-- Forget what the jobs of a conversation's turns ended in, since a reply may say what it was told;
-- that they ended stays, so that none runs again. Their ids are added to `jobs`.
local function forget_replies(conversation, result, jobs)
  local tenant = tenant_of(conversation)
  for _, turn in ipairs(redis.call('LRANGE', TURNS .. conversation, 0, -1)) do
    local own_id = cjson.decode(turn).job_id
    local id = is_sent_for(tenant, own_id) and own_id or scoped(tenant, own_id)
    redis.call('SET', RESULT .. id, fill_result(result, id, conversation), 'XX', 'KEEPTTL')
    jobs[#jobs + 1] = id
  end
end

local function erase_conversation(
    conversation, notification, result, result_ttl, jobs, unclaimed)
  cancel_jobs(conversation, notification, result, result_ttl, jobs, unclaimed)
  forget_conversation(conversation)
  forget_replies(conversation, result, jobs)
  redis.call('DEL', TURNS .. conversation, DIALOGUE .. conversation, OUTCOME .. conversation)
  forget_indexed(FEEDBACK, FEEDBACK_OF, conversation)
  forget_indexed(GAPS, GAPS_OF, conversation)
  forget_handover(conversation)
  forget_events(conversation)
  announce_conversation(conversation)
end

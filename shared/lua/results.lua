-- Library: store how jobs ended and notify everyone who waits for them.
--
-- @include bulk.lua
-- @include keys.lua
-- @include notifications.lua
-- @include tenants.lua
--
-- Keys made from arguments: celery-task-meta-*, parley:job:*, parley:tone:*, parley:reply-text:*
-- Channels: celery-task-meta-* (at once), parley:replies:* (with flush_notifications)

-- States that Celery's tools store of a job that has not ended; Flower's `abort` stores ABORTED.
local UNENDED = {PENDING = 1, RECEIVED = 1, STARTED = 1, RETRY = 1, ABORTED = 1}

local known_results = {}  -- by job; false: it has none

-- Read the results of all jobs of a call at once.
local function read_results(ids)
  known_results = bulk.read_strings(RESULT, ids)
end

local function stored_result(id)
  local known = known_results[id]
  if known ~= nil then return known end
  return redis.call('GET', RESULT .. id)
end

-- Return the status of a stored result, nil for none. Celery clients and workers store results too,
-- so the JSON may be spelled in any way.
local function stored_status(id)
  local result = stored_result(id)
  if not result then return nil end
  local decoded, meta = pcall(cjson.decode, result)
  return decoded and type(meta) == 'table' and meta.status or ''
end

local function has_result(id)
  local status = stored_status(id)
  return status ~= nil and not UNENDED[status]
end

-- Notify those who wait for a job that Celery itself has ended, as its `revoke` does.
local function report_revoked(id, notification)
  local watchers = redis.call('HGET', JOB .. id, 'watchers')
  if not watchers or stored_status(id) ~= 'REVOKED' then return end
  redis.call('HDEL', JOB .. id, 'watchers')
  for watcher in string.gmatch(watchers, '%S+') do
    queue_notification(REPLIES .. watcher, notification)
  end
end

-- Return the keys of what is kept of a job until its end.
local function keys_until_end(id)
  return JOB .. id, TONE .. id, REPLY_TEXT .. id
end

-- Store a job's end, whose keys_until_end are to be deleted then. `gateway` is notified even if it is
-- not among the watchers; '' for none.
local function record_end(id, gateway, notification, result, result_ttl)
  local watchers = redis.call('HGET', JOB .. id, 'watchers') or ''
  redis.call('SET', RESULT .. id, result, 'EX', result_ttl)
  known_results[id] = result
  redis.call('PUBLISH', RESULT .. id, result)
  if gateway ~= '' then queue_notification(REPLIES .. gateway, notification) end
  for watcher in string.gmatch(watchers, '%S+') do
    if watcher ~= gateway then queue_notification(REPLIES .. watcher, notification) end
  end
end

-- Both templates have <job> in place of the job's id, the result also <tenant>.
local function fill_result(template, id, conversation)
  local values = {['<job>'] = id, ['<tenant>'] = tenant_of(conversation)}
  for name, value in pairs(values) do values[name] = string.sub(cjson.encode(value), 2, -2) end
  return (string.gsub(template, '<%w+>', values))
end

local function store_cancelled(id, conversation, notification_template, result_template, result_ttl)
  local notification = string.gsub(notification_template, '<job>', {['<job>'] = id})
  local result = fill_result(result_template, id, conversation)
  record_end(id, '', notification, result, result_ttl)
  redis.call('DEL', keys_until_end(id))
end


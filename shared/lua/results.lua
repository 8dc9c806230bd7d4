-- Library: store how jobs ended and notify everyone who waits for them.
--
-- @include keys.lua
-- @include notifications.lua
-- @include tenants.lua
--
-- Keys made from arguments: celery-task-meta-*, parley:job:*, parley:tone:*
-- Channels: celery-task-meta-* (at once), parley:replies:* (with flush_notifications)

local function has_result(id)
  return redis.call('EXISTS', RESULT .. id) == 1
end

-- `gateway` is notified even if it is not among the watchers; '' for none.
local function store_result(id, gateway, notification, result, result_ttl)
  local watchers = redis.call('HGET', JOB .. id, 'watchers') or ''
  redis.call('SET', RESULT .. id, result, 'EX', result_ttl)
  redis.call('PUBLISH', RESULT .. id, result)
  redis.call('DEL', JOB .. id, TONE .. id)
  if gateway ~= '' then queue_notification(REPLIES .. gateway, notification) end
  for watcher in string.gmatch(watchers, '%S+') do
    if watcher ~= gateway then queue_notification(REPLIES .. watcher, notification) end
  end
end

-- Both templates have <job> in place of the job's id, the result also <tenant>.
local function store_cancelled(id, conversation, notification_template, result_template, result_ttl)
  local values = {['"<job>"'] = cjson.encode(id), ['"<tenant>"'] = cjson.encode(tenant_of(conversation))}
  local notification = string.gsub(notification_template, '<job>', {['<job>'] = id})
  local result = string.gsub(result_template, '"<%w+>"', values)
  store_result(id, '', notification, result, result_ttl)
end


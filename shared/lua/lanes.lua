-- What scripts of gateway and workers do alike to jobs and their lanes; put before those scripts.
-- A lane is held by the one job of its conversation that may run. Others are parked behind it, in
-- order of acceptance, each with an entry in parley:parked that tells when its time is over.
--
-- Keys made from arguments: parley:lane:*, parley:lane-waiting:*, parley:parked, parley:job:*,
--   parley:tone:*, celery-task-meta-*; channels parley:replies:*, celery-task-meta-*
local PARKED = 'parley:parked'
local MOST_TONES = 10000
local news = {}

-- Ask for a message's tone. Where nobody judges them, the oldest wishes are dropped: their replies
-- have long gone without.
local function ask_for_tone(queue, task)
  if redis.call('LPUSH', queue, task) > MOST_TONES then
    redis.call('LTRIM', queue, 0, MOST_TONES - 1)
  end
end

-- Park a job behind the others; one that is parked already stays where it is.
local function park(conversation, id, message, due)
  if redis.call('ZADD', PARKED, due, conversation .. ' ' .. id) == 0 then return end
  redis.call('RPUSH', 'parley:lane-waiting:' .. conversation, id .. '\n' .. message)
end

-- Let the longest parked job of a conversation hold its lane; false where none is parked.
local function promote(queue, conversation, lane_ttl)
  local waiting = redis.call('LPOP', 'parley:lane-waiting:' .. conversation)
  if not waiting then return false end
  local cut = string.find(waiting, '\n', 1, true)
  local id = string.sub(waiting, 1, cut - 1)
  redis.call('ZREM', PARKED, conversation .. ' ' .. id)
  redis.call('SET', 'parley:lane:' .. conversation, id, 'EX', lane_ttl)
  redis.call('RPUSH', queue, string.sub(waiting, cut + 1))
  return true
end

-- Pass the lane on when this job holds it, or when nobody does any more.
local function release(queue, conversation, id, lane_ttl)
  local lane = 'parley:lane:' .. conversation
  local holder = redis.call('GET', lane)
  if holder and holder ~= id then return end
  if not promote(queue, conversation, lane_ttl) and holder then redis.call('DEL', lane) end
end

-- Return the message of a parked job, or nil where it is not parked.
local function find_parked(conversation, id)
  local head = id .. '\n'
  for _, waiting in ipairs(redis.call('LRANGE', 'parley:lane-waiting:' .. conversation, 0, -1)) do
    if string.sub(waiting, 1, #head) == head then return string.sub(waiting, #head + 1) end
  end
  return nil
end

-- Take a parked job out of its lane; return its message, or nil where it is not parked.
local function withdraw(conversation, id)
  if redis.call('ZREM', PARKED, conversation .. ' ' .. id) == 0 then return nil end
  local message = find_parked(conversation, id)
  if message then
    redis.call('LREM', 'parley:lane-waiting:' .. conversation, 1, id .. '\n' .. message)
  end
  return message
end

local function tell(gateway, announcement)
  news[gateway] = news[gateway] or {}
  table.insert(news[gateway], announcement)
end

-- Store how a job ended; tell Celery at once and every gateway that waits in publish_news.
local function finish(id, gateway, announcement, result, result_ttl)
  local key, job = 'celery-task-meta-' .. id, 'parley:job:' .. id
  local watchers = redis.call('HGET', job, 'watchers') or ''
  redis.call('SET', key, result, 'EX', result_ttl)
  redis.call('PUBLISH', key, result)
  redis.call('DEL', job, 'parley:tone:' .. id)
  if gateway ~= '' then tell(gateway, announcement) end
  for watcher in string.gmatch(watchers, '%S+') do
    if watcher ~= gateway then tell(watcher, announcement) end
  end
end

local function publish_news()
  for gateway, lines in pairs(news) do
    redis.call('PUBLISH', 'parley:replies:' .. gateway, table.concat(lines, '\n'))
  end
end


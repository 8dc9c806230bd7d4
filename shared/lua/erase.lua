-- Forget a conversation, and end its jobs as cancelled: what they would add must not come back.
-- Needs shared/lua/lanes.lua before it.
--
-- KEYS[1] turns
-- KEYS[2] wording used
-- ARGV[1] conversation
-- ARGV[2] TTL of a stored end, seconds; longer than any job's time
-- ARGV[3] announcement and
-- ARGV[4] Celery result, both with <job> in place of a job's id
--
-- Keys made from arguments: those of lanes
-- Returns how many jobs were cancelled.
local conversation, cancelled = ARGV[1], 0
local lane, lane_waiting = 'parley:lane:' .. conversation, 'parley:lane-waiting:' .. conversation

local function cancel(id)
  if redis.call('EXISTS', 'celery-task-meta-' .. id) == 1 then return end
  local announcement = string.gsub(ARGV[3], '<job>', id)
  finish(id, '', announcement, (string.gsub(ARGV[4], '<job>', id)), ARGV[2])
  cancelled = cancelled + 1
end

local holder = redis.call('GET', lane)
if holder then cancel(holder) end
for _, waiting in ipairs(redis.call('LRANGE', lane_waiting, 0, -1)) do
  local id = string.match(waiting, '^[^\n]+')
  redis.call('ZREM', PARKED, conversation .. ' ' .. id)
  cancel(id)
end
redis.call('DEL', KEYS[1], KEYS[2], lane, lane_waiting)
publish_news()
return cancelled

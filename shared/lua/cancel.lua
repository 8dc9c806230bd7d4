-- End jobs as cancelled, wherever they are: on the queue, parked, or in a worker's hands.
-- A message on the queue or under lease stays there; whoever leases or completes it finds the end.
-- Needs shared/lua/lanes.lua before it.
--
-- KEYS[1] inference queue
-- ARGV[1] TTL of the stored end, seconds; longer than any job's time
-- ARGV[2] lane TTL, seconds
-- ARGV[3] announcement and
-- ARGV[4] Celery result, both with <job> in place of the job's id
-- ARGV[5..] two per job: job id; '' or the gateway but for which nobody may wait for it
--
-- Keys made from arguments: those of lanes
-- Returns for each job: cancelled; ended where a result is stored already; awaited where another
--   gateway waits for it; unknown.
local result_ttl, lane_ttl, announcement, result = ARGV[1], ARGV[2], ARGV[3], ARGV[4]
local verdicts = {}

local function cancel(id, only_gateway)
  if redis.call('EXISTS', 'celery-task-meta-' .. id) == 1 then return 'ended' end
  local known = redis.call('HMGET', 'parley:job:' .. id, 'conversation', 'watchers')
  local conversation, watchers = known[1], known[2]
  if not conversation then return 'unknown' end
  if only_gateway ~= '' and watchers ~= only_gateway .. ' ' then return 'awaited' end
  local line = string.gsub(announcement, '<job>', id)
  finish(id, '', line, (string.gsub(result, '<job>', id)), result_ttl)
  if not withdraw(conversation, id) then release(KEYS[1], conversation, id, lane_ttl) end
  return 'cancelled'
end

for i = 5, #ARGV, 2 do verdicts[#verdicts + 1] = cancel(ARGV[i], ARGV[i + 1]) end
publish_news()
return verdicts

-- End chat jobs: every effect of each job exactly once, or none.
-- A job whose lease was taken from this worker is left alone; one that has a result already only
-- gives up its lease and its lane.
-- Needs shared/lua/lanes.lua and drain_rate.lua before it.
--
-- KEYS[1] lease hash of this worker
-- KEYS[2] inference queue
-- KEYS[3] dead letters
-- KEYS[4] drain rate
-- ARGV[1] result TTL, seconds
-- ARGV[2] conversation TTL, seconds
-- ARGV[3] turns kept per conversation
-- ARGV[4] dead letters kept
-- ARGV[5] lane TTL, seconds
-- ARGV[6..] ten per job: token, job id or '', conversation id or '', gateway or '', announcement,
--           Celery result, user turn or '', assistant turn or '', phrases parted by ',' or '',
--           dead letter or ''
--
-- Keys made from arguments: parley:turns:*, parley:phrases:*, those of lanes
-- Returns for each job: applied, lost or duplicate.
local result_ttl, conversation_ttl, lane_ttl = ARGV[1], ARGV[2], ARGV[5]
local most_turns, most_dead = tonumber(ARGV[3]), tonumber(ARGV[4])
local verdicts, drained = {}, 0

local function remember(conversation, asked, answered, phrases)
  if asked == '' then return end
  drained = drained + 1
  local turns = 'parley:turns:' .. conversation
  redis.call('RPUSH', turns, asked, answered)
  redis.call('LTRIM', turns, -most_turns, -1)
  redis.call('EXPIRE', turns, conversation_ttl)
  if phrases == '' then return end
  local used = 'parley:phrases:' .. conversation
  for phrase in string.gmatch(phrases, '[^,]+') do redis.call('RPUSH', used, phrase) end
  redis.call('LTRIM', used, -most_turns, -1)
  redis.call('EXPIRE', used, conversation_ttl)
end

local function complete(i)
  local token, id, conversation = ARGV[i], ARGV[i + 1], ARGV[i + 2]
  if redis.call('HDEL', KEYS[1], token) == 0 then return 'lost' end
  local ended = id ~= '' and redis.call('EXISTS', 'celery-task-meta-' .. id) == 1
  if not ended then
    if ARGV[i + 9] ~= '' then
      redis.call('LPUSH', KEYS[3], ARGV[i + 9])
      redis.call('LTRIM', KEYS[3], 0, most_dead - 1)
    end
    if id ~= '' then finish(id, ARGV[i + 3], ARGV[i + 4], ARGV[i + 5], result_ttl) end
    if conversation ~= '' then
      remember(conversation, ARGV[i + 6], ARGV[i + 7], ARGV[i + 8])
    end
  end
  if conversation ~= '' then release(KEYS[2], conversation, id, lane_ttl) end
  return ended and 'duplicate' or 'applied'
end

for i = 6, #ARGV, 10 do verdicts[#verdicts + 1] = complete(i) end
publish_news()
count_drained(KEYS[4], drained, redis.call('LLEN', KEYS[2]) > 0)
return verdicts

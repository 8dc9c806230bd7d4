-- End tone tasks: store each tone and tell the worker that waits for it.
--
-- KEYS[1] lease hash of this worker
-- KEYS[2] dead letters
-- ARGV[1] tone TTL, seconds
-- ARGV[2] dead letters kept
-- ARGV[3..] four per task: token, job id or '', tone as JSON or '', dead letter or ''
--
-- Keys made from arguments: parley:tone:*, parley:tone-wanted:*; the channels named by the latter
-- Returns for each task: applied or lost.
local verdicts, news = {}, {}

local function complete(token, id, tone, dead)
  if redis.call('HDEL', KEYS[1], token) == 0 then return 'lost' end
  if dead ~= '' then
    redis.call('LPUSH', KEYS[2], dead)
    redis.call('LTRIM', KEYS[2], 0, tonumber(ARGV[2]) - 1)
  end
  if tone ~= '' then
    redis.call('SET', 'parley:tone:' .. id, tone, 'EX', ARGV[1])
    local channel = redis.call('GETDEL', 'parley:tone-wanted:' .. id)
    if channel then
      news[channel] = news[channel] or {}
      table.insert(news[channel], id .. ' ' .. tone)
    end
  end
  return 'applied'
end

for i = 3, #ARGV, 4 do
  verdicts[#verdicts + 1] = complete(ARGV[i], ARGV[i + 1], ARGV[i + 2], ARGV[i + 3])
end
for channel, lines in pairs(news) do redis.call('PUBLISH', channel, table.concat(lines, '\n')) end
return verdicts

-- Collect the tones of jobs and subscribe to those that are not there yet, if a sentiment worker is
-- alive to deliver them.
--
-- @include bulk.lua
-- @include keys.lua
--
-- KEYS[1]   sorted set of the sentiment workers
-- ARGV[1]   channel on which this worker receives later tones
-- ARGV[2]   TTL of the subscription, milliseconds
-- ARGV[3..] job ids
--
-- Keys made from arguments and members: parley:tone:*, parley:tone-wanted:*, parley:worker:*
-- Returns {1 if a sentiment worker is alive or 0, then for each job its tone as JSON, or false}.
local sentiment_workers = KEYS[1]
local channel, subscription_ttl = unpack(ARGV, 1, 2)

local function is_any_alive()
  for _, worker in ipairs(redis.call('ZRANGE', sentiment_workers, 0, -1)) do
    if redis.call('EXISTS', WORKER .. worker) == 1 then return true end
  end
  return false
end

local alive = is_any_alive()
local tones = {alive and 1 or 0}
local found = bulk.read_strings(TONE, bulk.arguments(3, 1))
for i = 3, #ARGV do
  local id = ARGV[i]
  local tone = found[id]
  if not tone and alive then
    redis.call('SET', TONE_SUBSCRIPTION .. id, channel, 'PX', subscription_ttl)
  end
  tones[#tones + 1] = tone
end
return tones

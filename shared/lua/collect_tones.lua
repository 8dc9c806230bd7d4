-- Collect the tones of jobs; ask to be told of those that are not there yet, if anybody lives to
-- judge them.
--
-- KEYS[1]   sorted set of the sentiment workers
-- ARGV[1]   channel on which this worker wants to hear of a tone that comes later
-- ARGV[2]   how long the wish stands, milliseconds
-- ARGV[3..] job ids
--
-- Keys made from arguments and members: parley:tone:*, parley:tone-wanted:*, parley:worker:*
-- Returns {1 if a sentiment worker lives or 0, then for each job its tone as JSON, or false}.
local function anybody_lives()
  for _, worker in ipairs(redis.call('ZRANGE', KEYS[1], 0, -1)) do
    if redis.call('EXISTS', 'parley:worker:' .. worker) == 1 then return 1 end
  end
  return 0
end

local tones = {anybody_lives()}
for i = 3, #ARGV do
  local tone = redis.call('GET', 'parley:tone:' .. ARGV[i])
  if not tone and tones[1] == 1 then
    redis.call('SET', 'parley:tone-wanted:' .. ARGV[i], ARGV[1], 'PX', ARGV[2])
  end
  tones[#tones + 1] = tone
end
return tones

-- Collect the tones of jobs; ask to be told of those that are not there yet.
--
-- ARGV[1]   channel on which this worker wants to hear of a tone that comes later
-- ARGV[2]   how long the wish stands, milliseconds
-- ARGV[3..] job ids
--
-- Keys made from arguments: parley:tone:*, parley:tone-wanted:*
-- Returns for each job its tone as JSON, or false.
local tones = {}
for i = 3, #ARGV do
  local tone = redis.call('GET', 'parley:tone:' .. ARGV[i])
  if not tone then
    redis.call('SET', 'parley:tone-wanted:' .. ARGV[i], ARGV[1], 'PX', ARGV[2])
  end
  tones[#tones + 1] = tone
end
return tones

-- Keep a sample of the dashboard's history, if its writer is still the one that samples.
--
-- KEYS[1] the sampler: the process that samples
-- KEYS[2] samples, one every few seconds
-- KEYS[3] samples of a minute each
-- KEYS[4] what the sampler saw last
-- ARGV[1] the process that calls
-- ARGV[2] how long it stays the sampler, milliseconds
-- ARGV[3] what it saw
-- ARGV[4] TTL of that, seconds
-- ARGV[5] sample, or '' if there is none yet
-- ARGV[6] samples that are kept, and
-- ARGV[7] their TTL, seconds
-- ARGV[8] sample of a minute, or '' if none is over
-- ARGV[9] samples of a minute that are kept, and
-- ARGV[10] their TTL, seconds
--
-- Returns 1, or 0 if another process samples by now: nothing is written. It may be called again
-- after a lost reply: a sample that is the last one already is not added again.
local sampler, seconds, minutes, live = unpack(KEYS, 1, 4)
local caller, turn_ms, seen, seen_ttl, sample, samples_kept, samples_ttl, minute, minutes_kept,
  minutes_ttl = unpack(ARGV, 1, 10)

local function append(list, added, kept, ttl)
  if added == '' or redis.call('LINDEX', list, -1) == added then return end
  redis.call('RPUSH', list, added)
  redis.call('LTRIM', list, -kept, -1)
  redis.call('EXPIRE', list, ttl)
end

if redis.call('GET', sampler) ~= caller then return 0 end
redis.call('PEXPIRE', sampler, turn_ms)
redis.call('SET', live, seen, 'EX', seen_ttl)
append(seconds, sample, samples_kept, samples_ttl)
append(minutes, minute, minutes_kept, minutes_ttl)
return 1

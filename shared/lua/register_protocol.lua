-- Register a process with the protocol version that it speaks, and tell whether it may run.
--
-- KEYS[1] hash: `data` the version of what is stored, `<process>` its version and until when it
--   counts as live (Redis's clock, seconds)
-- ARGV[1] version of the caller
-- ARGV[2] oldest version that it reads
-- ARGV[3] process
-- ARGV[4] seconds for which it counts as live
--
-- @include clock.lua
--
-- Returns the version of the data, and 1 if the caller may run, else 0. It is the lowest that a live
-- process speaks, and never falls: an older process may come back until it has risen.
local protocol = KEYS[1]
local version, oldest, process, seconds = unpack(ARGV, 1, 4)
version, oldest = tonumber(version), tonumber(oldest)

local data = tonumber(redis.call('HGET', protocol, 'data') or 0)
if data > version or (data > 0 and data < oldest) then return {data, 0} end

local now = unix_seconds()
redis.call('HSET', protocol, process, version .. ' ' .. string.format('%.3f', now + seconds))
local lowest = version
local fields = redis.call('HGETALL', protocol)
for i = 1, #fields, 2 do
  local spoken, until_time = fields[i + 1]:match('^(%d+) ([%d.]+)$')
  if spoken and tonumber(until_time) < now then
    redis.call('HDEL', protocol, fields[i])
  elseif spoken then
    lowest = math.min(lowest, tonumber(spoken))
  end
end
if lowest > data then
  data = lowest
  redis.call('HSET', protocol, 'data', data)
end
return {data, 1}

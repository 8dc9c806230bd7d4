-- Put parked jobs whose time is over back to the head of the queue, where a worker ends them.
-- Needs shared/lua/lanes.lua before it.
--
-- KEYS[1] inference queue
-- ARGV[1] Unix seconds
-- ARGV[2] how many at most
--
-- Keys made from arguments: those of lanes
-- Returns how many were put back.
local returned = 0
local due = redis.call('ZRANGEBYSCORE', PARKED, '-inf', ARGV[1], 'LIMIT', 0, ARGV[2])
for i = #due, 1, -1 do
  local conversation, id = string.match(due[i], '^(%S+) (%S+)$')
  local message = withdraw(conversation, id)
  if message then
    redis.call('RPUSH', KEYS[1], message)
    returned = returned + 1
  end
end
return returned

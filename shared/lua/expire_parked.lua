-- Look at parked jobs that are due. One whose time is over goes back to the head of the queue, where
-- a worker ends it. One without a deadline keeps its place, since it would lose it by the way; where
-- its lane has run out the first of those parked there goes on.
-- Needs shared/lua/lanes.lua before it.
--
-- KEYS[1] inference queue
-- ARGV[1] Unix seconds
-- ARGV[2] how many at most
-- ARGV[3] lane TTL, seconds
-- ARGV[4] when to look again at a job without a deadline, Unix seconds
--
-- Keys made from arguments: those of lanes
-- Returns how many are due.
local function has_deadline(message)
  local decoded, envelope = pcall(cjson.decode, message)
  return decoded and type(envelope.headers.expires) == 'string'
end

local function attend(conversation, id)
  local message = find_parked(conversation, id)
  if message and not has_deadline(message) then
    redis.call('ZADD', PARKED, ARGV[4], conversation .. ' ' .. id)
    if redis.call('EXISTS', 'parley:lane:' .. conversation) == 0 then
      promote(KEYS[1], conversation, ARGV[3])
    end
  elseif withdraw(conversation, id) then
    redis.call('RPUSH', KEYS[1], message)
  end
end

local due = redis.call('ZRANGEBYSCORE', PARKED, '-inf', ARGV[1], 'LIMIT', 0, ARGV[2])
for i = #due, 1, -1 do attend(string.match(due[i], '^(%S+) (%S+)$')) end
return #due

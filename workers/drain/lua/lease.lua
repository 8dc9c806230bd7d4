-- Take up to a number of messages from a queue into a worker's hands, in one step.
-- What a blocked worker was woken with (its intake) comes first, then the queue's head.
--
-- KEYS[1]   lease hash of this worker: token -> message
-- KEYS[2]   intake list of this worker
-- KEYS[3]   counter that makes tokens unique and ascending
-- KEYS[4..] the queue's lists, most urgent first; the right end of each is its head
-- ARGV[1]   how many messages at most
--
-- Returns {token, message, token, message, ...}, oldest first.
local leased = {}
local left = tonumber(ARGV[1])

local function take(source)
  while left > 0 do
    local message = redis.call('RPOP', source)
    if not message then return end
    local token = tostring(redis.call('INCR', KEYS[3]))
    redis.call('HSET', KEYS[1], token, message)
    leased[#leased + 1] = token
    leased[#leased + 1] = message
    left = left - 1
  end
end

for i = 2, #KEYS do
  if i ~= 3 then take(KEYS[i]) end
end
return leased

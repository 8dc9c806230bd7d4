-- Take up to a number of messages from a queue into a worker's hands, in one step.
-- What a blocked worker was woken with (its intake) comes first, then the queue's head.
-- A call that is repeated, because its reply was lost on the way, returns the same leases again.
-- A suspect, a message that was in the hands of two workers when they died, is taken alone: only by
-- a worker that holds nothing else, and before anything else, so that it can take no other down.
--
-- KEYS[1]   lease hash of this worker: token -> message
-- KEYS[2]   intake list of this worker
-- KEYS[3]   counter that makes tokens unique and ascending
-- KEYS[4]   receipt of this worker: {its last call that found messages, first token, last token}
-- KEYS[5]   list of the queue's suspects; the right end is its head
-- KEYS[6]   token of the suspect that this worker holds
-- KEYS[7]   sorted set of the queue's workers: one that holds messages is known to those who sweep,
--           even if it dies before its first heartbeat
-- KEYS[8..] the queue's lists, most urgent first; the right end of each is its head
-- ARGV[1]   how many messages at most
-- ARGV[2]   number of the call; a worker counts on once it has the reply
-- ARGV[3]   TTL of receipt and suspect's token, seconds
-- ARGV[4]   id of this worker
-- ARGV[5]   time, Unix seconds
--
-- Returns {token, message, token, message, ...}, oldest first; {'hands full'} where this worker must
-- first end what it holds.
local leased = {}
local left = tonumber(ARGV[1])

local function hand_over(token, message)
  leased[#leased + 1] = token
  leased[#leased + 1] = message
end

local function take(source)
  while left > 0 do
    local message = redis.call('RPOP', source)
    if not message then return end
    local token = tostring(redis.call('INCR', KEYS[3]))
    redis.call('HSET', KEYS[1], token, message)
    hand_over(token, message)
    left = left - 1
  end
end

local function take_all()
  take(KEYS[2])
  for i = 8, #KEYS do take(KEYS[i]) end
end

local function take_suspect()
  left = 1
  take(KEYS[5])
  redis.call('SET', KEYS[6], leased[1], 'EX', ARGV[3])
end

local function repeat_last(first, last)
  for token = tonumber(first), tonumber(last) do
    local message = redis.call('HGET', KEYS[1], tostring(token))
    if message then hand_over(tostring(token), message) end
  end
end

local function holds_suspect()
  local token = redis.call('GET', KEYS[6])
  return token and redis.call('HEXISTS', KEYS[1], token) == 1
end

redis.call('ZADD', KEYS[7], 'NX', ARGV[5], ARGV[4])
local receipt = redis.call('GET', KEYS[4])
local call, first, last = string.match(receipt or '', '^(%d+) (%d+) (%d+)$')
if call == ARGV[2] then
  repeat_last(first, last)
  return leased
end
if redis.call('EXISTS', KEYS[5]) == 1 then
  if redis.call('EXISTS', KEYS[1]) == 1 then return {'hands full'} end
  take_suspect()
elseif holds_suspect() then
  return {'hands full'}
else
  take_all()
end
if #leased > 0 then
  local tokens = ARGV[2] .. ' ' .. leased[1] .. ' ' .. leased[#leased - 1]
  redis.call('SET', KEYS[4], tokens, 'EX', ARGV[3])
end
return leased

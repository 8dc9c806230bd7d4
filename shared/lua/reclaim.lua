-- Put all that a worker holds back to the head of its queue, in its old order.
-- With a limit, deliveries are counted: from the third on a message is a suspect and is put apart;
-- one over the limit is leased to the caller instead, who ends it as a dead letter, or, where the
-- caller works on another queue, stays where it is for one who can.
-- What was leased to the caller so is told again with each call until the caller has ended it, since
-- a reply may be lost on the way.
--
-- KEYS[1] lease hash of the worker that lost its messages
-- KEYS[2] intake list of that worker
-- KEYS[3] the queue
-- KEYS[4] lease hash of the caller
-- KEYS[5] counter that makes tokens unique and ascending
-- KEYS[6] list of the queue's suspects
-- KEYS[7] tokens of messages over the limit in the caller's hands
-- ARGV[1] deliveries allowed; 0: do not count (a worker that stops in order hands back)
-- ARGV[2] TTL of a delivery count and of those tokens, seconds
-- ARGV[3] 1: the caller ends messages over the limit; 0: it does not know how
--
-- Keys made from message ids: parley:redelivered:*
-- Returns {number of messages put back, token, message, ...} with those leased to the caller.
local SUSPECT = 3
local limit, buries = tonumber(ARGV[1]), ARGV[3] == '1'
local report = {0}

local function count_key(message)
  local decoded, envelope = pcall(cjson.decode, message)
  local id = decoded and type(envelope) == 'table' and type(envelope.headers) == 'table'
    and envelope.headers.id
  return 'parley:redelivered:' .. (type(id) == 'string' and id or redis.sha1hex(message))
end

local function give_back(lease, message)
  local key = limit > 0 and count_key(message)
  local delivery = key and tonumber(redis.call('GET', key) or 0) + 2 or 0
  if delivery > limit and not buries then
    redis.call('HSET', KEYS[1], lease, message)
    return
  end
  if key then redis.call('SET', key, delivery - 1, 'EX', ARGV[2]) end
  if delivery > limit then
    local token = tostring(redis.call('INCR', KEYS[5]))
    redis.call('HSET', KEYS[4], token, message)
    redis.call('SADD', KEYS[7], token)
    redis.call('EXPIRE', KEYS[7], ARGV[2])
    return
  end
  redis.call('RPUSH', delivery >= SUSPECT and KEYS[6] or KEYS[3], message)
  report[1] = report[1] + 1
end

local woken = redis.call('LRANGE', KEYS[2], 0, -1)
redis.call('DEL', KEYS[2])
for _, message in ipairs(woken) do
  redis.call('RPUSH', KEYS[3], message)
  report[1] = report[1] + 1
end

local fields = redis.call('HGETALL', KEYS[1])
redis.call('DEL', KEYS[1])
local held = {}
for i = 1, #fields, 2 do held[#held + 1] = {tonumber(fields[i]), fields[i + 1], fields[i]} end
table.sort(held, function(a, b) return a[1] > b[1] end)
for _, lease in ipairs(held) do give_back(lease[3], lease[2]) end

for _, token in ipairs(redis.call('SMEMBERS', KEYS[7])) do
  local message = redis.call('HGET', KEYS[4], token)
  if message then
    report[#report + 1] = token
    report[#report + 1] = message
  else
    redis.call('SREM', KEYS[7], token)
  end
end
return report

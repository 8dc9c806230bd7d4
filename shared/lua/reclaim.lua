-- Put all that a worker holds back to the head of its queue, in its old order.
-- With a limit, deliveries are counted: from delivery QUARANTINE_AFTER on a message is quarantined.
-- One over the limit is leased to the caller instead, which ends it as a dead letter, or, if the
-- caller works on another queue, stays where it is until a worker of its queue comes.
-- What was leased to the caller is reported again by each call until the caller has ended it, since
-- a reply may be lost.
--
-- @include keys.lua
-- @include lease_tokens.lua
--
-- KEYS[1] lease hash of the worker that lost its messages
-- KEYS[2] handoff list of that worker
-- KEYS[3] the queue
-- KEYS[4] lease hash of the caller
-- KEYS[5] counter that makes tokens unique and ascending
-- KEYS[6] quarantine list of the queue
-- KEYS[7] exhausted: tokens of messages over the limit that are leased to the caller
-- ARGV[1] deliveries allowed; 0: do not count (a worker that stops in order releases its messages)
-- ARGV[2] TTL of a delivery count and of the exhausted tokens, seconds
-- ARGV[3] 1: the caller ends messages over the limit; 0: it works on another queue
--
-- Keys made from message ids: parley:redelivered:*
-- Returns {number of messages put back, token, message, ...} with those leased to the caller.
local leases, handoff, queue, own_leases, token_counter, quarantine, exhausted = unpack(KEYS, 1, 7)
local delivery_limit, count_ttl, same_queue = unpack(ARGV, 1, 3)
local limit, can_dead_letter = tonumber(delivery_limit), same_queue == '1'
local requeued = 0

local function delivery_count_key(message)
  local decoded, envelope = pcall(cjson.decode, message)
  local id = decoded and type(envelope) == 'table' and type(envelope.headers) == 'table'
    and envelope.headers.id
  return REDELIVERED .. (type(id) == 'string' and id or redis.sha1hex(message))
end

local function lease_exhausted(message)
  local token = next_token(token_counter)
  redis.call('HSET', own_leases, token, message)
  redis.call('SADD', exhausted, token)
  redis.call('EXPIRE', exhausted, count_ttl)
end

local function put_back(list, message)
  redis.call('RPUSH', list, message)
  requeued = requeued + 1
end

local function requeue(token, message)
  local count_key = limit > 0 and delivery_count_key(message)
  local delivery = count_key and tonumber(redis.call('GET', count_key) or 0) + 2 or 0
  if delivery > limit and not can_dead_letter then
    redis.call('HSET', leases, token, message)
    return
  end
  if count_key then redis.call('SET', count_key, delivery - 1, 'EX', count_ttl) end
  if delivery > limit then
    lease_exhausted(message)
  else
    put_back(delivery >= QUARANTINE_AFTER and quarantine or queue, message)
  end
end

local function newest_first()
  local fields, held = redis.call('HGETALL', leases), {}
  for i = 1, #fields, 2 do
    held[#held + 1] = {token = fields[i], number = tonumber(fields[i]), message = fields[i + 1]}
  end
  table.sort(held, function(a, b) return a.number > b.number end)
  return held
end

local handed = redis.call('LRANGE', handoff, 0, -1)
redis.call('DEL', handoff)
for _, message in ipairs(handed) do put_back(queue, message) end

local held = newest_first()
redis.call('DEL', leases)
for _, lease in ipairs(held) do requeue(lease.token, lease.message) end

local report = {requeued}
for _, token in ipairs(redis.call('SMEMBERS', exhausted)) do
  local message = redis.call('HGET', own_leases, token)
  if message then
    report[#report + 1] = token
    report[#report + 1] = message
  else
    redis.call('SREM', exhausted, token)
  end
end
return report

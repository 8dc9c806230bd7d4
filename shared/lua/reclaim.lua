-- Put all that a worker holds back to the head of its queue, in its old order.
-- With a limit, deliveries are counted: from delivery QUARANTINE_AFTER on a message is quarantined.
-- One over the limit is leased to the caller instead, which ends it as a dead letter, or, if the
-- caller works on another queue, stays where it is until a worker of its queue comes.
-- What was leased to the caller is reported again by each call until the caller has ended it, since
-- a reply may be lost.
--
-- @include flows.lua
-- @include keys.lua
-- @include lease_tokens.lua
-- @include tenants.lua
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
-- Each message goes to the flow of the tenant that its id names.
--
-- Keys made from message ids: parley:redelivered:*, those of flows.lua. parley:wake is a
-- message.
-- Returns {number of messages put back, token, message, ...} with those leased to the caller.
local leases, handoff, queue, own_leases, token_counter, quarantine, exhausted = unpack(KEYS, 1, 7)
local delivery_limit, count_ttl, same_queue = unpack(ARGV, 1, 3)
local limit, can_dead_letter = tonumber(delivery_limit), same_queue == '1'
local requeued = 0

-- Return the id of a message, nil if it has none.
local function read_id(message)
  local decoded, envelope = pcall(cjson.decode, message)
  local id = decoded and type(envelope) == 'table' and type(envelope.headers) == 'table'
    and envelope.headers.id
  return type(id) == 'string' and id or nil
end

local function lease_exhausted(message)
  local token = token_of(next_tokens(token_counter, 1))
  redis.call('HSET', own_leases, token, message)
  redis.call('SADD', exhausted, token)
  redis.call('EXPIRE', exhausted, count_ttl)
end

local function put_back(message, id)
  return_message(queue, tenant_of(id or ''), message)
  requeued = requeued + 1
end

local function put_in_quarantine(message)
  redis.call('RPUSH', quarantine, message)
  requeued = requeued + 1
end

local function requeue(token, message)
  local id = read_id(message)
  local count_key = limit > 0 and REDELIVERED .. (id or redis.sha1hex(message))
  local delivery = count_key and tonumber(redis.call('GET', count_key) or 0) + 2 or 0
  if delivery > limit and not can_dead_letter then
    redis.call('HSET', leases, token, message)
    return
  end
  if count_key then redis.call('SET', count_key, delivery - 1, 'EX', count_ttl) end
  if delivery > limit then
    lease_exhausted(message)
  elseif delivery >= QUARANTINE_AFTER then
    put_in_quarantine(message)
  else
    put_back(message, id)
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
for _, message in ipairs(handed) do
  if message ~= WAKE then
    put_back(message, read_id(message))
  elseif has_waiting(queue) then
    wake_worker(queue)  -- nobody else has heard of what waits
  end
end

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

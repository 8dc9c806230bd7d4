-- Lease up to a number of messages from a queue to a worker, in one step.
-- Messages on the worker's handoff list, with which it was woken, come first, then the queue's
-- head. A call that is repeated because its reply was lost returns the same leases again.
-- A quarantined message (two workers died while they held it) is leased alone, only to a worker
-- that holds nothing else, and before anything else, so that it can take no other message down. A
-- worker that has just begun gets none: it first answers those who waited while it started.
-- Where messages of tenants wait, they are taken in turn from all flows.
-- The chat job with which an idle worker was woken is claimed in the same step, as claim.lua does:
-- who is alone waits for one round trip less.
--
-- @include bulk.lua
-- @include claims.lua
-- @include flows.lua
-- @include keys.lua
-- @include lease_tokens.lua
-- @include notifications.lua
--
-- KEYS[1]   lease hash of this worker: token -> message
-- KEYS[2]   handoff list of this worker
-- KEYS[3]   counter that makes tokens unique and ascending
-- KEYS[4]   last lease of this worker: {its last call that found messages, first token, last token}
-- KEYS[5]   quarantine list of the queue; the right end is its head
-- KEYS[6]   exclusive lease: token of the quarantined message that this worker holds
-- KEYS[7]   sorted set of the queue's workers: a worker that holds messages is listed, so that they
--           can be reclaimed even if it dies before its first heartbeat
-- KEYS[8]   the queue's own list; the right end is its head, as in
-- KEYS[9..] its other lists, the more urgent first
-- ARGV[1]   how many messages at most
-- ARGV[2]   number of the call; a worker counts on once it has the reply
-- ARGV[3]   TTL of last lease and exclusive lease, seconds
-- ARGV[4]   id of this worker
-- ARGV[5]   time, Unix seconds
-- ARGV[6]   1 if this worker holds messages of other partitions, else 0
-- ARGV[7]   1 if this worker has just begun, else 0
-- ARGV[8]   message with which this worker was woken, of a job that the gateway sent; or ''
-- ARGV[9]   its job's id
-- ARGV[10]  conversation id
-- ARGV[11]  when it expires, Unix seconds
-- ARGV[12]  lane TTL, seconds
-- ARGV[13..] two for each tenant with a weight other than 1: its name, its weight
--
-- Keys made from members: parley:flows:*, those of flows.lua. parley:wake is a message.
-- Keys made from arguments: parley:dialogue:*, those of claims.lua
-- Returns {token, message, token, message, ...}, oldest first; {'busy'} if this worker must first
-- end what it holds; {'alone', token, message} of a quarantined message. If the first message was
-- claimed, what claim.lua returns for it stands before all.
local leases, handoff, token_counter, last_lease, quarantine, exclusive_lease, workers, queue =
  unpack(KEYS, 1, 8)
local limit, call_number, record_ttl, worker, now, holds_others, has_just_begun, woken_with,
  woken_id, woken_conversation, woken_expires_at, lane_ttl = unpack(ARGV, 1, 12)
limit = tonumber(limit)
local taken, leased, is_alone = {}, {}, false  -- messages; tokens and messages

local function add(token, message)
  leased[#leased + 1] = token
  leased[#leased + 1] = message
end

local function lease_taken()
  if #taken == 0 then return end
  local first = next_tokens(token_counter, #taken)
  for i, message in ipairs(taken) do add(token_of(first + i - 1), message) end
  bulk.call('HSET', leases, leased)
end

-- Take up to a number of messages from the head of a list; return how many.
local function take(source, most)
  local before = #taken
  while #taken - before < most do
    local asked = most - (#taken - before)
    local found = redis.call('RPOP', source, asked) or {}
    for _, message in ipairs(found) do
      if message ~= WAKE then taken[#taken + 1] = message end
    end
    if #found < asked then break end
  end
  return #taken - before
end

local function take_others(most)
  local others, found = {}, 0
  for i = 9, #KEYS do others[#others + 1] = KEYS[i] end
  -- Only Celery clients fill them: mostly all are empty.
  if bulk.call_for_keys('EXISTS', others) == 0 then return 0 end
  for _, list in ipairs(others) do found = found + take(list, most - found) end
  return found
end

local function take_own(most)
  local found = take(queue, most)
  return found < most and found + take_others(most - found) or found
end

local function weight_of(tenant)
  for i = 13, #ARGV, 2 do
    local weighted, weight = unpack(ARGV, i, i + 1)
    if weighted == tenant then return tonumber(weight) end
  end
  return 1
end

local function charge(tenant, messages)
  redis.call('ZINCRBY', flows_of(queue), messages / weight_of(tenant), tenant)
end

-- An empty flow leaves when its turn comes: until then it owes the others what it had.
local function take_in_turn()
  while #taken < limit do
    local tenant = redis.call('ZRANGE', flows_of(queue), 0, 0)[1]
    if not tenant then return end
    local found = tenant == DEFAULT_TENANT and take_own(1) or take(flow_of(queue, tenant), 1)
    if found == 1 then
      charge(tenant, 1)
    else
      redis.call('ZREM', flows_of(queue), tenant)
    end
  end
end

-- Wake another worker if messages are left that it would not notice.
local function wake_another()
  if redis.call('EXISTS', queue) == 1 then return end
  local tenant = redis.call('ZRANGE', flows_of(queue), 0, 0)[1]
  while tenant and redis.call('EXISTS', flow_of(queue, tenant)) == 0 do
    redis.call('ZREM', flows_of(queue), tenant)
    tenant = redis.call('ZRANGE', flows_of(queue), 0, 0)[1]
  end
  if tenant then wake_worker(queue) end
end

local function take_from_flows()
  join_flows(queue, DEFAULT_TENANT)
  local handed = take(handoff, limit)
  if handed > 0 then charge(DEFAULT_TENANT, handed) end
  take_in_turn()
  wake_another()
end

local function take_from_queue()
  if redis.call('EXISTS', flows_of(queue)) == 1 then return take_from_flows() end
  take_own(limit - take(handoff, limit))
end

local function take_quarantined()
  take(quarantine, 1)
  lease_taken()
  redis.call('SET', exclusive_lease, leased[1], 'EX', record_ttl)
  is_alone = true
end

local function holds_quarantined()
  local token = redis.call('GET', exclusive_lease)
  return token and redis.call('HEXISTS', leases, token) == 1
end

local function repeat_lease(first, last)
  local tokens = {}
  for number = tonumber(first), tonumber(last) do tokens[#tokens + 1] = token_of(number) end
  local held = bulk.read_fields(leases, tokens)
  for _, token in ipairs(tokens) do
    if held[token] then add(token, held[token]) end
  end
  is_alone = #leased == 2 and redis.call('GET', exclusive_lease) == leased[1]
end

local function claim_first()
  if woken_with == '' or leased[2] ~= woken_with then return nil end
  local reason = reason_to_end(woken_id)
  local verdict = reason and {reason} or run_or_park(leases, leased[1], {
    id = woken_id, conversation = woken_conversation, expires_at = woken_expires_at,
    dialogue = redis.call('GET', DIALOGUE .. woken_conversation),
    job_ttl = record_ttl, lane_ttl = lane_ttl})
  flush_notifications()
  return verdict
end

-- A worker of many partitions keeps away from the others by itself.
local function answer()
  local verdict = claim_first()
  if is_alone then table.insert(leased, 1, 'alone') end
  if verdict then table.insert(leased, 1, verdict) end
  return leased
end

redis.call('ZADD', workers, 'NX', now, worker)
local last_call, first, last =
  string.match(redis.call('GET', last_lease) or '', '^(%d+) (%d+) (%d+)$')
if last_call == call_number then
  repeat_lease(first, last)
  return answer()
end
if holds_quarantined() then return {'busy'} end
if has_just_begun == '0' and redis.call('EXISTS', quarantine) == 1 then
  if holds_others == '1' or redis.call('EXISTS', leases) == 1 then return {'busy'} end
  take_quarantined()
else
  take_from_queue()
  lease_taken()
end
if #leased > 0 then
  local record = call_number .. ' ' .. leased[1] .. ' ' .. leased[#leased - 1]
  redis.call('SET', last_lease, record, 'EX', record_ttl)
end
return answer()
